// Processes without a master that replace each other: `-sf`, `-st`, `-x`, and ports that are shared, between mwproxy
// and itself and both ways with HAProxy.

import Demo
import Glibc
import Polling
import TestSupport
import Testing
import Unix

/// A row of processes in one folder, each of which replaces the one before.
private final class Succession {
    let folder: ScratchFolder
    let port: UInt16
    let socket: String
    private(set) var current: RunningProgram
    private(set) var kind: ProxyKind
    private var number = 1

    init(_ kind: ProxyKind, global: String = "", binds: String = "", sections: String = "") throws {
        folder = try ScratchFolder("succession-")
        port = try FreePort.find()
        socket = folder.file("admin.sock")
        self.kind = kind
        let file = try Self.write(1, folder, port, global, binds, sections)
        current = try Self.start(kind, file, [], in: folder, number: 1)
        try wait(for: "\(kind) to serve: \(current.errors)") { answer() == "1" }
    }

    var errors: String { current.errors }

    private static func write(
        _ number: Int, _ folder: ScratchFolder, _ port: UInt16, _ global: String, _ binds: String,
        _ sections: String
    ) throws -> String {
        try folder.write(
            "\(number).cfg",
            """
            global
                stats socket \(folder.file("admin.sock")) mode 600 level admin expose-fd listeners
                \(global)
            defaults
                mode http
                timeout connect 5s
                timeout client 30s
                timeout server 30s
            frontend web
                bind 127.0.0.1:\(port)
                \(binds)
                http-request return status 200 content-type text/plain string \(number) if !{ path_beg /poll/ }
                default_backend app
            backend app
                server origin 127.0.0.1:1
            \(sections)

            """)
    }

    private static func start(
        _ kind: ProxyKind, _ file: String, _ arguments: [String], in folder: ScratchFolder, number: Int
    ) throws -> RunningProgram {
        try RunningProgram(
            try kind.program, ["-db", "-f", file] + arguments, in: folder, name: "process\(number)")
    }

    /// Starts the next one; returns without waiting.
    func begin(
        _ next: ProxyKind, _ arguments: [String], global: String = "", binds: String = "",
        sections: String = ""
    ) throws -> RunningProgram {
        number += 1
        let file = try Self.write(number, folder, port, global, binds, sections)
        return try Self.start(next, file, arguments, in: folder, number: number)
    }

    /// Replaces the process, waits until the old one has gone, and tells how it ended. `meanwhile` runs all the time.
    @discardableResult
    func replace(
        by next: ProxyKind, _ how: [String], global: String = "", binds: String = "", sections: String = "",
        meanwhile: () throws -> Void = {}
    ) throws -> ProcessEnd {
        let old = current
        let new = try begin(
            next, how + ["\(old.pid)"], global: global, binds: binds, sections: sections)
        do {
            try wait(for: "the end of the old process") {
                try meanwhile()
                if !new.isRunning { throw ProgramError("\(next) ended: \(new.errors)") }
                return !old.isRunning
            }
        } catch {
            throw ProgramError("\(error); old: \(old.errors); new: \(new.errors)")
        }
        current = new
        kind = next
        try wait(for: "\(next) to serve") {
            try meanwhile()
            return answer() == "\(number)"
        }
        return try old.end()
    }

    /// What is said at an address; nil where nobody answers.
    func answer(at address: SocketAddress? = nil) -> String? {
        guard let client = try? Connection(to: address ?? .ipv4(0x7f00_0001, port: port)) else { return nil }
        try? client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        guard let text = try? client.readToEnd(), text.hasPrefix("HTTP/1.1 200") else { return nil }
        return text.split(separator: "\r\n").last.map(String.init)
    }

    /// Whether somebody who asks for sharing can bind the port.
    var isPortShared: Bool {
        let place = SocketAddress.ipv4(0x7f00_0001, port: port)
        guard let socket = try? Socket.stream(for: place) else { return false }
        try? Socket.setOption(socket.raw, SOL_SOCKET, SO_REUSEPORT, 1)
        return (try? Socket.bind(socket, to: place)) != nil
    }
}

extension ReplacementSystemTests {
    @Suite struct Replacement {
        /// `port` of 127.0.0.1.
        private func local(_ port: UInt16) -> SocketAddress { .ipv4(0x7f00_0001, port: port) }

        /// Sockets go from hand to hand, through both programs in each direction, and nobody who connects notices.
        @Test func socketsThatAreTakenLoseNoConnection() throws {
            let row = try Succession(.mwproxy)
            let path = row.folder.file("web.sock")
            let loop = try EventLoop()
            let traffic = Traffic(on: loop)
            traffic.start(Load("new", .connections(perSecond: 300), path: "/"), to: local(row.port))
            let kinds: [ProxyKind] = [.mwproxy, .haproxy, .mwproxy, .mwproxy, .haproxy, .haproxy, .mwproxy]
            for kind in kinds {
                let end = try row.replace(
                    by: kind, ["-x", row.socket, "-sf"], binds: "bind unix@\(path) mode 666"
                ) {
                    try loop.run(load: .milliseconds(20))
                }
                #expect(end == .exited(0))
                #expect(row.answer(at: .unix(path: path)) == row.answer())
            }
            traffic.finish()
            try loop.run(for: "the last responses") { traffic.isFinished }
            for report in traffic.reports {
                #expect(report.tally.failures.isEmpty, "\(report.description)\n\(report.tally.notes)")
                #expect(report.tally.succeeded > 10)
            }
        }

        @Test func withoutTakingTheNewProcessBindsBesideTheOld() throws {
            let row = try Succession(.mwproxy)
            #expect(row.isPortShared)
            for kind in [ProxyKind.mwproxy, .haproxy, .mwproxy] {
                #expect(try row.replace(by: kind, ["-sf"]) == .exited(0))
            }
            #expect(try row.replace(by: .mwproxy, ["-x", "/dev/null", "-sf"]) == .exited(0))
            #expect(
                try row.replace(by: .mwproxy, ["-dR", "-x", row.socket, "-st"]) == .killed(signal: SIGTERM))
        }

        @Test func aPortThatIsNotSharedIsAskedFor() throws {
            let row = try Succession(.mwproxy, global: "noreuseport")
            #expect(!row.isPortShared)
            let stranger = try Listening()
            let failing = try row.begin(
                .mwproxy, ["-sf", "\(row.current.pid)"], binds: "bind 127.0.0.1:\(stranger.port)")
            #expect(try failing.end() == .exited(1))
            #expect(
                failing.errors.contains("cannot bind socket (Address already in use)"), "\(failing.errors)")
            // It was asked to let go, and listens again.
            try wait(for: "the old process to serve") { row.answer() == "1" }
            #expect(
                row.errors.contains("Paused frontend web.") && row.errors.contains("Resumed frontend web."))
            #expect(try row.replace(by: .mwproxy, ["-sf"], global: "noreuseport") == .exited(0))
            #expect(try row.replace(by: .haproxy, ["-sf"], global: "noreuseport") == .exited(0))
            #expect(try row.replace(by: .mwproxy, ["-sf"]) == .exited(0))
        }

        /// Its last step before it takes over: a folder stands where its unix socket wants to.
        @Test func aStartThatFailsBehindItsBindGivesThePortBack() throws {
            let row = try Succession(.mwproxy, global: "noreuseport")
            let failing = try row.begin(
                .mwproxy, ["-sf", "\(row.current.pid)"], global: "noreuseport",
                binds: "bind unix@\(row.folder.path)")
            #expect(try failing.end() == .exited(1))
            #expect(failing.errors.contains("cannot give the socket its name"), "\(failing.errors)")
            try wait(for: "the old process to serve") { row.answer() == "1" }
            #expect(
                row.errors.contains("Paused frontend web.") && row.errors.contains("Resumed frontend web."))
        }

        /// What is told to leave while it is paused has no queue to serve.
        @Test func whatLeavesWhilePausedIsNotOutOfAnything() throws {
            let row = try Succession(.mwproxy)
            row.current.signal(SIGTTOU)
            try wait(for: "the pause") { row.errors.contains("Paused frontend web.") }
            row.current.signal(SIGUSR1)
            #expect(try row.current.end() == .exited(0))
            #expect(!row.errors.contains("out of descriptors") && !row.errors.contains("cannot accept"))
        }

        @Test func whatCannotBeTakenLeavesTheOldProcessAlone() throws {
            let row = try Succession(
                .mwproxy, global: "stats socket /tmp/unused-\(getpid()).sock level admin")
            defer { unlink("/tmp/unused-\(getpid()).sock") }
            for (socket, words) in [
                ("/tmp/unused-\(getpid()).sock", "Failed to get the number of sockets to be transferred !"),
                (row.folder.file("none.sock"), "Failed to connect to the old process socket"),
            ] {
                let next = try row.begin(.mwproxy, ["-x", socket, "-sf", "\(row.current.pid)"])
                #expect(try next.end() == .exited(1))
                #expect(next.errors.contains(words), "\(next.errors)")
                #expect(next.errors.contains("Failed to get the sockets from the old process!"))
            }
            #expect(row.answer() == "1")
        }

        /// `-D`: the exit code tells that the new process serves and that the old one has been told.
        @Test func inTheBackground() throws {
            let row = try Succession(.mwproxy)
            let file = row.folder.file("1.cfg")
            let started = try Program.run(
                try ProxyKind.mwproxy.program,
                [
                    "-D", "-f", file, "-p", row.folder.file("pid"), "-x", row.socket, "-sf",
                    "\(row.current.pid)",
                ])
            #expect(started.end == .exited(0), "\(started.errors)")
            let pid = try #require(
                pid_t(try File.readText(row.folder.file("pid")).split(separator: "\n").first ?? ""))
            defer { kill(pid, SIGKILL) }
            #expect(try row.current.end() == .exited(0))
            #expect(row.answer() == "1")
        }

        enum Reload: CaseIterable { case ofAMaster, byTaking }

        /// Binds that come, go, move to another frontend or get other options.
        @Test(arguments: Reload.allCases) func bindsChange(_ reload: Reload) throws {
            let ports = try (0..<3).map { _ in try FreePort.find() }
            let path: (ScratchFolder) -> String = { $0.file("web.sock") }
            func binds(_ folder: ScratchFolder) -> String {
                "bind 127.0.0.1:\(ports[0])\n bind 127.0.0.1:\(ports[1])\n bind unix@\(path(folder)) mode 600"
            }
            func changed(_ folder: ScratchFolder) -> String {
                "bind unix@\(path(folder)) mode 666 accept-proxy"
            }
            let other = """
                frontend other
                    bind *:\(ports[1]) name moved
                    bind 127.0.0.1:\(ports[2]) maxconn 7
                    http-request return status 200 content-type text/plain string other

                """
            let folder: ScratchFolder
            let row: Succession?
            let master: RunningProxy?
            switch reload {
            case .byTaking:
                let made = try Succession(.mwproxy)
                (folder, row, master) = (made.folder, made, nil)
                try made.replace(by: .mwproxy, ["-x", made.socket, "-sf"], binds: binds(folder))
            case .ofAMaster:
                let port = try FreePort.find()
                func text(_ binds: String) -> String {
                    """
                    defaults
                        mode http
                        timeout connect 5s
                        timeout client 30s
                        timeout server 30s
                    frontend web
                        http-request return status 200 content-type text/plain string web
                        bind 127.0.0.1:\(port)
                        \(binds)

                    """
                }
                let made = try RunningProxy(.mwproxy) { text(binds($0)) }
                (folder, row, master) = (made.folder, nil, made)
                #expect(try answer(ports[0]) == "web")
                try made.configure(text(changed(folder)) + other)
            }
            #expect(try access(path(folder)) == 0o600)
            #expect(try answer(ports[1]) != nil)
            if let row {
                try row.replace(
                    by: .mwproxy, ["-x", row.socket, "-sf"], binds: changed(folder), sections: other)
            }
            try master?.reload()
            try wait(for: "the removed bind to close") { try answer(ports[0]) == nil }
            #expect(try answer(ports[1]) == "other")
            #expect(try answer(ports[2]) == "other")
            #expect(try access(path(folder)) == 0o666)
            let client = try Connection(to: .unix(path: path(folder)))
            try client.send(
                "PROXY TCP4 1.2.3.4 5.6.7.8 80 80\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(try client.readToEnd().hasPrefix("HTTP/1.1 200"))
        }

        private func access(_ path: String) throws -> mode_t {
            var status = stat()
            guard stat(path, &status) == 0 else { throw Errno.last }
            return status.st_mode & 0o777
        }

        private func answer(_ port: UInt16) throws -> String? {
            guard ConnectionProbe.answers(local(port)) else { return nil }
            let client = try Connection(port: port)
            try client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return try client.readToEnd().split(separator: "\r\n").last.map(String.init)
        }
    }
}
