// Free ports, and whether something listens.

import Glibc
import Polling
import Synchronization
import Unix

package enum FreePort {
    /// Below the ports that the kernel gives to clients, any of which could take one between its finding and its use.
    private static let range: Range<UInt16> = 20_000..<32_000
    /// Where the next search begins. A process's first depends on its pid, so that two that run beside each other
    /// look in other places.
    private static let next = Atomic<Int>(Int(getpid()) &* 997)

    /// A TCP port on 127.0.0.1 that nobody holds at this moment. A process is given no port twice before it has been
    /// given them all: whoever was given one may not have bound it yet.
    ///
    /// - Throws: EADDRINUSE where all of them are held; what `socket` and `bind` throw otherwise.
    package static func find() throws(Errno) -> UInt16 {
        for _ in range {
            let place = next.wrappingAdd(1, ordering: .relaxed).oldValue
            let port = range.lowerBound + UInt16(place % range.count)
            let address = SocketAddress.ipv4(0x7f00_0001, port: port)
            let socket = try Socket.stream(for: address)
            do throws(Errno) {
                try Socket.bind(socket, to: address)
                return port
            } catch {
                guard error == .addressInUse else { throw error }
            }
        }
        throw .addressInUse
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
