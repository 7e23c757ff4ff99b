// The help: keys, what the states and columns mean, and everything that cannot be seen here and why.

import ReloadModel
import TextUI

enum Help {
    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        let lines = lines(state, area.width)
        let first = min(state.scrolledHelp, max(0, lines.count - area.height))
        for (offset, line) in lines.dropFirst(first).prefix(area.height).enumerated() {
            frame.put(line, at: area.column + 2, area.row + offset, width: area.width - 3)
        }
        let hidden = lines.count - first - area.height
        if hidden > 0 {
            let more = " \(hidden) more below "
            frame.putRight(
                more, before: area.column + area.width - 1, area.row + area.height - 1,
                width: more.utf8.count, style: Style(.standard, on: .badge))
        }
    }

    static func lines(_ state: State, _ width: Int) -> [StyledText] {
        let glyphs = Glyphs(repertoire: state.settings.repertoire)
        let left = keys(state)
        let right = states(glyphs) + [StyledText()] + columns()
        var lines: [StyledText] = [StyledText()]
        if width >= 78 {
            let leftWidth = 39
            for index in 0..<max(left.count, right.count) {
                var line = index < left.count ? left[index] : StyledText()
                let padding = max(1, leftWidth - line.columns)
                line = line + StyledText(String(repeating: " ", count: padding))
                lines.append(index < right.count ? line + right[index] : line)
            }
        } else {
            lines += left + [StyledText()] + right
        }
        lines += [StyledText(), heading("VIEWS")]
        lines += ViewKind.allCases.map { pair("\($0.digit) \($0.view.name)", $0.view.purpose) }
        return lines + blind(state, glyphs, width)
    }

    private static func heading(_ text: String) -> StyledText { StyledText(text, Style(.cyan).bold) }

    private static func pair(_ name: String, _ meaning: String, _ style: Style = .strong, width: Int = 11)
        -> StyledText
    {
        let padding = max(1, width - CharacterWidth.columns(of: name))
        return StyledText(name, style) + StyledText(String(repeating: " ", count: padding) + meaning)
    }

    private static func keys(_ state: State) -> [StyledText] {
        [heading("KEYS")] + KeyTable.help(state).map { pair($0.name, $0.long) }
    }

    private static func states(_ glyphs: Glyphs) -> [StyledText] {
        let meanings: [(WorkerState, String)] = [
            (.serving, "takes new connections"),
            (.starting, "loads its configuration"),
            (.draining, "old: serves what it has"),
            (.held, "old, kept by no client"),
            (.overdue, "past its hard-stop-after"),
        ]
        return [heading("STATES")]
            + meanings.map { pair("\(glyphs.of($0)) \($0.word)", $1, $0.style) }
    }

    private static func columns() -> [StyledText] {
        [
            heading("COLUMNS"),
            pair("[was: N]", "old: relative number"),
            pair("GEN", "attempt that started it"),
            pair("CONN", "connections of clients"),
            pair("MEM", "PSS: shared pages divided"),
            pair("KILL IN", "until hard-stop-after"),
            pair("KEPT BY", "who keeps an old worker"),
            pair("?", "not known; Enter says why"),
        ]
    }

    private static func blind(_ state: State, _ glyphs: Glyphs, _ width: Int) -> [StyledText] {
        let notes = Notes.all(of: state)
        guard !notes.isEmpty else { return [] }
        var lines = [StyledText(), heading("WHAT CANNOT BE SEEN HERE")]
        for note in notes {
            let words = "\(note.what): \(note.unknown.reason)"
            lines += WrappedText.lines(words, width: width - 5, indent: 2).map { StyledText($0) }
            if let remedy = note.unknown.remedy {
                let sentence = "  \(glyphs.to) \(remedy)"
                lines += WrappedText.lines(sentence, width: width - 5, indent: 4)
                    .map { StyledText($0, Style(.green)) }
            }
        }
        return lines
    }
}
