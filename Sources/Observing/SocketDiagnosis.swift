// sock_diag: the kernel's own list of sockets. It filters by port inside the kernel, which makes 10,000 connections
// cost a few milliseconds where /proc costs eighty.

import CLinux
import Glibc
import Unix

/// One TCP socket.
package struct InternetSocket: Equatable, Sendable {
    package var localPort: UInt16
    package var remotePort: UInt16
    /// 16 bytes; IPv4 in the first four.
    package var localAddress: SIMD16<UInt8>
    package var isIPv6: Bool
    /// A listener at an IPv6 address for all that leaves those of IPv4 to others.
    package var isIPv6Only: Bool
    /// 0 while no process has accepted it.
    package var inode: UInt64

    /// Reads `struct inet_diag_msg`; nil where it is cut short.
    init?(_ message: UnsafeRawBufferPointer) {
        guard message.count >= 72 else { return nil }
        localPort = UInt16(bigEndian: message.loadUnaligned(fromByteOffset: 4, as: UInt16.self))
        remotePort = UInt16(bigEndian: message.loadUnaligned(fromByteOffset: 6, as: UInt16.self))
        localAddress = message.loadUnaligned(fromByteOffset: 8, as: SIMD16<UInt8>.self)
        isIPv6 = message[0] == UInt8(AF_INET6)
        isIPv6Only = isIPv6 && SocketDump.attribute(11, of: message)?.first == 1  // INET_DIAG_SKV6ONLY
        inode = UInt64(message.loadUnaligned(fromByteOffset: 68, as: UInt32.self))
    }

    /// Its own end.
    package var address: SocketAddress {
        var bytes = localAddress
        return withUnsafeBytes(of: &bytes) { bytes in
            if !isIPv6 {
                return .ipv4(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)), port: localPort)
            }
            return .ipv6(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                port: localPort, scope: 0)
        }
    }
}

/// One unix socket.
package struct LocalSocket: Equatable, Sendable {
    package var inode: UInt64
    /// The socket at the other end; 0 where there is none.
    package var peer: UInt64
    /// The bound path; an abstract name starts with `@`.
    package var name: String?
}

/// The kernel's sockets, by netlink.
package enum SocketDiagnosis {
    package static let established: UInt32 = 1 << 1
    package static let listening: UInt32 = 1 << 10

    /// TCP sockets in one of `states` whose local port is one of `ports` (empty: all), IPv4 and IPv6.
    package static func internet(
        states: UInt32, ports: [UInt16] = []
    ) throws(Errno) -> [InternetSocket] {
        var sockets: [InternetSocket] = []
        try forEachInternet(states: states, ports: ports) { sockets.append($0) }
        return sockets
    }

    /// The same one by one, for lists that need not be kept: ten thousand cost no memory.
    package static func forEachInternet(
        states: UInt32, ports: [UInt16] = [], _ each: (InternetSocket) -> Void
    ) throws(Errno) {
        let dump = try SocketDump(internet: states, ports: ports)
        while try !dump.proceed({ if let socket = InternetSocket($0) { each(socket) } }) {}
    }

    /// Unix sockets in one of `states`, with their names and peers.
    package static func local(states: UInt32) throws(Errno) -> [LocalSocket] {
        var body = Bytes()
        body.u8(UInt8(AF_UNIX))
        body.zeros(3)
        body.u32(states)
        body.u32(0)
        body.u32(1 | 4)  // UDIAG_SHOW_NAME, UDIAG_SHOW_PEER
        body.zeros(8)
        var sockets: [LocalSocket] = []
        let dump = try SocketDump(.byFamily, body.bytes)
        func take(_ message: UnsafeRawBufferPointer) {
            guard message.count >= 16 else { return }
            var socket = LocalSocket(
                inode: UInt64(message.loadUnaligned(fromByteOffset: 4, as: UInt32.self)), peer: 0, name: nil)
            var offset = 16
            while offset + 4 <= message.count {
                let length = Int(message.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
                let kind = message.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self)
                guard length >= 4, offset + length <= message.count else { break }
                if kind == 0 {
                    socket.name = name(
                        UnsafeRawBufferPointer(rebasing: message[(offset + 4)..<(offset + length)]))
                } else if kind == 2, length >= 8 {
                    socket.peer = UInt64(message.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
                }
                offset += (length + 3) & ~3
            }
            sockets.append(socket)
        }
        while try !dump.proceed(take) {}
        return sockets
    }

    private static func name(_ bytes: UnsafeRawBufferPointer) -> String {
        guard bytes.first == 0 else {
            return finalName(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
        }
        return "@" + String(decoding: bytes.dropFirst().prefix { $0 != 0 }, as: UTF8.self)
    }

    /// HAProxy binds `path.PID.tmp` and renames it; the kernel keeps the first name.
    private static func finalName(_ name: String) -> String {
        guard name.hasSuffix(".tmp") else { return name }
        let stem = name.dropLast(4)
        guard let dot = stem.lastIndex(of: "."), Int32(stem[stem.index(after: dot)...]) != nil else {
            return name
        }
        return String(stem[..<dot])
    }
}
