// View 8: the doctor's checklist, worst first, and under it all about the point under the cursor: what, why it
// matters, and the lines to write.

import ReloadModel
import RuntimeAPI
import TextUI

/// What the doctor said, and what of it is looked at.
struct DoctorPosition: Equatable, Sendable {
    var report: HealthReport?
    var isExamining = false
    /// The row under the cursor and the first row shown.
    var selected = 0
    var first = 0
}

enum DoctorView: FullView {
    static let name = "Doctor"
    static let purpose = "what to mend before it hurts"
    /// A report that is older than this is not shown as if it were new, in microseconds.
    private static let fresh: Int64 = 60_000_000

    /// One line of the list: a finding, or a point without one.
    private struct Row {
        var glyph: String
        var word: String
        var style: Style
        var id: String
        var text: String
        var finding: Finding?
        var remedy: String?
    }

    static func rowsNoun(_ state: State) -> String { "points" }

    static func opened(_ state: inout State) -> [Effect] {
        let age = state.now - (state.doctor.report?.time ?? 0)
        return age > fresh ? examine(&state) : []
    }

    private static func examine(_ state: inout State) -> [Effect] {
        guard !state.doctor.isExamining else { return [] }
        state.doctor.isExamining = true
        return [.examine]
    }

    private static func rows(_ state: State) -> [Row] {
        let glyphs = Glyphs(repertoire: state.settings.repertoire)
        let filter = state.filter(of: .view(.doctor))
        let all = (state.doctor.report?.ranked ?? []).flatMap { rows(of: $0, glyphs) }
        return filter.isEmpty
            ? all : all.filter { Filter.matches($0.text, filter) || Filter.matches($0.id, filter) }
    }

    private static func rows(of examination: Examination, _ glyphs: Glyphs) -> [Row] {
        func row(_ glyph: String, _ word: String, _ style: Style, _ text: String, _ remedy: String? = nil)
            -> Row
        {
            Row(
                glyph: glyph, word: word, style: style, id: examination.id, text: text, finding: nil,
                remedy: remedy)
        }
        switch examination.outcome {
        case .good(let sentence):
            return [row(glyphs.ok, "good", Style(.green), "\(examination.title): \(sentence)")]
        case .notConcerned(let sentence): return [row(glyphs.dash, "skipped", .label, sentence)]
        case .unknown(let why): return [row("?", "unknown", .unknown, why.reason, why.remedy)]
        case .findings(let findings):
            return findings.sorted { $0.severity > $1.severity }.map { finding in
                var row = row(
                    finding.severity.glyph(glyphs), finding.severity.word, finding.severity.style,
                    finding.what)
                row.finding = finding
                return row
            }
        }
    }

    // MARK: Drawing

    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        guard area.height > 0 else { return }
        frame.putRule(name, right: situation(state), focused: true, area)
        let rows = rows(state)
        guard !rows.isEmpty else {
            let filter = state.filter(of: .view(.doctor))
            let words =
                state.doctor.report == nil
                ? "going through the checklist: the configuration is tested too"
                : "no point matches '\(filter)'"
            if area.height > 1 {
                frame.put(words, at: area.column + 2, area.row + 1, width: area.width - 3, style: .label)
            }
            return
        }
        let visible = visibleRows(area)
        let selected = min(state.doctor.selected, rows.count - 1)
        for (offset, row) in rows.dropFirst(state.doctor.first).prefix(visible).enumerated() {
            let y = area.row + 1 + offset
            frame.put(row.glyph, at: area.column + 1, y, width: 2, style: row.style)
            frame.put(row.word, at: area.column + 3, y, width: 9, style: row.style)
            frame.put(row.text, at: area.column + 12, y, width: area.width - 13, style: .value)
            if state.doctor.first + offset == selected {
                frame.paint(.selection, Area(column: area.column, row: y, width: area.width, height: 1))
            }
        }
        let rest = Area(
            column: area.column, row: area.row + 1 + visible, width: area.width,
            height: area.height - 1 - visible)
        if rest.height > 1 { draw(rows[selected], rest, &frame) }
    }

    private static func situation(_ state: State) -> String {
        if state.doctor.isExamining { return "examining" }
        guard let report = state.doctor.report else { return "" }
        let age = Wording.span(seconds: max(0, Double(state.now - report.time) / 1_000_000).rounded(.down))
        let counts = Finding.Severity.allCases.reversed().map { "\(report.count($0)) \($0.word)" }
        return (counts + ["\(report.unknowns) unknown", "\(age) ago"]).joined(separator: ", ")
    }

    /// Half of the room is for the list, more where the rest is not needed.
    private static func visibleRows(_ area: Area) -> Int {
        area.height < 8 ? max(0, area.height - 1) : (area.height - 1) / 2
    }

    private static func draw(_ row: Row, _ area: Area, _ frame: inout Frame) {
        frame.putRule(row.id, right: row.finding?.certainty.rawValue ?? "", focused: false, area)
        var y = area.row + 1
        let end = area.row + area.height
        let width = max(1, area.width - 4)
        func write(_ text: String, _ style: Style, indent: Int = 0) {
            for line in WrappedText.lines(text, width: width - indent) where y < end {
                frame.put(line, at: area.column + 2 + indent, y, width: width - indent, style: style)
                y += 1
            }
        }
        write(row.text, .strong)
        if let remedy = row.remedy { write(remedy, .value) }
        guard let finding = row.finding else { return }
        write(finding.why, .value)
        if !finding.place.isEmpty { write(finding.place + (finding.lines.isEmpty ? "" : ":"), .label) }
        for line in finding.lines { write(line, Style(.cyan), indent: 2) }
    }

    // MARK: Keys

    static func press(_ action: Action, _ state: inout State) -> [Effect]? {
        switch action {
        case .examine: return examine(&state)
        case .move(let move):
            state.doctor.selected = Scrolling.moved(
                state.doctor.selected, move, page: max(1, visibleRows(state.viewArea) - 1),
                last: max(0, rows(state).count - 1))
            return []
        default: return nil
        }
    }

    static func pressed(column: Int, row: Int, _ area: Area, _ state: inout State) -> [Effect] {
        let index = row - area.row - 1
        if index >= 0, index < visibleRows(area) {
            state.doctor.selected = min(state.doctor.first + index, max(0, rows(state).count - 1))
        }
        return []
    }

    static func settle(_ state: inout State, _ area: Area) {
        let count = rows(state).count
        state.doctor.selected = max(0, min(state.doctor.selected, count - 1))
        state.doctor.first = Scrolling.first(
            showing: state.doctor.selected, from: state.doctor.first, visible: max(1, visibleRows(area)),
            total: count)
    }

    // MARK: Export

    static func export(_ state: State) -> [JSON.Member] {
        let rows = rows(state).map { row in
            JSON.object([
                JSON.Member("id", .string(row.id)), JSON.Member("severity", .string(row.word)),
                JSON.Member("what", .string(row.text)),
                JSON.Member("why", row.finding.map { .string($0.why) } ?? .null),
                JSON.Member("lines", .array((row.finding?.lines ?? []).map { .string($0) })),
            ])
        }
        return [JSON.Member("points", .array(rows))]
    }

    static func shellCommands(_ state: State) -> [String] {
        guard let snapshot = state.picture?.snapshot else { return [] }
        return ["reloadtop doctor --pid \(snapshot.master.pid)"]
    }
}

extension Finding.Severity {
    fileprivate func glyph(_ glyphs: Glyphs) -> String {
        switch self {
        case .notice: glyphs.dot
        case .warning: "!"
        case .critical: glyphs.bad
        }
    }

    fileprivate var style: Style {
        switch self {
        case .notice: Style(.cyan)
        case .warning: Style(.yellow).bold
        case .critical: Style(.red).bold
        }
    }
}
