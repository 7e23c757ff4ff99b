// A real mwproxy under test: a master on a free port, asked over its sockets.

import Demo
import Glibc
import TestSupport
import Testing
import Unix

/// One running master and the folder it lives in.
final class RunningMaster {
    let folder: ScratchFolder
    let port: Int
    let program: RunningProgram
    var file: String { folder.file("m.cfg") }
    var pid: pid_t { program.pid }

    /// Starts `-Ws` (or `flags`) and waits until it serves, where `waits`.
    init(
        flags: [String] = ["-Ws"], global: String = "", frontend: String = Answer.text("one"),
        path: String? = nil, called: String? = nil, notify: NotifySocket? = nil,
        in given: ScratchFolder? = nil, inherited: [(from: Int32, to: Int32)] = [],
        waits: Bool = true
    ) throws {
        let folder = try given ?? ScratchFolder("master-")
        self.folder = folder
        port = try freePort()
        try folder.write(
            "m.cfg", Self.text(port: port, global: global, frontend: frontend, folder: folder))
        program = try RunningProgram(
            path ?? TestSupport.Program.ours("mwproxy"),
            flags + ["-S", folder.file("m.sock"), "-f", folder.file("m.cfg")], called: called,
            environment: ["NOTIFY_SOCKET": notify?.path], in: folder, name: "mwproxy",
            inherited: inherited)
        guard waits else { return }
        try TestSupport.wait(for: "the first worker") { [program] in
            if !program.isRunning { throw ProgramError("it ended: \(program.errors)") }
            return current != nil
        }
    }

    /// Clients stay where they came in: what the tests hold would move to the next worker otherwise.
    static func text(port: Int, global: String, frontend: String, folder: ScratchFolder) -> String {
        """
        global
            stats socket \(folder.file("admin.sock")) level admin
            tune.reload.migrate off
        \(global)
        defaults
            mode http
            timeout client 20s
            timeout server 20s
            timeout connect 5s
        frontend f
            bind 127.0.0.1:\(port)
        \(frontend)

        """
    }

    func configure(global: String = "", frontend: String) throws {
        try folder.write(
            "m.cfg", Self.text(port: port, global: global, frontend: frontend, folder: folder))
    }

    func ask(_ command: String) throws -> String {
        try AdminClient.ask(folder.file("m.sock"), command)
    }

    /// The worker that serves, by `show proc`.
    var current: pid_t? {
        guard let text = try? ask("show proc"), let rows = text.components(after: "# workers\n").first
        else { return nil }
        return rows.split(separator: " ").first.flatMap { pid_t($0) }
    }

    var children: [pid_t] {
        let text = (try? File.readText("/proc/\(pid)/task/\(pid)/children")) ?? ""
        return text.split(separator: " ").compactMap { pid_t($0) }
    }

    /// The body of one request on a new connection; nil where it failed.
    func get(_ port: Int? = nil) -> String? {
        guard let client = try? connect(port) else { return nil }
        return try? Self.exchange(client)
    }

    func connect(_ port: Int? = nil) throws -> Connection {
        try Connection(to: SocketAddress(numeric: "127.0.0.1", port: UInt16(port ?? self.port))!)
    }

    static func exchange(_ client: Connection) throws -> String? {
        try client.send("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
        let reply = try client.readToEnd()
        return reply.components(after: "\r\n\r\n").first.map(String.init)
    }

    /// Waits until a line stands on standard error.
    func wait(forLine text: String, atMost limit: Duration = .patience) throws {
        try TestSupport.wait(for: "'\(text)' in \(program.errors)", atMost: limit) {
            program.errors.contains(text)
        }
    }
}

/// Configuration lines that answer.
enum Answer {
    static func text(_ body: String) -> String {
        "    http-request return status 200 content-type text/plain string \"\(body)\""
    }
}

/// A port of 127.0.0.1 that nobody holds, as this suite writes ports.
func freePort() throws -> Int { Int(try FreePort.find()) }

extension String {
    /// The text after the first `mark`, in an array that is empty where the mark is missing.
    func components(after mark: String) -> [Substring] {
        guard let range = self.range(of: mark) else { return [] }
        return [self[range.upperBound...]]
    }

    private func range(of mark: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(mark) { return start..<index(start, offsetBy: mark.count) }
            formIndex(after: &start)
        }
        return nil
    }
}
