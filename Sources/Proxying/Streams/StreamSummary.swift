// What `show sess` tells of a live stream.

import Unix

/// One live stream, as text and figures.
package struct StreamSummary: Sendable {
    /// Unique in this worker; the admin writes it as `0x…`, and `shutdown session` names it.
    package var id: UInt64
    /// `tcpv4`, `tcpv6`, `unix_stream`.
    package var transport: String
    package var source: String
    package var frontend: String
    package var frontendID: Int
    package var isHTTP: Bool
    package var listenerID: Int
    /// Nil: none yet.
    package var backend: String?
    package var backendID: Int?
    package var server: String?
    package var serverID: Int?
    package var serverAddress: String?
    /// When the stream began.
    package var began: Instant
    package var beganAt: WallClock
    /// When it times out as it stands; `.never`: does not.
    package var expires: Instant
    package var clientDescriptor: Int32
    package var serverDescriptor: Int32
    package var bytesIn: Int
    package var bytesOut: Int
    package var retriesLeft: Int
    /// The place in the queue, where it waits.
    package var isQueued: Bool
    /// In our words: `request`, `queue`, `connect`, `response`, `data`, `tunnel`.
    package var phase: String
}

extension StreamSummary {
    init(_ stream: Stream) {
        let core = stream.core
        let client = stream.client
        let connection = stream.connection
        id = stream.id
        switch client?.peer {
        case .ipv4: transport = "tcpv4"
        case .ipv6: transport = "tcpv6"
        case .unix, .abstract, nil: transport = "unix_stream"
        }
        source = client?.peer.sourceText ?? "unix:1"
        frontend = stream.frontend.name
        frontendID = stream.frontend.id
        isHTTP = stream.frontend.isHTTP
        listenerID = (stream.frontend.listeners.firstIndex { $0 === client?.listener } ?? 0) + 1
        backend = stream.backend?.name
        backendID = stream.backend?.id
        server = stream.server?.name
        serverID = stream.server?.id
        serverAddress = stream.server?.address?.description
        began = stream.began
        let age = core.loop.now.nanoseconds - stream.began.nanoseconds
        beganAt = WallClock(microseconds: core.wallClock.microseconds - age / 1000)
        expires = Instant(
            nanoseconds: min(client?.deadlineNanoseconds ?? .max, connection?.deadlineNanoseconds ?? .max))
        clientDescriptor = client?.descriptor ?? -1
        serverDescriptor = connection?.descriptor ?? -1
        bytesIn = stream.bytesIn
        bytesOut = stream.bytesOut
        retriesLeft = stream.retriesLeft
        isQueued = stream.phase == .queued
        phase =
            switch stream.phase {
            case .request, .inspecting, .ended: "request"
            case .queued: "queue"
            case .turnaround, .connecting: "connect"
            case .exchange: stream.hasResponse ? "data" : stream.request.isComplete ? "response" : "request"
            case .tunnel: "tunnel"
            case .reply: "reply"
            case .tarpit: "tarpit"
            }
    }
}

extension SocketAddress {
    /// How a client is named: a unix socket has no address of its own.
    var sourceText: String {
        switch self {
        case .ipv4, .ipv6: description
        case .unix, .abstract: "unix:1"
        }
    }
}
