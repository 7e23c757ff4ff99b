// Why a peer is not understood: what was expected, and what was found. The connection ends with it; tables and other
// peers are untouched.

/// What ends a session with a peer.
package enum PeerFault: Error, Equatable, CustomStringConvertible {
    /// The first lines are not those of a peer of this protocol.
    case greeting(expected: String, found: String)
    /// A message that is cut, or whose parts do not fit.
    case malformed(message: UInt8, expected: String, found: String)
    /// A class of messages that does not exist.
    case unknownClass(UInt8)
    case tooLong(message: UInt8, bytes: UInt64, most: Int)
    /// The peer itself has sent an error message.
    case refusedByPeer(code: UInt8)
    /// Nothing was heard for so many milliseconds.
    case silent(Int64)

    package var description: String {
        switch self {
        case .greeting(let expected, let found): "expected \(expected), found \(found)"
        case .malformed(let message, let expected, let found):
            "malformed message \(message): expected \(expected), found \(found)"
        case .unknownClass(let number):
            "unknown message class \(number), expected 0 (control), 1 (error) or 10 (stick table)"
        case .tooLong(let message, let bytes, let most):
            "message \(message) of \(bytes) bytes, expected at most \(most)"
        case .refusedByPeer(let code):
            "the peer reports \(code == 1 ? "a message that is too long" : "a protocol error") (code \(code))"
        case .silent(let milliseconds): "nothing was heard for \(milliseconds) ms"
        }
    }
}
