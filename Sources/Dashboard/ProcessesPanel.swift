// The processes: the master, its workers, and who keeps the old ones.

import ReloadModel
import TextUI

enum ProcessesPanel {
    static func draw(_ state: State, _ layout: TreeLayout, _ frame: inout Frame) {
        let area = layout.processes
        guard area.height > 0 else { return }
        drawHeader(state, layout, &frame)
        guard let snapshot = state.picture?.snapshot else { return }
        let rows = state.treeRows(holderWidth: TreeColumns.holderWidth(layout.columns))
        let shown = rows.dropFirst(state.firstRow).prefix(layout.visibleRows)
        var row = area.row + 1
        for item in shown {
            draw(item, snapshot, state, layout, row, &frame)
            if item.pid(master: snapshot.master.pid) == state.selected, state.focus == .processes {
                frame.paint(.selection, Area(column: 0, row: row, width: area.width, height: 1))
            }
            row += 1
        }
        if !state.filter(of: .panel(.processes)).isEmpty, state.shownWorkers.isEmpty,
            row < area.row + area.height
        {
            frame.put(
                "no worker matches '\(state.filter(of: .panel(.processes)))'; Esc clears the filter", at: 3,
                row,
                width: area.width - 4, style: .label)
        }
    }

    private static func drawHeader(_ state: State, _ layout: TreeLayout, _ frame: inout Frame) {
        let glyphs = Glyphs(repertoire: frame.repertoire)
        let row = layout.processes.row
        for column in TreeColumns.allCases {
            guard let place = layout.columns[column.rawValue] else { continue }
            let isKey = column.sortKey == state.sort
            let title =
                isKey && state.sort != .generation
                ? glyphs.sorted + column.title(glyphs) : column.title(glyphs)
            let style = isKey ? Style(.cyan).bold : Style(.grey).bold
            put(title, place, row, right: column.titleIsRight, style, &frame)
        }
        if let place = layout.columns[0], let shown = situation(state, layout) {
            let words = ["PROCESS ", "PROC ", ""].map { $0 + shown }
            let text = words.first { $0.utf8.count <= place.count } ?? shown
            frame.put(text, at: place.lowerBound, row, width: place.count, style: Style(.cyan).bold)
        }
        frame.paint(.bar, Area(column: 0, row: row, width: layout.processes.width, height: 1))
    }

    /// Which rows are in sight, or how many workers the filter leaves; nil while all of them are.
    private static func situation(_ state: State, _ layout: TreeLayout) -> String? {
        let all = state.picture?.snapshot.workers.count ?? 0
        if !state.filter(of: .panel(.processes)).isEmpty { return "\(state.shownWorkers.count)/\(all) match" }
        let rows = state.treeRows(holderWidth: TreeColumns.holderWidth(layout.columns)).count
        guard rows > layout.visibleRows else { return nil }
        let last = min(rows, state.firstRow + layout.visibleRows)
        return "\(state.firstRow + 1)-\(last)/\(rows)"
    }

    private static func put(
        _ text: String, _ place: Range<Int>, _ row: Int, right: Bool, _ style: Style, _ frame: inout Frame
    ) {
        if right {
            // A title one wider than its column may use the blank before it.
            frame.putRight(text, before: place.upperBound, row, width: place.count + 1, style: style)
        } else {
            frame.put(text, at: place.lowerBound, row, width: place.count, style: style)
        }
    }

    // MARK: Rows

    private static func draw(
        _ item: TreeRow, _ snapshot: Snapshot, _ state: State, _ layout: TreeLayout, _ row: Int,
        _ frame: inout Frame
    ) {
        let glyphs = Glyphs(repertoire: frame.repertoire)
        switch item {
        case .master: drawMaster(snapshot.master, state, glyphs, layout, row, &frame)
        case .worker(let worker, let isLast):
            drawWorker(worker, isLast ? glyphs.lastBranch : glyphs.branch, state, layout, row, &frame)
        case .oldWorkers(let workers): drawFolded(workers, glyphs, layout, row, &frame)
        case .heldBy(let words, let isLast):
            let x = frame.put(isLast ? "  " : glyphs.trunk, at: 1, row, style: .rule)
            let style = WorkerState.held.style
            let line = "kept by \(words), not by a client"
            frame.put(line, at: x + 2, row, width: layout.processes.width - x - 3, style: style)
        }
    }

    private static func put(
        _ column: TreeColumns, _ text: String, _ style: Style, _ layout: TreeLayout, _ row: Int,
        _ frame: inout Frame
    ) {
        guard let place = layout.columns[column.rawValue] else { return }
        put(
            text, place, row, right: column.titleIsRight, text == "?" ? .unknown : style, &frame)
    }

    private static func drawMaster(
        _ master: MasterSample, _ state: State, _ glyphs: Glyphs, _ layout: TreeLayout, _ row: Int,
        _ frame: inout Frame
    ) {
        func put(_ column: TreeColumns, _ text: String, _ style: Style = .value) {
            ProcessesPanel.put(column, text, style, layout, row, &frame)
        }
        let fold = state.folded ? glyphs.closed : glyphs.open
        let place = layout.columns[0] ?? 0..<0
        var x = frame.put("\(fold) ", at: place.lowerBound, row, style: .label)
        x = putPID(master.pid, at: x, row, state, .strong, &frame)
        frame.put(" master", at: x, row, width: place.upperBound - x, style: .label)
        put(.generation, master.reloads.figure(String.init))
        if master.reloadPending {
            put(.state, "! STUCK", Style(.red).bold)
            put(.holder, "a reload signal is pending", Style(.red))
        }
        put(.age, Figures.span(master.uptime))
        put(.memory, memory(master.memory))
        put(.cpu, master.cpuPercent.figure(Figures.percent))
    }

    /// Writes a pid so that all of them end in the same column; returns the column after it.
    private static func putPID(
        _ pid: Int32, at column: Int, _ row: Int, _ state: State, _ style: Style, _ frame: inout Frame
    ) -> Int {
        let width = TreeColumns.pidWidth(state)
        frame.putRight(String(pid), before: column + width, row, width: width, style: style)
        return column + width
    }

    static func memory(_ sample: MemorySample) -> String {
        if let proportional = sample.proportional.value { return Figures.bytes(proportional) }
        return "?"
    }

    private static func drawWorker(
        _ worker: WorkerSample, _ branch: String, _ state: State, _ layout: TreeLayout, _ row: Int,
        _ frame: inout Frame
    ) {
        let glyphs = Glyphs(repertoire: frame.repertoire)
        let isCurrent = worker.state == .serving || worker.state == .starting
        let figures = isCurrent ? Style.strong : Style.value
        func put(_ column: TreeColumns, _ text: String, _ style: Style) {
            ProcessesPanel.put(column, text, style, layout, row, &frame)
        }
        let place = layout.columns[0] ?? 0..<0
        var x = frame.put(branch, at: place.lowerBound, row, style: .rule)
        x = putPID(worker.pid, at: x, row, state, figures, &frame)
        let role = worker.was.map { " [was: \($0)]" } ?? " worker"
        frame.put(role, at: x, row, width: place.upperBound - x, style: .label)
        put(.generation, worker.generation.figure(String.init), .value)
        put(.state, "\(glyphs.of(worker.state)) \(worker.state.word)", worker.state.style)
        put(.age, Figures.span(worker.uptime), .value)
        put(.connections, worker.connectionsFigure(), figures)
        let change = worker.connectionsPerSecond.figure(Figures.change)
        put(.change, change, change == "0" ? .label : .value)
        put(.memory, memory(worker.memory), .value)
        let cpu = worker.cpuPercent
        put(.cpu, cpu.figure(Figures.percent), (cpu.value ?? 0) >= 80 ? Style(.red).bold : .value)
        if worker.needsReasons {
            let left = worker.killIn.value ?? .infinity
            let style = left < 0 ? WorkerState.overdue.style : left < 10 ? Style(.red) : .value
            put(.killIn, worker.isEndless ? "never" : worker.killIn.figure(Figures.span), style)
            let width = TreeColumns.holderWidth(layout.columns)
            put(
                .holder, Holders.fitting(worker.holders, width: width),
                worker.state == .held ? WorkerState.held.style : .value)
        } else {
            put(.killIn, glyphs.dash, .label)
        }
    }

    private static func drawFolded(
        _ workers: [WorkerSample], _ glyphs: Glyphs, _ layout: TreeLayout, _ row: Int, _ frame: inout Frame
    ) {
        func put(_ column: TreeColumns, _ text: String, _ style: Style = .value) {
            ProcessesPanel.put(column, text, style, layout, row, &frame)
        }
        func sum(_ values: [Int?]) -> Int? {
            values.contains { $0 == nil } ? nil : values.reduce(0) { $0 + ($1 ?? 0) }
        }
        let place = layout.columns[0] ?? 0..<0
        let x = frame.put(glyphs.lastBranch, at: place.lowerBound, row, style: .rule)
        frame.put("\(glyphs.closed) \(workers.count) old", at: x, row, style: .strong)
        if let worst = workers.map(\.state).max(by: { $0.badness < $1.badness }) {
            put(.state, "\(glyphs.of(worst)) \(worst.word)", worst.style)
        }
        put(.age, Figures.span(workers.map(\.uptime).max() ?? 0))
        put(.connections, sum(workers.map(\.connections.value)).map(Figures.count) ?? "?", .value)
        put(.memory, sum(workers.map(\.memory.proportional.value)).map(Figures.bytes) ?? "?")
        put(.killIn, workers.compactMap(\.killIn.value).min().map(Figures.span) ?? "?")
    }
}
