// View 4: what each reload changed in the configuration files, and what was changed on disk since the last one.

import ReloadModel
import RuntimeAPI
import TextUI

/// Which change is looked at, and where in it.
struct DiffPosition: Equatable, Sendable {
    /// Steps back from the newest change.
    var back = 0
    /// The first line shown.
    var first = 0
    /// Columns scrolled to the right.
    var shift = 0
    /// The change that was worked out last, and of which versions.
    fileprivate var shown: Shown?

    fileprivate struct Shown: Equatable, Sendable {
        var key: [Int64]
        var diff: ConfigurationDiff
    }
}

enum DiffView: FullView {
    static let name = "Diff"
    static let purpose = "what each reload changed in the files"

    static func rowsNoun(_ state: State) -> String { "lines" }

    /// One change that can be looked at.
    private enum Change {
        /// The place of a load in the record.
        case load(Int)
        /// What lies on the disk against what runs.
        case disk([ConfigurationFile])
    }

    /// The newest last.
    private static func changes(_ record: ConfigurationRecord) -> [Change] {
        var changes = record.versions.indices.dropFirst().map { Change.load($0) }
        if case .known(.differs(_, let files)) = record.disk { changes.append(.disk(files)) }
        return changes
    }

    private static func chosen(_ state: State) -> (Change, ConfigurationRecord, place: String)? {
        guard let record = state.picture?.snapshot.configuration else { return nil }
        let all = changes(record)
        guard !all.isEmpty else { return nil }
        let index = all.count - 1 - min(state.diff.back, all.count - 1)
        return (all[index], record, "\(index + 1) of \(all.count)")
    }

    /// The files before and after a change, or why they cannot be compared.
    private static func sides(
        _ change: Change, _ record: ConfigurationRecord
    ) -> Known<(before: [ConfigurationFile], after: [ConfigurationFile], key: [Int64])> {
        let before: ConfigurationVersion?
        let after: Known<[ConfigurationFile]>
        let key: [Int64]
        switch change {
        case .load(let index):
            before = record.before(index)
            after = record.versions[index].files
            key = [before?.at ?? 0, record.versions[index].at]
        case .disk(let files):
            before = record.inForce.value.map { record.versions[$0] }
            after = .known(files)
            key = [before?.at ?? 0] + files.map(\.modifiedAt)
        }
        guard let before else {
            return .unknown(Unknown("what was in force before is not known: reloadtop was not there yet"))
        }
        switch (before.files, after) {
        case (.unknown(let why), _):
            return .unknown(
                Unknown("what was in force before is not known: \(why.reason)", remedy: why.remedy))
        case (_, .unknown(let why)): return .unknown(why)
        case (.known(let old), .known(let new)): return .known((old, new, key))
        }
    }

    // MARK: Drawing

    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        guard area.height > 0 else { return }
        guard let (change, record, place) = chosen(state) else {
            frame.putRule(name, right: "", focused: true, area)
            write(nothing(state), area.row + 1, area, &frame)
            return
        }
        frame.putRule(name, right: "\(place), \(arrows(state)) others", focused: true, area)
        var row = area.row + 1
        let end = area.row + area.height
        if row < end {
            frame.put(headline(change, record, state), at: area.column + 1, row, width: area.width - 2)
            row += 1
        }
        guard let shown = state.diff.shown else {
            if case .unknown(let why) = sides(change, record) { write([why.reason], row, area, &frame) }
            return
        }
        if shown.diff.isEmpty { write(["the files are the same as before"], row, area, &frame) }
        for line in visible(state, shown.diff).prefix(max(0, end - row)) {
            draw(line, state, row, area, &frame)
            row += 1
        }
    }

    private static func arrows(_ state: State) -> String {
        state.settings.repertoire == .unicode ? "← →" : "< >"
    }

    private static func nothing(_ state: State) -> [String] {
        guard let record = state.picture?.snapshot.configuration else { return [] }
        var lines = ["nothing was reloaded since reloadtop came, and nothing is known of what was before"]
        switch record.disk {
        case .known: lines.append("the files on disk are what runs")
        case .unknown(let why):
            lines.append("whether the files on disk are what runs is not known: \(why.reason)")
        }
        return lines
    }

    private static func write(_ lines: [String], _ row: Int, _ area: Area, _ frame: inout Frame) {
        let wrapped = lines.flatMap { WrappedText.lines($0, width: max(1, area.width - 4)) }
        for (offset, line) in wrapped.enumerated() where row + offset < area.row + area.height {
            frame.put(line, at: area.column + 2, row + offset, width: area.width - 3, style: .label)
        }
    }

    private static func headline(
        _ change: Change, _ record: ConfigurationRecord, _ state: State
    ) -> StyledText {
        let glyphs = Glyphs(repertoire: state.settings.repertoire)
        var text: StyledText
        switch change {
        case .load(let index):
            let version = record.versions[index]
            let number = version.attempt.map { " #\($0)" } ?? ""
            let ago = Wording.span(seconds: max(0, Double(state.now - version.at) / 1_000_000).rounded(.down))
            text =
                StyledText(
                    "\(version.result.glyph(glyphs)) \(version.result.word)", version.result.style)
                + StyledText(" reload\(number), \(ago) ago", .strong)
        case .disk:
            text =
                StyledText(
                    "! the file on disk is not what runs", Style(.yellow).bold)
                + StyledText(": the next reload brings this into force", .value)
        }
        if let diff = state.diff.shown?.diff {
            text =
                text + StyledText("  +\(diff.added)", Style(.green))
                + StyledText(" -\(diff.removed)", Style(.red))
        }
        return text
    }

    private static func visible(_ state: State, _ diff: ConfigurationDiff) -> [ConfigurationDiff.Line] {
        let filter = state.filter(of: .view(.diff))
        let lines = filter.isEmpty ? diff.lines : diff.lines.filter { Filter.matches($0.text, filter) }
        return Array(lines.dropFirst(min(state.diff.first, max(0, lines.count - 1))))
    }

    private static func draw(
        _ line: ConfigurationDiff.Line, _ state: State, _ row: Int, _ area: Area, _ frame: inout Frame
    ) {
        let glyphs = Glyphs(repertoire: state.settings.repertoire)
        let column = area.column + 1
        let width = area.width - 2
        let (mark, style): (String, Style) =
            switch line.kind {
            case .file: ("", .strong)
            case .gap: ("", .rule)
            case .same: (" ", .value)
            case .removed: ("-", Style(.red))
            case .added: ("+", Style(.green))
            }
        switch line.kind {
        case .file: frame.put(line.text, at: column, row, width: width, style: style)
        case .gap: frame.put(String(repeating: glyphs.dot, count: 3), at: column + 6, row, style: style)
        case .same, .removed, .added:
            let number = (line.after ?? line.before).map(String.init) ?? ""
            frame.putRight(number, before: column + 5, row, width: 5, style: .label)
            let text = String(VisibleText.of(line.text).dropFirst(state.diff.shift))
            frame.put("\(mark) \(text)", at: column + 6, row, width: width - 6, style: style)
        }
    }

    // MARK: Keys

    static func press(_ action: Action, _ state: inout State) -> [Effect]? {
        switch action {
        case .move(.left): state.diff.back += 1
        case .move(.right): state.diff.back = max(0, state.diff.back - 1)
        case .move(let move):
            let lines = state.diff.shown?.diff.lines.count ?? 0
            state.diff.first = Scrolling.moved(
                state.diff.first, move, page: max(1, state.viewArea.height - 3), last: max(0, lines - 1))
            return []
        default: return nil
        }
        state.diff.first = 0
        return []
    }

    /// Works the shown change out once.
    static func settle(_ state: inout State, _ area: Area) {
        guard let (change, record, _) = chosen(state) else {
            state.diff.shown = nil
            state.diff.back = 0
            return
        }
        state.diff.back = min(state.diff.back, changes(record).count - 1)
        guard case .known(let sides) = sides(change, record) else {
            state.diff.shown = nil
            return
        }
        guard state.diff.shown?.key != sides.key else { return }
        state.diff.shown = DiffPosition.Shown(
            key: sides.key, diff: ConfigurationDiff(from: sides.before, to: sides.after))
    }

    // MARK: Export

    static func export(_ state: State) -> [JSON.Member] {
        let lines = (state.diff.shown?.diff.lines ?? []).map { line in
            let kind =
                switch line.kind {
                case .file: "file"
                case .gap: "gap"
                case .same: "same"
                case .removed: "removed"
                case .added: "added"
                }
            return JSON.object([JSON.Member("kind", .string(kind)), JSON.Member("text", .string(line.text))])
        }
        return [JSON.Member("lines", .array(lines))]
    }
}
