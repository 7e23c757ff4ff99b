// The last line: the keys that do something here, the filter while it is typed, or a sentence for a key.

import TextUI

enum KeyBar {
    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        frame.paint(.bar, area)
        let bar = Style(.standard, on: .bar)
        let glyphs = Glyphs(repertoire: frame.repertoire)
        if state.typingFilter {
            let what = state.view.view.rowsNoun(state)
            let name = " Filter \(what) "
            var x = frame.put(name, at: area.column, area.row, style: Style(.bright, on: .badge).bold) + 1
            let hint = "Enter keeps  Esc clears"
            let room = max(1, area.width - x - hint.utf8.count - 3)
            x = frame.put(
                Clipped.end(of: state.filter, width: room - 1, glyphs), at: x, area.row, width: room,
                style: bar.bold)
            frame.cursor = (x, area.row)
            frame.putRight(
                hint, before: area.column + area.width - 1, area.row, width: hint.utf8.count,
                style: Style(.grey, on: .bar))
            return
        }
        if case .command(let text) = state.dialogue {
            let x = frame.put(
                ":" + Clipped.end(of: text, width: area.width - 4, glyphs), at: area.column + 1, area.row,
                width: area.width - 2,
                style: bar.bold)
            frame.cursor = (x, area.row)
            return
        }
        if let notice = state.notice {
            frame.put(notice, at: area.column + 1, area.row, width: area.width - 2, style: bar.bold)
            return
        }
        var x = area.column + 1
        for text in StyledText.fitting(keys(state), width: area.width - 2, gap: 2) {
            x = frame.put(text, at: x, area.row) + 2
        }
    }

    private static func keys(_ state: State) -> [StyledText.Part] {
        KeyTable.hints(state).map { hint in
            StyledText.Part(
                StyledText(hint.name, Style(.cyan, on: .bar).bold)
                    + StyledText(" " + hint.words, Style(.standard, on: .bar)), rank: hint.rank)
        }
    }
}
