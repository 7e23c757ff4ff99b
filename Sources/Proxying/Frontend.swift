// Where clients arrive: listeners, limits, rules and counters of one `frontend` (or the front of a `listen`).

import ConfigLanguage
import Unix

/// A frontend of the running configuration.
package final class Frontend {
    package let name: String
    /// `iid` of `show stat`.
    package let id: Int
    package let settings: ProxySettings
    package let isHTTP: Bool
    /// `slim`: the most client connections at a time.
    package internal(set) var maxconn: Int

    package internal(set) var listeners: [Listener] = []
    /// Where streams go that no `use_backend` rule sends elsewhere.
    package internal(set) var defaultBackend: Backend?

    @exclusivity(unchecked) package internal(set) var load = LoadCounters()
    @exclusivity(unchecked) package internal(set) var connectionRate = RateCounter()

    let timing: Timing
    /// `option httpclose`: a response ends the client's connection.
    let closesClients: Bool
    /// Nothing closes servers' connections: no `option http-server-close` or `httpclose`.
    let keepsServers: Bool
    /// Set once, when everything that rules name is there.
    var rules: RuleSet!
    var logTemplate: TextTemplate?
    /// The request's line is needed after the request.
    var keepsLine = false
    var backendRules: [BackendRule] = []
    let monitorPath: [UInt8]?
    let forwarding: Forwarding?
    /// Where its log lines go; empty: nowhere, and none is built.
    var logs: [LogOutput] = []

    package internal(set) var invalidRequest: InvalidMessage?

    /// `status` of `show stat`.
    package enum State: String, Sendable { case open = "OPEN", full = "FULL", stopped = "STOP" }
    package internal(set) var state = State.open

    func clearCounters(all: Bool) {
        load.clear(all: all)
        connectionRate.max = 0
    }

    init(proxy: Proxy, id: Int, maxconn: Int) {
        name = proxy.name
        self.id = id
        settings = proxy.settings
        isHTTP = proxy.settings.mode == .http
        self.maxconn = proxy.settings.maxconn ?? maxconn
        timing = Timing(proxy.settings.timeouts)
        closesClients = proxy.settings.connectionMode == .close
        keepsServers = proxy.settings.connectionMode == .keepAlive
        monitorPath = proxy.settings.monitorURI.map { Array($0.utf8) }
        forwarding = proxy.settings.forwardFor.map(Forwarding.init)
    }
}
