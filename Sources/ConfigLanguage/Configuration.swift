// What a configuration says, after `defaults` were applied and names resolved: the result of parsing, and all
// that the worker reads. Durations and sizes carry their unit; nil is "not set".

/// Where something stands in a configuration.
package struct Position: Hashable, Sendable, CustomStringConvertible {
    package let file: String
    /// 1 for the first line.
    package let line: Int

    package init(file: String, line: Int) {
        self.file = file
        self.line = line
    }

    package var description: String { "\(file):\(line)" }
}

/// A whole configuration.
package struct Configuration: Sendable {
    package var global = Global()
    /// In the order of the file. A `listen` section is one proxy with both sides.
    package var proxies: [Proxy] = []

    package init() {}

    /// Whether anything listens: an enabled proxy, or an admin socket alone, as HAProxy counts.
    package var hasListeners: Bool {
        !global.statsSockets.isEmpty
            || proxies.contains { !$0.settings.disabled && $0.isFrontend && !$0.binds.isEmpty }
    }
}

/// The `global` section.
package struct Global: Sendable {
    package var masterWorker = false
    /// `master-worker no-exit-on-failure`.
    package var exitOnFailure = true
    package var daemon = false
    package var maxconn: Int?
    package var hardStopAfter: Duration?
    package var maxReloads = 50
    package var readyTimeout: Duration = .seconds(30)
    package var statsSockets: [StatsSocket] = []
    package var statsTimeout: Duration = .seconds(10)
    package var pidFile: String?
    package var logs: [LogTarget] = []
    package var logTag: String?
    package var logSendHostname: String?
    package var user: String?
    package var uid: UInt32?
    package var group: String?
    package var gid: UInt32?
    package var chroot: String?
    package var ulimitN: Int?
    package var node: String?
    package var nodeDescription: String?
    package var localPeer: String?
    /// `setenv`, `presetenv`, `resetenv`, `unsetenv` in their order, already applied to what follows them.
    package var environment: [String: String] = [:]
    package var caBase: String?
    package var crtBase: String?

    package init() {}
}

/// `level` of an admin socket.
package enum AccessLevel: Int, Comparable, Sendable {
    case user, `operator`, admin
    package static func < (left: AccessLevel, right: AccessLevel) -> Bool { left.rawValue < right.rawValue }
}

/// `stats socket`.
package struct StatsSocket: Sendable {
    package var position: Position
    package var endpoints: [Endpoint]
    package var options = BindOptions()
    package var level: AccessLevel = .operator
    package var exposesListeners = false

    package init(position: Position, endpoints: [Endpoint]) {
        self.position = position
        self.endpoints = endpoints
    }
}

/// Where a socket is or goes to, as the configuration names it.
package enum Endpoint: Hashable, Sendable {
    /// `host` is numeric, a host name to be resolved at load, or nil for any address; `family` is set by
    /// `ipv4@`/`ipv6@`. Servers may have port nil ("the port the client came to") or an offset.
    case tcp(host: String?, family: Family?, port: Port)
    case unix(path: String)
    case abstract(name: String)
    /// `fd@N`: an inherited descriptor.
    case descriptor(Int32)

    package enum Family: Sendable { case ipv4, ipv6 }

    package enum Port: Hashable, Sendable {
        case number(UInt16)
        /// `+N`, `-N`: relative to the port that the client came to.
        case offset(Int)
        /// No port: the one that the client came to.
        case same
    }
}

/// Options of a `bind` or `stats socket` line.
package struct BindOptions: Sendable {
    package var name: String?
    /// File mode of a unix socket.
    package var mode: UInt32?
    package var user: String?
    package var uid: UInt32?
    package var group: String?
    package var gid: UInt32?
    package var backlog: Int?
    package var maxconn: Int?
    package var v6only = false
    package var v4v6 = false
    package var transparent = false
    /// `interface`.
    package var interface: String?
    /// `tcp-ut`, `defer-accept`, `mss`, `tfo` are accepted and have no field until they act.
    package init() {}
}

/// One `bind` line; port ranges and lists are spread out.
package struct Bind: Sendable {
    package var position: Position
    package var endpoints: [Endpoint]
    package var options = BindOptions()

    package init(position: Position, endpoints: [Endpoint]) {
        self.position = position
        self.endpoints = endpoints
    }
}

/// `log`.
package struct LogTarget: Hashable, Sendable {
    package enum Destination: Hashable, Sendable {
        case stdout, stderr
        case descriptor(Int32)
        case unix(path: String)
        case udp(Endpoint)
    }
    package enum Format: String, Sendable {
        case local, rfc3164, rfc5424, priority, short, timed, iso, raw
    }
    package var destination: Destination
    /// Nil: the destination's usual one (`local` for sockets, `raw`-like for descriptors as HAProxy decides).
    package var format: Format?
    /// Longest line, in bytes.
    package var length = 1024
    /// 0…23, RFC 5424.
    package var facility: Int
    /// Least severe level that is sent, 0 (emerg) … 7 (debug).
    package var maxLevel = 7
    /// Messages more severe than this are sent as this one.
    package var minLevel = 0

    package init(destination: Destination, facility: Int) {
        self.destination = destination
        self.facility = facility
    }
}

/// A `frontend`, `backend` or `listen` section.
package struct Proxy: Sendable {
    package enum Kind: String, Sendable { case frontend, backend, listen }
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

    /// `http-request` rules in their order; both sides.
    package var httpRequest: [HTTPRule] = []

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
    package var dontLogNull = false
    package var logTag: String?
    package var maxconn: Int?
    package var defaultBackend: String?
    package var timeouts = Timeouts()
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
    package var backlog: Int?
    /// Defaults that `server` lines of this proxy start from (`default-server`).
    package var serverDefaults = ServerOptions()

    package init() {}

    package enum LogFormat: Sendable { case none, tcp, http }
    package enum ConnectionMode: Sendable { case keepAlive, serverClose, close }
    package enum HTTPReuse: String, Sendable { case never, safe, aggressive, always }
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
    package var connect: Duration?
    package var server: Duration?
    package var serverFin: Duration?
    package var httpRequest: Duration?
    package var httpKeepAlive: Duration?
    package var queue: Duration?
    package var check: Duration?
    package var tunnel: Duration?
    package var tarpit: Duration?

    package init() {}
}

/// `server`.
package struct ServerLine: Sendable {
    package var name: String
    package var position: Position
    package var endpoint: Endpoint
    package var options = ServerOptions()

    package init(name: String, position: Position, endpoint: Endpoint) {
        self.name = name
        self.position = position
        self.endpoint = endpoint
    }
}

/// Options of `server` and `default-server`.
package struct ServerOptions: Sendable {
    /// 0…256.
    package var weight = 1
    /// Nil: no limit.
    package var maxconn: Int?
    package var maxqueue: Int?
    package var minconn: Int?
    package var backup = false
    package var disabled = false
    package var check = false
    package var inter: Duration = .seconds(2)
    package var fastInter: Duration?
    package var downInter: Duration?
    package var rise = 2
    package var fall = 3
    /// The port that checks go to, where it is another one.
    package var checkPort: UInt16?
    package var poolMaxConn: Int?
    package var id: Int?
    package var slowStart: Duration?
    /// A name that is not resolved at load (`init-addr none`) leaves the server down; false: it is an error.
    package var mayStartUnresolved = false

    package init() {}
}

/// `use_backend NAME [if|unless …]`.
package struct UseBackend: Sendable {
    package var position: Position
    package var backend: String
    /// Nil: always.
    package var condition: Condition?

    package init(position: Position, backend: String, condition: Condition?) {
        self.position = position
        self.backend = backend
        self.condition = condition
    }
}

/// One `http-request` rule.
package struct HTTPRule: Sendable {
    package enum Action: Sendable {
        case returnResponse(Answer)
        case deny(status: Int)
        case redirect(Redirect)
        case setHeader(name: String, value: String)
    }
    package var position: Position
    package var action: Action
    package var condition: Condition?

    package init(position: Position, action: Action, condition: Condition?) {
        self.position = position
        self.action = action
        self.condition = condition
    }
}

/// `http-request return`: a complete answer, its content read at load.
package struct Answer: Sendable {
    package var status: Int
    package var contentType: String?
    package var body: [UInt8]
    package var headers: [(name: String, value: String)]

    package init(status: Int, contentType: String?, body: [UInt8], headers: [(name: String, value: String)]) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.headers = headers
    }
}

/// `http-request redirect`.
package struct Redirect: Sendable {
    package enum Target: Sendable {
        case location(String)
        case prefix(String)
        case scheme(String)
    }
    package var target: Target
    package var code = 302
    package var dropQuery = false
    package var appendSlash = false
    package var setCookie: String?

    package init(target: Target) {
        self.target = target
    }
}

/// `if`/`unless`: true when all tests of any line of `alternatives` hold; `unless` turns it round.
package struct Condition: Sendable {
    package struct Term: Sendable {
        package var negated: Bool
        package var test: Test
        package init(negated: Bool, test: Test) {
            self.negated = negated
            self.test = test
        }
    }
    package var unless: Bool
    package var alternatives: [[Term]]

    package init(unless: Bool, alternatives: [[Term]]) {
        self.unless = unless
        self.alternatives = alternatives
    }
}

/// One ACL criterion with its patterns; several `acl` lines of one name are alternatives.
package struct Test: Sendable {
    package enum Fetch: Sendable, Equatable {
        case path
        case method
        case header(String)
        case source
        case alwaysTrue
        case alwaysFalse
    }
    package enum Match: Sendable, Equatable {
        case exact, beginning, ending, substring, found
    }
    package enum Patterns: Sendable {
        case strings([String], ignoresCase: Bool)
        case networks([Network])
        case none
    }
    /// Each is tried in order until one holds.
    package struct Criterion: Sendable {
        package var fetch: Fetch
        package var match: Match
        package var patterns: Patterns
        package init(fetch: Fetch, match: Match, patterns: Patterns) {
            self.fetch = fetch
            self.match = match
            self.patterns = patterns
        }
    }
    /// Nil for an anonymous test.
    package var name: String?
    package var criteria: [Criterion]

    package init(name: String?, criteria: [Criterion]) {
        self.name = name
        self.criteria = criteria
    }
}

/// An IPv4 or IPv6 network, addresses in host order.
package enum Network: Hashable, Sendable {
    case ipv4(UInt32, prefix: Int)
    case ipv6(high: UInt64, low: UInt64, prefix: Int)
}
