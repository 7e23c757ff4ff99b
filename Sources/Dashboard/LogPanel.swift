// What happened, as lines of all sources merged by time, the latest last.

import ReloadModel
import TextUI

enum LogPanel {
    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        let glyphs = Glyphs(repertoire: frame.repertoire)
        let all = lines(state)
        let room = area.height - 1
        let back = min(state.scrolledLog, max(0, all.count - room))
        var right = ""
        let filter = state.filter(of: .panel(.log))
        if !filter.isEmpty { right = "\(all.count) match '\(filter)'" }
        if back > 0 { right += (right.isEmpty ? "" : ", ") + "\(back) newer below" }
        frame.putRule("Events", right: right, focused: state.focus == .log, area)
        if all.isEmpty {
            frame.put(
                "nothing has happened yet", at: area.column + 2, area.row + 1, width: area.width - 3,
                style: .label)
        }
        for (offset, line) in all.dropLast(back).suffix(room).enumerated() {
            let row = area.row + 1 + offset
            var x = frame.put(Figures.time(line.at), at: area.column + 1, row, style: .label) + 1
            x = frame.put(line.severity.glyph(glyphs), at: x, row, style: line.severity.style) + 1
            let text = state.shiftedLog == 0 ? line.text : String(line.text.dropFirst(state.shiftedLog))
            let tag = line.source == .process ? "" : line.source.rawValue
            var room = area.column + area.width - 1 - x
            if area.width >= 100, !tag.isEmpty {
                frame.putRight(tag, before: x + room, row, width: 9, style: .label)
                room -= 11
            }
            frame.put(text, at: x, row, width: room, style: line.severity.style)
        }
    }

    /// Oldest first, without what the filter hides.
    static func lines(_ state: State) -> [LogLine] {
        guard let log = state.picture?.log else { return [] }
        let filter = state.filter(of: .panel(.log))
        return filter.isEmpty ? log : log.filter { Filter.matches($0.text, filter) }
    }
}
