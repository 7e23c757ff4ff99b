// What somebody should look at: a line each, the worst first, above everything else.

import ReloadModel
import TextUI

enum AlertLines {
    struct Line: Equatable {
        /// Empty where the message of the line before goes on.
        var badge: String
        /// Columns before the message.
        var lead = 0
        var style: Style
        var message: String
        /// What to do.
        var remedy: String?
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
            Line(
                badge: alert.kind.words, style: alert.severity.badge, message: alert.message,
                remedy: alert.remedy)
        }
        return lines
    }

    /// The same with messages that are too long for the screen continued on further lines, and on wide screens
    /// with what to do.
    static func wrapped(_ state: State) -> [Line] {
        guard state.size.rows >= 20 else { return lines(state) }
        return lines(state).flatMap { line in
            let lead = CharacterWidth.columns(of: line.badge) + 6
            let width = max(10, state.size.columns - lead - 1)
            let arrow = Glyphs(repertoire: state.settings.repertoire).to
            let remedy = TreeLayout.isWide(state.size) ? line.remedy.map { " \(arrow) \($0)" } : nil
            let message = fitted(line.message, width: width) + (remedy ?? "")
            return WrappedText.lines(message, width: width).enumerated().map { index, text in
                Line(
                    badge: index == 0 ? line.badge : "", lead: lead, style: line.style,
                    message: String(text.drop { $0 == " " }))
            }
        }
    }

    /// Words that are shortened where that saves a line.
    private static let short = [
        (" connections", " conns"), (" connection", " conn"), (" draining workers", " draining"),
        ("generation ", "gen "), (" KiB", "K"), (" MiB", "M"), (" GiB", "G"), ("not reloaded", "no reload"),
    ]

    /// A message that is a little too long for its line in fewer words; others as they are.
    private static func fitted(_ message: String, width: Int) -> String {
        guard CharacterWidth.columns(of: message) > width else { return message }
        var shorter = message
        for (long, brief) in short { shorter = replaced(long, by: brief, in: shorter) }
        let spared = WrappedText.lines(shorter, width: width).count
        return spared < WrappedText.lines(message, width: width).count ? shorter : message
    }

    /// Byte by byte: the library's general search takes milliseconds for it.
    private static func replaced(_ long: String, by brief: String, in text: String) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let first = rest.first {
            if rest.starts(with: long.utf8) {
                bytes += brief.utf8
                rest = rest.dropFirst(long.utf8.count)
            } else {
                bytes.append(first)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The worst in one line, with how many more there are.
    static func drawWorst(_ state: State, _ area: Area, _ frame: inout Frame) {
        draw(lines(state), area, &frame)
    }

    /// As many of `all` as `area` has lines.
    static func draw(_ all: [Line], _ area: Area, _ frame: inout Frame) {
        let glyphs = Glyphs(repertoire: frame.repertoire)
        for (offset, line) in all.prefix(area.height).enumerated() {
            let row = area.row + offset
            var end = area.column + area.width - 1
            let hidden = all.count - area.height
            if offset == area.height - 1, hidden > 0 {
                let more = "+\(hidden) more"
                frame.putRight(more, before: end, row, width: more.utf8.count, style: .label)
                end -= more.utf8.count + 1
            }
            if line.badge.isEmpty {
                let x = area.column + line.lead
                frame.put(line.message, at: x, row, width: end - x, style: .strong)
                continue
            }
            let badge = " \(glyphs.bad == "x" ? "!!" : "▲") \(line.badge) "
            let x = frame.put(badge, at: area.column + 1, row, style: line.style)
            frame.put(line.message, at: x + 1, row, width: end - x - 1, style: .strong)
        }
    }
}
