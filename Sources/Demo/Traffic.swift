// Bounded load against one address, every request accounted for: groups of clients on the caller's loop.

import Glibc
import Polling
import TLS
import Unix

/// Several loads at once, against one or more addresses.
package final class Traffic {
    package let loop: EventLoop
    private var groups: [TrafficGroup] = []
    private var marks: [Instant] = []
    let buffers = IOBuffers()

    package init(on loop: EventLoop) {
        self.loop = loop
    }

    /// Starts a load against `address`; the clients begin spread over `ramp`.
    package func start(_ load: Load, to address: SocketAddress, ramp: Duration = .milliseconds(200)) {
        let group = TrafficGroup(load, to: address, in: self)
        groups.append(group)
        group.start(ramp: ramp)
    }

    /// Remembers a moment (a reload) around which latencies are counted apart.
    package func mark(_ moment: Instant = .now()) {
        marks.append(moment)
    }

    /// Begins nothing new; what is under way goes on. Idle connections are closed, WebSockets end politely.
    package func finish() {
        for group in groups { group.finish() }
    }

    /// Everything that was begun has ended.
    package var isFinished: Bool { groups.allSatisfy(\.isFinished) }

    /// Cuts what is still under way; it counts as unfinished.
    package func stop() {
        for group in groups { group.stop() }
    }

    /// The accounts so far, a report a load, in the order of their start.
    package var reports: [TrafficReport] {
        groups.map { TrafficReport(name: $0.load.name, tally: $0.tally, marks: marks) }
    }

    /// The accounts of one load so far.
    package func tally(_ name: String) -> Tally? {
        groups.first { $0.load.name == name }?.tally
    }
}

/// The clients of one load.
final class TrafficGroup {
    let load: Load
    let address: SocketAddress
    let traffic: Traffic
    var tally = Tally()
    private var clients: [ObjectIdentifier: TrafficClient] = [:]
    private var arrivals: Timer?
    private var begun = Instant.now()
    private var isFinishing = false
    private var random = SystemRandomNumberGenerator()
    /// The bytes of a request, where they never change.
    private let fixedRequest: [UInt8]
    /// Made by the first connection that needs it.
    private var security: LoadSecurity?
    private static let mostNotes = 20

    init(_ load: Load, to address: SocketAddress, in traffic: Traffic) {
        self.load = load
        self.address = address
        self.traffic = traffic
        fixedRequest = Self.request(path: load.path, closes: !load.reuses)
    }

    var loop: EventLoop { traffic.loop }
    var isFinished: Bool { isFinishing && clients.isEmpty }

    private static func request(path: String, closes: Bool) -> [UInt8] {
        Array(
            ("GET \(path) HTTP/1.1\r\nHost: demo.local\r\nUser-Agent: reloadtop-demo\r\n"
                + (closes ? "Connection: close\r\n\r\n" : "\r\n")).utf8)
    }

    // MARK: Begin and end

    func start(ramp: Duration) {
        begun = Instant.now()
        guard let count = load.clients else {
            arrivals = Timer(on: loop) { [unowned self] in arrive() }
            arrivals?.set(at: begun)
            return
        }
        for index in 0..<count {
            let client = TrafficClient(in: self)
            clients[ObjectIdentifier(client)] = client
            let share = ramp.nanoseconds * Int64(index) / Int64(max(1, count))
            client.next(at: begun.advanced(byNanoseconds: share))
        }
    }

    /// Starts as many connections as are due by now.
    private func arrive() {
        guard case .connections(let perSecond) = load.kind, !isFinishing else { return }
        let now = Instant.now()
        let due = Int(Double((now - begun).nanoseconds) / 1e9 * perSecond)
        // After a stall of this process the missing arrivals come in small bursts, not all at once.
        for _ in 0..<min(max(0, due - tally.started), 64) {
            let client = TrafficClient(in: self)
            clients[ObjectIdentifier(client)] = client
            client.begin()
        }
        arrivals?.set(at: now + .milliseconds(1))
    }

    func finish() {
        guard !isFinishing else { return }
        isFinishing = true
        arrivals?.cancel()
        for client in clients.values { client.finish() }
    }

    func stop() {
        finish()
        for client in clients.values { client.cut() }
        clients.removeAll()
    }

    // MARK: What clients ask and tell

    /// The request that a client sends next, and how long it may take.
    func nextRequest() -> (bytes: [UInt8], timeout: Duration, expectsUpgrade: Bool) {
        switch load.kind {
        case .longPolls(_, let range):
            let span = Int.random(in: range, using: &random)
            return (
                Self.request(path: "/poll/\(span)", closes: true), load.timeout + .milliseconds(span), false
            )
        case .webSockets:
            let text =
                "GET /ws HTTP/1.1\r\nHost: demo.local\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(WebSocketFrame.key)\r\n\r\n"
            return (Array(text.utf8), load.timeout, true)
        case .connections, .keepAlive, .closedLoop, .idle: return (fixedRequest, load.timeout, false)
        }
    }

    /// The TLS of a client's new connection; nil: it speaks none.
    func channel(on socket: Int32) throws(TLSFault) -> TLSChannel? {
        guard let tls = load.tls else { return nil }
        if let security { return try security.channel(on: socket) }
        let fresh = try LoadSecurity(tls)
        security = fresh
        return try fresh.channel(on: socket)
    }

    /// How long a WebSocket lives, and the time between two of its frames.
    func tunnelPlan() -> (lifetime: Duration, pause: Duration) {
        guard case .webSockets(_, let rate, let range) = load.kind else { return (.zero, .zero) }
        return (
            .milliseconds(Int.random(in: range, using: &random)), .nanoseconds(Int64(1e9 / max(rate, 0.001)))
        )
    }

    /// A client's request is over, well or not: what it does next.
    func requestEnded(_ client: TrafficClient, begun: Instant) {
        if isFinishing { return leave(client) }
        switch load.kind {
        case .connections: leave(client)
        case .closedLoop, .longPolls, .webSockets:
            // Not at once: a refusing server would otherwise be asked without pause.
            if client.lastFailed { client.next(at: loop.now + .milliseconds(20)) } else { client.begin() }
        case .keepAlive(_, let perSecond):
            let due = begun + .nanoseconds(Int64(1e9 / max(perSecond, 0.001)))
            client.next(at: max(due, loop.now))
        case .idle: if client.lastFailed { leave(client) }
        }
    }

    func leave(_ client: TrafficClient) {
        client.disconnect()
        clients[ObjectIdentifier(client)] = nil
    }

    func note(_ failure: RequestFailure, _ detail: String) {
        guard tally.notes.count < Self.mostNotes else { return }
        let seconds = Double((Instant.now() - begun).nanoseconds) / 1e9
        tally.notes.append("\(load.name) at \(hundredths(seconds)) s: \(failure.rawValue), \(detail)")
    }
}
