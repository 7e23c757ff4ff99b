// The header fields of a head: one pass over the bytes, offsets into a table that is used again and again.

/// The fields of the head that was read last, and what they say about framing and the connection. Never copied: every
/// request asks for them many times.
package struct FieldSection: ~Copyable, Sendable {
    /// More fields than this are refused, as HAProxy does.
    package static let mostFields = 100

    package private(set) var fields: ContiguousArray<HeaderField> = []
    /// The bytes of the head in front of the fields: the first line, and empty lines before it.
    package private(set) var start = 0
    /// Some line ends with LF alone: such a head is written anew, not copied.
    package private(set) var hasBareLineFeed = false

    package private(set) var contentLength: Int?
    package private(set) var isChunked = false
    /// `Transfer-Encoding` names a coding besides `chunked`.
    package private(set) var hasOtherCoding = false
    /// `Transfer-Encoding` is there, whatever it says.
    package private(set) var hasTransferEncoding = false
    package private(set) var hasHost = false
    package private(set) var hasUpgrade = false
    package private(set) var expectsContinue = false
    /// What `Connection` lists.
    package private(set) var saysClose = false
    package private(set) var saysKeepAlive = false
    package private(set) var saysUpgrade = false
    /// There is some `Connection`, `Keep-Alive` or `Proxy-Connection` field.
    package private(set) var hasConnectionField = false
    private var hostIndex = 0
    private var repeatsLength = false

    init() {
        fields.reserveCapacity(Self.mostFields)
    }

    mutating func insert(_ field: HeaderField) {
        fields.append(field)
        findHost()
    }

    mutating func set(_ index: Int, _ field: HeaderField) { fields[index] = field }

    /// Drops a field from the list.
    package mutating func remove(_ index: Int) {
        fields.remove(at: index)
        findHost()
    }

    /// Drops the fields that are as wanted; false: there is none.
    package mutating func remove(where isWanted: (HeaderField) -> Bool) -> Bool {
        guard let first = fields.firstIndex(where: isWanted) else { return false }
        fields.remove(at: first)
        fields.removeAll(where: isWanted)
        findHost()
        return true
    }

    private mutating func findHost() {
        let first = fields.firstIndex { $0.known == .host }
        hasHost = first != nil
        hostIndex = first ?? 0
    }

    mutating func reset() {
        fields.removeAll(keepingCapacity: true)
        start = 0
        hasBareLineFeed = false
        contentLength = nil
        isChunked = false
        hasTransferEncoding = false
        hasOtherCoding = false
        hasHost = false
        hasUpgrade = false
        expectsContinue = false
        saysClose = false
        saysKeepAlive = false
        saysUpgrade = false
        hasConnectionField = false
        repeatsLength = false
    }

    /// `Content-Length` says the same value several times, in one field or in more: it is passed on once.
    package var repeatsContentLength: Bool { repeatsLength }

    /// Something in it concerns this connection only, or is not as we pass it on.
    @inline(__always)
    package var mustBeRewritten: Bool {
        hasConnectionField || hasBareLineFeed || repeatsLength || hasLengthBesideChunks
    }

    /// A length that counts for nothing (RFC 9112, 6.3): it is not passed on.
    @inline(__always)
    package var hasLengthBesideChunks: Bool { hasTransferEncoding && contentLength != nil }

    /// The `Host` field's value.
    package var host: Range<Int>? { hasHost ? fields[hostIndex].value : nil }

    /// Reads the end of the first line, which stands at `end`, and the field lines behind it.
    @inline(__always)
    mutating func read(_ bytes: Span<UInt8>, afterFirstLine end: Int) -> HeadOutcome {
        if bytes[end] == 13 {
            guard end + 1 < bytes.count else { return .partial }
            guard bytes[end + 1] == 10 else { return .invalid(.firstLine) }
            start = end + 2
        } else if bytes[end] == 10 {
            hasBareLineFeed = true
            start = end + 1
        } else {
            return .invalid(.firstLine)
        }
        if start < bytes.count && bytes[start].isBlank { return .invalid(.field) }
        return read(bytes, from: start)
    }

    /// Reads field lines from `index` to the empty line.
    @inline(__always)
    mutating func read(_ bytes: Span<UInt8>, from index: Int) -> HeadOutcome {
        var index = index
        let count = bytes.count
        while true {
            guard index < count else { return .partial }
            let first = bytes[index]
            if first == 13 {
                guard index + 1 < count else { return .partial }
                return bytes[index + 1] == 10 ? .complete(index + 2) : .invalid(.field)
            }
            if first == 10 {
                hasBareLineFeed = true
                return .complete(index + 1)
            }
            let nameStart = index
            while index < count && bytes[index].isToken { index += 1 }
            guard index < count else { return .partial }
            guard bytes[index] == UInt8(ascii: ":"), index > nameStart else { return .invalid(.field) }
            let nameEnd = index
            index += 1
            while index < count && bytes[index].isBlank { index += 1 }
            let valueStart = index
            index = Self.endOfValue(bytes, from: index)
            guard index < count else { return .partial }
            var valueEnd = index
            if bytes[index] == 13 {
                guard index + 1 < count else { return .partial }
                guard bytes[index + 1] == 10 else { return .invalid(.field) }
                index += 2
            } else if bytes[index] == 10 {
                hasBareLineFeed = true
                index += 1
            } else {
                return .invalid(.field)
            }
            while valueEnd > valueStart && bytes[valueEnd - 1].isBlank { valueEnd -= 1 }
            guard fields.count < Self.mostFields else { return .invalid(.tooManyFields) }
            guard index <= Int(UInt16.max) else { return .invalid(.field) }
            let known = Self.identify(bytes, nameStart..<nameEnd)
            fields.append(
                HeaderField(
                    nameStart: UInt16(nameStart), nameEnd: UInt16(nameEnd), valueStart: UInt16(valueStart),
                    valueEnd: UInt16(valueEnd), lineEnd: UInt16(index), known: known))
            if known != .other, let error = note(known, bytes, valueStart..<valueEnd) {
                return .invalid(error)
            }
            // A line that begins with white space would continue this one.
            if index < count && bytes[index].isBlank { return .invalid(.field) }
        }
    }

    /// The first byte that is a control character other than TAB, eight at a time.
    @inline(__always)
    private static func endOfValue(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        let count = bytes.count
        let raw = bytes.bytes
        while index + 8 <= count {
            let word = unsafe raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            // A byte below 0x20 borrows into its high bit; bytes from 0x80 on are masked out.
            let low = (word &- 0x2020_2020_2020_2020) & ~word & 0x8080_8080_8080_8080
            if low != 0 {
                index += low.trailingZeroBitCount >> 3
                if bytes[index] != 9 { return index }
                index += 1
            } else {
                index += 8
            }
        }
        while index < count && (bytes[index] >= 32 || bytes[index] == 9) { index += 1 }
        return index
    }

    @inline(__always)
    static func identify(_ bytes: Span<UInt8>, _ name: Range<Int>) -> KnownField {
        switch name.count {
        case 4: bytes.matches(name, "host") ? .host : .other
        case 6: bytes.matches(name, "expect") ? .expect : .other
        case 7: bytes.matches(name, "upgrade") ? .upgrade : .other
        case 10:
            bytes.matches(name, "connection")
                ? .connection : bytes.matches(name, "keep-alive") ? .keepAlive : .other
        case 14: bytes.matches(name, "content-length") ? .contentLength : .other
        case 16: bytes.matches(name, "proxy-connection") ? .proxyConnection : .other
        case 17: bytes.matches(name, "transfer-encoding") ? .transferEncoding : .other
        default: .other
        }
    }

    private mutating func note(_ field: KnownField, _ bytes: Span<UInt8>, _ value: Range<Int>) -> HeadError? {
        switch field {
        case .other: break
        case .host:
            if let earlier = host, !same(bytes, earlier, value) { return .host }
            if !hasHost { hostIndex = fields.count - 1 }
            hasHost = true
        case .upgrade: hasUpgrade = true
        case .expect: expectsContinue = bytes.matches(value, "100-continue")
        case .keepAlive, .proxyConnection: hasConnectionField = true
        case .connection:
            hasConnectionField = true
            bytes.eachListElement(of: value) { element in
                if bytes.matches(element, "close") { saysClose = true }
                if bytes.matches(element, "keep-alive") { saysKeepAlive = true }
                if bytes.matches(element, "upgrade") { saysUpgrade = true }
                return true
            }
        case .contentLength:
            return noteLength(bytes, value)
        case .transferEncoding:
            hasTransferEncoding = true
            // Nothing before the first comma is a coding that nobody knows.
            if !value.isEmpty, bytes[value.lowerBound] == UInt8(ascii: ",") { hasOtherCoding = true }
            var error: HeadError?
            bytes.eachListElement(of: value) { element in
                // `chunked` comes last and once.
                if isChunked { error = .framing }
                isChunked = bytes.matches(element, "chunked")
                if !isChunked { hasOtherCoding = true }
                return true
            }
            return error
        }
        return nil
    }

    /// A number, or a list of the same number (RFC 9112, 6.3).
    private mutating func noteLength(_ bytes: Span<UInt8>, _ value: Range<Int>) -> HeadError? {
        var start = value.lowerBound
        while true {
            var end = start
            while end < value.upperBound && bytes[end] != UInt8(ascii: ",") { end += 1 }
            var last = end
            while last > start && bytes[last - 1].isBlank { last -= 1 }
            guard let length = Self.number(bytes, start..<last) else { return .framing }
            if let contentLength {
                if contentLength != length { return .framing }
                repeatsLength = true
            }
            contentLength = length
            if end == value.upperBound { return nil }
            start = end + 1
            while start < value.upperBound && bytes[start].isBlank { start += 1 }
        }
    }

    private func same(_ bytes: Span<UInt8>, _ one: Range<Int>, _ other: Range<Int>) -> Bool {
        guard one.count == other.count else { return false }
        for offset in 0..<one.count
        where bytes[one.lowerBound + offset].lowercased != bytes[other.lowerBound + offset].lowercased {
            return false
        }
        return true
    }

    /// Decimal digits only; more than 18 are no length.
    private static func number(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        guard !range.isEmpty, range.count <= 18 else { return nil }
        var value = 0
        for index in range {
            guard bytes[index].isDigit else { return nil }
            value = value * 10 + Int(bytes[index] - 48)
        }
        return value
    }
}
