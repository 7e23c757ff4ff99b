// Open descriptors travel over unix sockets (SCM_RIGHTS), at most 253 a message.

import CLinux
import Glibc

package enum DescriptorPassing {
    /// The most descriptors that one message carries.
    package static let limit = Int(CLINUX_MAX_DESCRIPTORS.rawValue)

    /// Sends one message with descriptors; the receiver gets its own copies, the caller keeps these.
    /// A full socket: `EAGAIN`; a message too large for the socket: `EMSGSIZE`.
    package static func send(
        _ bytes: [UInt8], descriptors: [Int32], over socket: Int32
    ) throws(Errno) {
        var result: Int
        repeat {
            result = clinux_send_descriptors(
                socket, bytes, bytes.count, descriptors, Int32(descriptors.count))
        } while result == -Int(EINTR)
        _ = try Errno.check(result)
    }

    /// What a packet socket has next.
    package enum Received {
        /// One message. The receiver owns the descriptors: wrap each in a `Descriptor` at once.
        case message([UInt8], descriptors: [Int32])
        /// One message, of whose descriptors none was kept: this process could not take them all.
        case stripped([UInt8])
        case wouldBlock
        /// The other side has closed.
        case ended
    }

    /// Receives one message of a packet socket; one that is longer than `capacity` throws `EMSGSIZE`.
    package static func receive(over socket: Int32, capacity: Int = 262_144) throws(Errno) -> Received {
        var numbers = [Int32](repeating: -1, count: limit)
        var count = Int32(limit)
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, filled in
            repeat {
                count = Int32(limit)
                result = clinux_receive_descriptors(socket, buffer.baseAddress, capacity, &numbers, &count)
                // The other side has closed with something unread: the kernel tells that once, and before what was sent.
            } while result == -Int(EINTR) || result == -Int(ECONNRESET)
            filled = max(0, result)
        }
        if result == -Int(EAGAIN) { return .wouldBlock }
        if try Errno.check(result) == 0 { return .ended }
        if count < 0 { return .stripped(bytes) }
        return .message(bytes, descriptors: Array(numbers.prefix(Int(count))))
    }
}
