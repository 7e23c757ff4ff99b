// Where a body ends (RFC 9112, section 6.3).

/// How the end of a body is found.
package enum BodyFraming: Equatable, Sendable {
    case none
    /// This many bytes.
    case length(Int)
    case chunked
    /// The server closes after it; responses only.
    case untilClose
    /// No HTTP any more: bytes both ways until both sides have ended.
    case tunnel
}

extension BodyFraming {
    @inline(__always)
    package var isTunnel: Bool { if case .tunnel = self { true } else { false } }
    @inline(__always)
    package var isChunked: Bool { if case .chunked = self { true } else { false } }
    @inline(__always)
    package var isUntilClose: Bool { if case .untilClose = self { true } else { false } }
}
