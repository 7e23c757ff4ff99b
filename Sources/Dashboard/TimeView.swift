// View 7: each generation as a bar over time: start, serving, draining, its end or the moment at which its
// hard-stop-after will end it; above them the reloads. What overlaps how long is seen at a glance.

import ReloadModel
import RuntimeAPI
import TextUI

/// Where a person is in the time view.
struct TimePosition: Equatable, Sendable {
    /// Index into `TimeAxis.spans`; nil: whatever fits what is known, an hour at most.
    var span: Int?
    /// Quarters of the span that the axis is moved into the past.
    var back = 0
    /// The pid and start of the life under the cursor; nil: the newest.
    var selected: String?
    /// The first row shown.
    var first = 0
}

enum TimeView: FullView {
    static let name = "Time"
    static let purpose = "generations as bars: who overlapped whom, and until when"

    static func rowsNoun(_ state: State) -> String { "workers" }

    /// The newest first: those that had started by the moment that is shown.
    static func lives(_ state: State) -> [Life] {
        guard let now = state.picture?.snapshot.time else { return [] }
        let filter = state.filter(of: .view(.time))
        return state.chronicle.lives.reversed().compactMap { life in
            guard life.started <= now else { return nil }
            var life = life
            if let ended = life.ended, ended > now { life.ended = nil }
            life.phases.removeAll { $0.since > now }
            let words = [String(life.pid), life.generation.map { "g\($0)" } ?? "", word(life)]
            return filter.isEmpty || words.contains { Filter.matches($0, filter) } ? life : nil
        }
    }

    private static func word(_ life: Life) -> String {
        life.ended == nil ? life.phases.last?.state.word ?? "" : "ended"
    }

    private static func name(_ life: Life) -> String { "\(life.pid) \(life.started / 5_000_000)" }

    // MARK: Drawing

    /// Columns before the bars, and after them.
    private static func margins(_ lives: [Life], _ width: Int) -> (left: Int, right: Int) {
        let pid = lives.map { String($0.pid).utf8.count }.max() ?? 5
        return (left: pid + 9, right: width >= 100 ? 26 : width >= 70 ? 12 : 0)
    }

    /// The axis reaches into the future as far as the next deadlines, at most a third of it.
    private static func axis(_ state: State, _ lives: [Life], columns: Int) -> TimeAxis {
        let now = state.picture?.snapshot.time ?? state.now
        let seconds = TimeAxis.spans[span(state, lives)]
        let end =
            now + ahead(of: now, lives, seconds: seconds) * 1_000_000
            - Int64(state.time.back) * seconds * 250_000
        return TimeAxis(end: end, seconds: seconds, columns: columns)
    }

    /// Seconds of the axis that are yet to come.
    private static func ahead(of now: Int64, _ lives: [Life], seconds: Int64) -> Int64 {
        let deadlines = lives.filter { $0.ended == nil }.compactMap(\.deadline).filter { $0 > now }
        return min(seconds / 3, ((deadlines.max() ?? now) - now) / 1_000_000 + seconds / 20)
    }

    /// The span that was chosen; before one was, the shortest that shows all that is known, an hour at most.
    private static func span(_ state: State, _ lives: [Life]) -> Int {
        if let chosen = state.time.span { return chosen }
        let now = state.picture?.snapshot.time ?? state.now
        let first = (lives.map(\.started) + (state.picture?.snapshot.reloads ?? []).compactMap(\.at)).min()
        let known = (now - (first ?? now)) / 1_000_000
        let longest = TimeAxis.spans.lastIndex { $0 <= 3600 } ?? 0
        return TimeAxis.spans[..<longest].firstIndex { seconds in
            seconds - ahead(of: now, lives, seconds: seconds) >= known
        } ?? longest
    }

    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        guard area.height > 0, area.width > 0, let snapshot = state.picture?.snapshot else { return }
        let lives = lives(state)
        let margins = margins(lives, area.width)
        let axis = axis(state, lives, columns: area.width - margins.left - margins.right - 1)
        let seconds = TimeAxis.spans[span(state, lives)]
        let right = "\(Figures.round(seconds)), \(Figures.time(axis.start)) to \(Figures.time(axis.end))"
        frame.putRule("Generations over time", right: right, focused: true, area)
        let x = area.column + margins.left
        if area.height > 1 { drawReloads(snapshot, axis, x, area.row + 1, &frame) }
        let rows = Area(
            column: area.column, row: area.row + 2, width: area.width, height: barRows(area))
        for (offset, life) in lives.dropFirst(state.time.first).prefix(rows.height).enumerated() {
            let row = rows.row + offset
            drawName(life, area, margins.left, row, &frame)
            drawBar(life, axis, now: snapshot.time, x, row, &frame)
            drawEnd(life, area, margins.right, row, &frame)
            if name(life) == selected(state, lives) {
                frame.paint(.selection, Area(column: area.column, row: row, width: area.width, height: 1))
            }
        }
        if lives.isEmpty, rows.height > 0 {
            frame.put(
                "no worker was seen", at: area.column + 2, rows.row, width: area.width - 3, style: .label)
        }
        let scale = area.row + area.height - 2
        if scale > area.row + 1 { drawScale(axis, now: snapshot.time, x, scale, &frame) }
        if scale + 1 > area.row + 1 { drawLegend(area, scale + 1, &frame) }
    }

    /// Rows for bars: below the rule and the reloads, above the scale and the legend.
    private static func barRows(_ area: Area) -> Int { max(0, area.height - 4) }

    private static func drawReloads(
        _ snapshot: Snapshot, _ axis: TimeAxis, _ x: Int, _ row: Int, _ frame: inout Frame
    ) {
        let glyphs = Glyphs(repertoire: frame.repertoire)
        frame.put("reloads", at: 1, row, width: x - 2, style: .label)
        for record in snapshot.reloads {
            guard let at = record.at, let column = axis.column(at) else { continue }
            frame.put(record.result.glyph(glyphs), at: x + column, row, style: record.result.style)
        }
    }

    private static func drawName(
        _ life: Life, _ area: Area, _ width: Int, _ row: Int, _ frame: inout Frame
    ) {
        let glyphs = Glyphs(repertoire: frame.repertoire)
        let generation = life.generation.map(String.init) ?? "?"
        frame.putRight(generation, before: area.column + 5, row, width: 4, style: .value)
        frame.putRight(
            String(life.pid), before: area.column + width - 3, row, width: width - 9,
            style: life.ended == nil ? .strong : .label)
        let state = life.ended == nil ? life.phases.last?.state : nil
        frame.put(
            state.map(glyphs.of) ?? glyphs.dash, at: area.column + width - 2, row,
            style: state?.style ?? .label)
    }

    private static func drawBar(
        _ life: Life, _ axis: TimeAxis, now: Int64, _ x: Int, _ row: Int, _ frame: inout Frame
    ) {
        let glyphs = Glyphs(repertoire: frame.repertoire)
        for column in 0..<axis.columns {
            let left = axis.start + axis.step * Int64(column)
            let beginsHere = life.started >= left && life.started < left + axis.step
            let time = beginsHere ? max(axis.time(column), life.started) : axis.time(column)
            if time <= now, let state = life.state(at: time) {
                frame.put(glyphs.bar(state), at: x + column, row, style: Style(state.style.foreground))
            } else if time > now, left <= now, life.ended == nil, let state = life.phases.last?.state {
                frame.put(glyphs.bar(state), at: x + column, row, style: Style(state.style.foreground))
            } else if time > now, life.ended == nil, let deadline = life.deadline, time < deadline {
                frame.put(glyphs.future, at: x + column, row, style: .label)
            }
        }
        // A life shorter than a column is seen all the same.
        if let column = axis.column(life.started), frame[x + column, row].scalar == 0x20 {
            let state = life.phases.last?.state ?? .serving
            frame.put(glyphs.bar(state), at: x + column, row, style: Style(state.style.foreground))
        }
        if life.ended == nil, let deadline = life.deadline, deadline > now, let column = axis.column(deadline)
        {
            frame.put(glyphs.deadline, at: x + column, row, style: Style(.red).bold)
        }
        if let ended = life.ended, let column = axis.column(ended) {
            let mark = life.cut.map { $0 > 0 } == true ? glyphs.deadline : glyphs.end
            frame.put(mark, at: x + column, row, style: mark == glyphs.end ? .label : Style(.red).bold)
        }
    }

    private static func drawEnd(_ life: Life, _ area: Area, _ width: Int, _ row: Int, _ frame: inout Frame) {
        guard width > 0 else { return }
        var words = ""
        var style = Style.value
        if let ended = life.ended {
            words = width >= 20 ? "ended \(Figures.time(ended))" : "ended"
            style = .label
            if let cut = life.cut, cut > 0 {
                (words, style) = ("\(Figures.count(cut)) cut", Style(.red).bold)
            }
        } else if let connections = life.connections {
            words = "\(Figures.count(connections)) conn"
            if width >= 20, let deadline = life.deadline { words += ", kill \(Figures.time(deadline))" }
        }
        let end = area.column + area.width - 1
        frame.putRight(words, before: end, row, width: width - 1, style: style)
    }

    private static func drawScale(
        _ axis: TimeAxis, now: Int64, _ x: Int, _ row: Int, _ frame: inout Frame
    ) {
        let glyphs = Glyphs(repertoire: frame.repertoire)
        let isLong = axis.step * Int64(axis.columns) > 2 * 86_400_000_000
        let wordWidth = isLong ? 6 : 8
        let line = Area(column: x, row: row, width: axis.columns, height: 1)
        frame.fill(glyphs.horizontal, line, style: .rule)
        let nowColumn = axis.column(now)
        for (column, time) in axis.marks(wordWidth: wordWidth) where column + wordWidth <= axis.columns {
            if let nowColumn, column <= nowColumn + 3, column + wordWidth >= nowColumn { continue }
            let word =
                isLong
                ? String(CivilTime.text(ofMicroseconds: time).dropFirst(5).prefix(5)) : Figures.time(time)
            frame.put(glyphs.mark + word, at: x + column, row, width: wordWidth + 1, style: .label)
        }
        if let column = nowColumn {
            frame.put(column + 3 <= axis.columns ? "now" : glyphs.mark, at: x + column, row, style: .strong)
        }
    }

    private static func drawLegend(_ area: Area, _ row: Int, _ frame: inout Frame) {
        let glyphs = Glyphs(repertoire: frame.repertoire)
        var parts = [WorkerState.serving, .draining, .starting, .held, .overdue].enumerated().map {
            rank, state in
            StyledText.Part(
                StyledText(glyphs.bar(state), Style(state.style.foreground))
                    + StyledText(" " + state.word, .label), rank: rank * 2)
        }
        parts.append(.init(StyledText(glyphs.end + " ended", .label), rank: 5))
        parts.append(
            .init(
                StyledText(glyphs.deadline, Style(.red).bold) + StyledText(" hard-stop-after", .label),
                rank: 1))
        var x = area.column + 1
        for text in StyledText.fitting(parts, width: area.width - 2, gap: 2) {
            x = frame.put(text, at: x, row, width: area.column + area.width - x) + 2
        }
    }

    // MARK: Keys

    private static func selected(_ state: State, _ lives: [Life]) -> String? {
        state.time.selected ?? lives.first.map(name)
    }

    static func press(_ action: Action, _ state: inout State) -> [Effect]? {
        let lives = lives(state)
        switch action {
        case .move(.left): state.time.back = min(400, state.time.back + 1)
        case .move(.right): state.time.back = max(0, state.time.back - 1)
        case .move(let move):
            guard !lives.isEmpty else { return [] }
            let index = lives.firstIndex { name($0) == selected(state, lives) } ?? 0
            let page = max(1, barRows(state.viewArea) - 1)
            let next = Scrolling.moved(index, move, page: page, last: lives.count - 1)
            state.time.selected = name(lives[next])
        case .longer: state.time.span = min(TimeAxis.spans.count - 1, span(state, lives) + 1)
        case .shorter: state.time.span = max(0, span(state, lives) - 1)
        case .follow: state.time.back = 0
        case .leave where state.time.back > 0: state.time.back = 0
        case .open:
            let chosen = lives.first { name($0) == selected(state, lives) }
            guard let chosen, chosen.ended == nil else {
                state.notice = "that worker has ended: the tree has only those that run"
                return []
            }
            (state.view, state.focus, state.selected) = (.tree, .processes, chosen.pid)
            return WhyAliveScreen.open(chosen.pid, &state)
        default: return nil
        }
        return []
    }

    static func settle(_ state: inout State, _ area: Area) {
        let lives = lives(state)
        guard !lives.isEmpty else { return }
        let index = lives.firstIndex { name($0) == selected(state, lives) } ?? 0
        if state.time.selected != nil { state.time.selected = name(lives[index]) }
        state.time.first = Scrolling.first(
            showing: index, from: state.time.first, visible: max(1, barRows(area)), total: lives.count)
    }

    static func pressed(column: Int, row: Int, _ area: Area, _ state: inout State) -> [Effect] {
        let lives = lives(state)
        let index = row - area.row - 2 + state.time.first
        guard row >= area.row + 2, row < area.row + 2 + barRows(area), lives.indices.contains(index) else {
            return []
        }
        if selected(state, lives) == name(lives[index]) { return press(.open, &state) ?? [] }
        state.time.selected = name(lives[index])
        return []
    }

    // MARK: Export

    static func shellCommands(_ state: State) -> [String] {
        guard let snapshot = state.picture?.snapshot else { return [] }
        return ["ps -o pid,lstart,etime,args --ppid \(snapshot.master.pid)"]
            + MasterShell.ask("show proc", snapshot)
    }

    static func export(_ state: State) -> [JSON.Member] {
        func time(_ time: Int64?) -> JSON {
            time.map { .string(CivilTime.text(ofMicroseconds: $0)) } ?? .null
        }
        let rows = lives(state).map { life in
            JSON.object([
                JSON.Member("pid", .integer(Int64(life.pid))),
                JSON.Member("generation", life.generation.map { .integer(Int64($0)) } ?? .null),
                JSON.Member("started", time(life.started)), JSON.Member("ended", time(life.ended)),
                JSON.Member("hard_stop", time(life.deadline)),
                JSON.Member("connections", life.connections.map { .integer(Int64($0)) } ?? .null),
                JSON.Member(
                    "states",
                    .array(
                        life.phases.map { phase in
                            .object([
                                JSON.Member("state", .string(phase.state.rawValue)),
                                JSON.Member("since", time(phase.since)),
                            ])
                        })),
            ])
        }
        return [JSON.Member("workers", .array(rows))]
    }
}
