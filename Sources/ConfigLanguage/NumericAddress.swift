// Numeric IPv4 and IPv6 addresses and networks, without the operating system.

extension Network {
    /// `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `192.168.1.1`, `2001:db8::/32`, `::1`.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let mask = parts.count == 2 ? String(parts[1]) : nil
        if let address = Self.parseIPv4(parts[0]) {
            guard let prefix = Self.prefix(mask, longest: 32) ?? mask.flatMap(Self.prefix(ofMask:)) else {
                return nil
            }
            self = .ipv4(prefix == 0 ? 0 : address & ~UInt32(0) << (32 - UInt32(prefix)), prefix: prefix)
            return
        }
        guard let address = Self.parseIPv6(parts[0]), let prefix = Self.prefix(mask, longest: 128) else {
            return nil
        }
        let high = prefix == 0 ? 0 : address.high & ~UInt64(0) << UInt64(max(0, 64 - prefix))
        let low = prefix <= 64 ? 0 : address.low & ~UInt64(0) << UInt64(128 - prefix)
        self = .ipv6(high: high, low: low, prefix: prefix)
    }

    private static func prefix(_ text: String?, longest: Int) -> Int? {
        guard let text else { return longest }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(text),
            length <= longest
        else { return nil }
        return length
    }

    /// `255.255.0.0` as 16; nil where ones and zeros mix.
    private static func prefix(ofMask text: String) -> Int? {
        guard let mask = parseIPv4(Substring(text)) else { return nil }
        let length = (~mask).leadingZeroBitCount
        return mask == (length == 0 ? 0 : ~UInt32(0) << (32 - UInt32(length))) ? length : nil
    }

    /// Four decimal bytes; in host order.
    package static func parseIPv4(_ text: Substring) -> UInt32? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy({ (0x30...0x39).contains($0) }),
                part.count == 1 || part.first != 0x30, let byte = UInt8(Substring(part))
            else { return nil }
            address = address << 8 | UInt32(byte)
        }
        return address
    }

    /// Eight groups, `::` once at most, and an IPv4 address as the last two.
    package static func parseIPv6(_ text: Substring) -> (high: UInt64, low: UInt64)? {
        let sides = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard (3...9).contains(sides.count), text.utf8.count <= 45 else { return nil }
        var before: [UInt16] = []
        var after: [UInt16]?
        for (index, side) in sides.enumerated() {
            let isLast = index == sides.count - 1
            if side.isEmpty {
                // An empty side belongs to a "::"; the first and the last may be empty beside it only.
                if index == 0 {
                    guard sides[1].isEmpty else { return nil }
                } else if isLast {
                    guard sides[index - 1].isEmpty else { return nil }
                } else {
                    guard after == nil else { return nil }
                    after = []
                }
                continue
            }
            var groups: [UInt16] = []
            if isLast, side.contains(UInt8(ascii: ".")) {
                guard let four = parseIPv4(Substring(side)) else { return nil }
                groups = [UInt16(four >> 16), UInt16(four & 0xffff)]
            } else {
                guard side.count <= 4, side.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                    let group = UInt16(Substring(side), radix: 16)
                else { return nil }
                groups = [group]
            }
            if after != nil { after?.append(contentsOf: groups) } else { before.append(contentsOf: groups) }
        }
        let tail = after ?? []
        let missing = 8 - before.count - tail.count
        guard after == nil ? missing == 0 : missing >= 1 else { return nil }
        let groups = before + [UInt16](repeating: 0, count: missing) + tail
        func half(_ groups: ArraySlice<UInt16>) -> UInt64 { groups.reduce(0) { $0 << 16 | UInt64($1) } }
        return (half(groups[..<4]), half(groups[4...]))
    }
}
