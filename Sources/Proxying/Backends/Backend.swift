// Where streams go: servers, balancing, the queue, rules and counters of one `backend` (or the back of a `listen`).

import ConfigLanguage
import DequeModule
import Unix

/// A backend of the running configuration.
package final class Backend {
    package let name: String
    /// `iid` of `show stat`.
    package let id: Int
    package let settings: ProxySettings
    package let isHTTP: Bool
    /// `slim` of a backend in `show stat`: the load at which its servers get their full share.
    package internal(set) var fullConn: Int

    @exclusivity(unchecked) package internal(set) var servers: [Server] = []

    @exclusivity(unchecked) package internal(set) var load = LoadCounters()
    @exclusivity(unchecked) package internal(set) var waits = WaitCounters()

    let timing: Timing
    let closesClients: Bool
    let keepsServers: Bool
    /// Each `sni` of its servers, once.
    var names: [CompiledExpression] = []
    /// Set once, when everything that rules name is there.
    var rules: RuleSet!
    var stickRules: [CompiledStickRule] = [] {
        didSet { storesOnResponse = stickRules.contains { $0.kind == .storeResponse } }
    }
    private(set) var storesOnResponse = false
    let cookie: CompiledCookie?
    let forwarding: Forwarding?
    /// Streams that wait for a server, the longest first.
    var waiting = Deque<Stream>()
    var turns = 0
    var logs: [LogOutput] = []

    package internal(set) var invalidResponse: InvalidMessage?

    /// When the last stream came; nil: none yet.
    @exclusivity(unchecked) package var lastSession: Instant?
    /// When it last went up or down, and the time it was down before that.
    package internal(set) var lastChange: Instant
    package internal(set) var downBefore: Duration = .zero
    package internal(set) var timesDown = 0
    package internal(set) var isUp = true

    init(proxy: Proxy, id: Int, maxconn: Int, now: Instant) {
        name = proxy.name
        self.id = id
        settings = proxy.settings
        isHTTP = proxy.settings.mode == .http
        fullConn = proxy.settings.fullConn ?? max(1, maxconn / 10)
        lastChange = now
        timing = Timing(proxy.settings.timeouts)
        closesClients = proxy.settings.connectionMode == .close
        keepsServers = proxy.settings.connectionMode == .keepAlive
        cookie = proxy.settings.cookie.map(CompiledCookie.init)
        forwarding = proxy.settings.forwardFor.map(Forwarding.init)
    }

    /// Gives free places to those who wait.
    func serveWaiting() {
        while !waiting.isEmpty {
            switch choose() {
            case .server(let server): waiting.removeFirst().leaveQueue(for: server)
            case .full, .none: return
            }
        }
    }

    func clearCounters(all: Bool) {
        load.clear(all: all)
        waits.clear(all: all)
        for server in servers { server.clearCounters(all: all) }
    }

    /// Servers that take streams now, without and with `backup`.
    package var activeServers: Int { servers.count { !$0.isBackup && $0.isUsable } }
    package var backupServers: Int { servers.count { $0.isBackup && $0.isUsable } }

    /// `downtime` in all until `now`.
    package func downtime(at now: Instant) -> Duration {
        isUp ? downBefore : downBefore + (now - lastChange)
    }
}
