// Why bytes are no HTTP/1 message that may be passed on.

/// What is wrong with a head or a body.
package enum HeadError: Error, Equatable, Sendable {
    /// The first line is neither a request nor a status line.
    case firstLine
    /// Not HTTP/1.0 or HTTP/1.1.
    case version
    /// A field's name or value holds what it must not, or a line is folded.
    case field
    case tooManyFields
    /// Where the body ends is not certain: two lengths, a length beside chunks, a coding that is not last.
    case framing
    /// The body is coded in a way that nobody here can decode, inside chunks.
    case coding
    /// Several hosts, or a host that is not the target's.
    case host
    case chunk
}

/// How reading a head ended.
package enum HeadOutcome: Equatable, Sendable {
    /// The head takes this many bytes, its empty line included.
    case complete(Int)
    /// More bytes are needed.
    case partial
    case invalid(HeadError)
}
