// One `server` line at work: its address, state, weight, pool and counters.

import ConfigLanguage
import Polling
import ProxyProtocol
import TLS
import Unix

/// A server of a backend.
package final class Server {
    package let name: String
    /// `sid` of `show stat`: 1 for the first server of its backend.
    package let id: Int
    package unowned let backend: Backend
    package let options: ServerOptions
    package let position: Position
    /// Nil while its name is not resolved.
    package internal(set) var address: SocketAddress?
    package let isBackup: Bool
    /// No port of its own: what is added to the port that the client came to. Nil: the address has its port.
    package let portOffset: Int?

    /// `send-proxy`: how the server is told of a connection's client.
    let announcement: ProxyHeaderVersion?
    /// The same for checks.
    let checkAnnouncement: ProxyHeaderVersion?
    /// Its connections speak TLS; so do its checks.
    let connector: TLSConnector?
    let checkConnector: TLSConnector?
    /// `sni`: which of the backend's names is asked for.
    var sni: Int?
    /// Each connection belongs to one client: it was announced for that one, or `http-reuse never`.
    let ownsConnections: Bool

    /// As configured, and as the admin set it.
    package let initialWeight: Int
    @exclusivity(unchecked) package internal(set) var weight: Int
    @exclusivity(unchecked) package internal(set) var maxconn: Int?
    /// Less than full while it starts slowly.
    package internal(set) var warmth = Warmth.full
    var warming: Timer?

    /// What the checks found; true where nothing is checked.
    @exclusivity(unchecked) package internal(set) var isUp = true
    /// `disabled`, or the admin's `disable server`.
    @exclusivity(unchecked) package internal(set) var inMaintenance: Bool
    package internal(set) var check: CheckState

    @exclusivity(unchecked) package internal(set) var load = LoadCounters()
    @exclusivity(unchecked) package internal(set) var waits = WaitCounters()
    @exclusivity(unchecked) package var lastSession: Instant?
    package internal(set) var lastChange: Instant
    package internal(set) var downBefore: Duration = .zero

    /// Where it stands in the round: rises by its weight, falls by all weights when it is chosen.
    var credit = 0
    /// When it was chosen last, counted in choices.
    var turn = 0
    @exclusivity(unchecked) var idle: [ServerConnection] = []

    /// Connections that wait for a request, and those that have one.
    package internal(set) var idleConnections = 0
    @exclusivity(unchecked) package internal(set) var usedConnections = Gauge()

    /// `connector`: of its TLS, where traffic or checks speak any.
    init(line: ServerLine, id: Int, backend: Backend, connector: TLSConnector?, now: Instant) {
        name = line.name
        self.id = id
        self.backend = backend
        options = line.options
        position = line.position
        isBackup = line.options.backup
        initialWeight = line.options.weight
        weight = line.options.weight
        maxconn = line.options.maxconn
        inMaintenance = line.options.disabled
        announcement = line.options.sendProxy.map(ProxyHeaderVersion.init)
        checkAnnouncement =
            line.options.checkSendsProxy
            ? announcement ?? .text : line.options.checkPort == nil ? announcement : nil
        self.connector = line.options.usesTLS ? connector : nil
        // Checks that go to another port speak plainly unless they are told to.
        let checksAlike = line.options.usesTLS && line.options.checkPort == nil
        checkConnector = line.options.checkUsesTLS ?? checksAlike ? connector : nil
        ownsConnections = announcement != nil || backend.settings.httpReuse == .never
        check = CheckState(rise: line.options.rise, fall: line.options.fall)
        lastChange = now
        address =
            switch line.endpoint {
            case .tcp(let host, let family, .number(let port)):
                SocketAddress(numeric: host ?? (family == .ipv6 ? "::" : "0.0.0.0"), port: port)
            case .tcp(let host, let family, _):
                SocketAddress(numeric: host ?? (family == .ipv6 ? "::" : "0.0.0.0"), port: 0)
            case .unix(let path): .unix(path: path)
            case .abstract(let name): .paddedAbstract(name: name)
            case .descriptor: nil
            }
        portOffset =
            switch line.endpoint {
            case .tcp(_, _, .offset(let offset)): offset
            case .tcp(_, _, .same): 0
            case .tcp, .unix, .abstract, .descriptor: nil
            }
        if let limit = line.options.minconn { maxconn = max(line.options.maxconn ?? 0, limit) }
        if address == nil { isUp = false }
    }

    /// Where a stream connects whose client came to `local`: host and port may follow the client's.
    func destination(from local: @autoclosure () -> SocketAddress) -> SocketAddress? {
        guard followsClient, let address else { return address }
        let local = local()
        let port = portOffset.map { UInt16(truncatingIfNeeded: Int(local.port ?? 0) + $0) }
        let host = address.isAnyHost ? local : address
        return host.with(port: port ?? address.port ?? 0)
    }

    /// Its connections differ by client, so that none is used for another.
    var followsClient: Bool { portOffset != nil || address?.isAnyHost == true }

    /// Where checks go; nil: nowhere that is known.
    var checkTarget: SocketAddress? {
        guard let port = options.checkPort else { return portOffset == nil ? address : nil }
        return address?.with(port: port)
    }

    /// The most streams at a time now: with `minconn` it grows with the backend's load, with `slowstart` with the
    /// time; nil: no limit.
    @inline(__always)
    var limit: Int? {
        guard let maxconn, maxconn > 0 else { return nil }
        guard let least = options.minconn else { return warmth.part(of: maxconn) }
        let load = backend.load.sessions.current
        let limit = load >= backend.fullConn ? maxconn : max(least, load * maxconn / backend.fullConn)
        return warmth.part(of: limit)
    }

    /// What balancing weighs it with, in sixteenths.
    @inline(__always)
    var share: Int { weight * warmth.parts }

    /// Its weight as it counts now, as `show stat` tells it.
    package var effectiveWeight: Int { warmth.part(of: weight) }

    /// Whether balancing may choose it.
    @inline(__always)
    package var isUsable: Bool { isUp && !inMaintenance && weight > 0 }

    /// Whether it is running at all, whatever its weight.
    package var isRunning: Bool { isUp && !inMaintenance }

    func clearCounters(all: Bool) {
        if all {
            check.failures = 0
            check.timesDown = 0
        }
        load.clear(all: all)
        waits.clear(all: all)
    }

    /// `downtime` in all until `now`, maintenance included.
    package func downtime(at now: Instant) -> Duration {
        isRunning ? downBefore : downBefore + (now - lastChange)
    }
}

extension ProxyHeaderVersion {
    fileprivate init(_ option: SendProxy) {
        switch option {
        case .v1: self = .text
        case .v2: self = .binary
        }
    }
}

extension SocketAddress {
    /// The same host with another port; unix sockets have none.
    func with(port: UInt16) -> SocketAddress {
        switch self {
        case .ipv4(let host, _): .ipv4(host, port: port)
        case .ipv6(let high, let low, _, let scope): .ipv6(high: high, low: low, port: port, scope: scope)
        case .unix, .abstract: self
        }
    }

    /// `0.0.0.0` or `::`.
    var isAnyHost: Bool {
        switch self {
        case .ipv4(let host, _): host == 0
        case .ipv6(let high, let low, _, _): high | low == 0
        case .unix, .abstract: false
        }
    }
}
