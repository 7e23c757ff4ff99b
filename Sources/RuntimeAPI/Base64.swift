// Bytes in base64, as commands, their replies and headers carry them.

package enum Base64 {
    /// The bytes of a text with its padding; nil: it is no base64.
    package static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        var digits = Array(text.utf8)
        guard digits.count % 4 == 0 else { return nil }
        let padding = digits.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        digits.removeLast(padding)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count * 3 / 4)
        var bits: UInt32 = 0
        for (index, digit) in digits.enumerated() {
            guard let value = value(digit) else { return nil }
            bits = bits << 6 | value
            // Every digit but the first of four completes a byte.
            let pending = 6 - 2 * (index % 4)
            if pending < 6 { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(pending))) }
        }
        return bytes
    }

    /// How long the text of `count` bytes is.
    package static func length(of count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Writes the text of `bytes`, with its padding, to `room`, which is as long as it.
    package static func write(_ bytes: UnsafeRawBufferPointer, to room: UnsafeMutableRawBufferPointer) {
        let digits: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        var place = 0
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var bits: UInt32 = 0
            for offset in 0..<3 { bits = bits << 8 | (offset < count ? UInt32(bytes[start + offset]) : 0) }
            for digit in 0..<4 {
                let value = Int(bits >> UInt32(18 - 6 * digit)) & 63
                room[place] = digit <= count ? digits.utf8Start[value] : UInt8(ascii: "=")
                place += 1
            }
        }
    }

    private static func value(_ digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
