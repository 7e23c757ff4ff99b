// What a worker's connections have in common, gathered one after the other: there may be ten thousand of them, and
// whoever gathers has a screen to keep alive. The verdict is made from this alone, and costs the same for ten as for
// ten thousand.

/// What was gathered of one worker.
package struct WhyAliveEvidence: Equatable, Sendable {
    /// Where a stream comes from and goes to.
    struct Route: Hashable, Sendable {
        var frontend: String?
        var backend: String?
    }

    /// The connections of one kind.
    struct Group: Equatable, Sendable {
        /// Their places in the report.
        var members: [Int] = []
        /// How many there are of each client's host, of each full address, of each server, backend and owner.
        var hosts: [String: Int] = [:]
        var clients: [String: Int] = [:]
        var servers: [String: Int] = [:]
        var backends: [String: Int] = [:]
        var owners: [String: Int] = [:]
        var causes: [ConnectionBound.Cause: Int] = [:]
        var routes: Set<Route> = []
        /// The first one's frontend or backend.
        var place: String?
        var lastEnd: WhyAlive.End?
        /// Seconds.
        var leastIdle: Double?
        var oldest: Int?
        /// Of some of them no socket is known, or no owner.
        var isBlind = false
        var lacksOwner = false
        var areAllWaiting = true
        var mostRetransmits = 0
        var unsentBytes = 0
    }

    private(set) var groups: [WhyAliveKind: Group] = [:]
    private(set) var cut = WhyAlive.Cut()
    /// Clients' connections, and the seconds since a byte moved on any of them.
    private(set) var clients = 0
    private(set) var leastIdle: Double?
    /// How many have been taken in: the next one is this.
    package private(set) var taken = 0
    private var limits: [LoadedTimeouts.Name: ConnectionBound.Limit] = [:]

    package init() {}

    /// Of all connections of a report, at once.
    init(of report: ConnectionReport) {
        take(report.connections, atMost: .max, timeouts: report.timeouts)
    }

    /// Takes in some more of `connections`, which are the same each time. True: that were all.
    @discardableResult
    package mutating func take(
        _ connections: [WorkerConnection], atMost most: Int, timeouts: Known<LoadedTimeouts>
    ) -> Bool {
        for index in taken..<(connections.count - taken > most ? taken + most : connections.count) {
            take(connections[index], at: index, timeouts)
        }
        return taken == connections.count
    }

    private mutating func take(
        _ connection: WorkerConnection, at index: Int, _ timeouts: Known<LoadedTimeouts>
    ) {
        taken = index + 1
        cut.add(connection)
        let idle = connection.idle
        if connection.activity != .admin {
            clients += 1
            leastIdle = least(leastIdle, idle)
        }
        let bound = connection.bound(timeouts, unnamed: &limits)
        let kind = WhyAliveKind.of(connection)
        groups[kind, default: Group()].take(connection, kind, at: index, idle: idle, bound)
    }
}

extension WhyAliveEvidence.Group {
    fileprivate mutating func take(
        _ connection: WorkerConnection, _ kind: WhyAliveKind, at index: Int, idle: Double?,
        _ bound: ConnectionBound
    ) {
        let isFirst = members.isEmpty
        members.append(index)
        causes[bound.cause, default: 0] += 1
        lastEnd = lastEnd.map { WhyAlive.End.last($0, bound.end) } ?? bound.end
        leastIdle = least(leastIdle, idle)
        if connection.clientSide == nil, connection.activity != .admin { isBlind = true }
        if connection.activity != .waiting { areAllWaiting = false }
        let route = WhyAliveEvidence.Route(frontend: connection.frontend, backend: connection.backend)
        if isFirst || !routes.contains(route) { routes.insert(route) }
        switch kind {
        case .adminSession:
            owners[connection.holder?.words ?? "a process that is not known", default: 0] += 1
            if connection.holder == nil { lacksOwner = true }
            if let age = connection.age { oldest = max(oldest ?? age, age) }
        case .peers: clients[connection.client, default: 0] += 1
        case .synSent, .connecting:
            servers[connection.serverPlace, default: 0] += 1
            mostRetransmits = max(mostRetransmits, connection.serverSide?.retransmits ?? 0)
        case .queued: backends[connection.backend ?? "?", default: 0] += 1
        default: break
        }
        switch kind {
        case .adminSession, .peers, .synSent, .connecting: break
        default: hosts[connection.clientHost, default: 0] += 1
        }
        unsentBytes += connection.clientSide?.unsent ?? 0
        if isFirst { place = connection.frontend ?? connection.backend }
    }
}

private func least(_ one: Double?, _ other: Double?) -> Double? {
    guard let one, let other else { return one ?? other }
    return min(one, other)
}

extension WorkerConnection {
    /// `10.0.0.3:80 (be/s1)`
    fileprivate var serverPlace: String {
        let name = [backend, server].compactMap(\.self).joined(separator: "/")
        guard let address = serverSide?.remote else { return name.isEmpty ? "?" : name }
        return name.isEmpty ? address : "\(address) (\(name))"
    }
}

extension WhyAlive.Cut {
    fileprivate mutating func add(_ connection: WorkerConnection) {
        switch connection.activity {
        case .admin, .peers: return
        case .request, .tarpit, .queue, .connect, .waiting: unanswered += 1
        case .response, .reply: answers += 1
        case .tunnel: tunnels += 1
        case .silent, .head, .idle, .unknown: break
        }
        connections += 1
    }
}
