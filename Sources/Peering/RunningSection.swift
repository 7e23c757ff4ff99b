// A `peers` section at work: listens, calls, greets, learns and teaches. A peer at fault loses its connection, with a
// line in the log; tables and the other peers are untouched.

import ConfigLanguage
import Glibc
import PeersProtocol
import Polling
import StickTables
import Unix

/// A section at work.
package final class RunningSection {
    package let section: PeersSection
    package let localName: String
    package let tables: [SharedTable]
    package let peers: [RunningPeer]
    package private(set) var resync: Resync
    package let startedAt: WallClock
    private let loop: EventLoop
    private let report: (String) -> Void
    private var timer: Timer?
    private var acceptor: PeerAcceptor?
    /// Callers that have not said who they are.
    private var callers: [PeerConnection] = []
    private var isStopped = false
    /// Lines about callers in the current second.
    private var complaints: (second: Int64, count: Int) = (0, 0)

    private static let mostCallers = 64
    private static let mostComplaints = 10

    init(
        _ section: PeersSection, localName: String, tables: [StickTable], hasLearned: Bool,
        on loop: EventLoop,
        report: @escaping (String) -> Void
    ) {
        self.section = section
        self.localName = localName
        self.loop = loop
        self.report = report
        self.tables = tables.map { SharedTable(name: Self.wireName(of: $0.name), table: $0) }
        startedAt = .now()
        resync = Resync(now: PeerConnection.tick(loop))
        peers = section.peers.map { line in
            RunningPeer(line, address: line.endpoint.flatMap(Self.address))
        }
        if hasLearned { resync.learnedFromPredecessor() }
    }

    package var name: String { section.name }
    private var now: Tick { PeerConnection.tick(loop) }

    /// A table of a `peers` section goes without the section's name.
    private static func wireName(of name: String) -> String {
        name.firstIndex(of: "/").map { String(name[$0...]) } ?? name
    }

    static func address(_ endpoint: Endpoint) -> SocketAddress? {
        switch endpoint {
        case .tcp(let host, let family, .number(let port)):
            SocketAddress(numeric: host ?? (family == .ipv6 ? "::1" : "127.0.0.1"), port: port)
        case .unix(let path): .unix(path: path)
        case .abstract(let name): .paddedAbstract(name: name)
        case .tcp, .descriptor: nil
        }
    }

    /// Accepts on `socket`, and calls the others.
    func start(listening socket: Int32?) throws(Errno) {
        if let socket {
            acceptor = try PeerAcceptor(socket, on: loop) { [unowned self] accepted in take(accepted.take()) }
        }
        for peer in peers where !peer.isLocal { peer.callAt = now }
        timer = Timer(on: loop) { [unowned self] in clock() }
        clock()
    }

    /// Says what is new, then leaves everybody.
    func stop() {
        guard !isStopped else { return }
        isStopped = true
        acceptor?.stop()
        timer?.cancel()
        for caller in callers { caller.close() }
        for peer in peers {
            peer.connection?.pump()
            peer.connection?.close()
            peer.connection = nil
            peer.callAt = nil
        }
    }

    /// A table has changed.
    func tell() {
        for peer in peers { if let connection = peer.connection, connection.isTalking { connection.pump() } }
    }

    // MARK: Time

    private func setTimer() {
        guard !isStopped else { return }
        var next = peers.compactMap(\.deadline).min()
        if let first = callers.first {
            let end = first.lastHeard.advanced(byMilliseconds: RunningPeer.Span.greeting)
            next = next.map { min($0, end) } ?? end
        }
        if !resync.isFinished { next = next.map { min($0, resync.deadline) } ?? resync.deadline }
        guard let next else { return }
        let wait = max(1, next.milliseconds - now.milliseconds)
        timer?.set(after: .milliseconds(wait))
    }

    private func clock() {
        let now = now
        while let first = callers.first,
            now.milliseconds - first.lastHeard.milliseconds >= RunningPeer.Span.greeting
        {
            callers.removeFirst()
            complain("a caller from \(Self.text(first.addresses.peer)) has not said its name in time")
            first.close()
        }
        for peer in peers {
            if let connection = peer.connection {
                let silence = now.milliseconds - connection.lastHeard.milliseconds
                if connection.isTalking {
                    if silence >= RunningPeer.Span.silence {
                        peer.silences += 1
                        connection.endSilent(after: silence)
                    } else if now.milliseconds - connection.lastSaid.milliseconds
                        >= RunningPeer.Span.heartbeat
                    {
                        peer.beatsSaid += 1
                        connection.session?.beat()
                        connection.pump()
                    }
                } else if silence >= RunningPeer.Span.greeting {
                    connection.endSilent(after: silence)
                }
            } else if let callAt = peer.callAt, now >= callAt {
                call(peer)
            }
        }
        if let late = resync.clock(now: now) { peers[late].connection?.session?.stopLearning() }
        seekLesson()
        setTimer()
    }

    private func seekLesson() {
        let talking = peers.indices.filter { peers[$0].connection?.isTalking == true }
        guard let teacher = resync.nextTeacher(among: talking, now: now) else { return }
        peers[teacher].connection?.session?.askForLesson()
        peers[teacher].connection?.pump()
    }

    // MARK: Calling

    private func call(_ peer: RunningPeer) {
        guard let address = peer.address else {
            peer.callAt = nil
            return
        }
        peer.calls += 1
        peer.status = "CONN"
        let greeting = Greeting(remote: peer.name, local: localName, pid: getpid())
        do throws(Errno) {
            peer.connection = try PeerConnection.call(address, greeting, on: loop) {
                [unowned self, unowned peer] connection, event in
                heard(peer, connection, event)
            }
        } catch {
            peer.lost(now: now)
        }
    }

    private func heard(_ peer: RunningPeer, _ connection: PeerConnection, _ event: PeerConnection.Event) {
        guard peer.connection === connection, let place = peers.firstIndex(where: { $0 === peer }) else {
            return
        }
        switch event {
        case .greeted: break
        case .answered(let status):
            if status == PeerStatus.success.rawValue {
                begin(peer, connection)
                connection.begin(session(with: peer))
                seekLesson()
            } else {
                peer.status = PeerStatus(rawValue: status)?.word ?? "NONE"
                if status != PeerStatus.tryAgain.rawValue {
                    complain("peer '\(peer.name)' refuses the connection with status \(status)")
                }
                connection.close()
                resync.lost(place)
                peer.lost(now: now)
            }
        case .news(let events):
            resync.heard(place, now: now)
            for event in events { taught(peer, place, event) }
        case .closed(let reason, let isFault):
            if isFault {
                peer.faults += 1
                peer.status = "PROT"
            }
            // Where both sides call at the same moment, one of the two connections is short-lived.
            let stood = peer.greetedAt.map { now.milliseconds - $0.milliseconds >= 1000 } ?? false
            if let reason, isFault || stood && peer.status == "ESTA" {
                complain("peer '\(peer.name)': \(reason); the connection is closed")
            }
            resync.lost(place)
            peer.lost(now: now)
        }
        setTimer()
    }

    private func taught(_ peer: RunningPeer, _ place: Int, _ event: PeerEvent) {
        switch event {
        case .lessonEnded(let isPartial):
            resync.ended(by: place, isPartial: isPartial, now: now)
            seekLesson()
        case .mismatch(let table, let reason):
            complain("peer '\(peer.name)': table '\(table)' is not shared: it has \(reason)")
        case .lessonRequested, .lessonConfirmed: break
        }
    }

    private func session(with peer: RunningPeer, knowsTimes: Bool = true) -> PeerSession {
        PeerSession(
            tables: tables, manners: .init(knowsTimes: knowsTimes), confirmed: peer.confirmed)
    }

    private func begin(_ peer: RunningPeer, _ connection: PeerConnection) {
        peer.established(now: now)
        connection.isUpToDate = { [unowned self] in resync.isFinished }
    }

    // MARK: Being called

    private func take(_ socket: consuming Descriptor) {
        if callers.count >= Self.mostCallers { callers.removeFirst().close() }
        Socket.setNoDelay(socket.raw)
        do throws(Errno) {
            callers.append(
                try PeerConnection.answer(socket, on: loop) { [unowned self] connection, event in
                    called(connection, event)
                })
        } catch {
            complain("cannot serve a caller: \(error)")
        }
        setTimer()
    }

    private func called(_ connection: PeerConnection, _ event: PeerConnection.Event) {
        if let peer = peers.first(where: { $0.connection === connection }) {
            return heard(peer, connection, event)
        }
        switch event {
        case .greeted(let greeting): greeted(connection, greeting)
        case .closed(let reason, let isFault):
            callers.removeAll { $0 === connection }
            if isFault, let reason { complain("a caller: \(reason); the connection is closed") }
        case .answered, .news: break
        }
    }

    private func greeted(_ connection: PeerConnection, _ greeting: Greeting) {
        callers.removeAll { $0 === connection }
        let caller = "a caller from \(Self.text(connection.addresses.peer))"
        guard greeting.remote == localName else {
            complain("\(caller) wants the peer \(Greeting.quoted(greeting.remote)), expected '\(localName)'")
            return connection.refuse(.unknownHost)
        }
        guard let place = peers.firstIndex(where: { $0.name == greeting.local && !$0.isLocal }) else {
            complain("\(caller) is no peer of this section: \(Greeting.quoted(greeting.local))")
            return connection.refuse(.unknownPeer)
        }
        let peer = peers[place]
        if let other = peer.connection {
            // Both have called, or the peer has come back before we saw it leave: the newer connection stays.
            if other.isTalking { peer.collisions += 1 }
            other.close()
            peer.remember()
            resync.lost(place)
        }
        peer.connection = connection
        begin(peer, connection)
        connection.accept(session(with: peer, knowsTimes: greeting.minor > 0))
        seekLesson()
        setTimer()
    }

    private static func text(_ address: SocketAddress?) -> String {
        address?.description ?? "an unknown address"
    }

    /// A line for the log; a flood of them is cut.
    private func complain(_ text: String) {
        let second = now.milliseconds / 1000
        if complaints.second != second { complaints = (second, 0) }
        complaints.count += 1
        if complaints.count < Self.mostComplaints {
            report("peers '\(name)': \(text).")
        } else if complaints.count == Self.mostComplaints {
            report("peers '\(name)': \(text); further lines of this second are left out.")
        }
    }
}

/// Accepts on the section's address.
private final class PeerAcceptor: Watcher {
    private let socket: Int32
    private let loop: EventLoop
    private let accepted: (consuming Accepted) -> Void

    init(_ socket: Int32, on loop: EventLoop, accepted: @escaping (consuming Accepted) -> Void) throws(Errno)
    {
        self.socket = socket
        self.loop = loop
        self.accepted = accepted
        super.init()
        try loop.add(self, descriptor: socket, interest: .readable)
    }

    override func ready(_ readiness: UInt32) {
        do throws(Errno) {
            while let next = try Socket.accept(on: socket) { accepted(next) }
        } catch {
            // No descriptors are left, as a rule: the caller waits in the kernel's queue.
            loop.remove(self)
            loop.setDeadline(loop.now + .seconds(1), of: self)
        }
    }

    override func deadlineReached() {
        // Accepting is tried again at the next readiness, or in another second.
        do throws(Errno) {
            try loop.add(self, descriptor: socket, interest: .readable)
        } catch {
            loop.setDeadline(loop.now + .seconds(1), of: self)
        }
    }

    func stop() { loop.remove(self) }
}
