// What the `global` section says.

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
    /// Which connections of older workers this configuration's worker takes over.
    package var migration = Migration.idle
    /// How long it serves before it takes tunnels.
    package var migrateAfter: Duration = .seconds(2)
    /// `noreuseport`: other processes of the same user do not bind the same ports.
    package var sharesPorts = true
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
    /// Where servers' states are read from, and the folder that such names begin in.
    package var serverStateFile: String?
    package var serverStateBase: String?
    /// `setenv`, `presetenv`, `resetenv`, `unsetenv` in their order, already applied to what follows them.
    package var environment: [String: String] = [:]
    package var caBase: String?
    package var crtBase: String?
    /// `tune.ssl.lifetime`: how long a TLS session can be resumed.
    package var tlsLifetime: Duration = .seconds(300)
    /// `maxsslconn`: client connections that speak TLS; nil: no limit of their own.
    package var maxTLSConnections: Int?
    /// `ssl-default-bind-…`, `ssl-default-server-…` and `ssl-server-verify`: where lines say nothing.
    var bindTLS = TLSWords()
    var serverTLS = TLSWords()

    package init() {}
}

/// `tune.reload.migrate`: what moves to a new worker; each step includes those before it.
package enum Migration: String, CaseIterable, Sendable {
    case off
    /// Client connections between two requests.
    case idle
    /// Established TCP streams and WebSockets as well.
    case tunnels
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
