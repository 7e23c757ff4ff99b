// Open descriptors travel over unix sockets (SCM_RIGHTS), at most 253 a message.

import CLinux
import Glibc

package enum DescriptorPassing {
    /// The most descriptors that one message carries.
    package static let limit = Int(CLINUX_MAX_DESCRIPTORS.rawValue)

    /// Room for the longest messages: those that name every listener of a proxy with very many.
    package static let longest = 2_097_152

    /// Sends one message with descriptors; the receiver gets its own copies, the caller keeps these. A socket whose
    /// buffer is too small for it gets a larger one.
    /// A full socket: `EAGAIN`; a message that is larger than this user's buffers may be: `EMSGSIZE`.
    package static func send(
        _ bytes: [UInt8], descriptors: [Int32], over socket: Int32
    ) throws(Errno) {
        var isWidened = false
        while true {
            let result = clinux_send_descriptors(
                socket, bytes, bytes.count, descriptors, Int32(descriptors.count))
            if result == -Int(EINTR) { continue }
            if result == -Int(EMSGSIZE), !isWidened {
                widen(socket, for: bytes.count)
                isWidened = true
                continue
            }
            _ = try Errno.check(result)
            return
        }
    }

    /// Not everybody may have more than the system's limit.
    private static func widen(_ socket: Int32, for count: Int) {
        let size = Int32(clamping: count)
        if (try? Socket.setOption(socket, SOL_SOCKET, SO_SNDBUFFORCE, size)) == nil {
            try? Socket.setOption(socket, SOL_SOCKET, SO_SNDBUF, size)
        }
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
