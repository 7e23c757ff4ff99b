// The picture of a state. Each panel is drawn by its own file into its own area of the frame.

import ReloadModel
import TextUI

/// Draws `state` for its size; never fails, whatever the size.
package func view(_ state: State) -> Frame {
    var frame = Frame(size: state.size, repertoire: state.settings.repertoire)
    guard state.size.columns > 0, state.size.rows > 0 else { return frame }
    if Layout.isCompact(state.size) {
        CompactView.draw(state, &frame)
        return frame
    }
    let layout = Layout(state)
    TitleBar.draw(state, layout.title, &frame)
    KeyBar.draw(state, layout.keys, &frame)
    if state.showsHelp {
        Help.draw(state, layout.body, &frame)
        return frame
    }
    switch state.phase {
    case .connecting(let what): Connecting.draw(what, state, layout.body, &frame)
    case .choosing(let candidates, let selected):
        Chooser.draw(candidates, selected, state, layout.body, &frame)
    case .watching:
        AlertLines.draw(state, layout.alerts, &frame)
        SummaryLine.draw(state, layout.summary, &frame)
        TreeView.draw(state, layout, &frame)
        if let area = layout.connections { ConnectionsPanel.draw(state, area, &frame) }
        if let area = layout.detail { Detail.draw(state, area, &frame) }
        if let area = layout.reloads { ReloadsPanel.draw(state, area, &frame) }
        if let area = layout.log { LogPanel.draw(state, area, &frame) }
        if let left = layout.connections ?? layout.detail, let right = layout.reloads {
            frame.putDivider(between: left, and: right, closed: layout.log != nil)
        }
        if let area = layout.note { NoteLine.draw(state, area, &frame) }
    }
    return frame
}

extension Frame {
    /// The line between two panels side by side, joined to the rules above and below.
    mutating func putDivider(between left: Area, and right: Area, closed: Bool) {
        let glyphs = Glyphs(repertoire: repertoire)
        let column = right.column - 1
        func line(_ row: Int, _ height: Int) -> Area {
            Area(column: column, row: row, width: 1, height: height)
        }
        fill(glyphs.tee, line(left.row, 1), style: .rule)
        fill(glyphs.vertical, line(left.row + 1, left.height - 1), style: .rule)
        if closed { fill(glyphs.crossing, line(left.row + left.height, 1), style: .rule) }
    }

    /// A rule with a panel's name in it, bright where the panel has the keys; `right`: what else there is to say.
    mutating func putRule(_ name: String, right: String = "", focused: Bool, _ area: Area) {
        let glyphs = Glyphs(repertoire: repertoire)
        fill(
            glyphs.horizontal, Area(column: area.column, row: area.row, width: area.width, height: 1),
            style: .rule)
        let style = focused ? Style(.cyan).bold : Style(.standard).bold
        let end = put(" \(name) ", at: area.column + 1, area.row, width: area.width - 2, style: style)
        let room = area.column + area.width - 1 - end
        if !right.isEmpty, CharacterWidth.columns(of: right) + 3 <= room {
            putRight(
                " \(right) ", before: area.column + area.width - 1, area.row, width: room, style: .label)
        }
    }
}
