// One client: connects, sends a request, reads its response, tells the group what became of it.

import Glibc
import Polling
import TLS
import Unix

final class TrafficClient: Watcher {
    private enum State {
        /// No request under way; the connection may stand.
        case resting
        case connecting
        case securing
        case awaitingHead
        /// Bytes of the body still to come; nil: until the server closes.
        case body(left: Int?)
        case tunnel
        /// A close frame was sent.
        case closingTunnel
    }

    private unowned let group: TrafficGroup
    private var socket: SocketBox?
    private var tls: TLSChannel?
    private var state = State.resting
    private var request: [UInt8] = []
    private var expectsUpgrade = false
    private var requestBegun = Instant.never
    private var timeout = Duration.zero
    /// The connection has carried a response before.
    private var isReused = false
    /// The head so far, where it came in pieces; in a tunnel: the echo so far.
    private var incoming: [UInt8] = []
    private var serverCloses = false
    private var tunnelEnd = Instant.never
    private var framePause = Duration.zero
    private var frameNumber = 0
    private(set) var lastFailed = false

    init(in group: TrafficGroup) {
        self.group = group
    }

    private var isResting: Bool { if case .resting = state { true } else { false } }

    // MARK: Requests

    /// Begins a request at `moment`.
    func next(at moment: Instant) {
        group.loop.setDeadline(moment, of: self)
    }

    /// Begins a request now, on the connection that stands or on a new one.
    func begin() {
        let plan = group.nextRequest()
        request = plan.bytes
        timeout = plan.timeout
        expectsUpgrade = plan.expectsUpgrade
        requestBegun = Instant.now()
        group.tally.started += 1
        group.tally.underway += 1
        incoming.removeAll(keepingCapacity: true)
        if socket == nil { connect() } else { send() }
    }

    private func connect() {
        isReused = false
        serverCloses = false
        group.tally.connections += 1
        state = .connecting
        do throws(Errno) {
            let socket = SocketBox(try Socket.stream(for: group.address))
            Socket.setNoDelay(socket.raw)
            group.loop.setDeadline(requestBegun + timeout, of: self)
            let stands = try Socket.connect(socket.raw, to: group.address)
            self.socket = socket
            try group.loop.add(self, descriptor: socket.raw, interest: .edges)
            if stands { connected(readiness: 0) }
        } catch {
            fail(error == .connectionRefused ? .refused : .local, "\(error)")
        }
    }

    private func connected(readiness: UInt32) {
        guard let socket else { return }
        group.tally.established += 1
        do throws(TLSFault) {
            tls = try group.channel(on: socket.raw)
        } catch {
            return fail(.local, "TLS: \(error.reason)")
        }
        if let tls { secure(tls, readiness) } else { send() }
    }

    private func secure(_ tls: TLSChannel, _ readiness: UInt32) {
        state = .securing
        switch tls.handshake(mayHaveEnded: hasEnded(readiness)) {
        case .waits: break
        case .failed(let failure): fail(.handshake, "\(failure)")
        case .done:
            group.tally.handshakes += 1
            if tls.isResumed { group.tally.resumed += 1 }
            send()
        }
    }

    private func send() {
        guard let socket else { return }
        state = .awaitingHead
        group.loop.setDeadline(requestBegun + timeout, of: self)
        // Requests are smaller than any send buffer: all of it or none.
        if case .failed(let error) = write(request, to: socket) {
            ended("\(error) while sending")
        }
    }

    // MARK: Events

    override func ready(_ readiness: UInt32) {
        guard let socket else { return }
        if case .connecting = state {
            if let error = Socket.pendingError(socket.raw) {
                return fail(
                    error == .connectionRefused ? .refused : .reset, "\(error) while connecting")
            }
            guard readiness & Readiness.writable.rawValue != 0 else { return }
            connected(readiness: readiness)
        } else if case .securing = state, let tls {
            secure(tls, readiness)
        }
        receive(readiness)
    }

    private func hasEnded(_ readiness: UInt32) -> Bool { readiness & Readiness.peerEnded.rawValue != 0 }

    private func receive(_ readiness: UInt32) {
        while let socket {
            switch state {
            case .connecting, .securing: return
            case .resting, .awaitingHead, .body, .tunnel, .closingTunnel: break
            }
            let input = group.traffic.buffers.input
            let result =
                tls?.read(into: input, mayHaveEnded: hasEnded(readiness))
                ?? Socket.read(socket.raw, into: input)
            switch result {
            case .moved(let count):
                let isLast = tls?.isDry ?? (count < input.count && !hasEnded(readiness))
                received(UnsafeRawBufferPointer(rebasing: input[..<count]))
                if isLast { return }
            case .wouldBlock: return
            case .ended: ended("closed")
            case .failed(let error): ended("\(error)")
            }
        }
    }

    private func received(_ bytes: UnsafeRawBufferPointer) {
        group.tally.bytes += bytes.count
        switch state {
        case .resting:
            fail(.truncated, "\(bytes.count) bytes that nobody asked for")
        case .connecting, .securing: break
        case .awaitingHead:
            if incoming.isEmpty, let head = ResponseHead(bytes) {
                headArrived(head, rest: UnsafeRawBufferPointer(rebasing: bytes[head.length...]))
            } else {
                incoming.append(contentsOf: bytes)
                let all = incoming
                all.withUnsafeBytes { all in
                    guard let head = ResponseHead(all) else { return }
                    headArrived(head, rest: UnsafeRawBufferPointer(rebasing: all[head.length...]))
                }
            }
        case .body(let left): bodyArrived(bytes.count, of: left)
        case .tunnel, .closingTunnel: echoed(bytes)
        }
    }

    private func headArrived(_ head: borrowing ResponseHead, rest: UnsafeRawBufferPointer) {
        serverCloses = head.closes
        if head.closes { group.tally.closeAnnounced += 1 }
        guard head.status == (expectsUpgrade ? 101 : 200) else {
            return fail(.badStatus, "status \(head.status)")
        }
        if expectsUpgrade {
            openTunnel()
            if !rest.isEmpty { echoed(rest) }
        } else {
            bodyArrived(rest.count, of: head.contentLength)
        }
    }

    private func bodyArrived(_ count: Int, of left: Int?) {
        guard let left else {
            state = .body(left: nil)
            return
        }
        if count > left { return fail(.truncated, "\(count - left) bytes too many") }
        state = .body(left: left - count)
        if count == left { succeed() }
    }

    /// The server ended the connection: what that means depends on the moment.
    private func ended(_ how: String) {
        switch state {
        case .resting:
            group.tally.closedIdle += 1
            let due = deadlineNanoseconds
            disconnect()
            next(at: Instant(nanoseconds: due))
        case .connecting, .securing: fail(.reset, how)
        case .awaitingHead where incoming.isEmpty:
            fail(isReused ? .lostOnReuse : how == "closed" ? .closedEarly : .reset, how)
        case .awaitingHead: fail(.truncated, "\(how) within the head")
        case .body(nil) where how == "closed": succeed()
        case .body(let left):
            fail(.truncated, "\(how) with \(left.map(String.init) ?? "unknown") bytes missing")
        case .tunnel:
            group.tally.tunnelsCut += 1
            tunnelEnded()
        case .closingTunnel:
            group.tally.tunnelsClosed += 1
            tunnelEnded()
        }
    }

    override func deadlineReached() {
        switch state {
        case .resting: begin()
        case .connecting, .securing, .awaitingHead, .body:
            fail(.timeout, "after \(timeout)")
        case .tunnel: sendFrame()
        case .closingTunnel: tunnelEnded()
        }
    }

    // MARK: Outcomes

    private func succeed() {
        group.tally.succeeded += 1
        sample()
        if serverCloses || !group.load.reuses { disconnect() } else { isReused = true }
        over(failed: false)
    }

    private func fail(_ failure: RequestFailure, _ detail: String) {
        guard !isResting else { return disconnect() }
        group.tally.failures[failure, default: 0] += 1
        group.note(failure, detail)
        disconnect()
        over(failed: true)
    }

    private func sample() {
        guard group.tally.samples.count < Tally.mostSamples else { return }
        let micros = (Instant.now() - requestBegun).nanoseconds / 1000
        group.tally.samples.append(.init(start: requestBegun, microseconds: Int32(clamping: micros)))
    }

    private func over(failed: Bool) {
        state = .resting
        lastFailed = failed
        group.tally.underway -= 1
        group.loop.cancelDeadline(of: self)
        group.requestEnded(self, begun: requestBegun)
    }

    func disconnect() {
        group.loop.remove(self)
        tls = nil
        socket = nil
    }

    /// No new request; one that is under way goes on.
    func finish() {
        switch state {
        case .resting: group.leave(self)
        case .tunnel: endTunnel()
        case .connecting, .securing, .awaitingHead, .body, .closingTunnel: break
        }
    }

    /// Ends at once what is under way.
    func cut() {
        switch state {
        case .connecting, .securing, .awaitingHead, .body:
            group.tally.failures[.unfinished, default: 0] += 1
            group.tally.underway -= 1
        case .resting, .tunnel, .closingTunnel: break
        }
        state = .resting
        disconnect()
    }

    // MARK: WebSockets

    private func openTunnel() {
        group.tally.succeeded += 1
        group.tally.underway -= 1
        sample()
        state = .tunnel
        incoming.removeAll()
        let plan = group.tunnelPlan()
        framePause = plan.pause
        tunnelEnd = Instant.now() + plan.lifetime
        sendFrame()
    }

    private func sendFrame() {
        let now = Instant.now()
        if now >= tunnelEnd { return endTunnel() }
        frameNumber += 1
        write(WebSocketFrame.text(Array("\(frameNumber)".utf8)))
        group.tally.framesSent += 1
        group.loop.setDeadline(min(tunnelEnd, now + framePause), of: self)
    }

    private func endTunnel() {
        state = .closingTunnel
        write(WebSocketFrame.close)
        group.loop.setDeadline(Instant.now() + .seconds(2), of: self)
    }

    private func echoed(_ bytes: UnsafeRawBufferPointer) {
        incoming.append(contentsOf: bytes)
        while let frame = incoming.withUnsafeBytes({ WebSocketFrame($0) }) {
            incoming.removeFirst(frame.length)
            if !frame.isClose { group.tally.framesEchoed += 1 }
        }
    }

    private func tunnelEnded() {
        disconnect()
        state = .resting
        lastFailed = false
        group.requestEnded(self, begun: requestBegun)
    }

    private func write(_ bytes: [UInt8]) {
        guard let socket else { return }
        // A few bytes: what fails here is told by the next read.
        _ = write(bytes, to: socket)
    }

    private func write(_ bytes: [UInt8], to socket: SocketBox) -> Transfer {
        bytes.withUnsafeBytes {
            tls?.write($0, UnsafeRawBufferPointer(start: nil, count: 0)) ?? Socket.write(socket.raw, $0)
        }
    }
}

/// A descriptor that a class can hold as an optional.
final class SocketBox {
    private let descriptor: Descriptor
    var raw: Int32 { descriptor.raw }

    init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }
}
