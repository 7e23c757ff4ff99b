// Reads a response's head, and decides where its body ends.

/// The response head that was read last.
package struct ResponseHead: ~Copyable, Sendable {
    package var section = FieldSection()
    package private(set) var status = 0
    package private(set) var isVersion11 = true
    /// As in a request.
    package private(set) var isLaterMinor = false
    /// The status line without its line end.
    package private(set) var line = 0..<0

    package init() {}

    /// Another first line, which lies elsewhere in the same bytes.
    package mutating func setLine(_ line: Range<Int>, status: Int) {
        self.line = line
        self.status = status
    }

    /// Whether the server keeps the connection open after this response.
    @inline(__always)
    package var allowsKeepAlive: Bool {
        if section.hasLengthBesideChunks { return false }
        return isVersion11 ? !section.saysClose : section.saysKeepAlive && !section.saysClose
    }

    /// Such a response has neither a body nor fields that describe one (RFC 9112, 6.1 and 6.2).
    @inline(__always)
    package var forbidsFraming: Bool { status < 200 || status == 204 }

    /// It has fields of that kind all the same.
    @inline(__always)
    package var hasForbiddenFraming: Bool {
        forbidsFraming && (section.hasTransferEncoding || section.contentLength != nil)
    }

    /// Reads a head from its first byte; what was read before is forgotten.
    package mutating func read(_ bytes: Span<UInt8>) -> HeadOutcome {
        section.reset()
        let count = bytes.count
        let version: StaticString = "HTTP/1."
        for offset in 0..<min(7, count) {
            let expected = version.withUTF8Buffer { $0[offset] }
            if bytes[offset] != expected { return .invalid(.version) }
        }
        guard count > 12 else { return .partial }
        guard bytes[7].isDigit else { return .invalid(.version) }
        isVersion11 = bytes[7] != 48
        isLaterMinor = bytes[7] > 49
        guard bytes[8] == 32, bytes[9].isDigit, bytes[10].isDigit, bytes[11].isDigit else {
            return .invalid(.firstLine)
        }
        status = Int(bytes[9] - 48) * 100 + Int(bytes[10] - 48) * 10 + Int(bytes[11] - 48)
        guard status >= 100, bytes[12] == 32 || bytes[12] == 13 || bytes[12] == 10 else {
            return .invalid(.firstLine)
        }
        var index = 12
        while index < count && (bytes[index] >= 32 || bytes[index] == 9) { index += 1 }
        guard index < count else { return .partial }
        line = 0..<index
        let outcome = section.read(bytes, afterFirstLine: index)
        guard case .complete = outcome else { return outcome }
        if forbidsFraming || status == 304 || !section.hasTransferEncoding { return outcome }
        guard isVersion11 else { return .invalid(.framing) }
        return section.isChunked && !section.hasOtherCoding ? outcome : .invalid(.coding)
    }

    /// Where the body of this response to a request ends.
    @inline(__always)
    package func framing(answering method: Method) -> BodyFraming {
        if method == .head || status < 200 || status == 204 || status == 304 { return .none }
        if method == .connect && status < 300 { return .tunnel }
        if section.isChunked { return .chunked }
        if let length = section.contentLength { return length > 0 ? .length(length) : .none }
        return .untilClose
    }
}
