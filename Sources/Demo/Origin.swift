// An HTTP/1.1 origin that costs next to nothing, so that what is measured is the proxy in front of it.
//
//   /bytes/N      N bytes, with Content-Length
//   /poll/MS      "ok" after MS milliseconds
//   /slow/N/MS    N bytes in ten pieces over MS milliseconds
//   /chunked/N    N bytes, chunked
//   /half/N       announces N bytes, sends half of them and closes
//   /status/CODE  that status, two bytes
//   /reset        a reset connection, no response
//   /silent       no response, ever
//   /ws           WebSocket: echoes frames

import Glibc
import Polling
import Unix

/// The origin server: listens on one address, on the caller's loop.
package final class Origin: Watcher {
    /// The port that it listens on.
    package let port: UInt16
    /// Requests whose head was read.
    package internal(set) var requests = 0
    /// Connections accepted.
    package private(set) var connections = 0

    private let listener: Descriptor
    let loop: EventLoop
    let buffers = IOBuffers()
    private var members: [ObjectIdentifier: OriginConnection] = [:]
    private var heads: [Int: [UInt8]] = [:]

    /// Listens on 127.0.0.1; port 0: the kernel chooses a free one.
    package init(on loop: EventLoop, port: UInt16 = 0) throws(Errno) {
        let address = SocketAddress.ipv4(0x7f00_0001, port: port)
        let listener = try Socket.stream(for: address)
        try Socket.setOption(listener.raw, SOL_SOCKET, SO_REUSEADDR, 1)
        try Socket.bind(listener, to: address)
        try Socket.listen(listener, backlog: 4096)
        self.port = try Socket.localAddress(listener.raw).port ?? 0
        self.listener = listener
        self.loop = loop
        super.init()
        try loop.add(self, descriptor: self.listener.raw, interest: .readable)
    }

    /// Closes the listener's registration and every connection; the port is free once this value is gone.
    package func stop() {
        loop.remove(self)
        for connection in members.values { connection.close() }
    }

    override package func ready(_ readiness: UInt32) {
        for _ in 0..<64 {
            do throws(Errno) {
                guard let accepted = try Socket.accept(on: listener.raw) else { return }
                connections += 1
                let connection = OriginConnection(accepted.take(), of: self)
                try loop.add(connection, descriptor: connection.socketNumber, interest: .edges)
                members[ObjectIdentifier(connection)] = connection
            } catch {
                // A client that is gone already, or no descriptor left: the listener stays readable.
                return
            }
        }
    }

    func ended(_ connection: OriginConnection) {
        members[ObjectIdentifier(connection)] = nil
    }

    /// The head of a good response with `count` bytes; made once for each size.
    func head(bytes count: Int) -> [UInt8] {
        if let head = heads[count] { return head }
        let head = Array("HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n".utf8)
        if heads.count < 1024 { heads[count] = head }
        return head
    }
}

/// Buffers that all connections of one loop share: nothing is kept in them between two events.
final class IOBuffers {
    /// Where reads go.
    let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    /// What bodies are made of.
    let filler: UnsafeRawBufferPointer

    init() {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        bytes.initializeMemory(as: UInt8.self, repeating: UInt8(ascii: "x"))
        filler = UnsafeRawBufferPointer(bytes)
    }

    deinit {
        input.deallocate()
        filler.deallocate()
    }
}
