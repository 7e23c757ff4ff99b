// View 2: every connection of one worker or of all, or grouped by client, frontend or server. Asked for only while it
// is shown, and said how old it is.

import ReloadModel
import RuntimeAPI
import TextUI

/// What of the connections is listed.
struct ConnsPosition: Equatable, Sendable {
    enum Grouping: Int, CaseIterable, Sendable {
        case client, frontend, server, none

        var words: String {
            switch self {
            case .client: "by client"
            case .frontend: "by frontend"
            case .server: "by server"
            case .none: "one by one"
            }
        }
    }
    /// Nil: all workers.
    var worker: Int32?
    var grouping = Grouping.client
}

/// One connection, or several of the same client, frontend or server.
struct ConnsRow {
    var key: String
    var pids: Set<Int32>
    /// The streams of each worker that can be shut down.
    var sessions: [Int32: [String]] = [:]
    var members: [WorkerConnection]
    var timeouts: Known<LoadedTimeouts>

    /// The least.
    var idle: Double? { members.compactMap(\.idle).min() }
    /// The largest.
    var age: Double? { members.compactMap(\.age).max().map(Double.init) }
    var received: UInt64 { members.compactMap(\.received).reduce(0, &+) }
    var sent: UInt64 { members.compactMap(\.sent).reduce(0, &+) }

    /// `20 tunnel, 3 waiting`
    var states: String {
        var counts: [String: Int] = [:]
        for member in members { counts[member.activity.rawValue, default: 0] += 1 }
        let frequent = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return members.count == 1
            ? frequent[0].key : frequent.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    /// Seconds until the last one has ended; nil: never, or not known.
    var end: ConnectionBound? {
        let bounds = members.map { $0.bound(timeouts) }
        if let open = bounds.first(where: { $0.seconds == nil }) { return open }
        return bounds.max { ($0.seconds ?? 0) < ($1.seconds ?? 0) }
    }
}

enum ConnsView: ListedView {
    static let kind = ViewKind.conns
    static let name = "Conns"
    static let purpose = "whose connections, to where, how long still"

    static func rowsNoun(_ state: State) -> String { "connections" }

    // MARK: Asking

    static func opened(_ state: inout State) -> [Effect] {
        state.inquiries.refresh(pids(state), now: state.now)
    }

    static func looked(_ state: inout State) -> [Effect] {
        state.paused == nil ? state.inquiries.refresh(pids(state), now: state.now) : []
    }

    /// The workers whose connections are listed.
    private static func pids(_ state: State) -> [Int32] {
        let all = state.picture?.snapshot.workers.map(\.pid) ?? []
        guard let chosen = state.conns.worker, all.contains(chosen) else { return all }
        return [chosen]
    }

    // MARK: Rows

    static func table(_ state: State) -> ListTable<ConnsRow> {
        let grouping = state.conns.grouping
        var rows: [ConnsRow] = []
        var places: [String: Int] = [:]
        for pid in pids(state) {
            guard let report = state.inquiries.entries[pid]?.report else { continue }
            for (index, connection) in report.connections.enumerated() {
                let key =
                    key(connection, grouping)
                    ?? "\(pid) \(connection.session ?? "") \(connection.client) \(index)"
                let place = grouping == .none ? rows.count : places[key] ?? rows.count
                if place == rows.count {
                    places[key] = place
                    rows.append(ConnsRow(key: key, pids: [], members: [], timeouts: report.timeouts))
                }
                rows[place].members.append(connection)
                rows[place].pids.insert(pid)
                if let session = connection.session, connection.activity != .admin {
                    rows[place].sessions[pid, default: []].append(session)
                }
            }
        }
        if grouping != .none { rows.sort { ($1.members.count, $0.key) < ($0.members.count, $1.key) } }
        let isAwaited = pids(state).contains { state.inquiries.entries[$0] == nil }
        return ListTable(
            columns: grouping == .none ? single : grouped(grouping), items: rows, identity: { $0.key },
            empty: isAwaited ? "the workers are asked" : "no connections")
    }

    private static func key(_ connection: WorkerConnection, _ grouping: ConnsPosition.Grouping) -> String? {
        switch grouping {
        case .client: connection.holder?.words ?? connection.clientHost
        case .frontend: ConnectionLine.frontend(connection)
        case .server: ConnectionLine.server(connection)
        case .none: nil
        }
    }

    private static func grouped(_ grouping: ConnsPosition.Grouping) -> [ListColumn<ConnsRow>] {
        let title =
            switch grouping {
            case .client, .none: "CLIENT"
            case .frontend: "FRONTEND"
            case .server: "SERVER"
            }
        return [
            ListColumn(title, width: 34, minimum: 15, rank: 0) { ListCell($0.key, .strong) },
            ListColumn("CONN", .right, width: 6, rank: 0) { .number($0.members.count) },
            ListColumn("STATES", width: 36, minimum: 10, rank: 1) { ListCell($0.states) },
        ] + times + [
            ListColumn("WORKERS", width: 16, minimum: 8, rank: 6) { row in
                ListCell(row.pids.sorted().map(String.init).joined(separator: " "), .label)
            }
        ]
    }

    private static var single: [ListColumn<ConnsRow>] {
        [
            ListColumn("CLIENT", width: 30, minimum: 15, rank: 0) { row in
                ListCell(row.members[0].holder?.words ?? row.members[0].client, .strong)
            },
            ListColumn("FRONTEND", width: 16, rank: 3) { ListCell(ConnectionLine.frontend($0.members[0])) },
            ListColumn("SERVER", width: 20, minimum: 8, rank: 2) {
                ListCell(ConnectionLine.server($0.members[0]))
            },
            ListColumn("STATE", width: 9, rank: 0) { ListCell($0.members[0].activity.rawValue) },
        ] + times + [
            ListColumn("BY", width: 24, minimum: 12, rank: 7) { row in
                ListCell(row.members[0].bound(row.timeouts).words, .label)
            },
            ListColumn("TCP", width: 23, minimum: 16, rank: 8) {
                ListCell(ConnectionLine.states($0.members[0]), .label)
            },
            ListColumn("WORKER", .right, width: 7, rank: 6) { ListCell.number($0.pids.first, .label) },
        ]
    }

    private static var times: [ListColumn<ConnsRow>] {
        [
            ListColumn("AGE", .right, width: 6, minimum: 6, rank: 4) { .span($0.age) },
            ListColumn("IDLE", .right, width: 6, minimum: 6, rank: 1) { .span($0.idle) },
            ListColumn("ENDS IN", .right, width: 7, rank: 2) { row in
                guard let end = row.end else { return ListCell("?", .unknown, .unknown) }
                return ListCell(ConnectionLine.end(end), .value, end.seconds.map { .number($0) } ?? .unknown)
            },
            ListColumn("IN", .right, width: 6, rank: 9) {
                .number($0.received, .label) { Figures.bytes(Int(clamping: $0)) }
            },
            ListColumn("OUT", .right, width: 6, rank: 10) {
                .number($0.sent, .label) { Figures.bytes(Int(clamping: $0)) }
            },
        ]
    }

    static func headlines(_ state: State) -> [StyledText] {
        let pids = pids(state)
        let reports = pids.compactMap { state.inquiries.entries[$0]?.report }
        let total = reports.reduce(0) { $0 + $1.connections.count }
        let ages = pids.compactMap { state.inquiries.age(of: $0, now: state.now) }
        let whose = state.conns.worker.map { "worker \($0)" } ?? Figures.counted(pids.count, "worker")
        let age = ages.max().map { "asked \(Figures.span($0)) ago" } ?? "asking"
        let omitted = reports.reduce(0) { $0 + $1.omitted }
        let first =
            StyledText("\(Figures.counted(total, "connection"))", .strong)
            + StyledText(" of \(whose), \(state.conns.grouping.words)")
            + StyledText(omitted > 0 ? ", \(omitted) more not kept" : "", Style(.yellow))
        let took =
            reports.map(\.milliseconds).max().map { ", the slowest took \(Figures.milliseconds($0))" } ?? ""
        let second = StyledText(
            "\(age)\(took); asking costs a worker CPU: every \(Figures.fixed(Inquiries.pause, digits: 0)) s while shown",
            .label)
        let blind = Set(reports.flatMap(\.blindness)).first.map {
            StyledText("? \($0.what): \($0.unknown.reason)", Style(.yellow))
        }
        return [first, second] + [blind].compactMap(\.self)
    }

    // MARK: Keys

    static func pressOwn(_ action: Action, _ item: ConnsRow?, _ state: inout State) -> [Effect]? {
        switch action {
        case .refresh: return state.inquiries.ask(pids(state), now: state.now)
        case .group:
            let all = ConnsPosition.Grouping.allCases
            state.conns.grouping = all[(state.conns.grouping.rawValue + 1) % all.count]
            state.lists[kind] = nil
            return []
        case .nextWorker:
            let workers = state.picture?.snapshot.workers.map(\.pid) ?? []
            let index = state.conns.worker.flatMap { workers.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
            state.conns.worker = workers.indices.contains(index) ? workers[index] : nil
            return state.inquiries.refresh(pids(state), now: state.now)
        default: return nil
        }
    }

    /// One connection: why its worker is alive; several: each of them.
    static func open(_ item: ConnsRow?, _ state: inout State) -> [Effect] {
        guard let item else { return [] }
        if state.conns.grouping == .none, let pid = item.pids.first {
            state.view = .tree
            state.selected = pid
            return WhyAliveScreen.open(pid, &state)
        }
        state.filter = item.key
        state.conns.grouping = .none
        state.lists[kind] = nil
        return []
    }

    /// As many sessions are shut down with one question: more do not fit into an admin command.
    private static let mostSessions = 200

    static func interventions(_ state: State) -> [Intervention] {
        guard let row = selected(state), let master = state.live?.snapshot.master.pid else { return [] }
        let client = state.conns.grouping == .none ? row.members[0].client : row.key
        return row.sessions.sorted { $0.key < $1.key }.map { pid, sessions in
            .shutDown(
                sessions: Array(sessions.prefix(mostSessions)), client: client, worker: pid, master: master)
        }
    }

    static func shellCommands(_ state: State) -> [String] {
        guard let snapshot = state.picture?.snapshot else { return [] }
        return pids(state).flatMap { MasterShell.ask("@!\($0) show sess", snapshot) } + ["ss -tnpie"]
    }
}
