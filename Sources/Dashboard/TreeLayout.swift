// Which panel of the tree goes where: panels below each other, or side by side where the screen is wide. Clicks are
// looked up in the same places that are drawn.
//
//     alerts                             alerts
//     summary                            summary
//     processes                          processes
//     connections, reloads or detail     connections or detail | reloads
//     log                                log
//     note                               note

import ReloadModel
import TextUI

struct TreeLayout: Equatable {
    var alerts: Area
    /// What stands there, as far as there is room.
    var alertLines: [AlertLines.Line]
    var summary: Area
    var processes: Area
    /// Where each column of the processes is, from the left edge of the screen; nil: not shown.
    var columns: [Range<Int>?]
    var connections: Area?
    var reloads: Area?
    var detail: Area?
    var log: Area?
    var note: Area?

    static func isWide(_ size: Size) -> Bool { size.columns >= 110 }

    /// `body`: all of the screen that the tree has.
    init(_ state: State, _ body: Area) {
        let size = state.size
        func area(_ row: Int, _ height: Int) -> Area {
            Area(column: body.column, row: row, width: body.width, height: height)
        }
        let end = body.row + body.height
        columns = TreeColumns.place(for: state)
        alertLines = AlertLines.wrapped(state)
        let mostAlerts = size.rows >= 36 ? 8 : size.rows >= 20 ? 4 : 1
        alerts = area(body.row, min(alertLines.count, mostAlerts))
        summary = area(alerts.row + alerts.height, 1)
        var next = summary.row + 1
        var left = end - next
        if size.rows >= 18, Notes.first(of: state) != nil {
            note = area(end - 1, 1)
            left -= 1
        }

        let rows = state.treeRows(holderWidth: TreeColumns.holderWidth(columns)).count
        // Where the filter leaves nothing, a line says so.
        let wanted = 1 + max(rows, 2)
        let leastLog = left >= 16 ? 4 : left >= 10 ? 3 : 0
        let leastMiddle = left >= 12 || state.showsDetail ? min(3, left / 3) : 0
        var tree = min(wanted, left - leastLog - leastMiddle)
        if state.focus != .processes || state.showsDetail { tree = min(tree, max(5, left * 2 / 5)) }
        tree = max(min(left, 2), tree)
        processes = area(next, tree)
        next += tree
        left -= tree

        let middle = TreeLayout.middleHeight(state, left: left, leastLog: leastLog, least: leastMiddle)
        if middle >= 2 {
            placeMiddle(area(next, middle), state)
            next += middle
            left -= middle
        }
        if left >= 2 { log = area(next, left) } else { processes.height += max(0, left) }
    }

    /// The detail may take all; otherwise the log keeps the lines that it has, up to half of what is left.
    private static func middleHeight(_ state: State, left: Int, leastLog: Int, least: Int) -> Int {
        let wanted = middleWanted(state)
        if state.showsDetail { return min(wanted, left) }
        if state.focus == .log && !isWide(state.size) { return 0 }
        let log = max(leastLog, min(1 + LogPanel.lines(state).count, left / 2))
        return min(wanted, max(least, left - log))
    }

    private mutating func placeMiddle(_ area: Area, _ state: State) {
        if TreeLayout.isWide(state.size) {
            let half = state.showsDetail ? area.width * 11 / 20 : area.width * 2 / 5
            let left = Area(column: 0, row: area.row, width: half, height: area.height)
            reloads = Area(
                column: half + 1, row: area.row, width: area.width - half - 1, height: area.height)
            if state.showsDetail { detail = left } else { connections = left }
        } else if state.showsDetail {
            detail = area
        } else if state.focus == .reloads {
            reloads = area
        } else {
            connections = area
        }
    }

    /// Rows that the panels between the processes and the log would fill.
    private static func middleWanted(_ state: State) -> Int {
        guard let snapshot = state.picture?.snapshot else { return 0 }
        let curves = 1 + snapshot.workers.count
        let reloads = 1 + snapshot.reloads.count
        if state.showsDetail { return 1 + Detail.height(state) }
        if isWide(state.size) { return max(4, curves, min(reloads, 12)) }
        return state.focus == .reloads ? max(3, reloads) : curves
    }

    /// How many rows of the processes are shown below their header.
    var visibleRows: Int { max(0, processes.height - 1) }
}
