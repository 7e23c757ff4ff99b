// Whole numbers as peers write them: one byte below 240, then four bits in the first byte and seven in each that
// follows, so that small numbers are short and none is written in two ways.

/// The numbers of the peers protocol.
package enum PeerInteger {
    /// The most bytes of one.
    package static let longest = 10

    /// Writes a number.
    @inline(__always)
    package static func append(_ number: UInt64, to bytes: inout [UInt8]) {
        guard number >= 240 else { return bytes.append(UInt8(number)) }
        bytes.append(UInt8(truncatingIfNeeded: number) | 240)
        var rest = (number - 240) >> 4
        while rest >= 128 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest = (rest - 128) >> 7
        }
        bytes.append(UInt8(rest))
    }

    /// How a try to read one ended.
    package enum Reading: Equatable {
        /// The number, and how many bytes it took.
        case number(UInt64, count: Int)
        /// The bytes end within it.
        case cut
        /// It is longer than 64 bits can be.
        case tooLong
    }

    /// Reads the number that begins at `start`.
    @inline(__always)
    package static func read(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Reading {
        guard start < bytes.count else { return .cut }
        var number = UInt64(bytes[start])
        if number < 240 { return .number(number, count: 1) }
        var shift: UInt64 = 4
        var place = start + 1
        while place < bytes.count {
            let byte = bytes[place]
            guard shift < 64 else { return .tooLong }
            let (sum, overflow) = number.addingReportingOverflow(UInt64(byte) << shift)
            if overflow || (UInt64(byte) << shift) >> shift != UInt64(byte) { return .tooLong }
            number = sum
            place += 1
            if byte < 128 { return .number(number, count: place - start) }
            shift += 7
        }
        return place - start >= longest ? .tooLong : .cut
    }
}
