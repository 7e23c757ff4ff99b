// Whether two sockets can listen beside each other: a port can have a listener for each address, or one for all of them.

extension SocketAddress {
    /// An IPv4 address in IPv6's form (`::ffff:127.0.0.1`) as the IPv4 address that it is.
    package var unmapped: SocketAddress {
        if case .ipv6(0, let low, let port, _) = self, low >> 32 == 0xFFFF {
            return .ipv4(UInt32(truncatingIfNeeded: low), port: port)
        }
        return self
    }

    /// Whether a listener at one of them keeps everybody else from the other, or shares its connections: the port is the
    /// same, and so is the address, or it is one for all addresses. An IPv6 socket for all addresses takes those of
    /// IPv4 as well, unless `isIPv6Only`.
    package func overlaps(_ other: SocketAddress, isIPv6Only: Bool = false) -> Bool {
        guard port != nil, port == other.port else { return false }
        switch (unmapped, other.unmapped) {
        case (.ipv4(let one, _), .ipv4(let two, _)): return one == two || one == 0 || two == 0
        case (.ipv6(let high, let low, _, _), .ipv6(let otherHigh, let otherLow, _, _)):
            return high == otherHigh && low == otherLow || isIPv6Wildcard || other.isIPv6Wildcard
        default: return !isIPv6Only && (isIPv6Wildcard || other.isIPv6Wildcard)
        }
    }

    private var isIPv6Wildcard: Bool {
        if case .ipv6(0, 0, _, _) = self { true } else { false }
    }
}
