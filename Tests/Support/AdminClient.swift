// Admin sockets as an operator uses them: one connection, one line of commands, the whole answer.

import Demo
import Glibc
import Unix

package enum AdminClient {
    /// Sends `command` to the unix socket at `path` and returns everything up to the end of the connection.
    package static func ask(
        _ path: String, _ command: String, atMost limit: Duration = .patience
    ) throws -> String {
        let connection = try Connection(to: .unix(path: path))
        try connection.send(command + "\n")
        connection.endSending()
        return try connection.readToEnd(atMost: limit)
    }
}

/// A stream connection that a test drives by hand, byte by byte where it wants to.
package final class Connection {
    private let socket: SocketHolder
    /// Bytes that were received and not taken yet.
    package private(set) var received: [UInt8] = []
    /// How the server ended its direction, once it did.
    package private(set) var ending: Ending?

    package enum Ending: Equatable {
        case closed
        case failed(Errno)
    }

    package init(to address: SocketAddress, atMost limit: Duration = .patience) throws {
        let socket = SocketHolder(try Socket.stream(for: address))
        self.socket = socket
        if try !Socket.connect(socket.raw, to: address) {
            try socket.wait(Int16(POLLOUT), until: Instant.now() + limit, for: "a connection to \(address)")
            if let error = Socket.pendingError(socket.raw) { throw error }
        }
    }

    /// To a port on 127.0.0.1.
    package convenience init(port: UInt16) throws {
        try self.init(to: .ipv4(0x7f00_0001, port: port))
    }

    /// The port on this side.
    package var localPort: UInt16 { (try? Socket.localAddress(socket.raw).port) ?? 0 }

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) throws {
        var sent = 0
        let deadline = Instant.now() + .seconds(10)
        while sent < bytes.count {
            let transfer = bytes.withUnsafeBytes {
                Socket.write(socket.raw, .init(rebasing: $0[sent...]))
            }
            switch transfer {
            case .moved(let count): sent += count
            case .wouldBlock: try socket.wait(Int16(POLLOUT), until: deadline, for: "room to send")
            case .ended: throw Errno.brokenPipe
            case .failed(let error): throw error
            }
        }
    }

    /// Ends this side's direction.
    package func endSending() { Socket.shutdownWrite(socket.raw) }

    /// Closes with a reset.
    package func reset() {
        Socket.setResetOnClose(socket.raw)
        socket.close()
    }

    /// Reads until `condition` holds for what was received, or the server ended.
    package func read(
        for what: String, atMost limit: Duration = .patience, until condition: ([UInt8]) -> Bool
    ) throws {
        let deadline = Instant.now() + limit
        var chunk = [UInt8](repeating: 0, count: 65536)
        while ending == nil && !condition(received) {
            switch chunk.withUnsafeMutableBytes({ Socket.read(socket.raw, into: $0) }) {
            case .moved(let count): received += chunk[..<count]
            case .wouldBlock: try socket.wait(Int16(POLLIN), until: deadline, for: what)
            case .ended: ending = .closed
            case .failed(let error): ending = .failed(error)
            }
        }
    }

    /// Everything up to the end of the connection, as text.
    package func readToEnd(atMost limit: Duration = .patience) throws -> String {
        try read(for: "the end of the connection", atMost: limit) { _ in false }
        return takeText()
    }

    /// Reads until `text` was received, and takes everything so far.
    package func read(until text: String, atMost limit: Duration = .patience) throws -> String {
        try read(for: "'\(text)'", atMost: limit) { String(decoding: $0, as: UTF8.self).contains(text) }
        return takeText()
    }

    /// Takes what was received so far.
    package func takeText() -> String {
        defer { received.removeAll() }
        return String(decoding: received, as: UTF8.self)
    }

    package func close() { socket.close() }
}

/// A socket inside a class, closed early or with its holder.
private final class SocketHolder {
    private(set) var raw: Int32

    init(_ socket: consuming Descriptor) {
        raw = socket.release()
    }

    deinit { close() }

    func close() {
        guard raw >= 0 else { return }
        Glibc.close(raw)
        raw = -1
    }

    func wait(_ events: Int16, until deadline: Instant, for what: String) throws {
        var request = pollfd(fd: raw, events: events, revents: 0)
        let left = deadline - Instant.now()
        guard left > .zero, poll(&request, 1, Int32(clamping: left.milliseconds + 1)) != 0 else {
            throw TimedOut(what: what, after: .zero)
        }
    }
}
