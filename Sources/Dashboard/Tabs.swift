// The views by name and key, the shown one set off: the digits open them, and so does a click.

import TextUI

enum Tabs {
    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        for (kind, place) in places(area) {
            let isShown = kind == state.view
            let name = Style(.standard, on: .badge).bold
            let x = frame.put(
                " \(kind.digit)", at: place.lowerBound, area.row,
                style: isShown ? name : Style(.cyan).bold)
            frame.put("\(kind.view.name) ", at: x, area.row, style: isShown ? name : .label)
        }
    }

    /// The view whose tab is at a column.
    static func view(at column: Int, _ area: Area) -> ViewKind? {
        places(area).first { $0.1.contains(column) }?.0
    }

    private static func places(_ area: Area) -> [(ViewKind, Range<Int>)] {
        var x = area.column
        return ViewKind.allCases.map { kind in
            let width = CharacterWidth.columns(of: kind.view.name) + 3
            defer { x += width }
            return (kind, x..<x + width)
        }
    }
}
