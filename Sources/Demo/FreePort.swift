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

    /// Whether who listens at `address` answers `question` within 200 ms with a text that has `word` in it.
    package static func answers(_ address: SocketAddress, _ question: String, with word: String) -> Bool {
        do throws(Errno) {
            let socket = try Socket.stream(for: address)
            guard try Socket.connect(socket.raw, to: address) else { return false }
            let bytes = Array(question.utf8)
            guard case .moved(bytes.count) = bytes.withUnsafeBytes({ Socket.write(socket.raw, $0) }) else {
                return false
            }
            Socket.shutdownWrite(socket.raw)
            var request = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
            guard poll(&request, 1, 200) == 1 else { return false }
            var answer = [UInt8](repeating: 0, count: 4096)
            let transfer = answer.withUnsafeMutableBytes { Socket.read(socket.raw, into: $0) }
            guard case .moved(let count) = transfer else { return false }
            return String(decoding: answer[..<count], as: UTF8.self).contains(word)
        } catch {
            return false
        }
    }
}
