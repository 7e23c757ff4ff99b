// What somebody should look at: a line each, the worst first, above everything else.

import ReloadModel
import TextUI

enum AlertLines {
    struct Line {
        var badge: String
        var style: Style
        var message: String
    }

    /// One line an alert; losing the proxy is one as well.
    static func lines(_ state: State) -> [Line] {
        guard let snapshot = state.picture?.snapshot else { return [] }
        var lines: [Line] = []
        if let lost = state.lost {
            lines.append(Line(badge: "LOST", style: Alert.Severity.critical.badge, message: lost))
        }
        let worstFirst = snapshot.alerts.enumerated().sorted {
            ($1.element.severity, $0.offset) < ($0.element.severity, $1.offset)
        }
        lines += worstFirst.map { _, alert in
            Line(badge: alert.kind.words, style: alert.severity.badge, message: alert.message)
        }
        return lines
    }

    static func count(_ state: State) -> Int {
        (state.picture?.snapshot.alerts.count ?? 0) + (state.picture != nil && state.lost != nil ? 1 : 0)
    }

    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        let glyphs = Glyphs(repertoire: frame.repertoire)
        let all = lines(state)
        for (offset, line) in all.prefix(area.height).enumerated() {
            let row = area.row + offset
            var end = area.column + area.width - 1
            let hidden = all.count - area.height
            if offset == area.height - 1, hidden > 0 {
                let more = "+\(hidden) more"
                frame.putRight(more, before: end, row, width: more.utf8.count, style: .label)
                end -= more.utf8.count + 1
            }
            let badge = " \(glyphs.bad == "x" ? "!!" : "▲") \(line.badge) "
            let x = frame.put(badge, at: area.column + 1, row, style: line.style)
            frame.put(line.message, at: x + 1, row, width: end - x - 1, style: .strong)
        }
    }
}
