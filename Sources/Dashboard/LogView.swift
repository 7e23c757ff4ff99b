// View 6: every event of every source, with a filter by severity, and scrolled sideways where lines are long.

import ReloadModel
import RuntimeAPI
import TextUI

/// Where a person is in the log.
struct LogPosition: Equatable, Sendable {
    /// Less severe lines are hidden.
    var least = LogLine.Severity.info
    /// Lines after the last one shown; 0 goes on with the newest.
    var back = 0
    /// Columns scrolled to the right.
    var shift = 0
}

enum LogView: FullView {
    static let name = "Log"
    static let purpose = "what happened, from every source"

    static func rowsNoun(_ state: State) -> String { "events" }

    /// Oldest first, without what the filters hide.
    static func lines(_ state: State) -> [LogLine] {
        guard let log = state.picture?.log else { return [] }
        let filter = state.filter(of: .view(.log))
        guard !filter.isEmpty || state.log.least > .info else { return log }
        return log.filter { passes($0, state, filter) }
    }

    private static func passes(_ line: LogLine, _ state: State, _ filter: String) -> Bool {
        line.severity >= state.log.least
            && (filter.isEmpty || Filter.matches(line.text, filter)
                || Filter.matches(line.source.rawValue, filter))
    }

    /// New lines have come: where nobody follows, the lines shown stay where they are.
    static func took(_ lines: [LogLine], _ state: inout State) {
        guard state.log.back > 0 else { return }
        let filter = state.filter(of: .view(.log))
        state.log.back += lines.count { passes($0, state, filter) }
    }

    // MARK: Drawing

    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        guard area.height > 0 else { return }
        let all = lines(state)
        frame.putRule("Events", right: situation(state, all.count), focused: true, area)
        if all.isEmpty, area.height > 1 {
            let known = state.picture?.log.count ?? 0
            let words =
                known == 0
                ? "nothing has happened yet" : "\(Figures.counted(known, "event")), none passes the filters"
            frame.put(words, at: area.column + 2, area.row + 1, width: area.width - 3, style: .label)
        }
        let room = area.height - 1
        let back = min(state.log.back, max(0, all.count - room))
        for (offset, line) in all.dropLast(back).suffix(room).enumerated() {
            draw(line, state, area, area.row + 1 + offset, &frame)
        }
    }

    private static func situation(_ state: State, _ count: Int) -> String {
        var words: [String] = []
        if state.log.least > .info { words.append("\(state.log.least.word) and worse") }
        let total = state.picture?.log.count ?? 0
        words.append(count == total ? "\(total)" : "\(count) of \(total)")
        if state.log.shift > 0 { words.append("from column \(state.log.shift + 1)") }
        words.append(state.log.back > 0 ? "\(state.log.back) newer below" : "follows")
        return words.joined(separator: ", ")
    }

    private static func draw(
        _ line: LogLine, _ state: State, _ area: Area, _ row: Int, _ frame: inout Frame
    ) {
        let glyphs = Glyphs(repertoire: frame.repertoire)
        let end = area.column + area.width - 1
        var x = area.column + 1
        let day: Int64 = 86_400_000_000
        if area.width >= 100, line.at / day != state.now / day {
            x = frame.put(CivilTime.text(ofMicroseconds: line.at).prefix(10) + " ", at: x, row, style: .label)
        }
        x = frame.put(Figures.time(line.at), at: x, row, width: end - x, style: .label) + 1
        x = frame.put(line.severity.glyph(glyphs), at: x, row, width: end - x, style: line.severity.style)
        if area.width >= ScreenLayout.compactColumns {
            frame.put(line.severity.word, at: x + 1, row, width: 4, style: line.severity.style)
            frame.put(line.source.rawValue, at: x + 6, row, width: 9, style: .label)
            x += 15
        }
        let text = state.log.shift == 0 ? line.text : String(line.text.dropFirst(state.log.shift))
        frame.put(text, at: x + 1, row, width: end - x - 1, style: line.severity.style)
    }

    // MARK: Keys

    static func press(_ action: Action, _ state: inout State) -> [Effect]? {
        switch action {
        case .move(.left): state.log.shift = max(0, state.log.shift - 8)
        case .move(.right): state.log.shift = min(4000, state.log.shift + 8)
        case .move(let move):
            let page = max(1, state.viewArea.height - 2)
            let last = max(0, lines(state).count - page - 1)
            state.log.back = last - Scrolling.moved(last - state.log.back, move, page: page, last: last)
        case .severity:
            state.log.least = LogLine.Severity(rawValue: state.log.least.rawValue + 1) ?? .info
            state.log.back = 0
        case .follow: state.log.back = 0
        case .leave where (state.log.shift, state.log.back, state.log.least) != (0, 0, .info):
            (state.log.shift, state.log.back, state.log.least) = (0, 0, .info)
        default: return nil
        }
        return []
    }

    static func click(_ mouse: Key.Mouse, _ area: Area, _ state: inout State) -> [Effect] {
        switch mouse {
        case .press: break
        case .wheelUp: for _ in 0..<3 { _ = press(.move(.up), &state) }
        case .wheelDown: for _ in 0..<3 { _ = press(.move(.down), &state) }
        }
        return []
    }

    // MARK: Export

    static func shellCommands(_ state: State) -> [String] {
        guard let picture = state.picture, picture.log.contains(where: { $0.source == .journal }) else {
            return []
        }
        return ["journalctl -f _COMM=\(picture.snapshot.proxy.program.rawValue)"]
    }

    static func export(_ state: State) -> [JSON.Member] {
        [JSON.Member("events", .array(lines(state).map(json)))]
    }

    static func json(_ line: LogLine) -> JSON {
        .object([
            JSON.Member("at", .string(CivilTime.text(ofMicroseconds: line.at))),
            JSON.Member("severity", .string(line.severity.word.lowercased())),
            JSON.Member("source", .string(line.source.rawValue)), JSON.Member("text", .string(line.text)),
        ])
    }
}
