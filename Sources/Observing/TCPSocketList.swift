// The TCP sockets of one process with what the kernel knows of each, `tcp_info` included. The kernel lists all sockets
// of its network namespace; only the wanted ones are kept.

import Glibc
import ReloadModel
import Unix

/// One TCP socket, with who is at its other end.
struct KernelSocket {
    var inode: UInt64
    var localPort: UInt16
    var end: TCPEnd
}

final class TCPSocketList {
    /// Which sockets are kept.
    enum Wanted {
        case inodes(Set<UInt64>)
        /// Those with one of these local ports.
        case ports(Set<UInt16>)
    }

    private let wanted: Wanted
    private let most: Int
    private var dump: SocketDump?
    private(set) var sockets: [KernelSocket] = []
    /// More were wanted than are kept.
    private(set) var omitted = 0

    init(_ wanted: Wanted, most: Int) {
        self.wanted = wanted
        self.most = most
    }

    /// Every state but those in which no process holds the socket.
    private static let states: UInt32 = {
        let states: [TCPState] = [
            .established, .synSent, .synReceived, .finWait1, .finWait2, .closeWait, .lastAck, .closing,
        ]
        return states.reduce(0) { $0 | 1 << UInt32($1.rawValue) }
    }()

    /// Takes in one datagram more. True: the list is complete.
    func proceed() throws(Errno) -> Bool {
        guard let dump else {
            self.dump = try SocketDump(internet: Self.states, information: true)
            return false
        }
        return try dump.proceed { take($0) }
    }

    private func take(_ message: UnsafeRawBufferPointer) {
        guard message.count >= 72 else { return }
        let inode = UInt64(message.loadUnaligned(fromByteOffset: 68, as: UInt32.self))
        let localPort = UInt16(bigEndian: message.loadUnaligned(fromByteOffset: 4, as: UInt16.self))
        switch wanted {
        case .inodes(let inodes): guard inode != 0, inodes.contains(inode) else { return }
        case .ports(let ports): guard inode != 0, ports.contains(localPort) else { return }
        }
        guard sockets.count < most else {
            omitted += 1
            return
        }
        var end = TCPEnd(
            state: TCPState(rawValue: message[1]) ?? .established, remote: Self.remote(message),
            unread: Int(message.loadUnaligned(fromByteOffset: 56, as: UInt32.self)),
            unsent: Int(message.loadUnaligned(fromByteOffset: 60, as: UInt32.self)))
        if let info = SocketDump.attribute(2, of: message) {  // INET_DIAG_INFO
            Self.read(info, into: &end)
        }
        sockets.append(KernelSocket(inode: inode, localPort: localPort, end: end))
    }

    private static func read(_ info: UnsafeRawBufferPointer, into end: inout TCPEnd) {
        guard info.count >= 136 else { return }
        end.retransmits = Int(info[2])
        // While a connection is not made its clocks have not begun.
        if end.state != .synSent {
            end.sinceSent = Double(info.loadUnaligned(fromByteOffset: 44, as: UInt32.self)) / 1000
            end.sinceReceived = Double(info.loadUnaligned(fromByteOffset: 52, as: UInt32.self)) / 1000
        }
        end.acknowledged = info.loadUnaligned(fromByteOffset: 120, as: UInt64.self)
        end.received = info.loadUnaligned(fromByteOffset: 128, as: UInt64.self)
    }

    private static func remote(_ message: UnsafeRawBufferPointer) -> String {
        let port = UInt16(bigEndian: message.loadUnaligned(fromByteOffset: 6, as: UInt16.self))
        let isIPv6 = message[0] == UInt8(AF_INET6)
        let bytes = UnsafeRawBufferPointer(rebasing: message[24..<40])
        let isMapped = isIPv6 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
        guard isIPv6, !isMapped else {
            let start = isMapped ? 12 : 0
            return bytes[start..<(start + 4)].map { String($0) }.joined(separator: ".") + ":\(port)"
        }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(AF_INET6, bytes.baseAddress, &text, socklen_t(text.count))
        let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "[\(address)]:\(port)"
    }
}
