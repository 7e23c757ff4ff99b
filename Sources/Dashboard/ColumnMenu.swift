// The choice of columns that `o` opens: of the view that is shown, kept for as long as the program runs.

import TextUI

enum ColumnMenu {
    /// Moves, switches and closes.
    static func press(_ action: Action, _ state: inout State) {
        let names = state.view.view.columnNames(state)
        guard let cursor = state.columnMenu else { return }
        switch action {
        case .move(let move):
            state.columnMenu = Scrolling.moved(cursor, move, page: 5, last: max(0, names.count - 1))
        case .open, .pause:
            guard names.indices.contains(cursor) else { return }
            var hidden = state.hiddenColumns(of: state.view)
            if hidden.remove(names[cursor]) == nil { hidden.insert(names[cursor]) }
            state.hidden[state.view] = hidden
        case .leave, .columns: state.columnMenu = nil
        default: break
        }
    }

    static func draw(_ state: State, _ body: Area, _ frame: inout Frame) {
        guard let cursor = state.columnMenu, body.width >= 30, body.height > 2 else { return }
        let names = state.view.view.columnNames(state)
        let hidden = state.hiddenColumns(of: state.view)
        let height = min(body.height, names.count + 2)
        let area = Area(column: body.column + body.width - 30, row: body.row, width: 30, height: height)
        frame.fill(" ", area, style: Style(.standard, on: .bar))
        frame.putRule("Columns", focused: true, area)
        let first = Scrolling.first(showing: cursor, from: 0, visible: height - 2, total: names.count)
        for (offset, name) in names.dropFirst(first).prefix(height - 2).enumerated() {
            let row = area.row + 1 + offset
            let mark = hidden.contains(name) ? "[ ]" : "[x]"
            frame.put(
                "\(mark) \(name)", at: area.column + 1, row, width: 28, style: Style(.standard, on: .bar))
            if first + offset == cursor {
                frame.paint(.selection, Area(column: area.column, row: row, width: 30, height: 1))
            }
        }
        frame.put(
            "Enter switches  Esc closes", at: area.column + 1, area.row + height - 1, width: 28,
            style: Style(.grey, on: .bar))
    }
}
