// Writes the header for a server, as HAProxy does: what has no pair of internet addresses is `UNKNOWN`, or `LOCAL`.

import Unix

extension ProxyHeader {
    /// The bytes of this header.
    package func bytes(_ version: ProxyHeaderVersion) -> [UInt8] {
        switch version {
        case .text: Array(line.utf8)
        case .binary: binary
        }
    }

    private var line: String {
        switch self {
        case .forwarded(.ipv4(let source, let port), .ipv4(let destination, let other)):
            Self.line("TCP4", .ipv4(source, port: port), .ipv4(destination, port: other))
        case .forwarded(let source, let destination) where source.family == destination.family:
            source.port == nil ? "PROXY UNKNOWN\r\n" : Self.line("TCP6", source, destination)
        case .local, .forwarded: "PROXY UNKNOWN\r\n"
        }
    }

    private static func line(
        _ family: String, _ source: SocketAddress, _ destination: SocketAddress
    ) -> String {
        "PROXY \(family) \(source.host) \(destination.host) \(source.port ?? 0) \(destination.port ?? 0)\r\n"
    }

    private var binary: [UInt8] {
        var addresses: [UInt8] = []
        let kind: UInt8
        switch self {
        case .forwarded(.ipv4(let source, let port), .ipv4(let destination, let other)):
            kind = 0x11
            Self.append(source, to: &addresses)
            Self.append(destination, to: &addresses)
            Self.append(port, to: &addresses)
            Self.append(other, to: &addresses)
        case .forwarded(.ipv6(let high, let low, let port, _), .ipv6(let high2, let low2, let other, _)):
            kind = 0x21
            for half in [high, low, high2, low2] { Self.append(half, to: &addresses) }
            Self.append(port, to: &addresses)
            Self.append(other, to: &addresses)
        case .local, .forwarded: kind = 0
        }
        var bytes = Self.signature + [kind == 0 ? 0x20 : 0x21, kind]
        Self.append(UInt16(addresses.count), to: &bytes)
        return bytes + addresses
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
    }
}
