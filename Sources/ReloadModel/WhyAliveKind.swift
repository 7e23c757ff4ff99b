// The kinds of reasons for which a worker stays: which connection is of which, what is said of each, how sure it is,
// and which setting would have ended it.

package enum WhyAliveKind: String, Sendable, CaseIterable {
    // The process itself.
    case stopped, stuck, spinning
    case adminSession, peers
    /// The client has reset its connection, and the proxy has not looked.
    case clientGone
    /// The client has ended its side (CLOSE_WAIT) while its answer is awaited.
    case clientClosed
    /// The client of a tunnel has ended its side, and the server is silent.
    case tunnelClientClosed
    /// The server has ended its side, and the client has not.
    case serverClosed
    /// The connection to the server is not answered.
    case synSent
    case connecting, queued, tarpitted
    case halfSentHead, halfSentBody, silentClient
    case longPoll
    case slowReader
    case stalledAnswer, movingAnswer
    case idleTunnel, movingTunnel
    case reply
    case idleKeepAlive
    case unseen

    /// A tunnel or an answer that has not moved for so many seconds is idle.
    static let idleSeconds = 5.0

    package static func of(_ connection: WorkerConnection) -> WhyAliveKind {
        let client = connection.clientSide?.state
        let server = connection.serverSide?.state
        let isStill = connection.idle.map { $0 >= idleSeconds } ?? true
        switch connection.activity {
        case .admin: return .adminSession
        case .peers: return .peers
        case .silent: return .silentClient
        case .head: return .halfSentHead
        case .idle: return .idleKeepAlive
        case .tarpit: return .tarpitted
        case .queue: return .queued
        case .connect: return server == .synSent ? .synSent : .connecting
        default: break
        }
        if client == .closed { return .clientGone }
        switch connection.activity {
        case .tunnel:
            if client == .closeWait { return .tunnelClientClosed }
            if server == .closeWait || client == .finWait2 { return .serverClosed }
            return isStill ? .idleTunnel : .movingTunnel
        case .waiting: return client == .closeWait ? .clientClosed : .longPoll
        case .request: return client == .closeWait ? .clientClosed : .halfSentBody
        case .response:
            if client == .closeWait { return .clientClosed }
            if let unsent = connection.clientSide?.unsent, unsent > 0, isStill { return .slowReader }
            return isStill ? .stalledAnswer : .movingAnswer
        case .reply: return .reply
        default: return .unseen
        }
    }

    /// What comes first: the process itself, then what is nobody's request.
    var rank: Int {
        switch self {
        case .stopped, .stuck, .spinning: 0
        case .adminSession: 1
        default: 2
        }
    }

    var certainty: WhyAlive.Certainty {
        switch self {
        case .clientClosed, .halfSentHead, .stuck, .spinning, .slowReader: .likely
        case .unseen: .guess
        default: .certain
        }
    }

    /// The timeout that would have ended it.
    var setting: LoadedTimeouts.Name? {
        switch self {
        case .clientGone, .clientClosed, .longPoll, .stalledAnswer, .movingAnswer: .server
        case .tunnelClientClosed: .serverFin
        case .serverClosed: .clientFin
        case .synSent, .connecting: .connect
        case .queued: .queue
        case .tarpitted: .tarpit
        case .halfSentHead, .silentClient: .httpRequest
        case .halfSentBody, .slowReader, .reply: .client
        case .idleTunnel, .movingTunnel: .tunnel
        case .idleKeepAlive: .httpKeepAlive
        case .stopped, .stuck, .spinning, .adminSession, .peers, .unseen: nil
        }
    }

    /// In a few words, for one of them: `half-sent request`.
    package var label: String {
        switch self {
        case .stopped: "stopped process"
        case .stuck: "process inside the kernel"
        case .spinning: "spinning loop"
        case .adminSession: "admin session"
        case .peers: "peers session"
        case .clientGone: "request whose client has reset"
        case .clientClosed: "request whose client has gone"
        case .tunnelClientClosed: "tunnel whose client has closed"
        case .serverClosed: "tunnel whose server has closed"
        case .synSent: "request to a dead server"
        case .connecting: "request that connects"
        case .queued: "queued request"
        case .tarpitted: "tarpitted request"
        case .halfSentHead: "half-sent request"
        case .halfSentBody: "half-sent body"
        case .silentClient: "silent client"
        case .longPoll: "long poll"
        case .slowReader: "answer that is not taken"
        case .stalledAnswer: "half-sent answer"
        case .movingAnswer: "answer under way"
        case .idleTunnel: "idle tunnel"
        case .movingTunnel: "busy tunnel"
        case .reply: "answer of the proxy"
        case .idleKeepAlive: "idle keep-alive"
        case .unseen: "connection of unknown state"
        }
    }

    /// Some setting ends it: not a process that is stopped or spins.
    package var isBoundBySetting: Bool { setting != nil || self == .adminSession }

    /// Besides the timeout: an option that ends it sooner.
    var option: String? {
        switch self {
        case .clientGone, .clientClosed: "option abortonclose"
        case .synSent: "option redispatch"
        default: nil
        }
    }
}
