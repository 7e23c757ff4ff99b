// Free ports, and whether something listens.

import Glibc
import Polling
import Unix

package enum FreePort {
    /// A TCP port on 127.0.0.1 that nobody holds at this moment.
    package static func find() throws(Errno) -> UInt16 {
        let address = SocketAddress.ipv4(0x7f00_0001, port: 0)
        let socket = try Socket.stream(for: address)
        try Socket.bind(socket, to: address)
        return try Socket.localAddress(socket.raw).port ?? 0
    }
}

package enum ConnectionProbe {
    /// Whether a connection to `address` stands within 200 ms.
    package static func answers(_ address: SocketAddress) -> Bool {
        do throws(Errno) {
            let socket = try Socket.stream(for: address)
            if try Socket.connect(socket.raw, to: address) { return true }
            var request = pollfd(fd: socket.raw, events: Int16(POLLOUT), revents: 0)
            return poll(&request, 1, 200) == 1 && Socket.pendingError(socket.raw) == nil
        } catch {
            return false
        }
    }
}
