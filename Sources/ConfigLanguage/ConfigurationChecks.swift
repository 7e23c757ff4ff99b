// What can only be said when everything was read: names that must exist, modes that must agree, what is missing.

/// Checks and completes what a reader has gathered.
struct ConfigurationChecks {
    let reader: ConfigurationReader
    private let hadAlerts: Bool

    init(_ reader: ConfigurationReader) {
        self.reader = reader
        hadAlerts = reader.diagnostics.hasAlert
    }

    /// Moves the proxies into the configuration, and reports. After faults in the text only further faults are
    /// worth a word, no warnings.
    func finish() {
        var drafts = reader.proxies
        for index in drafts.indices { drafts[index].resolveConditions() }
        checkIdentifiers(drafts)
        checkReferences(drafts)
        completeStickTables(&drafts)
        reader.configuration.localPeer = reader.localPeer
        checkPeers(&drafts)
        let backends = Dictionary(
            drafts.filter(\.proxy.isBackend).map { ($0.proxy.name, $0.proxy) },
            uniquingKeysWith: { first, _ in first })
        for index in drafts.indices {
            if !drafts[index].proxy.settings.disabled { check(&drafts[index], backends) }
            complete(&drafts[index])
        }
        completeTLS(of: &drafts)
        resolveServers(of: &drafts)
        reader.configuration.proxies = drafts.map(\.proxy)
        reader.configuration.global.environment = reader.environment
    }

    func alert(_ message: String, at position: Position) {
        reader.report(Diagnostic(.alert, at: position, message.withVisibleControls))
    }

    func warn(_ message: String, at position: Position) {
        if !hadAlerts { reader.report(Diagnostic(.warning, at: position, message.withVisibleControls)) }
    }

    private func checkIdentifiers(_ drafts: [ProxyDraft]) {
        var seen: [Int: ProxyDraft] = [:]
        for draft in drafts {
            guard let id = draft.proxy.settings.id else { continue }
            if let other = seen[id] {
                alert(
                    "parsing [\(draft.proxy.position)]: \(draft.proxy.kind.rawValue) \(draft.proxy.name) reuses "
                        + "same custom id as \(other.proxy.kind.rawValue) \(other.proxy.name) (declared at "
                        + "\(other.proxy.position)).", at: draft.proxy.position)
            }
            seen[id] = draft
        }
    }

    private func check(_ draft: inout ProxyDraft, _ backends: [String: Proxy]) {
        let proxy = draft.proxy
        if proxy.isFrontend && proxy.binds.isEmpty {
            warn(
                "\(proxy.title) has no 'bind' directive. Please declare it as a backend if this was "
                    + "intended.", at: proxy.position)
        }
        if proxy.isFrontend {
            if let name = proxy.settings.defaultBackend {
                checkTarget(
                    name, of: proxy, "default_backend", "as its default backend", proxy.position, backends)
            }
            for rule in proxy.useBackend {
                checkTarget(
                    rule.backend, of: proxy, "use_backend", "in a 'use_backend' rule", rule.position, backends
                )
            }
        } else {
            draft.proxy.settings.defaultBackend = nil
        }
        if proxy.settings.mode == .tcp { dropHTTP(&draft) } else { warnOfInput(in: proxy) }
        if proxy.isFrontend && proxy.settings.logFormat != .none && draft.logs.isEmpty {
            warn("log format ignored for \(proxy.title) since it has no log address.", at: proxy.position)
        }
        checkTimeouts(of: proxy)
        checkPorts(of: proxy)
    }

    /// Bytes that wait to be looked at: in HTTP they are taken as a request at once.
    private func warnOfInput(in proxy: Proxy) {
        var conditions = RulePlace.allCases.flatMap { proxy.rules[$0] ?? [] }.map {
            ($0.position, $0.condition)
        }
        conditions += proxy.useBackend.map { ($0.position, $0.condition) }
        for (position, condition) in conditions {
            let tests = condition?.alternatives.joined().map(\.test) ?? []
            if tests.contains(where: { $0.criteria.contains { $0.expression.fetch.need == .input } }) {
                warn(
                    "Proxy '\(proxy.name)': L6 sample fetches ignored on HTTP proxies (declared at \(position)).",
                    at: position)
            }
        }
    }

    /// A check needs a port to connect to.
    private func checkPorts(of proxy: Proxy) {
        for server in proxy.servers where server.options.check && server.options.checkPort == nil {
            guard case .tcp(_, _, let port) = server.endpoint, port.isOpen else { continue }
            alert(
                "config: \(proxy.title): server '\(server.name)' has neither service port nor check port "
                    + "(\(server.position)).", at: server.position)
        }
    }

    private func checkTarget(
        _ name: String, of proxy: Proxy, _ keyword: String, _ use: String, _ position: Position,
        _ backends: [String: Proxy]
    ) {
        guard let target = backends[name] else {
            guard !reader.lostSections else { return }
            let near = NearestKeyword.to(name, among: backends.keys)
            let hint = near.map { " Did you mean '\($0)' maybe ?" } ?? ""
            alert(
                "Proxy '\(proxy.name)': unable to find required \(keyword): '\(name)'.\(hint)", at: position)
            return
        }
        if target.name == proxy.name && proxy.kind == .listen {
            alert("Proxy '\(proxy.name)': loop detected for \(keyword): '\(name)'.", at: position)
        } else if target.settings.mode != proxy.settings.mode {
            let kind = proxy.kind == .listen ? "proxy" : "frontend"
            alert(
                "\(proxy.settings.mode.rawValue) \(kind) '\(proxy.name)' (\(proxy.position)) tries to use incompatible "
                    + "\(target.settings.mode.rawValue) \(target.kind == .listen ? "proxy" : "backend") "
                    + "'\(name)' (\(target.position)) \(use) (see 'mode').", at: position)
        }
    }

    /// What only HTTP has, in a TCP proxy.
    private func dropHTTP(_ draft: inout ProxyDraft) {
        let title = draft.proxy.title
        let position = draft.proxy.position
        for place in [RulePlace.httpRequest, .httpResponse] where draft.proxy.rules[place] != nil {
            warn("'\(place.rawValue)' rules ignored for \(title) as they require HTTP mode.", at: position)
            draft.proxy.rules[place] = nil
        }
        if draft.proxy.settings.cookie != nil {
            warn("cookie will be ignored for \(title) (needs 'mode http').", at: position)
            draft.proxy.settings.cookie = nil
        }
        if draft.proxy.settings.forwardFor != nil {
            warn("'option forwardfor' ignored for \(title) as it requires HTTP mode.", at: position)
            draft.proxy.settings.forwardFor = nil
        }
        if draft.proxy.settings.monitorURI != nil {
            warn("monitor-uri will be ignored for \(title) (needs 'mode http').", at: position)
            draft.proxy.settings.monitorURI = nil
        }
        let format = draft.proxy.settings.logFormat
        if format == .http || format == .https, draft.proxy.isFrontend {
            let option = format == .http ? "httplog" : "httpslog"
            warn(
                "parsing [\(position)] : 'option \(option)' not usable with \(title) (needs 'mode http'). Falling "
                    + "back to 'option tcplog'.", at: position)
            draft.proxy.settings.logFormat = .tcp
            draft.proxy.settings.logText = nil
        }
    }

    private func checkTimeouts(of proxy: Proxy) {
        let timeouts = proxy.settings.timeouts
        let frontend = proxy.isFrontend && timeouts.client == nil
        let backend =
            proxy.isBackend && !proxy.servers.isEmpty && (timeouts.connect == nil || timeouts.server == nil)
        guard frontend || backend else { return }
        warn(
            "missing timeouts for \(proxy.title).\n"
                + "   | While not properly invalid, you will certainly encounter various problems\n"
                + "   | with such a configuration. To fix this, please ensure that all following\n"
                + "   | timeouts are set to a non-zero value: 'client', 'connect', 'server'.",
            at: proxy.position)
    }

    private func complete(_ draft: inout ProxyDraft) {
        var targets: [LogTarget] = []
        for log in draft.logs {
            switch log {
            case .global: targets += reader.configuration.global.logs.filter { !targets.contains($0) }
            case .target(let target): targets.append(target)
            }
        }
        draft.proxy.settings.logs = targets
    }

    /// Host names of servers to addresses, each name once.
    private func resolveServers(of drafts: inout [ProxyDraft]) {
        var known: [String: Result<String, OutsideFailure>] = [:]
        var failed = false
        for index in drafts.indices {
            for place in drafts[index].proxy.servers.indices {
                let server = drafts[index].proxy.servers[place]
                guard case .tcp(let host?, let family, let port) = server.endpoint,
                    Network.parseIPv4(Substring(host)) == nil,
                    Network.parseIPv6(host.prefix { $0 != "%" }) == nil
                else { continue }
                let key = "\(host) \(family.map { "\($0)" } ?? "")"
                let result = known[key] ?? reader.surroundings.resolve(host, family)
                known[key] = result
                switch result {
                case .success(let address):
                    drafts[index].proxy.servers[place].endpoint = .tcp(
                        host: address, family: family, port: port)
                case .failure(let failure):
                    if server.options.mayStartUnresolved { continue }
                    failed = true
                    alert(
                        "[\(server.position)] : 'server \(drafts[index].proxy.name)/\(server.name)' : could not "
                            + "resolve address '\(host)': \(failure.reason).", at: server.position)
                }
            }
        }
        if failed { reader.report(Diagnostic(.alert, "Failed to initialize server(s) addr.")) }
    }
}

extension Endpoint.Port {
    /// Only the client's connection tells it.
    fileprivate var isOpen: Bool {
        switch self {
        case .number(let number): number == 0
        case .offset, .same: true
        }
    }
}
