// What the successor must know of a connection that moves to it. Moments are of the monotonic clock, which all
// processes share.

import StickTables
import Unix

/// A client's connection: of one that is between two requests, or of a tunnel.
package struct MovingClient: Equatable, Sendable {
    /// The listener that it came through, by the key that names it over reloads.
    package var listener: String
    package var peer: SocketAddress
    /// Where it came to, if another proxy has announced it: the socket does not tell then.
    package var destination: SocketAddress?
    package var accepted: Instant
    /// When the worker would have given it up; `.never`: not at all.
    package var deadline: Instant
    /// When the request that is being read began; `.never` between requests.
    package var headBegan = Instant.never
    package var isFirstRequest = false
    /// The PROXY protocol header that says whom it is for has not come yet.
    package var awaitsHeader = false
    package var tracked: [MovingEntry] = []
    package var variables: [MovingVariable] = []
    /// Bytes that were read and belong to no request yet.
    package var held: [UInt8] = []
    /// They may be a whole head; otherwise more must come first.
    package var heldIsFresh = false

    package init(listener: String, peer: SocketAddress, accepted: Instant, deadline: Instant) {
        self.listener = listener
        self.peer = peer
        self.accepted = accepted
        self.deadline = deadline
    }
}

/// An established stream: TCP, or HTTP after its upgrade. None of its bytes wait in the process.
package struct MovingTunnel: Equatable, Sendable {
    /// The five moments of a stream's life that its log line tells.
    package struct Moments: Equatable, Sendable {
        package var began = Instant.never
        package var requestDone = Instant.never
        package var assigned = Instant.never
        package var connected = Instant.never
        package var responded = Instant.never

        package init() {}
    }
    /// One side of it.
    package struct Side: Equatable, Sendable {
        /// It has sent its end, which was passed on.
        package var hasEnded = false
        /// Its other side has ended, which it was told.
        package var isShut = false

        package init() {}
    }

    package var client: MovingClient
    package var frontend: String
    package var backend: String
    package var server: String
    /// As the server's line, or an admin since, has it.
    package var serverAddress: SocketAddress
    package var serverDeadline = Instant.never
    package var isHTTP = false
    package var status = -1
    package var moments = Moments()
    package var clientSide = Side()
    package var serverSide = Side()
    package var bytesIn = 0
    package var bytesOut = 0
    package var retries = 0
    package var wasRedispatched = false
    /// Places in the queues, for the log.
    package var serverQueuePosition = 0
    package var backendQueuePosition = 0
    /// The log's two letters about cookies.
    package var cookieFound: UInt8 = 0x2D
    package var cookieSet: UInt8 = 0x2D
    /// As the log tells it; empty for TCP.
    package var requestLine: [UInt8] = []
    package var tracked: [MovingEntry] = []
    package var variables: [MovingVariable] = []

    package init(
        client: MovingClient, frontend: String, backend: String, server: String, serverAddress: SocketAddress
    ) {
        self.client = client
        self.frontend = frontend
        self.backend = backend
        self.server = server
        self.serverAddress = serverAddress
    }
}

/// An entry of a stick table that `track-sc…` counts into.
package struct MovingEntry: Equatable, Sendable {
    package var slot: Int
    package var table: String
    package var key: StickKey

    package init(slot: Int, table: String, key: StickKey) {
        self.slot = slot
        self.table = table
        self.key = key
    }
}

/// A variable that a rule has set.
package struct MovingVariable: Equatable, Sendable {
    /// What it holds.
    package enum Value: Equatable, Sendable {
        case bool(Bool)
        case integer(Int64)
        case ipv4(UInt32)
        case ipv6(high: UInt64, low: UInt64)
        case text([UInt8])
    }
    /// As it is written before the dot: `sess`, `txn`.
    package var scope: String
    package var name: String
    package var value: Value

    package init(scope: String, name: String, value: Value) {
        self.scope = scope
        self.name = name
        self.value = value
    }
}
