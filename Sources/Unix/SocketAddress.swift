// Where a socket is: an IPv4 or IPv6 address with a port, a path, or an abstract name.

import CLinux
import Glibc

/// The address of a socket.
package enum SocketAddress: Hashable, Sendable {
    /// Four bytes in network order and a port in host order.
    case ipv4(UInt32, port: UInt16)
    /// Sixteen bytes in network order, a port in host order, and the interface for link-local addresses.
    case ipv6(high: UInt64, low: UInt64, port: UInt16, scope: UInt32)
    /// A path in the file system; empty for the unnamed peer of a unix socket.
    case unix(path: String)
    /// A name in Linux's abstract namespace, without its leading NUL.
    case abstract(name: String)

    /// The longest path or abstract name that fits `sun_path`.
    package static let longestPath = 107

    /// The form of HAProxy's `abns@`: the name is filled up with NULs to the full length.
    package static func paddedAbstract(name: String) -> SocketAddress {
        let room = longestPath - name.utf8.count
        return .abstract(name: name + String(repeating: "\0", count: max(0, room)))
    }

    /// Reads a numeric address: `127.0.0.1`, `::1`, `fe80::1%eth0` (no brackets, no host names).
    package init?(numeric host: String, port: UInt16) {
        var four = in_addr()
        if inet_pton(AF_INET, host, &four) == 1 {
            self = .ipv4(UInt32(bigEndian: four.s_addr), port: port)
            return
        }
        let parts = host.split(separator: "%", maxSplits: 1)
        guard let address = parts.first else { return nil }
        var six = in6_addr()
        guard inet_pton(AF_INET6, String(address), &six) == 1 else { return nil }
        let scope = parts.count == 2 ? if_nametoindex(String(parts[1])) : 0
        self = .ipv6(six, port: port, scope: scope)
    }

    package static func ipv6(_ address: in6_addr, port: UInt16, scope: UInt32) -> SocketAddress {
        withUnsafeBytes(of: address) { bytes in
            .ipv6(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                port: port, scope: scope)
        }
    }

    /// The kernel's form; nil for a family that is none of the four.
    package init?(_ storage: sockaddr_storage, length: socklen_t) {
        switch Int32(storage.ss_family) {
        case AF_INET:
            self = withUnsafeBytes(of: storage) { bytes in
                let address = bytes.loadUnaligned(as: sockaddr_in.self)
                return .ipv4(
                    UInt32(bigEndian: address.sin_addr.s_addr), port: UInt16(bigEndian: address.sin_port))
            }
        case AF_INET6:
            self = withUnsafeBytes(of: storage) { bytes in
                let address = bytes.loadUnaligned(as: sockaddr_in6.self)
                return .ipv6(
                    address.sin6_addr, port: UInt16(bigEndian: address.sin6_port),
                    scope: address.sin6_scope_id)
            }
        case AF_UNIX:
            self = withUnsafeBytes(of: storage) { bytes in
                let name = bytes[2..<max(2, min(Int(length), bytes.count))]
                if name.first == 0 {
                    return .abstract(name: String(decoding: name.dropFirst(), as: UTF8.self))
                }
                return .unix(path: String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
            }
        default: return nil
        }
    }

    package var family: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix, .abstract: AF_UNIX
        }
    }

    package var port: UInt16? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, _, let port, _): port
        case .unix, .abstract: nil
        }
    }

    /// Calls `body` with the kernel's form and its length. A path that is too long: `ENAMETOOLONG`.
    package func withKernelForm<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) throws(Errno) -> Result {
        var storage = sockaddr_storage()
        let length: Int
        switch self {
        case .ipv4(let address, let port):
            var form = sockaddr_in()
            form.sin_family = sa_family_t(AF_INET)
            form.sin_port = port.bigEndian
            form.sin_addr.s_addr = address.bigEndian
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: form, as: sockaddr_in.self) }
            length = MemoryLayout<sockaddr_in>.size
        case .ipv6(let high, let low, let port, let scope):
            var form = sockaddr_in6()
            form.sin6_family = sa_family_t(AF_INET6)
            form.sin6_port = port.bigEndian
            form.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &form.sin6_addr) { bytes in
                bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
                bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: form, as: sockaddr_in6.self) }
            length = MemoryLayout<sockaddr_in6>.size
        case .unix(let path), .abstract(let path):
            let bytes = Array(path.utf8)
            guard bytes.count <= Self.longestPath else { throw .fileNameTooLong }
            let abstract = if case .abstract = self { true } else { false }
            storage.ss_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &storage) { $0[(abstract ? 3 : 2)...].copyBytes(from: bytes) }
            length = 2 + bytes.count + 1
        }
        return withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// The host part as text: `127.0.0.1`, `::1`; a path or an abstract name as it is.
    package var host: String {
        switch self {
        case .ipv4(let address, _):
            return withUnsafeTemporaryAllocation(byteCount: Self.longestIPv4Text, alignment: 1) { room in
                String(decoding: Self.write(ipv4: address, to: room), as: UTF8.self)
            }
        case .ipv6(let high, let low, _, _):
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            var form = in6_addr()
            withUnsafeMutableBytes(of: &form) { bytes in
                bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
                bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            inet_ntop(AF_INET6, &form, &text, socklen_t(text.count))
            return text.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        case .unix(let path): return path
        case .abstract(let name): return String(name.prefix { $0 != "\0" })
        }
    }

    /// Bytes of `255.255.255.255`.
    package static let longestIPv4Text = 15

    /// Writes the four numbers of an IPv4 host, in host order, as text to the end of `room`, which has
    /// `longestIPv4Text` bytes at least; gives the part that they take. Rules, logs and header fields need it for
    /// every request: it takes no memory.
    package static func write(
        ipv4 host: UInt32, to room: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        var place = room.count
        for shift in stride(from: UInt32(0), through: 24, by: 8) {
            if place < room.count {
                place -= 1
                room[place] = UInt8(ascii: ".")
            }
            var rest = UInt8(truncatingIfNeeded: host >> shift)
            repeat {
                place -= 1
                room[place] = UInt8(ascii: "0") + rest % 10
                rest /= 10
            } while rest > 0
        }
        return UnsafeRawBufferPointer(rebasing: room[place...])
    }

    /// `127.0.0.1:80`, `::1:80` (HAProxy's form, no brackets), `unix@/path`, `abns@name`.
    package var description: String {
        switch self {
        case .ipv4(_, let port), .ipv6(_, _, let port, _): "\(host):\(port)"
        case .unix(let path): "unix@\(path)"
        case .abstract: "abns@\(host)"
        }
    }
}
