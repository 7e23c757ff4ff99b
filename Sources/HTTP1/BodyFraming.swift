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
