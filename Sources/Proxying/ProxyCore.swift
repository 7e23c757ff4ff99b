// One worker's data plane on one loop: opens all listeners of a configuration or none, then serves.

import ConfigLanguage
import Glibc
import HTTP1
import Polling
import StickTables
import TLS
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
    private(set) var backendsByName: [String: Backend] = [:]
    package let tables: [String: StickTable]
    package let patterns = PatternBook()
    /// Nil: nothing speaks TLS.
    package let tls: TLSMaterial?
    var handshakeRound = Instant.never
    var handshakesInRound = 0
    var sweeper: Timer?
    /// `proc` variables.
    var variables: VariableValues = [:]
    let hostName: String
    package private(set) var listeners: [Listener] = []
    /// The admin sockets of `global`, open and listening; their owner accepts on them.
    package let adminSockets: [(socket: ListeningSocket, settings: StatsSocket)]
    /// Where `peers` sections listen, open; their owner accepts on them.
    package let peerSockets: [(socket: ListeningSocket, section: String)]
    package var counters: ProcessCounters { figures }
    @exclusivity(unchecked) var figures = ProcessCounters()
    /// Where lines about the peers of a section go.
    private(set) var peerLogs: [String: [LogOutput]] = [:]
    /// Lines for the worker's standard error, without prefix: servers that change, proxies that stop, budgets.
    package let report: (ReportSeverity, String) -> Void

    /// `Maxconn`: the most client connections at a time.
    package let maxconn: Int
    /// As `maxconn`, or fewer where the process may not open enough descriptors.
    let mostClients: Int

    // The hot path's tools: one of each for the whole loop. Nothing here is reached from two places at once, so
    // that what every request touches needs no check of it at run time (6 % of a small request's cost).
    let readBuffer: UnsafeMutableRawBufferPointer
    let scratch = ByteBuffer(capacity: 32768)
    @exclusivity(unchecked) var requestHead = RequestHead()
    @exclusivity(unchecked) var responseHead = ResponseHead()
    var pipes: PipeStock
    @exclusivity(unchecked) var buffers = BufferStock()
    /// The head that expressions look at, and what rules have added to it.
    var headSide = HeadSide.none
    var headBytes = UnsafeRawBufferPointer(start: nil, count: 0)
    var isHeadEdited = false
    @exclusivity(unchecked) var inspection = Inspection()
    let editRoom: UnsafeMutableRawBufferPointer
    let arena = SampleArena()
    let ruleText = ByteBuffer(capacity: 4096)
    let logPiece = ByteBuffer(capacity: 256)
    var pages: [Int: StatusPage] = [:]
    let calendar = Calendar()
    let logLine = ByteBuffer(capacity: 4096)

    // What lives now.
    @exclusivity(unchecked) var live: [Stream] = []
    @exclusivity(unchecked) var free: [Stream] = []
    /// Ended in this event; somebody further up the stack may still look at them.
    @exclusivity(unchecked) var retired: [Stream] = []
    var clients: [ClientConnection] = []
    private var scheduled: [Connection] = []
    var pausedListeners: [Listener] = []
    var lastStreamID: UInt64 = 0
    var backendsWithRoom: [Backend] = []
    var checkers: [Checker] = []
    /// How many clients there were when a limit was reached and said; nil while there is room.
    var fullAt: Int?
    var hasDrained = false
    /// Connections that move to this worker's successor.
    private(set) lazy var departures = Departures(core: self)
    /// From older workers.
    var arrivals: [Arrivals] = []
    /// Clients between two requests, and tunnels, go to the successor.
    var movesIdle = false
    var movesTunnels = false
    /// Called when connections have moved, or will not.
    package var movesChanged: (() -> Void)?
    /// The listeners have let go of their ports.
    var hasPaused = false
    /// Messages that `show errors` could tell of since the start.
    package internal(set) var capturedMessages = 0

    private static let readSize = 128 << 10
    static let mostFreeStreams = 512

    /// Opens every listening socket and admin socket of `configuration`; serves nothing yet. `tls`: what was loaded
    /// for it.
    /// `inherited` gives the descriptor that was passed under a key and gives up its ownership; nil where none was.
    /// `asksToLetGo` is called where somebody else holds an address: true where another try may succeed.
    package init(
        configuration: Configuration, tls: TLSMaterial? = nil, loop: EventLoop, startTime: Instant = .now(),
        inherited: @escaping (String) -> Int32? = { _ in nil }, neighbours: [Int32] = [],
        sharesPorts: Bool = false, asksToLetGo: @escaping () -> Bool = { false },
        report: @escaping (ReportSeverity, String) -> Void
    ) throws(BindFailures) {
        self.configuration = configuration
        self.tls = tls
        self.loop = loop
        self.startTime = startTime
        self.report = report
        startedAt = WallClock.now()
        tables = Self.makeTables(configuration)
        hostName = configuration.global.logSendHostname ?? Self.systemName
        editRoom = .allocate(byteCount: Self.editRoomSize, alignment: 16)
        (maxconn, mostClients) = DescriptorBudget.settle(configuration, report: report)
        pipes = PipeStock(most: DescriptorBudget.pipes(maxconn: maxconn))
        readBuffer = .allocate(byteCount: Self.readSize, alignment: 64)
        var opening = SocketOpening(
            inherited: inherited, neighbours: neighbours, sharesPorts: sharesPorts, asksToLetGo: asksToLetGo)
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
                    Server(
                        line: line, id: line.options.id ?? index + 1, backend: made,
                        connector: tls?.connector(at: line.position), now: startTime)
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
        var peerSockets: [(socket: ListeningSocket, section: String)] = []
        for section in configuration.peers where !section.disabled {
            guard let bind = section.bind, let endpoint = bind.endpoints.first else { continue }
            if let socket = opening.open(
                endpoint, position: bind.position, options: bind.options,
                backlog: bind.options.backlog ?? 1024, owner: "peers \(section.name)")
            {
                peerSockets.append((socket, section.name))
            }
        }
        if !opening.failures.isEmpty {
            readBuffer.deallocate()
            editRoom.deallocate()
            throw BindFailures(failures: opening.failures)
        }
        self.proxies = proxies
        self.adminSockets = adminSockets
        self.peerSockets = peerSockets
        frontends = proxies.compactMap(\.frontend)
        backends = proxies.compactMap(\.backend)
        for (socket, frontend) in openings {
            let listener = Listener(
                socket: socket, frontend: frontend, security: tls?.bind(at: socket.position), core: self)
            frontend.listeners.append(listener)
            listeners.append(listener)
        }
        wire()
    }

    deinit {
        readBuffer.deallocate()
        editRoom.deallocate()
    }

    /// Connects names with what they name.
    private func wire() {
        let named = Dictionary(backends.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        backendsByName = named
        var outputs: [LogOutputKey: LogOutput] = [:]
        for section in configuration.peers where !section.disabled && !section.logs.isEmpty {
            peerLogs[section.name] = section.logs.compactMap { logOutput($0, tag: nil, &outputs) }
        }
        for (proxy, running) in zip(configuration.proxies.filter { !$0.settings.disabled }, proxies) {
            let logs = proxy.settings.logs.compactMap { target in
                logOutput(target, tag: proxy.settings.logTag, &outputs)
            }
            running.backend?.logs = logs
            let names = ExpressionNames(core: self, proxy: proxy.name)
            for criterion in proxy.acls.flatMap(\.criteria) { _ = CompiledCriterion(criterion, names) }
            let rules = RuleSet(proxy, names)
            running.backend?.rules = rules
            if let backend = running.backend { nameServers(of: backend, names) }
            running.backend?.stickRules = proxy.stickRules.compactMap { CompiledStickRule($0, names) }
            guard let frontend = running.frontend else { continue }
            frontend.logs = logs
            frontend.rules = rules
            frontend.logTemplate = proxy.settings.logText.map { TextTemplate($0, names, .log) }
            frontend.defaultBackend = proxy.settings.defaultBackend.flatMap { named[$0] } ?? running.backend
            frontend.backendRules = proxy.useBackend.compactMap { rule in
                named[rule.backend].map {
                    BackendRule(
                        backend: $0, condition: rule.condition.map { CompiledCondition($0, names) })
                }
            }
        }
        patterns.settle()
        let keepsLines = backends.contains { $0.rules.asksResponses }
        for frontend in frontends {
            frontend.keepsLine = keepsLines || !frontend.logs.isEmpty || frontend.rules.asksResponses
        }
    }

    /// Servers mostly share one `sni`: it is asked once a stream.
    private func nameServers(of backend: Backend, _ names: ExpressionNames) {
        for server in backend.servers {
            guard server.connector != nil, let expression = server.options.tls.sni else { continue }
            server.sni = backend.names.firstIndex { $0.text == expression.text }
            guard server.sni == nil else { continue }
            server.sni = backend.names.count
            backend.names.append(CompiledExpression(expression, names))
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

    /// Every socket that listens for this worker, those of the admin and of peers included.
    package var sockets: [ListeningSocket] {
        listeners.map(\.socket) + adminSockets.map(\.socket) + peerSockets.map(\.socket)
    }

    /// Whether `stopAccepting` was called: `Stopping` of `show info`.
    @exclusivity(unchecked) package internal(set) var isStopping = false

    /// Called once, when the last client connection after `stopAccepting` has ended.
    package var drained: (() -> Void)?

    /// Finished and cut since the drain began.
    package internal(set) var drainFigures = DrainFigures()
    var isCutting = false

    // MARK: Serving

    /// Begins to accept, and to check servers.
    package func start() {
        startSweeping()
        for listener in listeners { listener.start() }
        let checked = backends.flatMap(\.servers).filter { $0.options.check && $0.checkTarget != nil }
        for (place, server) in checked.enumerated() {
            let checker = Checker(core: self, server: server)
            checkers.append(checker)
            let spread = min(server.options.inter.nanoseconds, 1_000_000_000)
            checker.start(after: .nanoseconds(spread * Int64(place) / Int64(checked.count)))
        }
    }

    // MARK: Buffers and turns

    func takeBuffer() -> ByteBuffer { buffers.take() }

    func putBackBuffer(_ buffer: ByteBuffer) { buffers.putBack(buffer) }

    var sharedBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(readBuffer) }

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
}
