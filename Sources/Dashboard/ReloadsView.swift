// View 3: every load attempt that is known, the newest first, and the whole verdict of the one under the cursor:
// beside the list on wide screens, below it on others, in its place where there is next to no room.

import ReloadModel
import RuntimeAPI
import TextUI

/// Where a person is in the reloads, besides the cursor of the list.
struct ReloadsPosition: Equatable, Sendable {
    /// The verdict has the whole area, and the arrows scroll it.
    var isOpen = false
    var scrolled = 0
}

enum ReloadsView: FullView {
    static let name = "Reloads"
    static let purpose = "each reload: who asked, how it went, whether it got worse"

    static func rowsNoun(_ state: State) -> String { "reloads" }

    // MARK: The list

    static func table(_ state: State) -> ListTable<ReloadRecord> {
        let now = state.picture?.snapshot.time ?? state.now
        let glyphs = Glyphs(repertoire: state.settings.repertoire)
        // Nobody else moves connections: a column of question marks would tell nothing.
        let tellsMoves = state.picture?.snapshot.proxy.program == .mwproxy
        return ListTable(
            columns: [
                ListColumn("TIME", width: 8, minimum: 8, rank: 0) { record in
                    guard let at = record.at else { return ListCell("?", .unknown, .unknown) }
                    return ListCell(Figures.time(at), .label, .number(Double(at)))
                },
                ListColumn("AGO", .right, width: 6, minimum: 6, rank: 7) { record in
                    .span(record.at.map { Double(now - $0) / 1_000_000 }, .label)
                },
                ListColumn("NO", .right, width: 5, minimum: 3, rank: 4) { .number($0.attempt) },
                ListColumn("RESULT", width: 9, minimum: 9, rank: 0) { record in
                    ListCell(
                        "\(record.result.glyph(glyphs)) \(record.result.word)", record.result.style,
                        .text(record.result.word))
                },
                ListColumn("TOOK", .right, width: 6, rank: 5) { record in
                    .number(record.durationMilliseconds.value.map { Int($0.rounded()) }) {
                        Figures.milliseconds(Double($0))
                    }
                },
                ListColumn("HEALTH", width: 8, minimum: 7, rank: 3) { health($0, glyphs) },
                ListColumn("MOVED", .right, width: 5, minimum: 5, rank: 4) { record in
                    .number(record.verdict.moves?.moved, .value, Figures.count)
                },
                ListColumn("CUT", .right, width: 5, minimum: 3, rank: 3) { record in
                    .number(record.verdict.cut, record.verdict.cut ?? 0 > 0 ? Style(.red).bold : .value)
                },
                ListColumn("UNDONE", .right, width: 6, rank: 6) { record in
                    let count = record.verdict.undone.value?.count
                    return .number(count, count ?? 0 > 0 ? Style(.yellow).bold : .value)
                },
                ListColumn("WHO OR WHY", width: 60, minimum: 17, rank: 1) { record in
                    let words = record.reason ?? record.author?.nearestFirst(from: glyphs.from) ?? ""
                    return ListCell(words, record.reason == nil ? .label : .value)
                },
                ListColumn("SOURCE", width: 14, minimum: 8, rank: 8) { record in
                    ListCell(record.source.tag, .label, .text(record.source.rawValue))
                },
            ].filter { tellsMoves || $0.title != "MOVED" },
            items: state.picture?.snapshot.reloads.reversed() ?? [],
            identity: { "\($0.id) \($0.attempt ?? -1) \($0.at ?? 0)" },
            empty: "no reload since the master started")
    }

    private static func health(_ record: ReloadRecord, _ glyphs: Glyphs) -> ListCell {
        guard let judgement = record.verdict.health.value?.judgement else {
            return ListCell(glyphs.dash, .unknown, .unknown)
        }
        let style: Style =
            switch judgement {
            case .worse: Style(.red).bold
            case .better: Style(.green)
            case .same: .value
            }
        let word = judgement == .worse ? "WORSE" : judgement.rawValue
        return ListCell("\(judgement == .worse ? glyphs.bad : glyphs.ok) \(word)", style, .text(word))
    }

    private static var filterPlace: State.Place { .view(.reloads) }

    static func selected(_ state: State) -> ReloadRecord? {
        table(state).selected(state.list(of: .reloads), filter: state.filter(of: filterPlace))
    }

    // MARK: Places

    private struct Places {
        var list: Area?
        var verdict: Area?
    }

    private static func places(_ state: State, _ area: Area) -> Places {
        if state.reloads.isOpen { return Places(list: nil, verdict: area) }
        if area.width < ScreenLayout.compactColumns || area.height < 10 { return Places(list: area) }
        var (list, verdict) = (area, area)
        if area.width >= 110 {
            list.width = area.width * 9 / 20
            verdict.column += list.width + 1
            verdict.width -= list.width + 1
        } else {
            let rows = 1 + max(3, state.picture?.snapshot.reloads.count ?? 0)
            list.height = min(rows, max(4, area.height * 3 / 10))
            verdict.row += list.height
            verdict.height -= list.height
        }
        return Places(list: list, verdict: verdict)
    }

    // MARK: Drawing

    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        guard area.height > 0 else { return }
        let places = places(state, area)
        if let list = places.list {
            table(state).draw(
                state.list(of: .reloads), filter: state.filter(of: filterPlace),
                hidden: state.hiddenColumns(of: .reloads), list, &frame)
        }
        guard let verdict = places.verdict else { return }
        if let list = places.list, list.row == verdict.row {
            let glyphs = Glyphs(repertoire: frame.repertoire)
            frame.fill(
                glyphs.vertical,
                Area(column: verdict.column - 1, row: verdict.row, width: 1, height: verdict.height),
                style: .rule)
        }
        drawVerdict(state, verdict, &frame)
    }

    private static func drawVerdict(_ state: State, _ area: Area, _ frame: inout Frame) {
        guard let record = selected(state) else { return }
        let lines = VerdictText.lines(record, state, width: max(10, area.width - 2))
        let room = max(0, area.height - 1)
        let first = state.reloads.isOpen ? min(state.reloads.scrolled, max(0, lines.count - room)) : 0
        let hidden = max(0, lines.count - first - room)
        let more = hidden > 0 ? "\(hidden) more" : state.reloads.isOpen ? "Esc back" : ""
        frame.putRule(VerdictText.title(record), right: more, focused: state.reloads.isOpen, area)
        for (offset, line) in lines.dropFirst(first).prefix(room).enumerated() {
            frame.put(line, at: area.column + 1, area.row + 1 + offset, width: area.width - 2)
        }
    }

    // MARK: Keys and mouse

    static func press(_ action: Action, _ state: inout State) -> [Effect]? {
        switch action {
        case .open:
            state.reloads = ReloadsPosition(isOpen: !state.reloads.isOpen && selected(state) != nil)
        case .leave where state.reloads.isOpen: state.reloads.isOpen = false
        case .move(let move) where state.reloads.isOpen:
            let area = state.viewArea
            let count = selected(state).map {
                VerdictText.lines($0, state, width: max(10, area.width - 2)).count
            }
            let room = max(1, area.height - 1)
            state.reloads.scrolled = Scrolling.moved(
                state.reloads.scrolled, move, page: room, last: max(0, (count ?? 0) - room))
        default:
            var position = state.list(of: .reloads)
            let height = places(state, state.viewArea).list?.height ?? 2
            guard
                table(state).press(
                    action, &position, filter: state.filter(of: filterPlace), height: height)
            else { return nil }
            state.lists[.reloads] = position
        }
        return []
    }

    static func pressed(column: Int, row: Int, _ area: Area, _ state: inout State) -> [Effect] {
        guard let list = places(state, area).list, list.contains(column: column, row: row) else { return [] }
        let again = table(state).click(column: column, row: row, of: .reloads, list, &state)
        return again ? press(.open, &state) ?? [] : []
    }

    static func settle(_ state: inout State, _ area: Area) {
        var position = state.list(of: .reloads)
        let height = places(state, area).list?.height ?? 2
        table(state).settle(&position, filter: state.filter(of: filterPlace), height: height)
        state.lists[.reloads] = position
    }

    static func columnNames(_ state: State) -> [String] { table(state).columns.map(\.title) }

    // MARK: Export

    static func export(_ state: State) -> [JSON.Member] {
        let rows = table(state).export(state.list(of: .reloads), filter: state.filter(of: filterPlace))
        let lines = selected(state).map { record in
            [VerdictText.title(record)]
                + VerdictText.lines(record, state, width: 200).map { $0.runs.map(\.text).joined() }
        }
        return [
            JSON.Member("reloads", rows), JSON.Member("verdict", .array((lines ?? []).map { .string($0) })),
        ]
    }

    static func shellCommands(_ state: State) -> [String] {
        guard let proxy = state.picture?.snapshot.proxy, let socket = proxy.masterSocket.value else {
            return []
        }
        let command = proxy.program == .mwproxy ? "show reloads" : "show proc"
        return ["echo '\(command)' | socat - UNIX-CONNECT:\(socket)"]
    }
}
