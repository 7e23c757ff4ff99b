// The service manager's side of sd_notify: datagrams with the moment at which they came.

import Glibc
import Polling
import Unix

/// Receives what a program tells its service manager.
package final class NotifySocket: Watcher {
    package let path: String
    /// Each datagram, in order.
    package private(set) var messages: [(at: Instant, text: String)] = []
    /// Called for each datagram as it comes.
    package var heard: ((Instant, String) -> Void)?

    /// How many of them said `READY=1`.
    package private(set) var readyCount = 0

    private let socket: Descriptor

    /// Binds the socket in `folder`; its path belongs into `NOTIFY_SOCKET`.
    package init(in folder: ScratchFolder, on loop: EventLoop? = nil) throws {
        path = folder.file("notify.sock")
        let address = SocketAddress.unix(path: path)
        socket = try Socket.datagram(for: address)
        try Socket.bind(socket, to: address)
        chmod(path, 0o666)
        super.init()
        if let loop { try loop.add(self, descriptor: socket.raw, interest: .readable) }
    }

    override package func ready(_ readiness: UInt32) { receive() }

    /// Takes what has come; without a loop, call it before looking at `messages`.
    package func receive() {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case .moved(let count) = chunk.withUnsafeMutableBytes({ Socket.read(socket.raw, into: $0) }) {
            let text = String(decoding: chunk[..<count], as: UTF8.self)
            let now = Instant.now()
            messages.append((now, text))
            if text.split(separator: "\n").contains("READY=1") { readyCount += 1 }
            heard?(now, text)
        }
    }
}
