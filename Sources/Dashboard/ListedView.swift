// A view that is one list below a few lines: cursor, filter, sort, columns, mouse and export come from here.

import RuntimeAPI
import TextUI

protocol ListedView: FullView {
    associatedtype Item
    static var kind: ViewKind { get }
    /// The rows and the columns of the state's picture.
    static func table(_ state: State) -> ListTable<Item>
    /// Lines above the list; shown as far as there is room.
    static func headlines(_ state: State) -> [StyledText]
    /// Enter on a row, or a second click on it; nil: no row.
    static func open(_ item: Item?, _ state: inout State) -> [Effect]
    /// Keys of its own; nil: it has no use for it.
    static func pressOwn(_ action: Action, _ item: Item?, _ state: inout State) -> [Effect]?
}

extension ListedView {
    static func headlines(_ state: State) -> [StyledText] { [] }
    static func open(_ item: Item?, _ state: inout State) -> [Effect] { [] }
    static func pressOwn(_ action: Action, _ item: Item?, _ state: inout State) -> [Effect]? { nil }

    /// The row under the cursor.
    static func selected(_ state: State) -> Item? {
        table(state).selected(state.list(of: kind), filter: state.filter(of: .view(kind)))
    }

    private static func listArea(_ state: State, _ area: Area) -> Area {
        let lines = max(0, min(headlines(state).count, area.height - 2))
        return Area(
            column: area.column, row: area.row + lines, width: area.width, height: area.height - lines)
    }

    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        let list = listArea(state, area)
        for (offset, line) in headlines(state).prefix(area.height - list.height).enumerated() {
            frame.put(line, at: area.column + 1, area.row + offset, width: area.width - 2)
        }
        table(state).draw(
            state.list(of: kind), filter: state.filter(of: .view(kind)),
            hidden: state.hiddenColumns(of: kind),
            list, &frame)
    }

    static func press(_ action: Action, _ state: inout State) -> [Effect]? {
        let table = table(state)
        var position = state.list(of: kind)
        let filter = state.filter(of: .view(kind))
        if let effects = pressOwn(action, table.selected(position, filter: filter), &state) { return effects }
        if action == .open { return open(table.selected(position, filter: filter), &state) }
        let height = listArea(state, state.viewArea).height
        guard table.press(action, &position, filter: filter, height: height) else { return nil }
        state.lists[kind] = position
        return []
    }

    static func pressed(column: Int, row: Int, _ area: Area, _ state: inout State) -> [Effect] {
        let again = table(state).click(column: column, row: row, of: kind, listArea(state, area), &state)
        return again ? open(selected(state), &state) : []
    }

    static func settle(_ state: inout State, _ area: Area) {
        var position = state.list(of: kind)
        table(state).settle(
            &position, filter: state.filter(of: .view(kind)), height: listArea(state, area).height)
        state.lists[kind] = position
    }

    static func columnNames(_ state: State) -> [String] { table(state).columns.map(\.title) }

    static func export(_ state: State) -> [JSON.Member] {
        let rows = table(state).export(state.list(of: kind), filter: state.filter(of: .view(kind)))
        return [JSON.Member("rows", rows)]
    }
}
