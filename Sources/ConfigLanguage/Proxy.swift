// What `defaults`, `frontend`, `backend` and `listen` say.

import StickTables

/// A `frontend`, `backend` or `listen` section.
package struct Proxy: Sendable {
    /// The keyword of the section.
    package enum Kind: String, Sendable { case frontend, backend, listen }
    /// `mode`.
    package enum Mode: String, Sendable { case http, tcp }

    package var name: String
    package var kind: Kind
    package var position: Position
    package var settings = ProxySettings()

    // The frontend side.
    package var binds: [Bind] = []
    package var useBackend: [UseBackend] = []

    // The backend side.
    package var servers: [ServerLine] = []

    /// Rules by where they are applied, in their order; both sides.
    package var rules: [RulePlace: [Rule]] = [:]
    /// Named ACLs, used or not: an admin may look at all of them.
    package var acls: [Test] = []
    /// `stick-table`.
    package var stickTable: StickTableDefinition?
    /// `stick …`, of the backend side.
    package var stickRules: [StickRule] = []

    package init(name: String, kind: Kind, position: Position) {
        self.name = name
        self.kind = kind
        self.position = position
    }

    package var isFrontend: Bool { kind != .backend }
    package var isBackend: Bool { kind != .frontend }
}

/// What `defaults` can set and each proxy can change.
package struct ProxySettings: Sendable {
    package var mode: Proxy.Mode = .tcp
    package var disabled = false
    package var description: String?
    package var id: Int?
    package var logs: [LogTarget] = []
    package var logFormat: LogFormat = .none
    /// `log-format`, where `logFormat` is `custom`; where it is `https`, that line as such a text.
    package var logText: TextFormat?
    package var cookie: CookieInsertion?
    package var dontLogNull = false
    package var logTag: String?
    package var maxconn: Int?
    package var defaultBackend: String?
    package var timeouts = Timeouts()
    /// `tcp-request inspect-delay`; nil: TCP rules wait for nothing.
    package var inspectDelay: Duration?
    package var connectionMode: ConnectionMode = .keepAlive
    package var forwardFor: ForwardFor?
    package var httpReuse: HTTPReuse = .safe
    package var balance: Balance = .roundRobin
    package var retries = 3
    package var redispatch = false
    package var fullConn: Int?
    /// Status → the complete response from `errorfile`.
    package var errorFiles: [Int: ErrorFile] = [:]
    package var monitorURI: String?
    package var check = CheckSettings()
    package var serverState = ServerStateSource.none
    /// `server-state-file-name`; nil: the backend's own name.
    package var serverStateFile: String?
    package var backlog: Int?
    /// Defaults that `server` lines of this proxy start from (`default-server`).
    package var serverDefaults = ServerOptions()

    package init() {}

    /// Which of HAProxy's lines is logged; `custom`: that of `log-format`.
    package enum LogFormat: Sendable { case none, tcp, http, https, custom }
    /// What a response does to its connections: nothing, `option http-server-close`, `option httpclose`.
    package enum ConnectionMode: Sendable { case keepAlive, serverClose, close }
    /// `http-reuse`.
    package enum HTTPReuse: String, Sendable { case never, safe, aggressive, always }
    /// `load-server-state-from-file`.
    package enum ServerStateSource: String, Sendable { case none, global, local }
    /// `balance`.
    package enum Balance: String, Sendable {
        case roundRobin = "roundrobin"
        case leastConn = "leastconn"
    }
}

/// `option forwardfor`.
package struct ForwardFor: Sendable {
    /// The header's name, `X-Forwarded-For` unless set.
    package var header = "X-Forwarded-For"
    /// `if-none`: not where the request has one already.
    package var ifNone = false
    /// `except`: sources that get none, as networks.
    package var except: [Network] = []

    package init() {}
}

/// `errorfile`: read at load.
package struct ErrorFile: Sendable {
    package var path: String
    package var bytes: [UInt8]

    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// Every `timeout`; nil: none.
package struct Timeouts: Sendable {
    package var client: Duration?
    package var clientFin: Duration?
    package var clientHandshake: Duration?
    package var connect: Duration?
    package var server: Duration?
    package var serverFin: Duration?
    package var httpRequest: Duration?
    package var httpKeepAlive: Duration?
    package var queue: Duration?
    package var check: Duration?
    package var tunnel: Duration?
    package var tarpit: Duration?
    /// `client-handshake`, `client-hs`: a TLS handshake may take that long; nil: as long as `client`.

    package init() {}
}
