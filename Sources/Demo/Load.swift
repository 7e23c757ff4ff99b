// What a group of clients does, in words that a test or a benchmark can write down.

/// A bounded load: a kind of client, how many of them and how fast.
package struct Load: Sendable {
    package enum Kind: Sendable {
        /// New connections at a rate (open loop: a slow server does not slow the arrivals), one request each.
        case connections(perSecond: Double)
        /// Clients that keep their connection and send a request each so often.
        case keepAlive(clients: Int, perSecondEach: Double)
        /// Clients that send the next request when the last is done; `reuse`: on the same connection.
        case closedLoop(clients: Int, reuse: Bool)
        /// Requests that the origin answers late, one connection each, started again when done.
        case longPolls(clients: Int, milliseconds: ClosedRange<Int>)
        /// WebSockets that send frames and count the echoes, for a while each, then open a new one.
        case webSockets(clients: Int, framesPerSecond: Double, lifetimeMilliseconds: ClosedRange<Int>)
        /// Connections that do one request and then nothing.
        case idle(clients: Int)
    }

    package var name: String
    package var kind: Kind
    package var path: String
    /// How long a request may take before it counts as timed out; a long poll's own time comes on top.
    package var timeout: Duration
    /// Nil: plain text.
    package var tls: LoadTLS?

    package init(
        _ name: String, _ kind: Kind, path: String = "/bytes/128", timeout: Duration = .seconds(10),
        tls: LoadTLS? = nil
    ) {
        self.name = name
        self.kind = kind
        self.path = path
        self.timeout = timeout
        self.tls = tls
    }

    /// The most clients at a time, nil where the rate decides.
    package var clients: Int? {
        switch kind {
        case .connections: nil
        case .keepAlive(let clients, _), .closedLoop(let clients, _), .longPolls(let clients, _),
            .webSockets(let clients, _, _), .idle(let clients):
            clients
        }
    }

    /// Whether a client keeps its connection for its next request.
    var reuses: Bool {
        switch kind {
        case .keepAlive, .idle: true
        case .closedLoop(_, let reuse): reuse
        case .connections, .longPolls, .webSockets: false
        }
    }
}
