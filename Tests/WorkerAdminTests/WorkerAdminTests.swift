import AdminSocket
import ConfigLanguage
import Glibc
import Handover
import Polling
import Proxying
import RuntimeAPI
import TestSupport
import Testing
import Unix

@testable import Worker

/// A worker's data plane and admin sockets in this process, asked on the same loop.
private final class Bench {
    static let configuration = """
        global
          setenv TESTED "by setenv"
          stats socket unix@FOLDER/admin.sock mode 600 level admin
          stats socket unix@FOLDER/operator.sock mode 600 level operator
          stats socket unix@FOLDER/user.sock mode 600 level user
          stats timeout 30s
          maxconn 500
          node here
        defaults
          mode http
          timeout client 30s
          timeout server 30s
          timeout connect 5s
        frontend web
          bind unix@FOLDER/web.sock
          default_backend app
        backend app
          server s1 unix@FOLDER/origin1.sock
          server s2 unix@FOLDER/origin2.sock weight 3 maxconn 10 backup disabled
        backend empty
        listen plain
          mode tcp
          bind unix@FOLDER/plain.sock
          server t1 unix@FOLDER/origin1.sock

        """

    let folder: ScratchFolder
    let loop: EventLoop
    let core: ProxyCore
    let admin: WorkerAdmin

    init(processNumber: Int = 3) throws {
        folder = try ScratchFolder("worker-admin-")
        let text = Self.text(in: folder)
        let surroundings = Surroundings(environment: ["PATH": "/bin", "TESTED": "before"])
        let result = ConfigurationParser.parse([Source(name: "w.cfg", text: text)], in: surroundings)
        let parsed = try #require(result.configuration, "\(result.diagnostics)")
        loop = try EventLoop()
        core = try ProxyCore(configuration: parsed, loop: loop, report: { _, _ in })
        for socket in core.sockets { try socket.publish() }
        let identity = WorkerIdentity(
            name: "mwproxy", version: "0.1.0", releaseDate: "2026/11/22", processNumber: processNumber,
            hasMaster: true)
        admin = WorkerAdmin(core: core, identity: identity, startupLog: { "[NOTICE]   (1) : hello\n" })
        try admin.start()
        core.start()
    }

    static func text(in folder: ScratchFolder) -> String {
        configuration.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in
                guard let at = line.range(of: "FOLDER") else { return String(line) }
                return line[..<at.lowerBound] + folder.path + line[at.upperBound...]
            }.joined(separator: "\n")
    }

    func ask(_ command: String, socket: String = "admin.sock") throws -> String {
        let address = SocketAddress.unix(path: folder.file(socket))
        let client = try Socket.stream(for: address)
        _ = try Socket.connect(client.raw, to: address)
        return try converse(client.raw, command)
    }

    /// Sends a line and takes everything until the other side closes.
    func converse(_ client: Int32, _ command: String) throws -> String {
        let line = Array((command + "\n").utf8)
        #expect(line.withUnsafeBytes { Socket.write(client, $0) } == .moved(line.count))
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        let deadline = Instant.now() + .seconds(5)
        while Instant.now() < deadline {
            try loop.runOnce(longestWait: .milliseconds(5))
            while case .moved(let count) = chunk.withUnsafeMutableBytes({ Socket.read(client, into: $0) }) {
                bytes += chunk[..<count]
            }
            if chunk.withUnsafeMutableBytes({ Socket.read(client, into: $0) }) == .ended {
                return String(decoding: bytes, as: UTF8.self)
            }
        }
        throw TimedOut(what: "the end of the answer to '\(command)'", after: .seconds(5))
    }

    /// A client of a frontend, connected and quiet.
    func hold(_ socket: String) throws -> Descriptor {
        let address = SocketAddress.unix(path: folder.file(socket))
        let client = try Socket.stream(for: address)
        _ = try Socket.connect(client.raw, to: address)
        for _ in 0..<3 { try loop.runOnce(longestWait: .milliseconds(2)) }
        return client
    }
}

extension Substring {
    fileprivate func range(of text: String) -> Range<Index>? {
        indices.first { self[$0...].hasPrefix(text) }.map { $0..<index($0, offsetBy: text.count) }
    }
}

@Suite struct WorkerAdminTests {
    @Test func infoTellsOfThisWorker() throws {
        let bench = try Bench()
        let client = try bench.hold("web.sock")
        let info = try #require(InfoReply(parsing: try bench.ask("show info")))
        #expect(info.text("Name") == "mwproxy")
        #expect(info.text("Version") == "0.1.0")
        #expect(info.integer("Process_num") == 3)
        #expect(info.integer("Pid") == Int(getpid()))
        #expect(info.integer("Stopping") == 0)
        #expect(info.integer("CurrConns") == 1)
        #expect(info.integer("Maxconn") == 500)
        #expect(info.integer("Listeners") == 6)
        #expect(info.text("node") == "here")
        // The address sanitizer's heap does not tell how much it holds.
        #expect(info.integer("PoolUsed_bytes").map { $0 > 10_000 || $0 == 0 } == true)
        // HAProxy prints a description only where the file has one.
        #expect(info.names == InfoField.all.map(\.name).filter { $0 != "description" })
        withExtendedLifetime(client.raw) {}
    }

    @Test func processNumberIsTheSameInEveryForm() throws {
        let bench = try Bench(processNumber: 7)
        #expect(try bench.ask("show info typed").contains("5.Process_num.7:KGP:u32:7\n"))
        let json = try JSON(parsing: try bench.ask("show info json").dropLast(2))
        #expect(json.array?.allSatisfy { $0["processNum"] == .integer(7) } == true)
        let table = try #require(StatTable(parsing: try bench.ask("show stat")))
        #expect(table.rows.allSatisfy { $0["pid"] == "7" })
        #expect(try bench.ask("show stat typed").contains("F.2.0.0.pxname.7:KNS:str:web\n"))
    }

    @Test func statSelectsAndHides() throws {
        let bench = try Bench()
        func rows(_ command: String) throws -> [String] {
            let table = try #require(StatTable(parsing: try bench.ask(command)))
            return table.rows.map { "\($0["pxname"] ?? "")/\($0["svname"] ?? "")" }
        }
        #expect(
            try rows("show stat") == [
                "web/FRONTEND", "app/s1", "app/s2", "app/BACKEND", "empty/BACKEND", "plain/FRONTEND",
                "plain/t1",
                "plain/BACKEND",
            ])
        #expect(try rows("show stat app 4 -1") == ["app/s1", "app/s2"])
        #expect(try rows("show stat 3 4 2") == ["app/s2"])
        #expect(try rows("show stat -1 1 -1") == ["web/FRONTEND", "plain/FRONTEND"])
        #expect(try !rows("show stat no-maint").contains("app/s2"))
        #expect(try bench.ask("show stat nothing 1 1") == "No such proxy.\n\n")
        let json = try JSON(parsing: try bench.ask("show stat json").dropLast(2))
        #expect(json.array?.count == 8)
    }

    @Test func sessionsAreListedAndEnded() throws {
        let bench = try Bench()
        let client = try bench.hold("plain.sock")
        let partial = Array("GET / HT".utf8)
        let web = try bench.hold("web.sock")
        _ = partial.withUnsafeBytes { Socket.write(web.raw, $0) }
        for _ in 0..<3 { try bench.loop.runOnce(longestWait: .milliseconds(2)) }
        let sessions = SessionLine.parse(try bench.ask("show sess"))
        #expect(sessions.count(where: \.isAdminSession) == 1)
        let listed = sessions.filter { !$0.isAdminSession }
        #expect(listed.count == bench.core.streams().count)
        for session in listed {
            #expect(try bench.ask("show sess \(session.id)").hasPrefix("\(session.id): ["))
        }
        #expect(try bench.ask("show sess 0x999999") == "Session not found.\n\n")
        #expect(try bench.ask("shutdown session 0x999999") == "No such session (use 'show sess').\n\n")
        for session in listed { #expect(try bench.ask("shutdown session \(session.id)") == "\n") }
        #expect(try SessionLine.parse(bench.ask("show sess all")).isEmpty || bench.core.streams().isEmpty)
        withExtendedLifetime(client.raw) {}
    }

    @Test func serversAreChanged() throws {
        let bench = try Bench()
        #expect(try bench.ask("get weight app/s2") == "3 (initial 3)\n\n")
        #expect(try bench.ask("set weight app/s2 7;get weight app/s2") == "\n7 (initial 3)\n\n")
        #expect(try bench.ask("set server app/s2 weight 200%;get weight app/s2") == "\n6 (initial 3)\n\n")
        #expect(
            try bench.ask("set weight app/s1 999")
                == "Absolute weight can only be between 0 and 256 inclusive.\n\n")
        #expect(try bench.ask("disable server app/s1;enable server app/s2") == "\n\n")
        let table = try #require(StatTable(parsing: try bench.ask("show stat app 4 -1")))
        #expect(table.rows.map { $0["status"] } == ["MAINT", "no check"])
        let state = try bench.ask("show servers state app")
        #expect(state.contains("\n3 app 1 s1 "))
        #expect(try bench.ask("set server app/s1 state ready") == "\n")
        #expect(try bench.ask("disable server app") == "Require 'backend/server'.\n\n")
        #expect(try bench.ask("disable server nope/s1") == "No such backend.\n\n")
        #expect(try bench.ask("disable server app/nope") == "No such server.\n\n")
        #expect(try bench.ask("show servers conn nope") == "Can't find backend.\n\n")
    }

    @Test func levelsAreHAProxys() throws {
        let bench = try Bench()
        let denied = "Permission denied\n\n"
        for command in ["show sess", "show env", "show errors", "clear counters", "set weight app/s1 1"] {
            #expect(try bench.ask(command, socket: "user.sock") == denied, "\(command)")
        }
        for command in [
            "clear counters all", "disable server app/s1", "shutdown session 0x1",
            "set server app/s1 weight 1",
        ] {
            #expect(try bench.ask(command, socket: "operator.sock") == denied, "\(command)")
        }
        #expect(try bench.ask("clear counters", socket: "operator.sock") == "\n")
        #expect(try bench.ask("show cli level", socket: "user.sock") == "user\n\n")
        let sockets = AdminSocketLine.parse(try bench.ask("show cli sockets", socket: "user.sock"))
        #expect(sockets.map(\.level) == [.admin, .operator, .user])
        #expect(sockets.first?.address == "unix@\(bench.folder.file("admin.sock"))")
    }

    @Test func smallCommands() throws {
        let bench = try Bench()
        #expect(try bench.ask("show version") == "0.1.0\n\n")
        #expect(try bench.ask("show backend") == "# name\napp\nempty\nplain\n\n")
        #expect(try bench.ask("show env PATH") == "PATH=/bin\n\n")
        #expect(try bench.ask("show env TESTED") == "TESTED=by setenv\n\n")
        #expect(try bench.ask("show env").contains("PATH=/bin\nTESTED=by setenv\n"))
        #expect(try bench.ask("show env NO_SUCH_ONE") == "Variable not found\n\n")
        #expect(try bench.ask("show errors").hasPrefix("Total events captured on ["))
        #expect(try bench.ask("show startup-logs") == "[NOTICE]   (1) : hello\n\n")
        #expect(try bench.ask("help").contains("show servers state [<backend>]"))
    }

    @Test func connectionsOfTheMasterAreServed() throws {
        let bench = try Bench()
        let (one, other) = try {
            let pair = try Socket.streamPair()
            return (try pair.one.duplicate().release(), try pair.other.duplicate().release())
        }()
        let ours = Descriptor(owning: one)
        try bench.admin.adopt(Descriptor(owning: other), level: .user)
        #expect(try bench.converse(ours.raw, "show cli level") == "user\n\n")
    }

    @Test func aDrainingWorkerSaysSo() throws {
        let bench = try Bench()
        let client = try bench.hold("plain.sock")
        let early = try bench.hold("admin.sock")
        bench.admin.stopListening()
        bench.core.stopAccepting(removed: [])
        let info = try #require(InfoReply(parsing: try bench.converse(early.raw, "show info")))
        #expect(info.integer("Stopping") == 1)
        #expect(info.integer("Listeners") == 1)
        let late = try Socket.stream(for: .unix(path: bench.folder.file("admin.sock")))
        #expect(throws: Errno.self) {
            try Socket.connect(late.raw, to: .unix(path: bench.folder.file("admin.sock")))
        }
        withExtendedLifetime(client.raw) {}
    }

    @Test func newSessionsHaveAMomentBeforeTheWorkerLeaves() throws {
        let bench = try Bench()
        let early = try bench.hold("admin.sock")
        bench.admin.server.endIdle()
        #expect(bench.admin.server.sessionCount == 1)
        #expect(try bench.converse(early.raw, "show version") == "0.1.0\n\n")
        let silent = try bench.hold("admin.sock")
        bench.admin.server.endIdle()
        try bench.loop.run(for: "the silent session to end") { bench.admin.server.sessionCount == 0 }
        withExtendedLifetime(silent.raw) {}
    }

    /// The same configuration in Debian's HAProxy: the same fields, columns and filled cells in the same order.
    @Test(.enabled(if: access("/usr/sbin/haproxy", X_OK) == 0))
    func formsAreThoseOfTheRealOne() throws {
        let bench = try Bench(processNumber: 1)
        let folder = try ScratchFolder("worker-admin-real-")
        let file = try folder.write("h.cfg", Bench.text(in: folder))
        let real = try RunningProgram("/usr/sbin/haproxy", ["-db", "-f", file], in: folder, name: "haproxy")
        defer { real.stop() }
        func ask(_ command: String) throws -> String {
            try AdminClient.ask(folder.file("admin.sock"), command)
        }
        try wait(for: "haproxy to answer") { (try? ask("show version").isEmpty) == false }
        let version = try ask("show version")
        guard version.hasPrefix("2.6.") else { return }

        func names(_ text: String) -> [Substring] {
            text.split(separator: "\n").map { $0.prefix { $0 != ":" } }
        }
        #expect(names(try bench.ask("show info")) == names(try ask("show info")))
        func paths(_ text: String) -> [Substring] {
            text.split(separator: "\n").map { line in
                line.split(separator: ":").prefix(3).last.map { line[..<$0.endIndex] } ?? line
            }
        }
        #expect(paths(try bench.ask("show info typed")) == paths(try ask("show info typed")))
        #expect(paths(try bench.ask("show stat typed")) == paths(try ask("show stat typed")))

        func filled(_ text: String) -> [String] {
            text.split(separator: "\n").map { line in
                line.split(separator: ",", omittingEmptySubsequences: false).enumerated()
                    .map { $0 < 2 ? String($1) : $1.isEmpty ? "" : "x" }.joined(separator: ",")
            }
        }
        #expect(filled(try bench.ask("show stat")) == filled(try ask("show stat")))
        #expect(
            try bench.ask("show stat").split(separator: "\n").first
                == ask("show stat").split(separator: "\n").first)
        #expect(try bench.ask("show backend") == ask("show backend"))
        #expect(
            try bench.ask("show servers state").split(separator: "\n").prefix(2)
                == ask("show servers state").split(separator: "\n").prefix(2))
        for command in [
            "get weight app/s2", "get weight nope/s", "disable server app", "set weight app/s1",
            "set weight app/s1 300", "shutdown session", "show sess 0x1", "show stat no 1 1", "set timeout x",
            "set timeout cli", "show servers state no", "user;show cli level;show env", "quit",
            "set server app/s1 state maint;set server app/s1 state ready",
        ] {
            #expect(try bench.ask(command) == ask(command), "\(command)")
        }
    }
}
