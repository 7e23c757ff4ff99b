// What the tests of `reloadtop reload` share: a configuration, a folder for the audit log, and runs that write there.

import Demo
import Glibc
import RuntimeAPI
import TestSupport
import Testing
import Unix

struct ReloadScene {
    let state: ScratchFolder

    init() throws {
        state = try ScratchFolder("state-")
    }

    /// The lines of the audit log.
    var audit: [JSON] {
        let text = (try? File.readText(state.file("reloadtop/audit.log"))) ?? ""
        return text.split(separator: "\n").compactMap { try? JSON(parsing: String($0)) }
    }

    /// `more`: a line of the frontend, and whole sections behind it.
    static func text(
        _ kind: ProxyKind = .haproxy, port: UInt16, status: Int, more: String = ""
    ) -> String {
        """
        global
            hard-stop-after 60s
            \(kind.keepsIdleClients)
        defaults
            mode http
            timeout connect 5s
            timeout client 60s
            timeout server 60s
        frontend web
            bind 127.0.0.1:\(port)
            \(more)
            http-request return status \(status) hdr x y

        """
    }

    /// The same where the load fails and no test of the file shows it: HAProxy writes its pid file as it starts, and
    /// somebody else has the port `taken`.
    static func failing(_ kind: ProxyKind, _ text: String, taken: UInt16) -> String {
        switch kind {
        case .haproxy: text.replacing("global\n", with: "global\n    pidfile /no/such/folder/pid\n")
        case .mwproxy: text.replacing("frontend web\n", with: "frontend web\n    bind 127.0.0.1:\(taken)\n")
        }
    }

    var environment: [String: String?] { ["XDG_STATE_HOME": state.path] }

    /// The program as it prints for people.
    func run(_ arguments: [String]) throws -> Program.Completed {
        try Program.run(
            try Program.ours("reloadtop"), ["reload", "--settle", "0"] + arguments, environment: environment)
    }

    /// What a reload said as JSON.
    struct Told: CustomStringConvertible {
        let code: Int32
        let json: JSON
        var verdict: String { json["verdict"]?.string ?? "" }
        var reasons: String { json["reasons"]?.text ?? "" }
        var description: String { json.text }
    }

    func reload(_ proxy: RunningProxy, _ arguments: [String], input: String = "") throws -> Told {
        try told(
            try Program.run(
                try Program.ours("reloadtop"),
                ["reload", "--master-socket", proxy.masterSocket, "--json", "--settle", "0"] + arguments,
                input: input, environment: environment))
    }

    func told(_ run: Program.Completed) throws -> Told {
        let json = try JSON(parsing: run.output)
        #expect(json["exit_status"]?.integer == Int64(run.end.code), "\(run.errors)")
        return Told(code: run.end.code, json: json)
    }

    /// What a client gets on a port.
    func status(_ port: UInt16) throws -> String {
        let client = try Connection(port: port)
        try client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return String(try client.readToEnd().dropFirst("HTTP/1.1 ".count).prefix(3))
    }

    /// What lies beside the configuration, written and not placed.
    static func staged(in folder: ScratchFolder) throws -> [String] {
        try File.names(in: folder.path).filter { $0.hasSuffix(".reloadtop-new") }
    }

    /// The writing end of a FIFO once somebody reads it: a test or a load that waits for what comes.
    static func reader(of fifo: String) throws -> Descriptor {
        Descriptor(
            owning: try wait(for: "a reader of \(fifo)") { () -> Int32? in
                let raw = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
                return raw < 0 ? nil : raw
            })
    }

    /// A port that somebody else has, for as long as the value lives.
    final class TakenPort {
        let port: UInt16
        private let socket: Int32

        init() throws {
            let taken = try Socket.stream(for: .ipv4(0x7f00_0001, port: 0))
            try Socket.bind(taken, to: .ipv4(0x7f00_0001, port: 0))
            try Socket.listen(taken, backlog: 1)
            port = try #require(try Socket.localAddress(taken.raw).port)
            socket = taken.release()
        }

        deinit { close(socket) }
    }

    func contentHash(_ text: String) throws -> String {
        String(try Program.run("/usr/bin/sha256sum", input: text).line.prefix(64))
    }
}
