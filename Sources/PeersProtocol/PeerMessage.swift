// The messages after the greeting, and how bytes become messages: a class, a type, and for types from 128 on a length
// and that many bytes.

/// Classes of messages.
package enum MessageClass {
    package static let control: UInt8 = 0
    package static let error: UInt8 = 1
    package static let stickTable: UInt8 = 10
}

/// Types of the class `control`.
package enum ControlMessage: UInt8, Sendable {
    case resyncRequest = 0
    case resyncFinished
    /// As `resyncFinished`, from a teacher that has not learned everything itself.
    case resyncPartial
    case resyncConfirm
    case heartbeat

    package var bytes: [UInt8] { [MessageClass.control, rawValue] }
}

/// Types of the class `stickTable`.
package enum TableMessage: UInt8, Sendable {
    case update = 128
    /// An update whose number is the last one's successor.
    case incrementalUpdate
    case definition
    case `switch`
    case acknowledgement
    /// An update with the milliseconds that the entry has left.
    case timedUpdate
    case timedIncrementalUpdate

    var hasNumber: Bool { self == .update || self == .timedUpdate }
    var hasTime: Bool { self == .timedUpdate || self == .timedIncrementalUpdate }
}

/// Cuts what comes into messages. Holds at most one that is not complete.
package struct MessageReader {
    /// The longest message that is taken.
    package static let longest = 65_536

    private var kept: [UInt8] = []

    package init() {}

    /// Calls `body` with class, type and content of each complete message.
    package mutating func feed(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (_ group: UInt8, _ type: UInt8, _ content: UnsafeRawBufferPointer) throws(PeerFault) -> Void
    ) throws(PeerFault) {
        guard !kept.isEmpty else {
            let used = try Self.cut(bytes, body)
            kept.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[used...]))
            return
        }
        var all = kept
        kept = []
        all.append(contentsOf: bytes)
        let used = all.withUnsafeBytes { all in
            Result { () throws(PeerFault) -> Int in try Self.cut(all, body) }
        }
        all.removeFirst(try used.get())
        kept = all
    }

    private static func cut(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (UInt8, UInt8, UnsafeRawBufferPointer) throws(PeerFault) -> Void
    ) throws(PeerFault) -> Int {
        var start = 0
        while bytes.count - start >= 1 {
            let group = bytes[start]
            guard group <= MessageClass.error || group == MessageClass.stickTable else {
                throw .unknownClass(group)
            }
            guard bytes.count - start >= 2 else { break }
            let type = bytes[start + 1]
            guard type >= 128 else {
                try body(group, type, UnsafeRawBufferPointer(start: nil, count: 0))
                start += 2
                continue
            }
            let length: Int
            let head: Int
            switch PeerInteger.read(bytes, from: start + 2) {
            case .cut: return start
            case .tooLong: throw .tooLong(message: type, bytes: .max, most: longest)
            case .number(let number, let count):
                guard number <= longest else { throw .tooLong(message: type, bytes: number, most: longest) }
                (length, head) = (Int(number), 2 + count)
            }
            guard bytes.count - start >= head + length else { break }
            let content = start + head..<start + head + length
            try body(group, type, UnsafeRawBufferPointer(rebasing: bytes[content]))
            start = content.upperBound
        }
        return start
    }
}

/// Reads the parts of one message.
struct ContentReader {
    let message: UInt8
    let bytes: UnsafeRawBufferPointer
    private(set) var place = 0

    init(message: UInt8, _ bytes: UnsafeRawBufferPointer) {
        self.message = message
        self.bytes = bytes
    }

    var rest: Int { bytes.count - place }

    @inline(__always)
    mutating func integer(_ what: @autoclosure () -> String) throws(PeerFault) -> UInt64 {
        // Nearly all are one byte.
        if place < bytes.count, bytes[place] < 240 {
            place += 1
            return UInt64(bytes[place - 1])
        }
        switch PeerInteger.read(bytes, from: place) {
        case .number(let number, let count):
            place += count
            return number
        case .cut: throw fault(what(), "\(rest) bytes")
        case .tooLong: throw fault(what(), "a number of more than 64 bits")
        }
    }

    /// Four bytes in network order.
    @inline(__always)
    mutating func word(_ what: @autoclosure () -> String) throws(PeerFault) -> UInt32 {
        guard rest >= 4 else { throw fault(what(), "\(rest) bytes") }
        defer { place += 4 }
        return UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
    }

    /// Eight bytes in network order.
    mutating func longWord(_ what: @autoclosure () -> String) throws(PeerFault) -> UInt64 {
        guard rest >= 8 else { throw fault(what(), "\(rest) bytes") }
        defer { place += 8 }
        return UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    }

    mutating func take(_ count: UInt64, _ what: @autoclosure () -> String) throws(PeerFault)
        -> UnsafeRawBufferPointer
    {
        guard count <= UInt64(rest) else { throw fault("\(count) bytes of \(what())", "\(rest)") }
        defer { place += Int(count) }
        return UnsafeRawBufferPointer(rebasing: bytes[place..<place + Int(count)])
    }

    func fault(_ expected: String, _ found: String) -> PeerFault {
        .malformed(message: message, expected: expected, found: found)
    }
}
