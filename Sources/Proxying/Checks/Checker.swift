// Checks one server: connects every `inter`, asks what there is to ask, and tells the core what changed.

import ConfigLanguage
import Polling
import ProxyProtocol
import TLS
import Unix

/// The check of one `server … check`.
final class Checker: Watcher {
    private enum Phase {
        case resting, connecting
        /// The TLS handshake.
        case securing
        /// The request is on its way, or its answer.
        case asking
    }

    private unowned let core: ProxyCore
    private let server: Server
    private let settings: CheckSettings
    private let question: HTTPCheck?
    private var phase = Phase.resting
    private var socket: Int32 = -1
    private var tls: TLSChannel?
    private var otherHasEnded = false
    private var began = Instant.never
    /// Which of the connections of `tcp-check` it is.
    private var step = 0
    private var unsent: ArraySlice<UInt8> = []
    private var answer: [UInt8] = []

    init(core: ProxyCore, server: Server) {
        self.core = core
        self.server = server
        settings = server.backend.settings.check
        question = settings.method == .http ? HTTPCheck(settings) : nil
    }

    /// The first check comes after `delay`, so that checks of many servers do not come at once.
    func start(after delay: Duration) {
        core.loop.setDeadline(core.loop.now + delay, of: self)
    }

    func stop() {
        finishSocket()
        core.loop.cancelDeadline(of: self)
    }

    override func deadlineReached() {
        switch phase {
        case .resting: begin()
        case .connecting: done(place.isEmpty ? .timedOut : .timedOut(place))
        case .securing: done(.notSecured)
        case .asking: done(.unanswered)
        }
    }

    override func ready(_ readiness: UInt32) {
        let readiness = Readiness(rawValue: readiness)
        if !readiness.isDisjoint(with: [.peerEnded, .hungUp]) { otherHasEnded = true }
        switch phase {
        case .resting: break
        case .connecting:
            if let error = Socket.pendingError(socket) {
                done(.refused(error.description + place))
            } else if readiness.contains(.writable) {
                connected()
            }
        case .securing: secure()
        case .asking:
            if readiness.contains(.writable) { send() }
            let mayRead = !readiness.isDisjoint(with: [.readable, .peerEnded, .failed, .hungUp])
            if phase == .asking && mayRead { receive() }
        }
    }

    // MARK: Connecting

    private var isSequence: Bool { settings.method == .tcp && !settings.connections.isEmpty }

    /// Where `tcp-check` is, as HAProxy says it behind what went wrong there.
    private var place: String {
        guard isSequence else { return "" }
        let port = settings.connections[step].map { " port \($0)" } ?? ""
        return " at step \(step + 1) of tcp-check (connect\(port))"
    }

    private var target: SocketAddress? {
        guard isSequence, let port = settings.connections[step] else { return server.checkTarget }
        return server.address?.with(port: port)
    }

    private func begin() {
        guard !server.inMaintenance else { return again() }
        began = core.loop.now
        step = 0
        connect()
    }

    private func connect() {
        guard let address = target else { return again() }
        do throws(Errno) {
            let socket = try Socket.stream(for: address)
            // Closing with a reset leaves no connection in TIME_WAIT.
            Socket.setResetOnClose(socket.raw)
            let isConnected = try Socket.connect(socket.raw, to: address)
            self.socket = socket.release()
            phase = .connecting
            try core.loop.add(self, descriptor: self.socket, interest: .edges)
            if isConnected { return connected() }
            core.loop.setDeadline(began + connectTimeout, of: self)
        } catch {
            done(.refused(error.description + place))
        }
    }

    /// As in HAProxy: `inter`, or `timeout connect` where that is less and `timeout check` bounds the rest.
    private var connectTimeout: Duration {
        let timeouts = server.backend.settings.timeouts
        guard timeouts.check != nil, let connect = timeouts.connect else { return server.options.inter }
        return min(connect, server.options.inter)
    }

    /// The connection stands.
    private func connected() {
        let header = header
        guard let connector = server.checkConnector, let workspace = core.tls?.workspace else {
            return ask(header: header)
        }
        // A few bytes, which a new connection always has room for.
        guard header.isEmpty || header.withUnsafeBytes({ Socket.write(socket, $0) }) == .moved(header.count),
            let channel = connector.channel(
                on: socket, name: server.options.checkSNI,
                in: workspace)
        else { return done(.unsafe("no TLS could be begun")) }
        tls = channel
        phase = .securing
        let check = server.backend.settings.timeouts.check
        core.loop.setDeadline(check.map { core.loop.now + $0 } ?? began + server.options.inter, of: self)
        secure()
    }

    private func secure() {
        guard let tls else { return }
        switch tls.handshake(mayHaveEnded: otherHasEnded) {
        case .waits: break
        case .failed(let failure): done(.unsafe("SSL handshake failure" + failure.detail + place))
        case .done: ask(header: [])
        }
    }

    /// There is somebody to ask.
    private func ask(header: [UInt8]) {
        unsent = header[...]
        if let question {
            unsent += question.request
            answer.removeAll(keepingCapacity: true)
        }
        phase = .asking
        send()
        guard phase == .asking else { return }
        if question != nil {
            let check = server.backend.settings.timeouts.check
            core.loop.setDeadline(
                check.map { core.loop.now + $0 } ?? began + server.options.inter, of: self)
        } else if isSequence && step + 1 < settings.connections.count {
            finishSocket()
            step += 1
            connect()
        } else {
            done(isSequence ? .allConnected : tls == nil ? .connected : .secured)
        }
    }

    /// What tells a server that believes in the PROXY protocol whom the connection is for: the check itself.
    private var header: [UInt8] {
        guard let version = server.checkAnnouncement else { return [] }
        guard version == .text, let target, let source = try? Socket.localAddress(socket) else {
            return ProxyHeader.local.bytes(version)
        }
        return ProxyHeader.forwarded(source: source, destination: target).bytes(version)
    }

    // MARK: Asking

    private func send() {
        while !unsent.isEmpty {
            switch unsent.withUnsafeBytes({ write($0) }) {
            case .moved(let count): unsent = unsent.dropFirst(count)
            case .wouldBlock, .ended: return
            case .failed(let error):
                // It may have answered before it closed.
                if question != nil { return receive() }
                return done(.refused(error.description + place))
            }
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        tls?.write(bytes, .init(start: nil, count: 0)) ?? Socket.write(socket, bytes)
    }

    private func read(into room: UnsafeMutableRawBufferPointer) -> Transfer {
        tls?.read(into: room, mayHaveEnded: otherHasEnded) ?? Socket.read(socket, into: room)
    }

    private func receive() {
        guard let question else { return }
        while true {
            var hasEnded = false
            let room = UnsafeMutableRawBufferPointer(rebasing: core.readBuffer[..<HTTPCheck.longestAnswer])
            switch read(into: room) {
            case .moved(let count): answer += room[..<count]
            case .wouldBlock: return
            case .ended, .failed: hasEnded = true
            }
            if let result = question.result(of: answer, hasEnded: hasEnded) { return done(result) }
            if hasEnded { return done(.misunderstood()) }
        }
    }

    // MARK: The end

    private func done(_ result: CheckResult) {
        let milliseconds = Int((Instant.now() - began).milliseconds)
        finishSocket()
        let change = server.check.note(result, milliseconds: milliseconds)
        core.checked(server, change)
        again()
    }

    private func finishSocket() {
        phase = .resting
        guard socket >= 0 else { return }
        core.loop.forget(self)
        tls = nil
        otherHasEnded = false
        _ = Descriptor(owning: socket)
        socket = -1
    }

    private func again() {
        let options = server.options
        let span: Duration
        if !server.isUp && server.check.health == 0 {
            span = options.downInter ?? options.inter
        } else if server.check.isInTransition {
            span = options.fastInter ?? options.inter
        } else {
            span = options.inter
        }
        core.loop.setDeadline(core.loop.now + span, of: self)
    }
}

extension HandshakeFailure {
    /// What a check's result tells of it.
    fileprivate var detail: String {
        switch self {
        case .closed, .broken: ""
        case .untrusted, .untrustedAuthority: " (certificate verify failed)"
        case .refused(let reason): " (\(reason))"
        }
    }
}

extension CheckState {
    /// Neither surely up nor surely down.
    var isInTransition: Bool { health != 0 && health != rise + fall - 1 }
}
