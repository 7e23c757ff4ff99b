// A server of admin sessions and its clients on one loop in one thread: every test drives the loop itself.

import AdminSocket
import Polling
import RuntimeAPI
import Testing
import Unix

final class Stage {
    let loop: EventLoop
    let server: AdminServer

    init(_ commands: [AdminCommand] = [], route: ((AdminRequest) -> AdminReply?)? = nil) throws {
        loop = try EventLoop()
        server = AdminServer(on: loop, commands: CommandTable(commands, route: route))
    }

    /// A client whose session is served as an adopted connection.
    func client(
        _ style: SessionSettings.Style = .worker, level: CommandLevel = .admin, timeout: Duration? = nil
    ) throws -> Client {
        let client = try Client.connected()
        let settings = SessionSettings(style: style, level: level, timeout: timeout)
        guard let otherEnd = client.takeOtherEnd() else { throw Errno.badFileDescriptor }
        try server.adopt(otherEnd, settings: settings)
        return client
    }

    /// Runs the loop until `condition` holds, at most five seconds.
    func run(
        until condition: () -> Bool, _ comment: Comment? = nil, at place: SourceLocation = #_sourceLocation
    ) throws {
        let deadline = Instant.now() + .seconds(5)
        while !condition() {
            try #require(Instant.now() < deadline, comment, sourceLocation: place)
            try loop.runOnce(longestWait: .milliseconds(5))
        }
    }

    /// Sends text, then runs until the server has closed the connection: all that came.
    func ask(_ client: Client, _ text: String, endingSide: Bool = false) throws -> String {
        try client.send(text)
        if endingSide { client.endSending() }
        try run(until: { client.receive() }, "the server closes after '\(text)'")
        return client.text
    }

    /// Sends text, then runs until what came ends in `ending`; takes it.
    func exchange(_ client: Client, _ text: String, until ending: String) throws -> String {
        try client.send(text)
        try run(
            until: {
                _ = client.receive()
                return client.text.hasSuffix(ending)
            }, "the answer to '\(text)' ends in '\(ending)', not in '\(client.text.suffix(80))'")
        defer { client.received = [] }
        return client.text
    }
}

/// One end of a connection.
final class Client {
    private var socket: Descriptor?
    private var otherEnd: Descriptor?
    var received: [UInt8] = []

    private init(_ pair: consuming Pair) {
        socket = try? pair.one.duplicate()
        otherEnd = try? pair.other.duplicate()
    }

    init(_ descriptor: consuming Descriptor) { socket = consume descriptor }

    static func connected() throws -> Client { Client(try Socket.streamPair()) }

    func takeOtherEnd() -> Descriptor? { otherEnd.take() }

    var text: String { String(decoding: received, as: UTF8.self) }

    func send(_ text: String) throws {
        guard let raw = socket?.raw else { throw Errno.badFileDescriptor }
        let bytes = Array(text.utf8)
        let transfer = bytes.withUnsafeBytes { Socket.write(raw, $0) }
        if !bytes.isEmpty { #expect(transfer == .moved(bytes.count)) }
    }

    /// Takes what has come; true when the server has closed.
    func receive(atMost limit: Int = .max) -> Bool {
        guard let raw = socket?.raw else { return true }
        var taken = 0
        var chunk = [UInt8](repeating: 0, count: 65536)
        while taken < limit {
            switch chunk.withUnsafeMutableBytes({ Socket.read(raw, into: $0) }) {
            case .moved(let count):
                received += chunk[..<count]
                taken += count
            case .ended, .failed: return true
            case .wouldBlock: return false
            }
        }
        return false
    }

    func endSending() {
        if let raw = socket?.raw { Socket.shutdownWrite(raw) }
    }

    func close() { socket = nil }
}

var version: AdminCommand {
    AdminCommand("show version", help: "tell the version") { _ in .text("1.2.3\n") }
}
var secret: AdminCommand {
    AdminCommand("show secret", help: "tell it", level: .admin) { _ in .text("42\n") }
}
var operatorsOnly: AdminCommand {
    AdminCommand("show sess [id]", help: "list", level: .operator) {
        .text("sess \($0.arguments.joined(separator: ","))\n")
    }
}
