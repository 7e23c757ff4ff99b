// The picture of a state: what surrounds every view, and the view. Each panel is drawn by its own file into its own
// area of the frame.

import ReloadModel
import TextUI

/// Draws `state` for its size; never fails, whatever the size.
package func view(_ state: State) -> Frame {
    var frame = Frame(size: state.size, repertoire: state.settings.repertoire)
    guard state.size.columns > 0, state.size.rows > 0 else { return frame }
    let layout = ScreenLayout(state.size)
    if ScreenLayout.isCompact(state.size) {
        let isWatching = state.phase == .watching
        guard state.showsHelp || isWatching && (state.view != .tree || state.why != nil) else {
            CompactView.draw(state, &frame)
            let all = Area(column: 0, row: 0, width: state.size.columns, height: state.size.rows)
            MasterList.draw(state, all, &frame)
            state.popup?.draw(all, &frame)
            InterventionDialogue.draw(state, all, &frame)
            return frame
        }
        let name = state.showsHelp ? "Help" : "\(state.view.digit) \(state.view.view.name)"
        CompactView.drawTitle(name, state, layout.title, &frame)
    } else {
        TitleBar.draw(state, layout.title, &frame)
    }
    if let keys = layout.keys { KeyBar.draw(state, keys, &frame) }
    if let tabs = layout.tabs { Tabs.draw(state, tabs, &frame) }
    if state.showsHelp {
        Help.draw(state, layout.body, &frame)
        return frame
    }
    switch state.phase {
    case .connecting(let what): Connecting.draw(what, state, layout.body, &frame)
    case .choosing: break
    case .watching:
        if state.view != .tree { AlertLines.drawWorst(state, state.alertArea, &frame) }
        state.view.view.draw(state, state.viewArea, &frame)
        ColumnMenu.draw(state, state.viewArea, &frame)
    }
    MasterList.draw(state, layout.body, &frame)
    state.popup?.draw(layout.body, &frame)
    InterventionDialogue.draw(state, layout.body, &frame)
    return frame
}

extension State {
    /// All that the shown view has. The tree shows the alerts itself; every other view stands below the worst one.
    var viewArea: Area {
        if view == .tree {
            return ScreenLayout.isCompact(size) && why == nil
                ? Area(column: 0, row: 0, width: size.columns, height: size.rows) : ScreenLayout(size).body
        }
        var area = ScreenLayout(size).body
        area.row += alertArea.height
        area.height -= alertArea.height
        return area
    }

    var alertArea: Area {
        var area = ScreenLayout(size).body
        area.height = AlertLines.lines(self).isEmpty ? 0 : min(1, area.height)
        return area
    }
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
