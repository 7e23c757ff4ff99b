// What is known of one connection of a worker: what the proxy says of its stream, and what the kernel says of its
// sockets. Observing fills it; `WhyAlive` and the views judge and group it.

/// A TCP state, by the kernel's number.
package enum TCPState: UInt8, Sendable, CaseIterable {
    case established = 1
    case synSent, synReceived, finWait1, finWait2, timeWait, closed, closeWait, lastAck, listen, closing

    /// `ESTABLISHED`, `CLOSE_WAIT`
    package var word: String {
        switch self {
        case .established: "ESTABLISHED"
        case .synSent: "SYN_SENT"
        case .synReceived: "SYN_RECV"
        case .finWait1: "FIN_WAIT1"
        case .finWait2: "FIN_WAIT2"
        case .timeWait: "TIME_WAIT"
        case .closed: "CLOSED"
        case .closeWait: "CLOSE_WAIT"
        case .lastAck: "LAST_ACK"
        case .listen: "LISTEN"
        case .closing: "CLOSING"
        }
    }
}

/// One side of a connection, as the kernel has it.
package struct TCPEnd: Equatable, Sendable {
    /// `closed`: the worker still holds the socket, and the other side has reset it.
    package var state: TCPState
    /// Who is at the other end: `10.0.0.7:51020`.
    package var remote: String
    /// Bytes that came in, and bytes that the other end has acknowledged.
    package var received: UInt64
    package var acknowledged: UInt64
    /// Bytes that have come and the worker has not read.
    package var unread: Int
    /// Bytes that the worker has written and the other end has not acknowledged.
    package var unsent: Int
    /// Times that the oldest unanswered segment was sent again.
    package var retransmits: Int
    /// Seconds since bytes came and since bytes left, or since the connection began where none ever did.
    package var sinceReceived: Double?
    package var sinceSent: Double?

    package init(
        state: TCPState, remote: String, received: UInt64 = 0, acknowledged: UInt64 = 0, unread: Int = 0,
        unsent: Int = 0, retransmits: Int = 0, sinceReceived: Double? = nil, sinceSent: Double? = nil
    ) {
        self.state = state
        self.remote = remote
        self.received = received
        self.acknowledged = acknowledged
        self.unread = unread
        self.unsent = unsent
        self.retransmits = retransmits
        self.sinceReceived = sinceReceived
        self.sinceSent = sinceSent
    }

    /// Seconds since a byte moved.
    package var idle: Double? {
        switch (sinceReceived, sinceSent) {
        case (let received?, let sent?): min(received, sent)
        case (let one?, nil), (nil, let one?): one
        case (nil, nil): nil
        }
    }
}

/// A process that is at the other end of an admin session.
package struct ConnectedProcess: Equatable, Hashable, Sendable {
    package var name: String
    package var pid: Int32
    package var user: UInt32?

    package init(name: String, pid: Int32, user: UInt32?) {
        self.name = name
        self.pid = pid
        self.user = user
    }

    /// `hatop (pid 12186, uid 0)`
    package var words: String { "\(name) (pid \(pid)\(user.map { ", uid \($0)" } ?? ""))" }
}

/// One connection that a worker holds.
package struct WorkerConnection: Equatable, Sendable {
    /// What it waits for.
    package enum Activity: String, Sendable, CaseIterable {
        /// The client has never sent a byte.
        case silent
        /// The client has sent a part of a request's head.
        case head
        /// Between two requests.
        case idle
        /// The request is not there to its end.
        case request
        case tarpit, queue
        /// To the server.
        case connect
        /// The server has the request and has not begun to answer.
        case waiting
        /// The answer is under way.
        case response
        /// Bytes pass both ways unread: a WebSocket, CONNECT or plain TCP.
        case tunnel
        /// The proxy's own answer is under way.
        case reply
        /// A session on an admin socket.
        case admin
        case peers
        /// A client's connection of which only the kernel tells.
        case unknown
    }

    /// Which of its deadlines: the client has to send or to take, the same of the server, a rule waits, the queue
    /// or the connection to the server takes too long.
    package enum Deadline: String, Sendable, CaseIterable {
        case clientRead, clientWrite, serverRead, serverWrite, request, response, connect
    }

    /// The proxy's name for its stream, for `shutdown session`; nil where it has none.
    package var session: String?
    package var activity: Activity
    /// `10.0.0.7:51020`, or a word for a client without an address.
    package var client: String
    package var frontend: String?
    package var backend: String?
    package var server: String?
    /// The port that the client came to, where no stream names its frontend.
    package var listener: UInt16?
    /// Seconds since the stream began; nil where only the kernel knows it.
    package var age: Int?
    /// Seconds until each deadline that is set.
    package var deadlines: [Deadline: Int]
    /// Seconds until the next deadline, where the proxy tells only that one (mwproxy).
    package var expires: Int?
    package var clientSide: TCPEnd?
    package var serverSide: TCPEnd?
    /// Whose admin session it is, once found.
    package var holder: ConnectedProcess?

    package init(
        session: String? = nil, activity: Activity, client: String, frontend: String? = nil,
        backend: String? = nil, server: String? = nil, listener: UInt16? = nil, age: Int? = nil,
        deadlines: [Deadline: Int] = [:],
        expires: Int? = nil, clientSide: TCPEnd? = nil, serverSide: TCPEnd? = nil,
        holder: ConnectedProcess? = nil
    ) {
        self.session = session
        self.activity = activity
        self.client = client
        self.frontend = frontend
        self.backend = backend
        self.server = server
        self.listener = listener
        self.age = age
        self.deadlines = deadlines
        self.expires = expires
        self.clientSide = clientSide
        self.serverSide = serverSide
        self.holder = holder
    }

    /// Seconds since a byte moved on either side, where the kernel tells.
    package var idle: Double? {
        let client = clientSide?.idle
        guard serverSide?.state != .synSent, let server = serverSide?.idle else { return client }
        return client.map { min($0, server) } ?? server
    }

    /// The client's address without its port.
    package var clientHost: String { Self.host(of: client) }

    /// Bytes from the client and to the client, as the client's socket has them.
    package var received: UInt64? { clientSide?.received }
    package var sent: UInt64? { clientSide?.acknowledged }

    /// `10.0.0.7:51020` → `10.0.0.7`, `[::1]:80` → `::1`; what has no port stays.
    package static func host(of address: String) -> String {
        let bytes = address.utf8
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
            bytes[bytes.index(after: colon)...].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
        else { return address }
        let host = bytes[..<colon]
        guard host.first == UInt8(ascii: "[") else { return String(Substring(host)) }
        return String(address[..<colon].filter { $0 != "[" && $0 != "]" })
    }
}

/// One look at all connections of a worker.
package struct ConnectionReport: Equatable, Sendable {
    package var pid: Int32
    /// When the look ended, microseconds since 1970 UTC, and the milliseconds that it took.
    package var at: Int64
    package var milliseconds: Double
    package var connections: [WorkerConnection]
    /// Connections beyond those that are kept.
    package var omitted: Int
    /// The process's state, as /proc writes it; nil once it has gone.
    package var processState: Character?
    package var timeouts: Known<LoadedTimeouts>
    /// An idle admin session keeps an old worker: HAProxy's does, mwproxy's does not.
    package var adminSessionsHold = true
    /// What could not be learned, why, and what would help.
    package var blindness: [Blindness]
    /// What the connections come to, where somebody has gathered it before the verdict is wanted.
    package var evidence: WhyAliveEvidence?

    package init(
        pid: Int32, at: Int64, milliseconds: Double, connections: [WorkerConnection], omitted: Int = 0,
        processState: Character? = "S", timeouts: Known<LoadedTimeouts>, blindness: [Blindness] = []
    ) {
        self.pid = pid
        self.at = at
        self.milliseconds = milliseconds
        self.connections = connections
        self.omitted = omitted
        self.processState = processState
        self.timeouts = timeouts
        self.blindness = blindness
    }

    /// The look into a worker that is not there any more.
    package static func gone(_ pid: Int32, at: Int64) -> ConnectionReport {
        ConnectionReport(
            pid: pid, at: at, milliseconds: 0, connections: [], processState: nil,
            timeouts: .unknown(Unknown("worker \(pid) has ended")))
    }
}
