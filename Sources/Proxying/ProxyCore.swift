// One worker's data plane on one loop: opens all listeners of a configuration or none, then serves.

import ConfigLanguage
import Glibc
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
    package let listeners: [Listener]
    /// The admin sockets of `global`, open and listening; their owner accepts on them.
    package let adminSockets: [(socket: ListeningSocket, settings: StatsSocket)]
    package var counters = ProcessCounters()
    /// Lines for the worker's standard error, without prefix: servers that change, proxies that stop, budgets.
    package let report: (ReportSeverity, String) -> Void

    /// `Maxconn`: the most client connections at a time.
    package let maxconn: Int

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
        maxconn = configuration.global.maxconn ?? 2000
        var opening = SocketOpening(inherited: inherited)
        var proxies: [RunningProxy] = []
        var listeners: [Listener] = []
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
                            made.listeners.append(Listener(socket: socket, frontend: made))
                        }
                    }
                }
                listeners += made.listeners
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
        if !opening.failures.isEmpty { throw BindFailures(failures: opening.failures) }
        self.proxies = proxies
        self.listeners = listeners
        self.adminSockets = adminSockets
        frontends = proxies.compactMap(\.frontend)
        backends = proxies.compactMap(\.backend)
    }

    /// Every socket that listens for this worker, admin sockets included.
    package var sockets: [ListeningSocket] { listeners.map(\.socket) + adminSockets.map(\.socket) }

    // MARK: Serving

    /// Begins to accept, and to check servers.
    package func start() {}

    /// No new stream starts here any more: closes this process's listeners. `removed`: keys of those that no
    /// successor serves; what is queued on them is accepted and served first. Streams go on; clients learn with
    /// their next response that the connection closes.
    package func stopAccepting(removed: Set<String>) {}

    /// Whether `stopAccepting` was called: `Stopping` of `show info`.
    package private(set) var isStopping = false

    /// Called once, when the last client connection after `stopAccepting` has ended.
    package var drained: (() -> Void)?

    /// Finished and cut since the drain began.
    package internal(set) var drainFigures = DrainFigures()

    /// Cuts every connection that is left and logs each stream. Calls `drained` before it returns.
    package func hardStop() {}

    // MARK: Streams

    /// The live streams, oldest first.
    package func streams() -> [StreamSummary] { [] }

    /// Ends a stream; false where there is none of that id.
    package func shutdownSession(_ id: UInt64) -> Bool { false }

    // MARK: What an admin can change

    package func backend(_ name: String) -> Backend? { backends.first { $0.name == name } }

    /// Sets a server's weight, 0…256.
    package func setWeight(_ weight: Int, of server: Server) { server.weight = weight }

    /// `disable server`: no new streams; running ones go on, its queue goes elsewhere.
    package func disable(_ server: Server) { server.inMaintenance = true }

    /// `enable server`.
    package func enable(_ server: Server) { server.inMaintenance = false }

    /// `clear counters`: the maxima; `all`: everything.
    package func clearCounters(all: Bool) {}
}
