// View 1: the processes with their panels, as `TreeLayout` places them.

import ReloadModel
import Reporting
import RuntimeAPI
import TextUI

enum TreeView: FullView {
    static let name = "Tree"
    static let purpose = "who serves, who drains, until when and why"

    static func rowsNoun(_ state: State) -> String {
        switch state.focus {
        case .processes: "workers"
        case .reloads: "reloads"
        case .log: "events"
        }
    }

    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        if let why = state.why { return WhyAliveScreen.draw(why, state, area, &frame) }
        if ScreenLayout.isCompact(state.size) { return CompactView.draw(state, &frame) }
        let layout = TreeLayout(state, area)
        AlertLines.draw(layout.alertLines, layout.alerts, &frame)
        SummaryLine.draw(state, layout.summary, &frame)
        ProcessesPanel.draw(state, layout, &frame)
        if let area = layout.connections { ConnectionsPanel.draw(state, area, &frame) }
        if let area = layout.detail { Detail.draw(state, area, &frame) }
        if let area = layout.reloads { ReloadsPanel.draw(state, area, &frame) }
        if let area = layout.log { LogPanel.draw(state, area, &frame) }
        if let left = layout.connections ?? layout.detail, let right = layout.reloads {
            frame.putDivider(between: left, and: right, closed: layout.log != nil)
        }
        if let area = layout.note { NoteLine.draw(state, area, &frame) }
    }

    // MARK: Keys

    static func press(_ action: Action, _ state: inout State) -> [Effect]? {
        if let why = state.why { return WhyAliveScreen.press(action, why, &state) }
        switch action {
        case .sort: state.sort = SortKey(rawValue: state.sort.rawValue + 1) ?? .generation
        case .fold: state.folded.toggle()
        case .open: return open(&state)
        case .nextPanel: state.focus = Focus(rawValue: state.focus.rawValue + 1) ?? .processes
        case .previousPanel: state.focus = Focus(rawValue: state.focus.rawValue - 1) ?? .log
        case .follow:
            state.follows.toggle()
            state.notice =
                state.follows ? "the cursor follows the serving worker" : "the cursor stays at its process"
        case .leave where state.showsDetail: state.showsDetail = false
        case .leave where state.focus != .processes: state.focus = .processes
        case .move(let move): self.move(move, &state)
        default: return nil
        }
        return []
    }

    /// A worker's reasons to be alive fill the view; of the master a panel is enough.
    private static func open(_ state: inout State) -> [Effect] {
        if let pid = state.selected, state.worker(pid) != nil { return WhyAliveScreen.open(pid, &state) }
        state.showsDetail.toggle()
        return []
    }

    private static func move(_ move: Action.Move, _ state: inout State) {
        if state.focus == .processes { state.follows = false }
        let layout = TreeLayout(state, state.viewArea)
        switch state.focus {
        case .processes:
            let page = max(1, layout.visibleRows - 1)
            switch move {
            case .up: moveCursor(by: -1, &state)
            case .down: moveCursor(by: 1, &state)
            case .pageUp: moveCursor(by: -page, &state)
            case .pageDown: moveCursor(by: page, &state)
            case .first: moveCursor(by: -100_000, &state)
            case .last: moveCursor(by: 100_000, &state)
            case .left: state.folded = true
            case .right: state.folded = false
            }
        case .reloads:
            let page = max(1, (layout.reloads?.height ?? 2) - 2)
            let last = max(0, (state.picture?.snapshot.reloads.count ?? 0) - 1)
            state.scrolledReloads = Scrolling.moved(state.scrolledReloads, move, page: page, last: last)
        case .log:
            switch move {
            case .left: state.shiftedLog = max(0, state.shiftedLog - 8)
            case .right: state.shiftedLog = min(400, state.shiftedLog + 8)
            default:
                let page = max(1, (layout.log?.height ?? 2) - 2)
                let last = max(0, LogPanel.lines(state).count - page - 1)
                state.scrolledLog =
                    last - Scrolling.moved(last - state.scrolledLog, move, page: page, last: last)
            }
        }
    }

    static func columnNames(_ state: State) -> [String] {
        let glyphs = Glyphs(repertoire: state.settings.repertoire)
        return TreeColumns.allCases.filter { $0 != .process && $0 != .state }.map { $0.title(glyphs) }
    }

    static func export(_ state: State) -> [JSON.Member] {
        if let why = state.why { return WhyAliveExport.members(why.pid, state) }
        guard let snapshot = state.picture?.snapshot else { return [] }
        let log = LogPanel.lines(state).suffix(200).map(LogView.json)
        return [
            JSON.Member("look", ReportJSON.value(snapshot)),
            JSON.Member(
                "shown_workers", .array(state.shownWorkers.map { .integer(Int64($0.pid)) })),
            JSON.Member("events", .array(log)),
        ]
    }

    static func shellCommands(_ state: State) -> [String] {
        if let why = state.why { return WhyAliveExport.shellCommands(why.pid, state) }
        guard let snapshot = state.picture?.snapshot else { return [] }
        let master = snapshot.master.pid
        var commands = ["ps -o pid,ppid,etimes,rss,stat,args --pid \(master) --ppid \(master)"]
        commands += MasterShell.ask("show proc", snapshot)
        if let worker = snapshot.workers.first(where: { $0.pid == state.selected }) {
            commands += MasterShell.ask("@!\(worker.pid) show info", snapshot)
            commands += MasterShell.ask("@!\(worker.pid) show sess", snapshot)
            commands.append("grep -E '^(Rss|Pss):' /proc/\(worker.pid)/smaps_rollup")
        }
        return commands
    }

    static func interventions(_ state: State) -> [Intervention] {
        guard let snapshot = state.live?.snapshot else { return [] }
        let master = snapshot.master.pid
        guard let worker = snapshot.workers.first(where: { $0.pid == state.selected }) else {
            return [.reload(master: master), .softStop(master: master)]
        }
        switch worker.state {
        case .serving, .starting: return [.reload(master: master)]
        case .draining, .held, .overdue:
            return [.endWorker(pid: worker.pid, master: master, connections: worker.connections)]
        }
    }

    // MARK: The cursor

    /// The rows that the cursor can be on.
    private static func cursorRows(_ state: State) -> [(row: Int, pid: Int32)] {
        guard let snapshot = state.picture?.snapshot else { return [] }
        let width = TreeColumns.holderWidth(TreeColumns.place(for: state))
        return state.treeRows(holderWidth: width).enumerated().compactMap { index, row in
            row.pid(master: snapshot.master.pid).map { (index, $0) }
        }
    }

    private static func moveCursor(by steps: Int, _ state: inout State) {
        let rows = cursorRows(state)
        guard !rows.isEmpty else { return }
        let index = rows.firstIndex { $0.pid == state.selected } ?? 0
        state.selected = rows[max(0, min(rows.count - 1, index + steps))].pid
    }

    /// Keeps the cursor on a row that exists and in sight. A process that ended leaves it where it was.
    static func settle(_ state: inout State, _ area: Area) {
        guard !ScreenLayout.isCompact(state.size) else { return }
        let rows = cursorRows(state)
        guard let last = rows.last else { return }
        if state.follows, let serving = state.shownWorkers.first(where: { $0.state == .serving }) {
            state.selected = serving.pid
        }
        if let row = rows.first(where: { $0.pid == state.selected }) {
            state.selectedRow = row.row
        } else {
            let nearest = rows.last { $0.row <= state.selectedRow } ?? last
            (state.selectedRow, state.selected) = nearest
        }
        let visible = max(1, TreeLayout(state, area).visibleRows)
        state.firstRow = Scrolling.first(
            showing: state.selectedRow, from: state.firstRow, visible: visible, total: last.row + 1)
    }

    // MARK: Mouse

    static func click(_ mouse: Key.Mouse, _ area: Area, _ state: inout State) -> [Effect] {
        if let why = state.why {
            switch mouse {
            case .press: return []
            case .wheelUp: return WhyAliveScreen.press(.move(.up), why, &state) ?? []
            case .wheelDown: return WhyAliveScreen.press(.move(.down), why, &state) ?? []
            }
        }
        guard !ScreenLayout.isCompact(state.size) else { return [] }
        let layout = TreeLayout(state, area)
        switch mouse {
        case .press(let column, let row):
            let focus = panel(layout, column, row)
            if let focus { state.focus = focus }
            if focus == .processes { return pressProcesses(layout, column, row, &state) }
        case .wheelUp(let column, let row): turnWheel(panel(layout, column, row), .up, &state)
        case .wheelDown(let column, let row): turnWheel(panel(layout, column, row), .down, &state)
        }
        return []
    }

    private static func panel(_ layout: TreeLayout, _ column: Int, _ row: Int) -> Focus? {
        if layout.processes.contains(column: column, row: row) { return .processes }
        if layout.reloads?.contains(column: column, row: row) == true { return .reloads }
        if layout.log?.contains(column: column, row: row) == true { return .log }
        return nil
    }

    private static func pressProcesses(
        _ layout: TreeLayout, _ column: Int, _ row: Int, _ state: inout State
    ) -> [Effect] {
        if row == layout.processes.row {
            let pressed = TreeColumns.allCases.first { layout.columns[$0.rawValue]?.contains(column) == true }
            if let key = pressed?.sortKey { state.sort = key }
            return []
        }
        let index = row - layout.processes.row - 1 + state.firstRow
        guard let pid = cursorRows(state).last(where: { $0.row <= index })?.pid else { return [] }
        if state.selected == pid { return open(&state) }
        state.selected = pid
        return []
    }

    private static func turnWheel(_ panel: Focus?, _ direction: Action.Move, _ state: inout State) {
        let previous = state.focus
        state.focus = panel ?? .processes
        for _ in 0..<(state.focus == .processes ? 1 : 3) { move(direction, &state) }
        state.focus = previous
    }
}
