// Reads a request's head (RFC 9112): strict where two readers could disagree about where a message ends.

/// The methods that change how a message is handled.
package enum Method: UInt8, Sendable {
    case get, head, post, put, delete, options, trace, connect, other

    /// May be sent again when nobody knows whether it was processed (RFC 9110, 9.2.2).
    package var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .connect, .other: false
        }
    }
}

/// The request head that was read last. One value serves many requests, so that its table stays allocated.
package struct RequestHead: ~Copyable, Sendable {
    package var section = FieldSection()
    package private(set) var method = Method.other
    package private(set) var methodRange = 0..<0
    package private(set) var target = 0..<0
    /// The request line without its line end.
    package private(set) var line = 0..<0
    /// HTTP/1.1 or a later 1.x, else 1.0.
    package private(set) var isVersion11 = true
    /// A later 1.x: what it says is read as 1.1 and passed on as 1.1 (RFC 9110, 2.5).
    package private(set) var isLaterMinor = false
    package private(set) var framing = BodyFraming.none

    package init() {}

    /// Another first line, which lies elsewhere in the same bytes.
    package mutating func setLine(_ line: Range<Int>, method: Range<Int>, target: Range<Int>) {
        self.line = line
        methodRange = method
        self.target = target
    }

    /// Whether the client wants the connection to go on after this request.
    @inline(__always)
    package var wantsKeepAlive: Bool {
        isVersion11 ? !section.saysClose : section.saysKeepAlive && !section.saysClose
    }

    /// The client asks for another protocol.
    @inline(__always)
    package var asksForUpgrade: Bool { isVersion11 && section.saysUpgrade && section.hasUpgrade }

    /// Reads a head from the first byte of `bytes`.
    package mutating func read(_ bytes: Span<UInt8>) -> HeadOutcome {
        section.reset()
        var index = 0
        let count = bytes.count
        // Empty lines before a request are skipped (RFC 9112, 2.2).
        while index < count && (bytes[index] == 13 || bytes[index] == 10) {
            if bytes[index] == 13 && index + 1 < count && bytes[index + 1] != 10 {
                return .invalid(.firstLine)
            }
            index += 1
        }
        let start = index
        while index < count && bytes[index].isToken { index += 1 }
        guard index < count else { return .partial }
        guard index > start, bytes[index] == 32 else { return .invalid(.firstLine) }
        methodRange = start..<index
        index += 1
        let targetStart = index
        while index < count && bytes[index].belongsInTarget { index += 1 }
        guard index < count else { return .partial }
        guard index > targetStart, bytes[index] == 32 else { return .invalid(.firstLine) }
        target = targetStart..<index
        index += 1
        // HTTP/1.x and the line's end.
        guard index + 8 < count else {
            return count - index <= 8 && isPrefixOfVersion(bytes, index) ? .partial : .invalid(.firstLine)
        }
        guard isPrefixOfVersion(bytes, index) else { return .invalid(.version) }
        isVersion11 = bytes[index + 7] != UInt8(ascii: "0")
        isLaterMinor = bytes[index + 7] > UInt8(ascii: "1")
        index += 8
        line = start..<index
        let outcome = section.read(bytes, afterFirstLine: index)
        guard case .complete = outcome else { return outcome }
        method = Self.method(bytes, methodRange)
        guard hasTargetForm(bytes) else { return .invalid(.firstLine) }
        return settle(bytes) ?? outcome
    }

    /// Decides framing and refuses what is ambiguous.
    private mutating func settle(_ bytes: Span<UInt8>) -> HeadOutcome? {
        framing = .none
        if section.hasTransferEncoding {
            // Chunks must come last, not beside a length, and an HTTP/1.0 client does not know them.
            guard section.isChunked, section.contentLength == nil, isVersion11 else {
                return .invalid(.framing)
            }
            if section.hasOtherCoding { return .invalid(.coding) }
            framing = .chunked
        } else if let length = section.contentLength, length > 0 {
            framing = .length(length)
        }
        if let host = section.host, let authority = authority(bytes), !sameHost(bytes, host, authority) {
            return .invalid(.host)
        }
        return nil
    }

    /// Origin, absolute or asterisk form; for CONNECT a host with its port (RFC 9112, 3.2).
    private func hasTargetForm(_ bytes: Span<UInt8>) -> Bool {
        let first = bytes[target.lowerBound]
        if method == .connect {
            var index = target.upperBound - 1
            while index > target.lowerBound && bytes[index].isDigit { index -= 1 }
            return first != UInt8(ascii: "/") && bytes[index] == UInt8(ascii: ":")
                && index > target.lowerBound && index < target.upperBound - 1
        }
        if first == UInt8(ascii: "/") || first == UInt8(ascii: "*") { return true }
        return first.isLetter && Self.afterScheme(target, bytes) != nil
    }

    /// The authority of an absolute-form or CONNECT target.
    private func authority(_ bytes: Span<UInt8>) -> Range<Int>? {
        if method == .connect { return target }
        guard bytes[target.lowerBound] != UInt8(ascii: "/"), let start = Self.afterScheme(target, bytes)
        else {
            return nil
        }
        var end = start
        while end < target.upperBound && bytes[end] != UInt8(ascii: "/") && bytes[end] != UInt8(ascii: "?") {
            end += 1
        }
        return start..<end
    }

    /// After `scheme://`.
    private static func afterScheme(_ target: Range<Int>, _ bytes: Span<UInt8>) -> Int? {
        var index = target.lowerBound
        while index + 2 < target.upperBound {
            if bytes[index] == UInt8(ascii: ":") {
                return bytes[index + 1] == 47 && bytes[index + 2] == 47 ? index + 3 : nil
            }
            if bytes[index] == 47 { return nil }
            index += 1
        }
        return nil
    }

    /// Same host, where one of them may leave out the default port.
    private func sameHost(_ bytes: Span<UInt8>, _ one: Range<Int>, _ other: Range<Int>) -> Bool {
        let one = withoutDefaultPort(bytes, one)
        let other = withoutDefaultPort(bytes, other)
        guard one.count == other.count else { return false }
        for offset in 0..<one.count
        where bytes[one.lowerBound + offset].lowercased != bytes[other.lowerBound + offset].lowercased {
            return false
        }
        return true
    }

    private func withoutDefaultPort(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        for (text, count) in [(":80" as StaticString, 3), (":443", 4)] where range.count > count {
            let cut = range.upperBound - count
            if bytes.matches(cut..<range.upperBound, text) { return range.lowerBound..<cut }
        }
        return range
    }

    /// The path of the target: without scheme, authority and query; nil for `*` and authority-form.
    package func path(_ bytes: Span<UInt8>) -> Range<Int>? {
        var start = target.lowerBound
        if bytes[start] != 47 {
            guard let after = Self.afterScheme(target, bytes) else { return nil }
            start = after
            while start < target.upperBound && bytes[start] != 47 { start += 1 }
            if start == target.upperBound { return nil }
        }
        var end = start
        while end < target.upperBound && bytes[end] != UInt8(ascii: "?") { end += 1 }
        return start..<end
    }

    @inline(__always)
    private func isPrefixOfVersion(_ bytes: Span<UInt8>, _ start: Int) -> Bool {
        let text: StaticString = "HTTP/1."
        return text.withUTF8Buffer { text in
            for offset in 0..<7 where start + offset < bytes.count {
                if bytes[start + offset] != text[offset] { return false }
            }
            guard start + 7 < bytes.count else { return true }
            return bytes[start + 7].isDigit
        }
    }

    @inline(__always)
    private static func method(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Method {
        // Methods are case-sensitive.
        switch range.count {
        case 3:
            if bytes.equals(range, "GET") { return .get }
            return bytes.equals(range, "PUT") ? .put : .other
        case 4:
            if bytes.equals(range, "POST") { return .post }
            return bytes.equals(range, "HEAD") ? .head : .other
        case 5: return bytes.equals(range, "TRACE") ? .trace : .other
        case 6: return bytes.equals(range, "DELETE") ? .delete : .other
        case 7:
            if bytes.equals(range, "OPTIONS") { return .options }
            return bytes.equals(range, "CONNECT") ? .connect : .other
        default: return .other
        }
    }
}

extension Span<UInt8> {
    /// Whether a range equals ASCII text.
    @inline(__always)
    package func equals(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { text in
            for offset in 0..<text.count where self[range.lowerBound + offset] != text[offset] {
                return false
            }
            return true
        }
    }
}
