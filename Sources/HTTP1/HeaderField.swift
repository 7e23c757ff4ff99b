// Where a header field lies within the bytes of its head.

/// Fields that decide how a message is framed or passed on.
package enum KnownField: UInt8, Sendable {
    case other, connection, contentLength, transferEncoding, host, upgrade, keepAlive, proxyConnection, expect
}

/// One field line; offsets count from the head's first byte.
package struct HeaderField: Sendable {
    package var nameStart: UInt16
    package var nameEnd: UInt16
    package var valueStart: UInt16
    /// White space at the end of the value does not belong to it.
    package var valueEnd: UInt16
    /// After the line's end.
    package var lineEnd: UInt16
    package var known: KnownField

    @inline(__always) package var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
    @inline(__always) package var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    package var line: Range<Int> { Int(nameStart)..<Int(lineEnd) }
}

extension Span<UInt8> {
    /// Whether a range equals lower-case ASCII text, letters compared without case.
    @inline(__always)
    package func matches(_ range: Range<Int>, _ lowercased: StaticString) -> Bool {
        guard range.count == lowercased.utf8CodeUnitCount else { return false }
        return lowercased.withUTF8Buffer { text in
            var index = range.lowerBound
            for byte in text {
                if self[index].lowercased != byte { return false }
                index += 1
            }
            return true
        }
    }

    /// As above, for names from a configuration.
    package func matches(_ range: Range<Int>, lowercased: [UInt8]) -> Bool {
        guard range.count == lowercased.count else { return false }
        for offset in 0..<lowercased.count
        where self[range.lowerBound + offset].lowercased != lowercased[offset] {
            return false
        }
        return true
    }

    /// The elements of a comma-separated list, without white space around them; stops when `body` returns false.
    @inline(__always)
    package func eachListElement(of range: Range<Int>, _ body: (Range<Int>) -> Bool) {
        var start = range.lowerBound
        while start <= range.upperBound {
            var end = start
            while end < range.upperBound && self[end] != UInt8(ascii: ",") { end += 1 }
            let element = trimmed(start..<end)
            if !element.isEmpty && !body(element) { return }
            start = end + 1
        }
    }

    @inline(__always)
    package func trimmed(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end && self[start].isBlank { start += 1 }
        while end > start && self[end - 1].isBlank { end -= 1 }
        return start..<end
    }
}

extension UInt8 {
    @inline(__always) package var lowercased: UInt8 { self &- 65 < 26 ? self | 0x20 : self }
    @inline(__always) package var isBlank: Bool { self == 32 || self == 9 }
    @inline(__always) package var isDigit: Bool { self &- 48 < 10 }
    @inline(__always) package var isLetter: Bool { (self | 0x20) &- 97 < 26 }

    /// Neither white space nor a control character, no fragment, ASCII only: what a request target is made of.
    @inline(__always) package var belongsInTarget: Bool { self > 32 && self < 127 && self != 35 }

    /// RFC 9110 `tchar`: what names and methods are made of.
    @inline(__always) package var isToken: Bool {
        // Bit n of the two words: character n, resp. 64 + n.
        let low: UInt64 = 0x03FF_6CFA_0000_0000
        let high: UInt64 = 0x57FF_FFFF_C7FF_FFFE
        if self >= 128 { return false }
        let word = self < 64 ? low : high
        return (word >> UInt64(self & 63)) & 1 != 0
    }
}
