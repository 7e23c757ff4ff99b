// A proxy with clients that are still, in each of the ways that keep an old worker alive, and an origin that lets them.

import Demo
import Glibc
import Polling
import Unix

package final class StillScene {
    package let proxy: RunningProxy
    package let port: UInt16
    /// A port where TCP is passed on.
    package let tcpPort: UInt16
    package let workerSocket: String
    /// The port of a server whose queue of connections is full: a SYN to it is dropped.
    package let deadPort: UInt16
    private let loop: EventLoop
    private let origin: Origin
    private let full: Descriptor
    private var held: [Connection] = []
    private var programs: [RunningProgram] = []

    /// - Parameters:
    ///   - global: lines for the global section.
    ///   - timeouts: the timeouts of its `defaults` besides those of connect, client and server.
    ///   - sections: whole sections.
    package init(
        _ kind: ProxyKind, global: String = "hard-stop-after 30m", timeouts: String = "timeout tunnel 1h",
        backend: String = "", sections: String = ""
    ) throws {
        let loop = try EventLoop()
        let origin = try Origin(on: loop)
        let (port, tcpPort) = (try FreePort.find(), try FreePort.find())
        let full = try Socket.stream(for: .ipv4(0x7f00_0001, port: 0))
        try Socket.bind(full, to: .ipv4(0x7f00_0001, port: 0))
        try Socket.listen(full, backlog: 0)
        let deadPort = try Socket.localAddress(full.raw).port ?? 0
        proxy = try RunningProxy(kind) { folder in
            """
            global
                stats socket \(folder.file("worker.sock")) mode 600 level admin
                stats timeout 1h
                maxconn 9600
                \(kind.keepsIdleClients)
                \(global)
            defaults
                mode http
                timeout connect 60s
                timeout client 100s
                timeout server 200s
                \(timeouts)
            frontend web
                bind 127.0.0.1:\(port)
                use_backend dead if { path /dead }
                use_backend queued if { path /queued }
                default_backend app
            backend app
                \(backend)
                server s1 127.0.0.1:\(origin.port)
            backend queued
                server q1 127.0.0.1:\(origin.port) maxconn 1
            backend dead
                server d1 127.0.0.1:\(deadPort)
            listen plain
                mode tcp
                bind 127.0.0.1:\(tcpPort)
                server t1 127.0.0.1:\(origin.port)
            \(sections)

            """
        }
        workerSocket = proxy.folder.file("worker.sock")
        (self.loop, self.origin, self.port, self.tcpPort) = (loop, origin, port, tcpPort)
        self.deadPort = deadPort
        self.full = full
        // The kernel queues one connection more than the backlog says, then drops what comes.
        for _ in 0..<3 {
            let filler = try Socket.stream(for: .ipv4(0x7f00_0001, port: deadPort))
            _ = try? Socket.connect(filler.raw, to: .ipv4(0x7f00_0001, port: deadPort))
            fillers.append(filler.release())
        }
    }

    private var fillers: [Int32] = []

    deinit {
        origin.stop()
        for filler in fillers { close(filler) }
    }

    /// The worker that serves.
    package func worker() throws -> pid_t {
        try wait(for: "a serving worker") { try proxy.serving().first }
    }

    /// Reloads; the worker that is old now.
    @discardableResult
    package func reload() throws -> pid_t {
        let old = try worker()
        try proxy.reload()
        return old
    }

    // MARK: Clients

    /// A client with no more than a connection.
    package func silent(tcp: Bool = false) throws -> Connection {
        let connection = try Connection(port: tcp ? tcpPort : port)
        held.append(connection)
        return connection
    }

    /// Half a request's head.
    @discardableResult
    package func halfSent() throws -> Connection {
        let connection = try silent()
        try connection.send("GET / HTTP/1.1\r\nHo")
        return connection
    }

    /// A request that is never answered.
    @discardableResult
    package func longPoll() throws -> Connection {
        let connection = try silent()
        let before = origin.requests
        try connection.send("GET /silent HTTP/1.1\r\nHost: x\r\n\r\n")
        try loop.run(for: "the request at the origin") { origin.requests > before }
        return connection
    }

    /// A request with a body of which the most is missing.
    @discardableResult
    package func halfBody() throws -> Connection {
        let connection = try silent()
        let before = origin.requests
        try connection.send("POST /silent HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
        try loop.run(for: "the request at the origin") { origin.requests > before }
        return connection
    }

    @discardableResult
    package func webSocket() throws -> Connection {
        let connection = try silent()
        try connection.send(
            "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        try answer(connection, "HTTP/1.1 101")
        return connection
    }

    /// A connection on which one request was answered.
    @discardableResult
    package func keptAlive() throws -> Connection {
        let connection = try silent()
        try connection.send("GET /bytes/10 HTTP/1.1\r\nHost: x\r\n\r\n")
        try answer(connection, "HTTP/1.1 200")
        return connection
    }

    /// An answer of which the client takes no more than the first bytes.
    @discardableResult
    package func slowReader() throws -> Connection {
        let connection = try silent()
        try connection.send("GET /bytes/50000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        try answer(connection, "HTTP/1.1 200")
        try loop.run(load: .milliseconds(300))
        return connection
    }

    /// A request to a server that does not answer SYN.
    @discardableResult
    package func toDeadServer() throws -> Connection {
        let connection = try silent()
        try connection.send("GET /dead HTTP/1.1\r\nHost: x\r\n\r\n")
        return connection
    }

    /// Plain TCP that stands.
    @discardableResult
    package func tcp() throws -> Connection {
        let before = origin.connections
        let connection = try silent(tcp: true)
        try loop.run(for: "the connection at the origin") { origin.connections > before }
        return connection
    }

    /// Many requests, of which one is with its server and all others wait in its queue: a socket each.
    package func crowd(_ count: Int) throws {
        let head = Array("GET /queued HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        for _ in 0..<count {
            let connection = try Connection(port: port)
            try connection.send(head)
            held.append(connection)
        }
        try wait(for: "\(count) streams") {
            try proxy.ask("@!\(worker()) show info").contains("CurrConns: \(count)\n")
        }
        // One look more than it takes: the last ones have come into the queue.
        try wait(for: "\(count) in the queue") {
            let list = try proxy.ask("@!\(worker()) show sess")
            return list.split(separator: "\n").count { $0.contains(" be=queued ") } >= count
        }
    }

    /// A held session on the worker's admin socket.
    @discardableResult
    package func adminSession() throws -> RunningProgram {
        let session = try RunningProgram(
            try Program.system("socat"), ["UNIX-CONNECT:\(workerSocket)", "EXEC:sleep 1000"],
            in: proxy.folder, name: "socat\(programs.count)")
        programs.append(session)
        try wait(for: "the session") {
            try proxy.ask("@!\(worker()) show sess").split(separator: "\n").contains {
                $0.contains("proto=unix_stream") && $0.contains("fe=GLOBAL")
            }
        }
        return session
    }

    private func answer(_ connection: Connection, _ start: String) throws {
        try loop.run(for: "an answer") {
            _ = try? connection.read(for: "bytes", atMost: .zero) { _ in false }
            return String(decoding: connection.received, as: UTF8.self).hasPrefix(start)
        }
    }
}
