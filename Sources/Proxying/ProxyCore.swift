// One worker's data plane on one loop: opens all listeners of a configuration or none, then serves.

import ConfigLanguage
import Glibc
import HTTP1
import Polling
import Unix

/// How grave a line for the worker's log is.
package enum ReportSeverity: Sendable {
    case alert, warning, notice
}

/// A `frontend`, `backend` or `listen` section at work.
package struct RunningProxy {
    package let name: String
    package let frontend: Frontend?
    package let backend: Backend?
}

/// The data plane.
package final class ProxyCore {
    package let configuration: Configuration
    package let loop: EventLoop
    /// When the worker started, for `Uptime` and `lastchg`.
    package let startTime: Instant
    package let startedAt: WallClock
    /// In the order of the configuration.
    package let proxies: [RunningProxy]
    package let frontends: [Frontend]
    package let backends: [Backend]
    package private(set) var listeners: [Listener] = []
    /// The admin sockets of `global`, open and listening; their owner accepts on them.
    package let adminSockets: [(socket: ListeningSocket, settings: StatsSocket)]
    package var counters: ProcessCounters { figures }
    @exclusivity(unchecked) var figures = ProcessCounters()
    /// Lines for the worker's standard error, without prefix: servers that change, proxies that stop, budgets.
    package let report: (ReportSeverity, String) -> Void

    /// `Maxconn`: the most client connections at a time.
    package let maxconn: Int

    // The hot path's tools: one of each for the whole loop. Nothing here is reached from two places at once, so
    // that what every request touches needs no check of it at run time (6 % of a small request's cost).
    let readBuffer: UnsafeMutableRawBufferPointer
    let scratch = ByteBuffer(capacity: 32768)
    @exclusivity(unchecked) var requestHead = RequestHead()
    @exclusivity(unchecked) var responseHead = ResponseHead()
    var pipes = PipeStock()
    @exclusivity(unchecked) private var buffers = BufferStock()
    let calendar = Calendar()
    let logLine = ByteBuffer(capacity: 4096)

    // What lives now.
    @exclusivity(unchecked) private var live: [Stream] = []
    @exclusivity(unchecked) private var free: [Stream] = []
    /// Ended in this event; somebody further up the stack may still look at them.
    @exclusivity(unchecked) private var retired: [Stream] = []
    private var clients: [ClientConnection] = []
    private var scheduled: [Connection] = []
    private var pausedListeners: [Listener] = []
    private var lastStreamID: UInt64 = 0
    var backendsWithRoom: [Backend] = []
    private var checkers: [Checker] = []
    /// A limit was reached and said; the next one is said when there was room in between.
    private var saidFull = false
    private var hasDrained = false

    private static let readSize = 128 << 10
    private static let mostFreeStreams = 512

    /// Opens every listening socket and admin socket of `configuration`; serves nothing yet.
    /// `inherited` gives the descriptor that was passed under a key and gives up its ownership; nil where none was.
    package init(
        configuration: Configuration, loop: EventLoop, startTime: Instant = .now(),
        inherited: @escaping (String) -> Int32? = { _ in nil },
        report: @escaping (ReportSeverity, String) -> Void
    ) throws(BindFailures) {
        self.configuration = configuration
        self.loop = loop
        self.startTime = startTime
        self.report = report
        startedAt = WallClock.now()
        maxconn = DescriptorBudget.settle(configuration, report: report)
        readBuffer = .allocate(byteCount: Self.readSize, alignment: 64)
        var opening = SocketOpening(inherited: inherited)
        var proxies: [RunningProxy] = []
        var openings: [(ListeningSocket, Frontend)] = []
        // HAProxy's numbers: 1 is its own GLOBAL.
        for (index, proxy) in configuration.proxies.enumerated() where !proxy.settings.disabled {
            let id = proxy.settings.id ?? index + 2
            var frontend: Frontend?
            if proxy.isFrontend {
                let made = Frontend(proxy: proxy, id: id, maxconn: maxconn)
                for bind in proxy.binds {
                    for endpoint in bind.endpoints {
                        let backlog =
                            bind.options.backlog ?? proxy.settings.backlog ?? max(1024, made.maxconn)
                        if let socket = opening.open(
                            endpoint, position: bind.position, options: bind.options, backlog: backlog,
                            owner: "frontend \(proxy.name)")
                        {
                            openings.append((socket, made))
                        }
                    }
                }
                frontend = made
            }
            var backend: Backend?
            if proxy.isBackend {
                let made = Backend(proxy: proxy, id: id, maxconn: maxconn, now: startTime)
                made.servers = proxy.servers.enumerated().map { index, line in
                    Server(line: line, id: line.options.id ?? index + 1, backend: made, now: startTime)
                }
                backend = made
            }
            proxies.append(RunningProxy(name: proxy.name, frontend: frontend, backend: backend))
        }
        var adminSockets: [(socket: ListeningSocket, settings: StatsSocket)] = []
        for settings in configuration.global.statsSockets {
            for endpoint in settings.endpoints {
                if let socket = opening.open(
                    endpoint, position: settings.position, options: settings.options,
                    backlog: settings.options.backlog ?? 1024, owner: "frontend GLOBAL")
                {
                    adminSockets.append((socket, settings))
                }
            }
        }
        if !opening.failures.isEmpty {
            readBuffer.deallocate()
            throw BindFailures(failures: opening.failures)
        }
        self.proxies = proxies
        self.adminSockets = adminSockets
        frontends = proxies.compactMap(\.frontend)
        backends = proxies.compactMap(\.backend)
        for (socket, frontend) in openings {
            let listener = Listener(socket: socket, frontend: frontend, core: self)
            frontend.listeners.append(listener)
            listeners.append(listener)
        }
        wire()
    }

    deinit {
        readBuffer.deallocate()
    }

    /// Connects names with what they name.
    private func wire() {
        let named = Dictionary(backends.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var outputs: [LogOutputKey: LogOutput] = [:]
        for (proxy, running) in zip(configuration.proxies.filter { !$0.settings.disabled }, proxies) {
            let logs = proxy.settings.logs.compactMap { target in
                logOutput(target, tag: proxy.settings.logTag, &outputs)
            }
            running.backend?.logs = logs
            guard let frontend = running.frontend else { continue }
            frontend.logs = logs
            frontend.defaultBackend = proxy.settings.defaultBackend.flatMap { named[$0] } ?? running.backend
            frontend.backendRules = proxy.useBackend.compactMap { rule in
                named[rule.backend].map {
                    BackendRule(backend: $0, condition: rule.condition.map(CompiledCondition.init))
                }
            }
        }
    }

    private struct LogOutputKey: Hashable {
        let target: LogTarget
        let tag: String
    }

    private func logOutput(
        _ target: LogTarget, tag: String?, _ outputs: inout [LogOutputKey: LogOutput]
    ) -> LogOutput? {
        let key = LogOutputKey(target: target, tag: tag ?? configuration.global.logTag ?? "haproxy")
        if let output = outputs[key] { return output }
        do throws(Errno) {
            let output = try LogOutput(
                target: target, tag: key.tag, hostname: configuration.global.logSendHostname ?? "", core: self
            )
            outputs[key] = output
            return output
        } catch {
            report(.warning, "cannot open the log target \(target.destination): \(error.description)")
            return nil
        }
    }

    /// Every socket that listens for this worker, admin sockets included.
    package var sockets: [ListeningSocket] { listeners.map(\.socket) + adminSockets.map(\.socket) }

    // MARK: Serving

    /// Begins to accept, and to check servers.
    package func start() {
        for listener in listeners { listener.start() }
        let checked = backends.flatMap(\.servers).filter { $0.options.check && $0.address != nil }
        for (place, server) in checked.enumerated() {
            let checker = Checker(core: self, server: server)
            checkers.append(checker)
            let spread = min(server.options.inter.nanoseconds, 1_000_000_000)
            checker.start(after: .nanoseconds(spread * Int64(place) / Int64(checked.count)))
        }
    }

    /// No new stream starts here any more: closes this process's listeners. `removed`: keys of those that no
    /// successor serves; what is queued on them is accepted and served first. Streams go on; clients learn with
    /// their next response that the connection closes.
    package func stopAccepting(removed: Set<String>) {
        guard !isStopping else { return }
        for listener in listeners { listener.stop(servesQueue: removed.contains(listener.socket.key)) }
        isStopping = true
        for checker in checkers { checker.stop() }
        for frontend in frontends { frontend.state = .stopped }
        for proxy in proxies {
            announce(
                proxy, .warning, level: 4,
                "Proxy \(proxy.name) stopped (cumulated conns: FE: \(proxy.frontend?.traffic.connections ?? 0), "
                    + "BE: \(proxy.backend?.traffic.sessions ?? 0)).")
        }
        drainedIfEmpty()
    }

    /// Whether `stopAccepting` was called: `Stopping` of `show info`.
    package private(set) var isStopping = false

    /// Called once, when the last client connection after `stopAccepting` has ended.
    package var drained: (() -> Void)?

    /// Finished and cut since the drain began.
    package private(set) var drainFigures = DrainFigures()
    private var isCutting = false

    /// Cuts every connection that is left and logs each stream. Calls `drained` before it returns.
    /// `isOverdue`: `hard-stop-after` has passed, which the log says.
    package func hardStop(isOverdue: Bool = true) {
        stopAccepting(removed: [])
        if isOverdue {
            let words = "soft-stop running for too long, performing a hard-stop."
            report(.warning, words)
            for output in frontends.flatMap(\.logs).uniqued { send(words, level: 4, to: [output]) }
            for proxy in proxies {
                guard let left = proxy.frontend?.sessions.current, left > 0 else { continue }
                announce(
                    proxy, .warning, level: 4,
                    "Proxy \(proxy.name) hard-stopped (\(left) remaining conns will be closed).")
            }
        }
        isCutting = true
        drainFigures.idleClosed += clients.count { $0.stream == nil }
        for stream in live { stream.kill() }
        for client in clients { client.close() }
        for server in backends.flatMap(\.servers) { server.closeIdle() }
        for output in frontends.flatMap(\.logs).uniqued { output.flush() }
        recycleStreams()
        drainedIfEmpty()
    }

    private func drainedIfEmpty() {
        guard isStopping, clients.isEmpty, !hasDrained else { return }
        hasDrained = true
        for server in backends.flatMap(\.servers) { server.closeIdle() }
        drained?()
    }

    // MARK: Clients

    /// Connections or buffers are at their limit.
    var isFull: Bool { clients.count >= maxconn || buffers.inUse >= maxconn * 4 }

    func accept(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        let now = loop.now
        let client = ClientConnection(core: self, listener: listener, descriptor: descriptor, peer: peer)
        do throws(Errno) {
            try loop.add(client, descriptor: descriptor, interest: .edges)
        } catch {
            close(descriptor)
            descriptorsExhausted(error)
            return
        }
        client.index = clients.count
        clients.append(client)
        figures.clients.rise()
        figures.connections += 1
        figures.connectionRate.count(at: now)
        figures.sessionRate.count(at: now)
        let frontend = listener.frontend
        listener.sessionGauge.rise()
        frontend.sessionGauge.rise()
        frontend.traffic.connections += 1
        frontend.traffic.sessions += 1
        frontend.connectionFrequency.count(at: now)
        frontend.sessionFrequency.count(at: now)
        client.start()
    }

    func clientClosed(_ client: ClientConnection) {
        let last = clients.removeLast()
        if last !== client {
            clients[client.index] = last
            last.index = client.index
        }
        figures.clients.fall()
        client.listener.sessionGauge.fall()
        client.frontend.sessionGauge.fall()
        if !pausedListeners.isEmpty { resumeListeners() }
        if isStopping { drainedIfEmpty() }
    }

    /// A client went away before it asked for anything.
    func logUnused(_ client: ClientConnection, cause: ClientConnection.Refusal) {
        guard !client.frontend.settings.dontLogNull, !client.frontend.logs.isEmpty else { return }
        takeStream(for: client).refuse(cause, hadBytes: false)
    }

    // MARK: Budget

    func notePaused(_ listener: Listener) {
        pausedListeners.append(listener)
        listener.frontend.state = .full
    }

    private func resumeListeners() {
        guard !isFull else { return }
        let paused = pausedListeners
        pausedListeners = []
        saidFull = false
        for listener in paused {
            listener.resume()
            if listener.isPaused {
                pausedListeners.append(listener)
            } else if !isStopping {
                listener.frontend.state = .open
            }
        }
    }

    /// Says once that a limit of the worker stops it from accepting.
    func noteFull() {
        guard !saidFull else { return }
        saidFull = true
        report(
            .warning,
            "\(clients.count) connections of maxconn \(maxconn): no more are accepted until some have ended")
    }

    func descriptorsExhausted(_ error: Errno) {
        guard !saidFull else { return }
        saidFull = true
        report(
            .alert,
            "out of descriptors or memory (\(error.description)) at \(clients.count) connections: accepting pauses"
        )
    }

    // MARK: Buffers and turns

    func takeBuffer() -> ByteBuffer { buffers.take() }

    func putBackBuffer(_ buffer: ByteBuffer) { buffers.putBack(buffer) }

    /// A part of the shared buffer.
    @inline(__always)
    func bytes(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
        UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(readBuffer)[range])
            .assumingMemoryBound(to: UInt8.self)
    }

    /// Lets a connection go on after the others had their turn.
    func schedule(_ connection: Connection) {
        guard !connection.isScheduled else { return }
        connection.isScheduled = true
        scheduled.append(connection)
        guard scheduled.count == 1 else { return }
        loop.atEndOfRound { [self] in
            recycleStreams()
            let connections = scheduled
            scheduled.removeAll(keepingCapacity: true)
            for connection in connections {
                connection.isScheduled = false
                connection.resume()
            }
        }
    }

    // MARK: Streams

    @inline(__always)
    func takeStream(for client: ClientConnection) -> Stream {
        let stream = free.popLast() ?? Stream(core: self)
        lastStreamID += 1
        stream.reset(for: client, id: lastStreamID)
        stream.index = live.count
        live.append(stream)
        return stream
    }

    @inline(__always)
    func streamEnded(_ stream: Stream) {
        let last = live.removeLast()
        if last !== stream {
            live[stream.index] = last
            last.index = stream.index
        }
        retired.append(stream)
        if isStopping {
            if isCutting { drainFigures.cut += 1 } else { drainFigures.finished += 1 }
        }
    }

    /// Streams that ended may be used again: nobody is in the middle of one.
    @inline(__always)
    func recycleStreams() {
        if retired.isEmpty { return }
        if free.count < Self.mostFreeStreams { free += retired }
        retired.removeAll(keepingCapacity: true)
    }

    /// The live streams, oldest first.
    package func streams() -> [StreamSummary] {
        live.sorted { $0.id < $1.id }.map { StreamSummary($0) }
    }

    /// Ends a stream; false where there is none of that id.
    package func shutdownSession(_ id: UInt64) -> Bool {
        guard let stream = live.first(where: { $0.id == id }) else { return false }
        stream.kill()
        return true
    }

    /// Ends all streams of a server.
    package func shutdownSessions(of server: Server) {
        for stream in live.filter({ $0.server === server }) { stream.kill() }
    }
}
