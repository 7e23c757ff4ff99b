// How the state changes with each event.

import ReloadModel
import TextUI

/// Takes in one event; returns what somebody else has to do about it, in order.
package func update(_ state: inout State, _ event: Event) -> [Effect] {
    var effects: [Effect] = []
    switch event {
    case .key(let key):
        state.notice = nil
        effects = state.press(key)
    case .resized(let size):
        state.size = size
        effects = [.redraw]
    case .clock(let now):
        state.now = now
    case .progress(let sentence):
        if state.live == nil { state.phase = .connecting(sentence) } else { state.lost = sentence }
    case .found(let candidates):
        state.phase = .choosing(candidates, selected: 0)
    case .looked(let snapshot):
        state.look(snapshot)
    case .lost(let sentence):
        state.lost = sentence
    }
    state.settle()
    return effects
}

extension State {
    fileprivate mutating func look(_ snapshot: Snapshot) {
        phase = .watching
        lost = nil
        now = max(now, snapshot.time)
        if live == nil {
            live = Picture(snapshot)
        } else {
            live?.take(snapshot, interval: settings.interval)
        }
        if selected == nil { selected = snapshot.master.pid }
    }

    /// The pids of the rows that the cursor can be on.
    private var cursorRows: [(row: Int, pid: Int32)] {
        guard let snapshot = picture?.snapshot else { return [] }
        let width = TreeColumns.holderWidth(TreeColumns.place(for: self))
        return treeRows(holderWidth: width).enumerated().compactMap { index, row in
            row.pid(master: snapshot.master.pid).map { (index, $0) }
        }
    }

    /// Keeps the cursor on a row that exists and in sight. A process that ended leaves it where it was.
    fileprivate mutating func settle() {
        guard !Layout.isCompact(size) else { return }
        let rows = cursorRows
        guard let last = rows.last else { return }
        if let row = rows.first(where: { $0.pid == selected }) {
            selectedRow = row.row
        } else {
            let nearest = rows.last { $0.row <= selectedRow } ?? last
            (selectedRow, selected) = nearest
        }
        let visible = max(1, Layout(self).visibleRows)
        if selectedRow < firstRow { firstRow = selectedRow }
        if selectedRow >= firstRow + visible { firstRow = selectedRow - visible + 1 }
        let total = last.row + 1
        firstRow = max(0, min(firstRow, total - visible))
    }

    fileprivate mutating func moveCursor(by steps: Int) {
        let rows = cursorRows
        guard !rows.isEmpty else { return }
        let index = rows.firstIndex { $0.pid == selected } ?? 0
        selected = rows[max(0, min(rows.count - 1, index + steps))].pid
    }

    // MARK: Keys

    fileprivate mutating func press(_ key: Key) -> [Effect] {
        if case .mouse(let mouse) = key { return click(mouse) }
        switch key {
        case .control("l"): return [.redraw]
        case .control("c"): return [.quit]
        case .function(10): return [.quit]
        default: break
        }
        if typingFilter { return type(key) }
        switch key {
        case .character("q"): return [.quit]
        case .function(1), .character("?"):
            showsHelp.toggle()
            scrolledHelp = 0
            return []
        case .escape:
            leave()
            return []
        default: break
        }
        if case .choosing(let candidates, let selected) = phase {
            return choose(among: candidates, selected, key)
        }
        if showsHelp {
            scroll(key, lines: &scrolledHelp, page: max(1, size.rows - 4), downIsPositive: true)
            return []
        }
        return command(key)
    }

    /// Esc: leaves what was opened last.
    private mutating func leave() {
        if showsHelp {
            showsHelp = false
        } else if !filter.isEmpty {
            filter = ""
        } else if showsDetail {
            showsDetail = false
        } else {
            focus = .processes
        }
    }

    private mutating func type(_ key: Key) -> [Effect] {
        switch key {
        case .enter: typingFilter = false
        case .escape:
            typingFilter = false
            filter = ""
        case .backspace, .delete:
            if filter.isEmpty { typingFilter = false } else { filter.removeLast() }
        case .character(let scalar):
            filter.unicodeScalars.append(scalar)
            (scrolledLog, scrolledReloads) = (0, 0)
        case .up, .down, .pageUp, .pageDown: return command(key)
        default: break
        }
        return []
    }

    private mutating func choose(among candidates: [RunningMaster], _ selected: Int, _ key: Key) -> [Effect] {
        var next = selected
        switch key {
        case .up, .character("k"): next -= 1
        case .down, .character("j"): next += 1
        case .home, .character("g"): next = 0
        case .end, .character("G"): next = candidates.count - 1
        case .enter:
            guard candidates.indices.contains(selected) else { return [] }
            let pid = candidates[selected].pid
            phase = .connecting("asking master \(pid)")
            return [.watch(pid: pid)]
        default: break
        }
        phase = .choosing(candidates, selected: max(0, min(candidates.count - 1, next)))
        return []
    }

    private mutating func command(_ key: Key) -> [Effect] {
        switch key {
        case .character("/"):
            typingFilter = true
            if filtered != focus { filter = "" }
            filtered = focus
        case .character("s"):
            sort = SortKey(rawValue: sort.rawValue + 1) ?? .generation
        case .character("t"): folded.toggle()
        case .character(" "): paused = paused == nil ? live : nil
        case .enter: showsDetail.toggle()
        case .tab: focus = Focus(rawValue: focus.rawValue + 1) ?? .processes
        case .backTab: focus = Focus(rawValue: focus.rawValue - 1) ?? .log
        case .character("+"), .character("="): return setInterval(faster: false)
        case .character("-"): return setInterval(faster: true)
        case .character("R"):
            if settings.demo { return [.reload] }
            notice = "R reloads in the demo only: reloadtop never acts on a proxy that it watches"
        default: navigate(key)
        }
        return []
    }

    private mutating func setInterval(faster: Bool) -> [Effect] {
        let steps: [Double] = [0.2, 0.5, 1, 2, 5, 10, 30, 60]
        let next = faster ? steps.last { $0 < settings.interval } : steps.first { $0 > settings.interval }
        guard let next else { return [] }
        settings.interval = next
        notice = "one look every \(Figures.fixed(next, digits: next < 1 ? 1 : 0)) s"
        return [.interval(next)]
    }

    private mutating func navigate(_ key: Key) {
        switch focus {
        case .processes:
            let page = max(1, Layout(self).visibleRows - 1)
            switch key {
            case .up, .character("k"): moveCursor(by: -1)
            case .down, .character("j"): moveCursor(by: 1)
            case .pageUp: moveCursor(by: -page)
            case .pageDown: moveCursor(by: page)
            case .home, .character("g"): moveCursor(by: -100_000)
            case .end, .character("G"): moveCursor(by: 100_000)
            case .left, .character("h"): folded = true
            case .right, .character("l"): folded = false
            default: break
            }
        case .reloads:
            let page = max(1, (Layout(self).reloads?.height ?? 2) - 2)
            scroll(key, lines: &scrolledReloads, page: page, downIsPositive: true)
            scrolledReloads = min(scrolledReloads, max(0, (picture?.snapshot.reloads.count ?? 0) - 1))
        case .log:
            switch key {
            case .left, .character("h"): shiftedLog = max(0, shiftedLog - 8)
            case .right, .character("l"): shiftedLog = min(400, shiftedLog + 8)
            default:
                let page = max(1, (Layout(self).log?.height ?? 2) - 2)
                scroll(key, lines: &scrolledLog, page: page, downIsPositive: false)
                scrolledLog = min(scrolledLog, max(0, LogPanel.lines(self).count - page - 1))
            }
        }
    }

    /// Moves a scroll position: lines from the start, or from the end where the latest is last.
    private func scroll(_ key: Key, lines: inout Int, page: Int, downIsPositive: Bool) {
        let down = downIsPositive ? 1 : -1
        switch key {
        case .up, .character("k"): lines -= down
        case .down, .character("j"): lines += down
        case .pageUp: lines -= down * page
        case .pageDown: lines += down * page
        case .home, .character("g"): lines = downIsPositive ? 0 : Picture.longestLog
        case .end, .character("G"): lines = downIsPositive ? Picture.longestLog : 0
        default: break
        }
        lines = max(0, min(Picture.longestLog, lines))
    }

    // MARK: Mouse

    private mutating func click(_ mouse: Key.Mouse) -> [Effect] {
        guard !Layout.isCompact(size), !showsHelp else { return [] }
        if case .choosing(let candidates, _) = phase {
            guard case .press(_, let row) = mouse else { return [] }
            let index = row - Chooser.firstRow
            guard candidates.indices.contains(index) else { return [] }
            phase = .choosing(candidates, selected: index)
            return []
        }
        let layout = Layout(self)
        switch mouse {
        case .press(let column, let row):
            if layout.processes.contains(column: column, row: row) {
                focus = .processes
                pressProcesses(layout, column, row)
            } else if layout.reloads?.contains(column: column, row: row) == true {
                focus = .reloads
            } else if layout.log?.contains(column: column, row: row) == true {
                focus = .log
            }
        case .wheelUp(let column, let row): turnWheel(layout, column, row, .up)
        case .wheelDown(let column, let row): turnWheel(layout, column, row, .down)
        }
        return []
    }

    private mutating func pressProcesses(_ layout: Layout, _ column: Int, _ row: Int) {
        if row == layout.processes.row {
            let pressed = TreeColumns.allCases.first { layout.columns[$0.rawValue]?.contains(column) == true }
            if let key = pressed?.sortKey { sort = key }
            return
        }
        let index = row - layout.processes.row - 1 + firstRow
        guard let pid = cursorRows.last(where: { $0.row <= index })?.pid else { return }
        if selected == pid { showsDetail.toggle() }
        selected = pid
    }

    private mutating func turnWheel(_ layout: Layout, _ column: Int, _ row: Int, _ key: Key) {
        let previous = focus
        if layout.log?.contains(column: column, row: row) == true {
            focus = .log
        } else if layout.reloads?.contains(column: column, row: row) == true {
            focus = .reloads
        } else {
            focus = .processes
        }
        for _ in 0..<(focus == .processes ? 1 : 3) { navigate(key) }
        focus = previous
    }
}
