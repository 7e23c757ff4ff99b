// One request and its response, or one TCP connection: from the client through rules to a server and back.
//
//   HTTP  head read → rules → server chosen → [queue] → [connect] → request sent → response head → body → end
//   TCP   accepted → server chosen → [queue] → connect → bytes both ways → end
//
// Each step is a file of its own: StreamRequest, StreamServer, StreamResponse, StreamReply, StreamEnding.
// Streams are used again, so that a request allocates nothing.

import ConfigLanguage
import HTTP1
import TLS
import Unix

/// A live stream.
final class Stream {
    enum Phase: UInt8 {
        /// The request's rules are at work.
        case request
        /// A rule waits for what the client says next; TCP.
        case inspecting
        /// Waits for a place at a server.
        case queued
        /// Waits before it tries the same server again.
        case turnaround
        case connecting
        /// Request and response travel; HTTP.
        case exchange
        /// Bytes travel both ways; TCP, Upgrade, CONNECT.
        case tunnel
        /// Refused, and held until `timeout tarpit` is over.
        case tarpit
        /// The proxy's own answer is on its way.
        case reply
        case ended
    }

    let core: ProxyCore
    var id: UInt64 = 0
    var phase = Phase.ended
    /// Its place in the core's list.
    var index = 0

    var client: ClientConnection?
    var frontend: Frontend!
    var backend: Backend?
    var server: Server?
    var connection: ServerConnection?

    // The request.
    var method = Method.other
    var clientIsVersion11 = true
    var keepsClient = false
    var asksForUpgrade = false
    /// The request's head and what came of its body, as it goes to the server.
    var outgoing: ByteBuffer?
    /// How much of `outgoing` was sent.
    var sent = 0
    /// All that was ever sent is still in `outgoing`.
    var isResendable = true
    @exclusivity(unchecked) var request = Flow()
    /// What rules track for this stream, and the variables that they set.
    @exclusivity(unchecked) var tracked = TrackedEntries()
    var variables: VariableValues = [:]
    /// `tcp-request content` is at work: the request is counted after it.
    var isBeforeCounting = false
    /// The rule of `tcp-request content` that waits, and when it waits no longer.
    var waitingRule = 0
    var inspectionEnds = Instant.never
    /// What a tarpitted client is told in the end.
    var held: CompiledAnswer?
    /// The server that a cookie or a table names, and the entries that are to remember the server.
    var preferred: Server?
    var stuck: [TrackedEntries.Tracked] = []
    /// What each `sni` of the backend gives for this stream.
    var requestedNames: [String?] = []
    /// As the log tells: the client's cookie, and what became of it.
    var cookieFound = UInt8(ascii: "-")
    var cookieSet = UInt8(ascii: "-")
    /// The request line, for the log.
    let requestLine = ByteBuffer(capacity: 256)
    var retriesLeft = 0
    var retriesDone = 0
    var wasRedispatched = false
    /// An idle connection turned out to be closed: the next attempt opens a new one.
    var wasStale = false
    /// The server stopped reading the request: only its answer counts now.
    var isUploadBroken = false
    /// The client's very first request: it gets a connection of its own under `http-reuse safe`.
    var isFirstRequest = false

    // The response.
    @exclusivity(unchecked) var response = Flow()
    var hasResponse = false
    var status = -1
    var serverKeepsOpen = false
    /// The server sent more than its response.
    var hasSurplus = false

    /// Its way to another worker.
    var migration = StreamMigration.none

    // For log and counters.
    @exclusivity(unchecked) var bytesIn = 0
    @exclusivity(unchecked) var bytesOut = 0
    private var accountedIn = 0
    private var accountedOut = 0
    var began = Instant.never
    var requestDone = Instant.never
    var assigned = Instant.never
    var connected = Instant.never
    var responded = Instant.never
    /// Who ended it and when, as the log tells: `CD`, `SH`, `--`.
    var cause = UInt8(ascii: "-")
    var moment = UInt8(ascii: "-")
    var serverQueuePosition = 0
    var backendQueuePosition = 0
    /// The server that the log names: the last one it was assigned to.
    var loggedServer: Server?
    /// Of its last connection to a server: the log asks about it when the connection is gone.
    var serverTLS: TLSChannel?
    /// It never was a request: the log tells no bytes of the answer.
    var wasRefused = false
    /// Monitoring requests are not logged.
    var isLogged = true

    init(core: ProxyCore) {
        self.core = core
    }

    /// Makes it new for a client.
    @inline(__always)
    func reset(for client: ClientConnection, id: UInt64) {
        self.id = id
        self.client = client
        client.stream = self
        frontend = client.frontend
        phase = .request
        method = .other
        keepsClient = false
        asksForUpgrade = false
        sent = 0
        isResendable = true
        request.begin(.none)
        if !variables.isEmpty { variables.removeAll() }
        waitingRule = 0
        inspectionEnds = .never
        held = nil
        preferred = nil
        cookieFound = UInt8(ascii: "-")
        cookieSet = UInt8(ascii: "-")
        requestLine.clear()
        retriesDone = 0
        wasRedispatched = false
        wasStale = false
        isUploadBroken = false
        isFirstRequest = client.isFirstRequest
        response.begin(.none)
        hasResponse = false
        status = -1
        serverKeepsOpen = false
        hasSurplus = false
        bytesIn = 0
        bytesOut = 0
        accountedIn = 0
        accountedOut = 0
        requestDone = .never
        assigned = .never
        connected = .never
        responded = .never
        cause = UInt8(ascii: "-")
        moment = UInt8(ascii: "-")
        serverQueuePosition = 0
        backendQueuePosition = 0
        wasRefused = false
        isLogged = true
        loggedServer = nil
        migration = .none
    }

    /// Goes on counting where another worker has stopped.
    func countOn(bytesIn: Int, bytesOut: Int) {
        self.bytesIn = bytesIn
        self.bytesOut = bytesOut
        accountedIn = bytesIn
        accountedOut = bytesOut
    }

    /// Adds what moved since the last time to every counter that it belongs to.
    func account() {
        let newIn = bytesIn - accountedIn
        let newOut = bytesOut - accountedOut
        guard newIn | newOut != 0 else { return }
        accountedIn = bytesIn
        accountedOut = bytesOut
        frontend.load.traffic.bytesIn += newIn
        frontend.load.traffic.bytesOut += newOut
        if let backend {
            backend.load.traffic.bytesIn += newIn
            backend.load.traffic.bytesOut += newOut
        }
        if let server {
            server.load.traffic.bytesIn += newIn
            server.load.traffic.bytesOut += newOut
        }
        countTrackedBytes(in: newIn, out: newOut)
        core.figures.bytesOut += newOut
        core.figures.bytesOutRate.add(newOut, second: core.loop.now.nanoseconds / 1_000_000_000)
    }

    // MARK: Events

    func clientReady(failed: Bool) {
        if failed {
            clientLost()
            return
        }
        switch phase {
        case .exchange, .tunnel: advance()
        case .reply: flushReply()
        case .inspecting: inspect()
        case .request, .queued, .turnaround, .connecting, .tarpit, .ended: break
        }
    }

    func serverReady(_ readiness: UInt32) {
        switch phase {
        case .connecting: connectionReady(readiness)
        case .exchange, .tunnel: advance()
        case .request, .inspecting, .queued, .turnaround, .tarpit, .reply, .ended: break
        }
    }

    func resume() {
        switch phase {
        case .exchange, .tunnel: advance()
        case .reply: flushReply()
        case .request, .inspecting, .queued, .turnaround, .connecting, .tarpit, .ended: break
        }
    }

    /// Moves whatever can move, then sets the deadlines.
    func advance() {
        if phase == .tunnel {
            pumpTunnel()
        } else {
            pumpRequest()
            if phase == .exchange { hasResponse ? pumpResponse() : readResponse() }
        }
        switch phase {
        case .exchange:
            if let client, let connection, let backend {
                setExchangeDeadlines(client, connection, backend)
            }
        case .tunnel: setTunnelDeadlines()
        case .request, .inspecting, .queued, .turnaround, .connecting, .tarpit, .reply, .ended: break
        }
    }

    // MARK: Deadlines

    /// Each side has a deadline only while it is the one that is waited for.
    @inline(__always)
    func setExchangeDeadlines(
        _ client: ClientConnection, _ connection: ServerConnection, _ backend: Backend
    ) {
        account()
        let requestGoesOn = !request.isComplete
        let waitsForClient = (requestGoesOn && request.isFlushed && !hasUnsent) || !response.isFlushed
        if waitsForClient {
            client.setDeadline(after: frontend.timing.client)
        } else {
            core.loop.setDeadline(.never, of: client)
        }
        let waitsForServer = (!waitsForClient || hasUnsent || !request.isFlushed) && response.isFlushed
        if waitsForServer {
            connection.setDeadline(after: backend.timing.server)
        } else {
            core.loop.setDeadline(.never, of: connection)
        }
    }

    func clientDeadline() {
        switch phase {
        case .queued: queueTimedOut()
        case .turnaround: reconnect()
        case .exchange:
            if hasResponse || !response.isFlushed {
                end(cause: "c", moment: "D")
            } else {
                fail(status: 408, cause: "c", moment: "D")
            }
        case .tunnel: end(cause: "c", moment: "D")
        case .reply: end(cause: "c", moment: "D")
        case .tarpit: tarpitEnded()
        case .inspecting: inspect()
        case .request, .connecting, .ended: break
        }
    }

    func serverDeadline() {
        switch phase {
        case .connecting: connectionFailed(timedOut: true)
        case .exchange:
            if hasResponse {
                countServerAbort()
                end(cause: "s", moment: "D")
            } else {
                backend?.load.traffic.responseErrors += 1
                server?.load.traffic.responseErrors += 1
                fail(status: 504, cause: "s", moment: "H")
            }
        case .tunnel: end(cause: "s", moment: "D")
        case .request, .inspecting, .queued, .turnaround, .tarpit, .reply, .ended: break
        }
    }

    /// The client's connection broke.
    func clientLost() {
        guard phase != .ended else { return }
        frontend.load.traffic.clientAborts += 1
        backend?.load.traffic.clientAborts += 1
        server?.load.traffic.clientAborts += 1
        switch phase {
        case .request, .inspecting, .tarpit, .reply: end(cause: "C", moment: "R")
        case .queued: end(cause: "C", moment: "Q")
        case .turnaround, .connecting: end(cause: "C", moment: "C")
        case .exchange: end(cause: "C", moment: hasResponse ? "D" : "H")
        case .tunnel: end(cause: "C", moment: "D")
        case .ended: break
        }
    }

    func countServerAbort() {
        backend?.load.traffic.serverAborts += 1
        server?.load.traffic.serverAborts += 1
    }

    /// Cuts it: an admin's `shutdown session`, or the hard stop. HAProxy names no moment while bytes of the
    /// client may still come.
    func kill() {
        if migration == .moving { return killOnTheWay() }
        keepsClient = false
        switch phase {
        case .request, .inspecting, .tarpit: end(cause: "K", moment: "R")
        case .queued: end(cause: "K", moment: "Q")
        case .turnaround, .connecting, .tunnel: end(cause: "K", moment: "-")
        case .exchange:
            if !request.isComplete {
                end(cause: "K", moment: "-")
            } else if hasResponse {
                end(cause: "K", moment: "D")
            } else {
                fail(status: 502, cause: "K", moment: "H")
                if phase == .reply { end(cause: "K", moment: "H") }
            }
        case .reply: end(cause: "K", moment: "D")
        case .ended: break
        }
    }
}
