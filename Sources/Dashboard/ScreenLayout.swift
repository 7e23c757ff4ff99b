// What surrounds every view: the title, the tabs of the views, and the keys.
//
//     title
//     body: the view's own
//     tabs
//     keys

import TextUI

struct ScreenLayout: Equatable {
    var title: Area
    /// Nil where the room is needed for something better: the digits work all the same.
    var tabs: Area?
    var keys: Area?
    /// For the view, the help, or the choice of a master.
    var body: Area

    static let compactColumns = 60
    static let compactRows = 12
    private static let rowsForTabs = 18

    /// There is next to no room: no bars, one line a worker.
    static func isCompact(_ size: Size) -> Bool {
        size.columns < compactColumns || size.rows < compactRows
    }

    init(_ size: Size) {
        func area(_ row: Int, _ height: Int) -> Area {
            Area(column: 0, row: row, width: size.columns, height: height)
        }
        title = area(0, min(1, size.rows))
        guard !Self.isCompact(size) else {
            body = area(1, size.rows - 1)
            return
        }
        keys = area(size.rows - 1, 1)
        var end = size.rows - 1
        if size.rows >= Self.rowsForTabs {
            end -= 1
            tabs = area(end, 1)
        }
        body = area(1, end - 1)
    }
}
