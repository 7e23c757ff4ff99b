// Follows a chunked body without copying it: where data lies, and where the body ends (RFC 9112, section 7.1).

/// Reads the framing of a chunked body, split anywhere.
package struct ChunkedBody: Sendable {
    private enum Place: Sendable {
        case size, sizeDigits, extensions, sizeLineFeed
        case data, dataReturn, dataLineFeed
        case trailerStart, trailer, trailerLineFeed, lastLineFeed
        case ended
    }

    /// What comes next in the bytes.
    package enum Step: Equatable, Sendable {
        /// This many bytes of content.
        case data(Int)
        /// This many bytes of framing.
        case framing(Int)
        /// All bytes were read; the body goes on.
        case more
        /// The body ended with the bytes before.
        case ended
        case invalid
    }

    /// More extension or trailer bytes than this are refused.
    private static let mostOverhead = 16384

    private var place = Place.size
    /// What is left of the current chunk's content, or its size so far.
    private var left = 0
    private var digits = 0
    private var overhead = 0
    /// After `.invalid`: the byte at fault, from where that step began.
    package private(set) var faultOffset = 0

    package init() {}

    package var isAtEnd: Bool { place == .ended }

    /// The next piece of `bytes` from `start`.
    package mutating func next(_ bytes: Span<UInt8>, from start: Int) -> Step {
        if place == .ended { return .ended }
        let count = bytes.count
        guard start < count else { return .more }
        if place == .data {
            let taken = min(left, count - start)
            left -= taken
            if left == 0 { place = .dataReturn }
            return .data(taken)
        }
        var index = start
        while index < count && place != .data && place != .ended {
            guard step(bytes[index]) else {
                faultOffset = index - start
                return .invalid
            }
            index += 1
        }
        return .framing(index - start)
    }

    /// One byte of framing; false where it does not belong there.
    private mutating func step(_ byte: UInt8) -> Bool {
        switch place {
        case .size:
            left = 0
            digits = 0
            overhead = 0
            place = .sizeDigits
            return digit(byte)
        case .sizeDigits:
            if byte == 13 {
                place = .sizeLineFeed
                return true
            }
            if byte == UInt8(ascii: ";") || byte.isBlank {
                place = .extensions
                return true
            }
            return digit(byte)
        case .extensions:
            overhead += 1
            if byte == 13 {
                place = .sizeLineFeed
                return true
            }
            return (byte >= 32 || byte == 9) && overhead <= Self.mostOverhead
        case .sizeLineFeed:
            place = left == 0 ? .trailerStart : .data
            return byte == 10
        case .dataReturn:
            place = .dataLineFeed
            return byte == 13
        case .dataLineFeed:
            place = .size
            return byte == 10
        case .trailerStart:
            if byte == 13 {
                place = .lastLineFeed
                return true
            }
            place = .trailer
            overhead += 1
            return byte.isToken && overhead <= Self.mostOverhead
        case .trailer:
            overhead += 1
            if byte == 13 {
                place = .trailerLineFeed
                return true
            }
            return (byte >= 32 || byte == 9) && overhead <= Self.mostOverhead
        case .trailerLineFeed:
            place = .trailerStart
            return byte == 10
        case .lastLineFeed:
            place = .ended
            return byte == 10
        case .data, .ended: return false
        }
    }

    private mutating func digit(_ byte: UInt8) -> Bool {
        let value: UInt8
        switch byte {
        case 48...57: value = byte - 48
        case 65...70: value = byte - 55
        case 97...102: value = byte - 87
        default: return false
        }
        digits += 1
        // 15 digits: a size that an Int holds. Leading zeros count, so that they cannot go on for ever.
        guard digits <= 15 else { return false }
        left = left << 4 | Int(value)
        return true
    }
}
