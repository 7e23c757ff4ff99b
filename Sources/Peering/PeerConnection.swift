// One connection to a peer: the greeting, then its session's bytes both ways, in pieces small enough that the proxied
// traffic goes on between them.

import PeersProtocol
import Polling
import StickTables
import Unix

/// A connection to a peer, or to another worker of this proxy.
final class PeerConnection: Watcher {
    enum Event {
        /// A caller has said who it is; answer with `accept` or `refuse`.
        case greeted(Greeting)
        /// The peer has answered our greeting.
        case answered(status: Int)
        case news([PeerEvent])
        /// It is over; the reason is nil where the other side has closed.
        case closed(String?, isFault: Bool)
    }

    private enum Stage {
        case connecting
        /// Our greeting was sent.
        case calling
        /// A caller's greeting is awaited.
        case called
        case talking
        case closed
    }

    /// Bytes made ahead, and read, at a time.
    private static let portion = 32_768
    /// Portions before others have their turn.
    private static let turn = 4

    private let loop: EventLoop
    private var descriptor: Descriptor?
    private var stage: Stage
    private var greeting: Greeting?
    private var collector: LineCollector
    /// While the two talk.
    var session: PeerSession?
    /// The last change of each table that the peer had acknowledged when the session ended.
    private(set) var confirmed: [UInt32] = []
    private var unsent: [UInt8] = []
    private var sent = 0
    private var isScheduled = false
    private let handler: (PeerConnection, Event) -> Void
    /// When something was sent and heard last.
    private(set) var lastSaid: Tick
    private(set) var lastHeard: Tick
    /// A lesson of ours ends with "finished", not with "partial".
    var isUpToDate: () -> Bool = { true }

    static func tick(_ loop: EventLoop) -> Tick { Tick(milliseconds: loop.now.nanoseconds / 1_000_000) }

    private init(
        owning descriptor: consuming Descriptor, stage: Stage, greeting: Greeting?, on loop: EventLoop,
        handler: @escaping (PeerConnection, Event) -> Void
    ) throws(Errno) {
        self.loop = loop
        self.stage = stage
        self.greeting = greeting
        self.handler = handler
        collector = LineCollector(wanted: greeting == nil ? 3 : 1)
        lastSaid = Self.tick(loop)
        lastHeard = lastSaid
        let raw = descriptor.raw
        self.descriptor = consume descriptor
        super.init()
        try loop.add(self, descriptor: raw, interest: .edges)
    }

    /// Calls a peer.
    static func call(
        _ address: SocketAddress, _ greeting: Greeting, on loop: EventLoop,
        handler: @escaping (PeerConnection, Event) -> Void
    ) throws(Errno) -> PeerConnection {
        let socket = try Socket.stream(for: address)
        Socket.setNoDelay(socket.raw)
        _ = try Socket.connect(socket.raw, to: address)
        return try PeerConnection(
            owning: socket, stage: .connecting, greeting: greeting, on: loop, handler: handler)
    }

    /// Takes a caller.
    static func answer(
        _ socket: consuming Descriptor, on loop: EventLoop,
        handler: @escaping (PeerConnection, Event) -> Void
    ) throws(Errno) -> PeerConnection {
        try PeerConnection(owning: socket, stage: .called, greeting: nil, on: loop, handler: handler)
    }

    /// Talks at once: both ends are this proxy's own.
    static func link(
        _ socket: consuming Descriptor, _ session: PeerSession, on loop: EventLoop,
        handler: @escaping (PeerConnection, Event) -> Void
    ) throws(Errno) -> PeerConnection {
        try setNonBlocking(socket.raw)
        let made = try PeerConnection(
            owning: socket, stage: .talking, greeting: nil, on: loop, handler: handler)
        made.session = session
        return made
    }

    var isTalking: Bool { stage == .talking }
    var isClosed: Bool { stage == .closed }

    /// This side has called.
    var isCall: Bool { greeting != nil }

    var addresses: (own: SocketAddress?, peer: SocketAddress?) {
        guard let raw = descriptor?.raw else { return (nil, nil) }
        return (try? Socket.localAddress(raw), try? Socket.peerAddress(raw))
    }

    // MARK: The owner's decisions

    /// The caller is a peer: the session begins.
    func accept(_ session: PeerSession) {
        unsent += PeerStatus.success.line
        begin(session)
    }

    /// Tells a caller why not, and hangs up.
    func refuse(_ status: PeerStatus) {
        sayAtOnce(status.line)
        close()
    }

    /// A last word: what the socket does not take now is not said.
    private func sayAtOnce(_ bytes: [UInt8]) {
        guard let raw = descriptor?.raw else { return }
        _ = bytes.withUnsafeBytes { Socket.write(raw, $0) }
    }

    /// The peer that we called has agreed.
    func begin(_ session: PeerSession) {
        self.session = session
        stage = .talking
        pump()
    }

    /// Ends it without a word to the owner.
    func close() {
        guard stage != .closed else { return }
        stage = .closed
        loop.remove(self)
        descriptor = nil
        confirmed = session?.flows.map(\.lastConfirmed) ?? []
        session = nil
    }

    private func end(_ reason: String?, isFault: Bool = false) {
        guard stage != .closed else { return }
        close()
        handler(self, .closed(reason, isFault: isFault))
    }

    /// The peer is at fault: tells it so where it talks this protocol.
    private func fail(_ fault: PeerFault) {
        if stage == .talking {
            let isLong = if case .tooLong = fault { true } else { false }
            sayAtOnce([MessageClass.error, isLong ? 1 : 0])
        }
        end(fault.description, isFault: true)
    }

    func endSilent(after milliseconds: Int64) {
        end(PeerFault.silent(milliseconds).description)
    }

    // MARK: Bytes

    override func ready(_ readiness: UInt32) {
        if stage == .connecting {
            guard let raw = descriptor?.raw else { return }
            if let error = Socket.pendingError(raw) { return end("cannot connect: \(error)") }
            if readiness & Readiness.writable.rawValue == 0 { return }
            stage = .calling
            unsent += greeting?.bytes ?? []
        }
        receive()
        pump()
    }

    /// Lets others have their turn, then goes on.
    private func goOnLater() {
        guard !isScheduled else { return }
        isScheduled = true
        loop.atEndOfRound { [self] in
            isScheduled = false
            receive()
            pump()
        }
    }

    private func receive() {
        for portion in 0... {
            guard let raw = descriptor?.raw else { return }
            if portion == Self.turn { return goOnLater() }
            let isDone = withUnsafeTemporaryAllocation(byteCount: Self.portion, alignment: 8) { buffer in
                switch Socket.read(raw, into: buffer) {
                case .moved(let count):
                    lastHeard = Self.tick(loop)
                    take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                    return false
                case .wouldBlock: return true
                case .ended:
                    end(nil)
                    return true
                case .failed(let error):
                    end("\(error)")
                    return true
                }
            }
            if isDone { return }
        }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        do throws(PeerFault) {
            if stage == .called || stage == .calling {
                let (taken, isDone) = try collector.take(rest)
                guard isDone else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
                try greet()
            }
            guard stage == .talking, !rest.isEmpty else { return }
            let events = try session?.receive(rest, now: Self.tick(loop)) ?? []
            if !events.isEmpty { handler(self, .news(events)) }
        } catch {
            fail(error)
        }
    }

    private func greet() throws(PeerFault) {
        if stage == .calling {
            guard let status = Int(collector.lines[0]) else {
                throw .greeting(expected: "a status such as 200", found: Greeting.quoted(collector.lines[0]))
            }
            return handler(self, .answered(status: status))
        }
        do throws(Greeting.Refusal) {
            handler(self, .greeted(try Greeting(lines: collector.lines)))
        } catch {
            sayAtOnce(error.status.line)
            throw error.fault
        }
    }

    /// Says what there is to say, as far as the socket takes it.
    func pump() {
        for portion in 0... {
            guard let raw = descriptor?.raw, stage != .connecting else { return }
            if sent == unsent.count {
                unsent.removeAll(keepingCapacity: true)
                sent = 0
                if portion >= Self.turn { return goOnLater() }
                _ = session?.speak(
                    into: &unsent, limit: Self.portion, now: Self.tick(loop), isUpToDate: isUpToDate())
                if unsent.isEmpty { return }
            }
            let result = unsent.withUnsafeBytes { Socket.write(raw, .init(rebasing: $0[sent...])) }
            switch result {
            case .moved(let count):
                sent += count
                lastSaid = Self.tick(loop)
            case .wouldBlock: return
            case .ended: return end(nil)
            case .failed(let error): return end("\(error)")
            }
        }
    }

    /// Whether all that there is was told and has left.
    var hasToldAll: Bool { unsent.count == sent && (session?.hasToldAll ?? true) }

    var raw: Int32? { descriptor?.raw }
}
