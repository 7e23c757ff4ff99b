// View 5: stick tables and peers of the worker that serves, and its TLS tickets. What became of each at the latest
// reload first, then the replies as they came.

import ReloadModel
import RuntimeAPI
import TextUI

/// What is known of the tables, and how far the page is scrolled.
struct TablesState: Equatable, Sendable {
    var history = TableHistory()
    var scrolled = 0
    /// The latest question, microseconds since 1970.
    var asked: Int64?
    /// A worker's peers need a moment to bring it what the old one knew.
    static let settleSeconds = 1.5
    /// Until then entries that are missing may still come, and are asked for in these intervals.
    static let lessonSeconds = 10.0
    static let lessonPeriod = 2.0
    /// How often the entries are counted while nobody looks: before a reload the count must be fresh.
    static let period = 30.0
}

enum TablesView: FullView {
    static let name = "Tables"
    static let purpose = "stick tables, peers and TLS tickets, before and after a reload"

    static func rowsNoun(_ state: State) -> String { "lines" }

    // MARK: Asking

    static func opened(_ state: inout State) -> [Effect] { ask(&state) }

    static func looked(_ state: inout State) -> [Effect] { [] }

    /// Asks the serving worker when it is new and settled, and now and then.
    static func askInTime(_ state: inout State) -> [Effect] {
        guard let worker = serving(state), worker.uptime >= TablesState.settleSeconds else { return [] }
        let latest = state.tables.history.latest
        let age = state.tables.asked.map { Double(state.now - $0) / 1_000_000 } ?? .infinity
        if latest?.pid != worker.pid { return age >= 1 ? ask(&state) : [] }
        guard latest?.tablesText.value != nil || state.view == .tables else { return [] }
        let mayCome = worker.uptime < TablesState.lessonSeconds && fates(state).contains(where: \.isLost)
        return age >= (mayCome ? TablesState.lessonPeriod : TablesState.period) ? ask(&state) : []
    }

    private static func ask(_ state: inout State) -> [Effect] {
        guard let worker = serving(state) else { return [] }
        state.tables.asked = state.now
        return [.readTables(pid: worker.pid)]
    }

    private static func serving(_ state: State) -> WorkerSample? {
        state.live?.snapshot.workers.first { $0.state == .serving }
    }

    // MARK: Drawing

    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        guard area.height > 0 else { return }
        frame.putRule("Tables, peers, tickets", right: situation(state), focused: true, area)
        let lines = lines(state, area.width - 2)
        let room = area.height - 1
        let first = max(0, min(state.tables.scrolled, lines.count - room))
        for (offset, line) in lines.dropFirst(first).prefix(room).enumerated() {
            frame.put(line, at: area.column + 1, area.row + 1 + offset, width: area.width - 2)
        }
    }

    private static func situation(_ state: State) -> String {
        guard let latest = state.tables.history.latest else { return "not asked yet" }
        let age = max(0, Double(state.now - latest.at) / 1_000_000)
        return "worker \(latest.pid), asked \(Figures.span(age)) ago; r asks again"
    }

    static func lines(_ state: State, _ width: Int) -> [StyledText] {
        guard let latest = state.tables.history.latest else {
            return [StyledText("the serving worker is asked soon", .label)]
        }
        let filter = state.filter(of: .view(.tables))
        var lines: [StyledText] = []
        for fate in fates(state) {
            lines += WrappedText.lines(sentence(fate), width: width, indent: 4).map {
                StyledText($0, style(fate))
            }
        }
        for peer in latest.peers {
            lines += WrappedText.lines(PeerSentence.of(peer), width: width, indent: 4).map {
                StyledText($0, PeerSentence.style(peer))
            }
        }
        lines += tickets(state, width)
        if case .known(let text) = latest.tablesText, text.isEmpty || latest.tables.isEmpty {
            lines.append(StyledText("this configuration has no stick tables", .label))
        }
        for (command, text) in [("show table", latest.tablesText), ("show peers", latest.peersText)] {
            lines += [StyledText(), StyledText(command, Style(.cyan).bold)]
            switch text {
            case .unknown(let why):
                lines += WrappedText.lines("? \(why.reason)", width: width, indent: 2).map {
                    StyledText($0, .unknown)
                }
            case .known(let rows):
                lines += rows.filter { filter.isEmpty || Filter.matches($0, filter) }.map { StyledText($0) }
                if rows.isEmpty { lines.append(StyledText("nothing", .label)) }
            }
        }
        return lines
    }

    /// Of the latest reload that succeeded; nothing where there was none.
    private static func tickets(_ state: State, _ width: Int) -> [StyledText] {
        guard let last = state.live?.snapshot.reloads.last(where: { $0.result == .success }) else {
            return []
        }
        let known = last.verdict.tickets
        let words =
            switch known {
            case .known(let survival): survival.sentence
            case .unknown(let why): "? \(why.reason)" + (why.remedy.map { " (\($0))" } ?? "")
            }
        return WrappedText.lines("TLS tickets: \(words)", width: width, indent: 4).map {
            StyledText($0, known.value?.style ?? .unknown)
        }
    }

    private static func fates(_ state: State) -> [TableFate] {
        state.tables.history.fates(state.live?.snapshot.proxy.program ?? .haproxy)
    }

    private static func sentence(_ fate: TableFate) -> String {
        let table = fate.table
        let share =
            table.size > 0 ? ", \(Figures.percent(Double(table.used) * 100 / Double(table.size))) % full" : ""
        let head = "\(table.name): \(table.used) of \(table.size) entries\(share)"
        let change =
            "before the reload \(fate.before.map(String.init) ?? "?"), after it \(fate.after.map(String.init) ?? "?")"
        switch fate.outcome {
        case .unseen: return "\(head); no reload was seen"
        case .carried: return "\(head); CARRIED: \(change)"
        case .new: return "\(head); new with this configuration"
        case .wasEmpty: return "\(head); was empty before the reload"
        case .lost(let why): return "\(head); LOST: \(change): \(why)"
        case .gone: return "\(table.name): gone with the reload, with \(fate.before ?? 0) entries"
        }
    }

    private static func style(_ fate: TableFate) -> Style {
        switch fate.outcome {
        case .lost: Style(.red).bold
        case .carried: Style(.green)
        case .gone: Style(.yellow)
        case .unseen, .new, .wasEmpty: .value
        }
    }

    // MARK: Keys

    static func press(_ action: Action, _ state: inout State) -> [Effect]? {
        switch action {
        case .refresh: return ask(&state)
        case .move(let move):
            let room = max(1, state.viewArea.height - 1)
            let last = max(0, lines(state, state.viewArea.width - 2).count - room)
            state.tables.scrolled = Scrolling.moved(
                min(state.tables.scrolled, last), move, page: max(1, room - 1), last: last)
        default: return nil
        }
        return []
    }

    static func export(_ state: State) -> [JSON.Member] {
        let rows = fates(state).map { fate in
            JSON.object([
                JSON.Member("table", .string(fate.table.name)), JSON.Member("type", .string(fate.table.type)),
                JSON.Member("size", .integer(Int64(fate.table.size))),
                JSON.Member("used", .integer(Int64(fate.table.used))),
                JSON.Member("before", fate.before.map { .integer(Int64($0)) } ?? .null),
                JSON.Member("after", fate.after.map { .integer(Int64($0)) } ?? .null),
            ])
        }
        let peers = (state.tables.history.latest?.peers ?? []).map { peer in
            JSON.object([
                JSON.Member("section", .string(peer.section)), JSON.Member("peer", .string(peer.name)),
                JSON.Member("local", .bool(peer.isLocal)), JSON.Member("connected", .bool(peer.isConnected)),
                JSON.Member("status", .string(peer.status)),
                JSON.Member("changes_behind", peer.changesBehind.map { .integer(Int64($0)) } ?? .null),
            ])
        }
        let last = state.live?.snapshot.reloads.last { $0.result == .success }
        let tickets = last?.verdict.tickets.value.map { JSON.string($0.sentence) } ?? .null
        return [
            JSON.Member("tables", .array(rows)), JSON.Member("peers", .array(peers)),
            JSON.Member("tls_tickets", tickets),
        ]
    }

    static func shellCommands(_ state: State) -> [String] {
        guard let snapshot = state.picture?.snapshot, let worker = serving(state) else { return [] }
        return ["show table", "show peers", "show tls-keys"].flatMap {
            MasterShell.ask("@!\(worker.pid) \($0)", snapshot)
        }
    }
}
