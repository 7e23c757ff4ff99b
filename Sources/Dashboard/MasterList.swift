// The masters that run on this host: the list that `M` opens while one of them is watched, and that a person chooses
// from at the start where there are several. They are looked for only when it is opened.

import ReloadModel
import RuntimeAPI
import TextUI

struct MasterChoice: Equatable, Sendable {
    /// Oldest first; nil while they are looked for.
    var found: [RunningMaster]?
    var position = ListPosition()
}

enum MasterList {
    /// `M`: opens the list, or closes it.
    static func toggle(_ state: inout State) -> [Effect] {
        guard state.masters == nil else {
            if state.phase != .choosing { state.masters = nil }
            return []
        }
        state.masters = MasterChoice()
        return [.findMasters]
    }

    /// They were found. Where nothing is watched yet one has to be chosen.
    static func take(_ masters: [RunningMaster], _ state: inout State) {
        let isStart = state.master == nil
        guard state.masters != nil || isStart else { return }
        if isStart { state.phase = .choosing }
        var choice = MasterChoice(found: masters)
        // The cursor begins on the one that Enter is for: the next after the one that is watched.
        let watched = masters.firstIndex { $0.pid == state.master }
        let next = masters.isEmpty ? nil : masters[((watched ?? -1) + 1) % masters.count]
        choice.position.selected = next.map(identity)
        state.masters = choice
    }

    /// Watches another master; the list is closed.
    static func turn(to pid: Int32, _ state: inout State) -> [Effect] {
        if state.phase != .choosing { state.masters = nil }
        if pid == state.master, state.lost == nil {
            state.notice = "master \(pid) is watched already"
            return []
        }
        state.notice = "asking master \(pid)"
        return [.watch(pid: pid)]
    }

    // MARK: Keys and mouse

    static func press(_ action: Action, _ choice: MasterChoice, _ state: inout State) -> [Effect] {
        switch action {
        case .leave:
            if state.phase != .choosing { state.masters = nil }
        case .open:
            guard let master = table(choice, state).selected(choice.position, filter: "") else { return [] }
            return turn(to: master.pid, &state)
        default:
            var choice = choice
            _ = table(choice, state).press(
                action, &choice.position, filter: "", height: area(choice, state, body(state)).height - 1)
            state.masters = choice
        }
        return []
    }

    static func click(_ mouse: Key.Mouse, _ choice: MasterChoice, _ state: inout State) -> [Effect] {
        switch mouse {
        case .wheelUp: return press(.move(.up), choice, &state)
        case .wheelDown: return press(.move(.down), choice, &state)
        case .press(let column, let row):
            var choice = choice
            var list = area(choice, state, body(state))
            (list.row, list.height) = (list.row + 1, list.height - 1)
            let again = table(choice, state).click(
                column: column, row: row, &choice.position, filter: "", hidden: [], list)
            state.masters = choice
            return again ? press(.open, choice, &state) : []
        }
    }

    static func settle(_ choice: MasterChoice, _ state: inout State) {
        var choice = choice
        table(choice, state).settle(
            &choice.position, filter: "", height: area(choice, state, body(state)).height - 1)
        state.masters = choice
    }

    // MARK: Drawing

    /// Where the list may be.
    private static func body(_ state: State) -> Area {
        ScreenLayout.isCompact(state.size)
            ? Area(column: 0, row: 0, width: state.size.columns, height: state.size.rows)
            : ScreenLayout(state.size).body
    }

    /// At the lower end, as high as it needs to be; to choose from at the start, all there is.
    private static func area(_ choice: MasterChoice, _ state: State, _ body: Area) -> Area {
        guard state.phase != .choosing else { return body }
        let height = min(body.height, 2 + max(1, choice.found?.count ?? 1))
        return Area(
            column: body.column, row: body.row + body.height - height, width: body.width, height: height)
    }

    static func draw(_ state: State, _ body: Area, _ frame: inout Frame) {
        guard let choice = state.masters else { return }
        var area = area(choice, state, body)
        frame.fill(" ", area)
        let isStart = state.phase == .choosing
        frame.putRule(
            isStart ? "Several masters run here: which one?" : "Masters on this host",
            right: isStart ? "Enter watches" : "Enter watches  Esc stays", focused: true, area)
        (area.row, area.height) = (area.row + 1, area.height - 1)
        table(choice, state).draw(choice.position, filter: "", hidden: [], area, &frame)
    }

    private static func identity(_ master: RunningMaster) -> String {
        "\(master.pid) \(master.started ?? 0)"
    }

    private static func table(_ choice: MasterChoice, _ state: State) -> ListTable<RunningMaster> {
        let glyphs = Glyphs(repertoire: state.settings.repertoire)
        let mark = ListColumn<RunningMaster>("", width: 9, minimum: 9, rank: 1) { master in
            guard master.pid == state.master else { return ListCell("") }
            return state.lost == nil
                ? ListCell("\(glyphs.of(.serving)) watched", Style(.green).bold)
                : ListCell("\(glyphs.bad) lost", Style(.red).bold)
        }
        let columns: [ListColumn<RunningMaster>] = [
            ListColumn("PID", .right, width: 7, minimum: 7, rank: 0) { .number(Int($0.pid), .strong) },
            ListColumn("PROGRAM", width: 7, rank: 0) { ListCell($0.program.rawValue) },
            ListColumn("WORKERS", .right, width: 7, rank: 4) { .number($0.workers) },
            ListColumn("UP", .right, width: 6, minimum: 6, rank: 3) { master in
                .span(master.started.map { Double(state.now - $0) / 1_000_000 })
            },
            ListColumn("SINCE", width: 11, minimum: 11, rank: 6) { master in
                guard let started = master.started else { return ListCell("?", .unknown, .unknown) }
                let time = CivilTime.text(ofMicroseconds: started)
                return ListCell("\(time.dropFirst(5).prefix(5)) \(time.dropFirst(11).prefix(5))", .label)
            },
            ListColumn("CONFIGURATION", width: 48, minimum: 13, rank: 2, keepsEnd: true) { master in
                ListCell(
                    master.configuration.isEmpty
                        ? master.commandLine : master.configuration.joined(separator: ", "))
            },
            ListColumn("MASTER SOCKET", width: 60, minimum: 13, rank: 5, keepsEnd: true) { master in
                ListCell(master.masterSocket.value ?? "? none known", .label)
            },
        ]
        return ListTable(
            columns: (state.master == nil ? [] : [mark]) + columns, items: choice.found ?? [],
            identity: identity,
            empty: choice.found == nil ? "looking for masters" : "no master runs here that this user can see")
    }
}
