// A client's connection between its requests: reads heads, hands each to a stream, and goes on after it.

import Glibc
import HTTP1
import Migration
import ProxyProtocol
import Unix

/// A client. It holds no buffer while it is silent.
final class ClientConnection: Connection {
    let listener: Listener
    /// Who it is: as the socket says, or the proxy in front of us.
    private(set) var peer: SocketAddress
    var stream: Stream?
    /// Bytes that were read and belong to no request yet.
    private(set) var held: ByteBuffer?
    /// `held` may hold a whole head; otherwise more bytes are needed first.
    private(set) var heldIsFresh = false
    /// A server connection that nobody else may use.
    var ownServer: ServerConnection?
    /// When the request that is being read began; `.never` between requests.
    private(set) var headBegan = Instant.never
    /// When it was accepted, or was done with the response before: as HAProxy does, each request is timed from there.
    private(set) var accepted: Instant
    /// When it was known who it is: behind a PROXY protocol header and the TLS handshake, which only the first
    /// request waits for.
    private(set) var handshakeEnd: Instant
    /// No request was read yet: `http-reuse safe` gives it a connection of its own.
    var isFirstRequest = true
    /// What the bytes are that come while there is no stream.
    enum Stage: UInt8 {
        case requests
        /// The PROXY protocol header that says whom the connection is for.
        case announced
        /// The TLS handshake.
        case securing
        /// On its way to another worker: nobody here reads from it.
        case moving
        /// All is said; what the client still sends is read and dropped, so that it sees our answer.
        case lingering
    }
    var stage: Stage
    /// `serve` is at work: a stream that ends within it needs not call it.
    private var isServing = false
    /// The successor did not take it.
    var staysHere = false
    /// Its place in the core's list.
    var index = 0
    /// Nil for most: nothing was noted.
    private(set) var session: ClientSession?

    /// HAProxy's `tune.bufsize` less `tune.maxrewrite`.
    static let longestHead = 15360
    private static let lingerNanoseconds: Int64 = 2_000_000_000

    /// `accepted`: when another worker has accepted it; nil: it is new.
    init(
        core: ProxyCore, listener: Listener, descriptor: Int32, peer: SocketAddress,
        accepted: Instant? = nil
    ) {
        self.listener = listener
        self.peer = peer
        self.accepted = accepted ?? core.loop.now
        handshakeEnd = self.accepted
        stage = listener.acceptsProxy ? .announced : listener.security != nil ? .securing : .requests
        super.init(core: core, descriptor: descriptor)
    }

    @inline(__always) var frontend: Frontend { listener.frontend }

    /// Where it came to.
    var localAddress: SocketAddress {
        if let known = session?.localAddress { return known }
        let address = (try? Socket.localAddress(descriptor)) ?? listener.socket.address
        openSession().localAddress = address
        return address
    }

    /// The session, made now if nothing was noted before.
    func openSession() -> ClientSession {
        if let session { return session }
        let opened = ClientSession()
        session = opened
        return opened
    }

    /// Whether a table's entry is tracked for the whole connection.
    @inline(__always) var isTracked: Bool { session.map { !$0.tracked.isEmpty } ?? false }

    /// Another proxy has said whom the connection is for.
    func take(source: SocketAddress, destination: SocketAddress) {
        peer = source
        openSession().localAddress = destination
    }

    /// Lets the client in, as soon as it is known who it is.
    func enter() {
        if stage == .announced { return awaitHeader() }
        if stage == .securing { return awaitHandshake() }
        handshakeEnd = core.loop.now
        if frontend.rules.asksConnections && !passesSessionRules() { return close() }
        start()
    }

    /// Begins to wait for the first request.
    private func start() {
        if frontend.isHTTP {
            setDeadline(after: frontend.timing.httpRequest)
        } else {
            core.takeStream(for: self).beginTCP()
        }
    }

    // MARK: Events

    override func ready(_ readiness: UInt32) {
        core.recycleStreams()
        note(readiness)
        if let stream { return stream.clientReady(failed: readiness & 0x8 != 0) }
        switch stage {
        case .requests: serve()
        case .announced: readHeader()
        case .securing: shakeHands()
        case .lingering: discard()
        case .moving: break
        }
    }

    override func resume() {
        guard descriptor >= 0 else { return }
        if let stream {
            stream.resume()
        } else if stage == .securing {
            shakeHands()
        } else if stage == .lingering {
            discard()
        } else {
            serve()
        }
    }

    override func deadlineReached() {
        core.recycleStreams()
        if let stream { return stream.clientDeadline() }
        switch stage {
        case .requests: if headBegan == .never && !isFirstRequest { closeIdle() } else { refuse(.timedOut) }
        case .announced: refuseHeader(.timedOut)
        case .securing: refuseHandshake(.timedOut)
        case .lingering: close()
        case .moving: break
        }
    }

    // MARK: Heads

    /// Reads heads and begins streams until bytes are missing or a stream takes time.
    func serve() {
        isServing = true
        defer { isServing = false }
        var turns = 0
        while stream == nil && descriptor >= 0 && stage == .requests {
            turns += 1
            if turns > 64 {
                core.schedule(self)
                return
            }
            let buffer = core.readBuffer
            var total = held?.count ?? 0
            if let held { buffer.copyMemory(from: held.bytes) }
            var mustSearch = false
            if heldIsFresh {
                heldIsFresh = false
            } else {
                guard isReadable else { return }
                switch read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[total...])) {
                case .moved(let count):
                    mustSearch = total > 0
                    if headBegan == .never { headBegan = core.loop.now }
                    if mustSearch && !mayEndHead(buffer, from: total, to: total + count) {
                        total += count
                        guard keepPartial(buffer, total) else { return }
                        continue
                    }
                    total += count
                case .wouldBlock: return
                case .ended:
                    ended()
                    return
                case .failed:
                    failed()
                    return
                }
            }
            guard parse(buffer, total) else { return }
        }
    }

    /// Whether the bytes that came last may complete a head; spares reading it anew for every dribble.
    private func mayEndHead(_ buffer: UnsafeMutableRawBufferPointer, from: Int, to: Int) -> Bool {
        var index = max(1, from - 1)
        while index < to {
            if buffer[index] == 10 && (buffer[index - 1] == 10 || (index > 1 && buffer[index - 2] == 10)) {
                return true
            }
            index += 1
        }
        return false
    }

    /// False: the connection was refused or is lost.
    private func parse(_ buffer: UnsafeMutableRawBufferPointer, _ total: Int) -> Bool {
        let bytes = core.bytes(0..<total)
        switch core.requestHead.read(bytes.span) {
        case .complete(let length):
            if length > Self.longestHead { return refuseTooLong(total) }
            releaseHeld()
            core.takeStream(for: self).beginHTTP(self, headLength: length, total: total)
            return true
        case .partial: return keepPartial(buffer, total)
        case .invalid(.coding):
            refuse(.coded)
            return false
        case .invalid:
            let position = HeadOutcome.fault(in: bytes.span) { core.requestHead.read($0) }
            core.captureRequest(UnsafeRawBufferPointer(bytes), at: position, of: self)
            refuse(.invalid)
            return false
        }
    }

    private func refuseTooLong(_ total: Int) -> Bool {
        let kept = min(total, BufferStock.size)
        core.captureRequest(UnsafeRawBufferPointer(core.bytes(0..<kept)), at: kept, of: self)
        refuse(.tooLong)
        return false
    }

    private func keepPartial(_ buffer: UnsafeMutableRawBufferPointer, _ total: Int) -> Bool {
        if total >= Self.longestHead { return refuseTooLong(total) }
        let kept = held ?? core.takeBuffer()
        kept.clear()
        kept.append(UnsafeRawBufferPointer(rebasing: buffer[..<total]))
        held = kept
        if isFirstRequest || headBegan == .never { return true }
        // The request has begun: its own timeout counts from here.
        core.loop.setDeadline(headBegan.advanced(byNanoseconds: frontend.timing.httpRequest), of: self)
        return true
    }

    /// Keeps bytes behind a request for the next one, or for a tunnel.
    func hold(_ bytes: UnsafeRawBufferPointer) {
        let kept = held ?? core.takeBuffer()
        kept.append(bytes)
        held = kept
        heldIsFresh = true
    }

    /// What another worker has read of a head.
    func takeUp(_ moving: MovingClient) {
        headBegan = moving.headBegan
        guard !moving.held.isEmpty else { return }
        moving.held.withUnsafeBytes { hold($0) }
        heldIsFresh = moving.heldIsFresh
    }

    /// Gives what is held to a tunnel.
    func takeHeld() -> ByteBuffer? {
        defer {
            held = nil
            heldIsFresh = false
        }
        return held
    }

    private func releaseHeld() {
        if let held {
            self.held = nil
            core.putBackBuffer(held)
        }
    }

    var hasHeld: Bool { held != nil }

    // MARK: Between streams

    /// The stream has ended and the connection goes on.
    @inline(__always)
    func awaitNextRequest() {
        stream = nil
        isFirstRequest = false
        accepted = core.loop.now
        handshakeEnd = accepted
        if heldIsFresh || isReadable {
            headBegan = heldIsFresh ? core.loop.now : .never
            core.loop.setDeadline(
                core.loop.now.advanced(byNanoseconds: frontend.timing.keepAlive), of: self)
            if !isServing { serve() }
        } else if reachedEnd {
            close()
        } else {
            headBegan = .never
            setDeadline(after: frontend.timing.keepAlive)
        }
        if core.movesIdle && canMove { core.departures.enqueue(self) }
    }

    private func ended() {
        if held != nil {
            refuse(.aborted)
        } else if isFirstRequest {
            core.logUnused(self, cause: .aborted)
            close()
        } else {
            close()
        }
    }

    private func failed() {
        if held != nil || isFirstRequest { core.logUnused(self, cause: .aborted) }
        close()
    }

    /// Why a request that never became one is turned down.
    enum Refusal {
        /// `coded`: its body is coded in a way that cannot be passed on.
        case invalid, coded, tooLong, timedOut, aborted
    }

    private func refuse(_ refusal: Refusal) {
        let hadBytes = held != nil || (refusal != .timedOut && refusal != .aborted)
        releaseHeld()
        core.takeStream(for: self).refuse(refusal, hadBytes: hadBytes)
    }

    // MARK: Ending

    /// Closes after our last bytes were sent: at once where nothing of the client is unread, else after a while.
    func finishAndClose(unreadInput: Bool) {
        stream = nil
        guard unreadInput, descriptor >= 0, !reachedEnd else {
            closeIdle()
            return
        }
        shutWrite()
        stage = .lingering
        setDeadline(after: Self.lingerNanoseconds)
        discard()
    }

    private func discard() {
        var rounds = 0
        while isReadable && descriptor >= 0 {
            rounds += 1
            switch read(into: core.readBuffer) {
            case .moved: if rounds > 64 { close() }
            case .wouldBlock: return
            case .ended, .failed: close()
            }
        }
    }

    /// The hard stop. A client that was silent or had sent half a head is in the log too, except where all was
    /// said already.
    func cut() {
        if stage == .lingering || stage == .moving || stream != nil {
            close()
        } else {
            releaseHeld()
            core.takeStream(for: self).cutUnread()
        }
    }

    /// Closes where all was said.
    private func closeIdle() {
        if !isShut { tls?.sayGoodbye() }
        close()
    }

    /// Closes at once. A stream must have let go of it.
    func close() {
        guard descriptor >= 0 else { return }
        releaseHeld()
        stream = nil
        if let ownServer {
            self.ownServer = nil
            ownServer.close()
        }
        session?.tracked.release(now: core.tick)
        closeSocket()
        core.clientClosed(self)
    }
}
