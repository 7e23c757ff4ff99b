// A proxy or a `defaults` section while it is being read.

/// What the lines of one section have said so far.
struct ProxyDraft: Sendable {
    /// A line of `log`: a target, or the targets of `global`.
    enum Log: Hashable, Sendable {
        case global
        case target(LogTarget)
    }

    /// Nil: a `defaults` section.
    let kind: Proxy.Kind?
    var proxy: Proxy
    var logs: [Log] = []
    var acls: [String: Test] = [:]
    /// What this very section has set, for `overwriting`.
    var ownTimeouts: Set<String> = []
    var serverLines: [String: Int] = [:]
    var serverIDs: [Int: ServerLine] = [:]
    var stickTablePosition: Position?
    /// This very section has an `http-check expect`.
    var hasCheckExpectation = false

    init(kind: Proxy.Kind?, name: String, position: Position, from defaults: ProxyDraft?) {
        self.kind = kind
        proxy = Proxy(name: name, kind: kind ?? .listen, position: position)
        guard let defaults else { return }
        proxy.settings = defaults.proxy.settings
        proxy.rules = defaults.proxy.rules
        logs = defaults.logs
        acls = defaults.acls
        if kind != nil {
            proxy.settings.description = nil
            proxy.settings.id = nil
        }
    }

    var isDefaults: Bool { kind == nil }
    var hasFrontend: Bool { isDefaults || proxy.isFrontend }
    var hasBackend: Bool { isDefaults || proxy.isBackend }

    /// `frontend 'fe'`, `proxy 'li'`, as HAProxy names it.
    var title: String { isDefaults ? "defaults '\(proxy.name)'" : proxy.title }

    /// `frontend`, as in `unknown keyword 'x' in 'frontend' section`.
    var sectionName: String { kind?.rawValue ?? "defaults" }
}

extension Proxy {
    /// `frontend 'fe'`, `backend 'be'`, `proxy 'li'`.
    var title: String { "\(kind == .listen ? "proxy" : kind.rawValue) '\(name)'" }
}
