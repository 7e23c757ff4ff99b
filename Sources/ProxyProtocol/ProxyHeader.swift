// What a proxy says of a connection before the client's own bytes: whom it is for. Version 1 is a line of text,
// version 2 is binary; both may come at the same socket.

import Unix

/// The header of one connection.
package enum ProxyHeader: Equatable, Sendable {
    /// The sender's own connection (`LOCAL`), or one without addresses (`UNKNOWN`): what the socket says holds.
    case local
    /// The client's address, and the one that it came to.
    case forwarded(source: SocketAddress, destination: SocketAddress)

    /// The most bytes of a header that is taken: as much as HAProxy's buffer holds.
    package static let longest = 16_384
}

/// How a try to read a header ended.
package enum ProxyHeaderReading: Equatable, Sendable {
    /// The header, and how many bytes it took.
    case complete(ProxyHeader, length: Int)
    /// The bytes end within it.
    case partial
    case failed(ProxyHeaderFault)
}

/// Why there is no header, in HAProxy's words.
package enum ProxyHeaderFault: String, Error, Sendable {
    case foreign = "Received something which does not look like a PROXY protocol header"
    case invalid = "Received an invalid PROXY protocol header"
    case unhandled = "Received an unhandled protocol in the PROXY protocol header"
    case truncated = "Truncated PROXY protocol header received"
    case closed = "Connection closed while waiting for PROXY protocol header"
    case broken = "Connection error while waiting for PROXY protocol header"
    case timedOut = "Timeout while waiting for PROXY protocol header"

    /// Nothing was sent: what `option dontlognull` keeps out of the log.
    package var isSilence: Bool {
        switch self {
        case .closed, .broken, .timedOut: true
        case .foreign, .invalid, .unhandled, .truncated: false
        }
    }
}

/// `send-proxy` and `send-proxy-v2`.
package enum ProxyHeaderVersion: Sendable {
    case text, binary
}
