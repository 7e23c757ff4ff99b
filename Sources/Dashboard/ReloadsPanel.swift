// The load attempts, the latest first; each row names where it is known from.

import ReloadModel
import TextUI

enum ReloadsPanel {
    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        guard let snapshot = state.picture?.snapshot else { return }
        let glyphs = Glyphs(repertoire: frame.repertoire)
        let records = shown(state)
        let total = Figures.counted(records.count, "attempt")
        frame.putRule("Reloads", right: total, focused: state.focus == .reloads, area)
        if records.isEmpty {
            let filter = state.filter(of: .panel(.reloads))
            frame.put(
                filter.isEmpty ? "none since the master started" : "no reload matches '\(filter)'",
                at: area.column + 2, area.row + 1, width: area.width - 3, style: .label)
            return
        }
        let right = area.column + area.width - 1
        let attemptWidth = max(2, String(snapshot.master.reloads.value ?? 0).utf8.count)
        for (offset, record) in records.dropFirst(state.scrolledReloads).prefix(area.height - 1).enumerated()
        {
            let row = area.row + 1 + offset
            let time = record.at.map(Figures.time) ?? "   ?"
            var x = frame.put(time, at: area.column + 1, row, width: 8, style: .label)
            x = area.column + 10
            frame.putRight(
                record.attempt.map { "#\($0)" } ?? "", before: x + attemptWidth + 1, row,
                width: attemptWidth + 1, style: .value)
            x += attemptWidth + 2
            frame.put(
                "\(record.result.glyph(glyphs)) \(record.result.word)", at: x, row, width: 9,
                style: record.result.style)
            x += 10
            let took = record.durationMilliseconds.value.map(Figures.milliseconds) ?? glyphs.dash
            frame.putRight(took, before: x + 6, row, width: 6, style: .value)
            x += 8
            let words = [record.reason, record.author.map { $0.nearestFirst(from: glyphs.from) }]
                .compactMap(\.self)
            let end = frame.put(
                fitted(words, width: right - x, glyphs), at: x, row, width: max(0, right - x),
                style: record.reason == nil ? .label : .value)
            // Who asked and why matter more than where it is known from.
            let source = record.source.tag
            guard right - end > source.utf8.count + 1 else { continue }
            frame.putRight(source, before: right, row, width: source.utf8.count, style: .label)
            let moved = record.verdict.moves.map { "\(Figures.count($0.moved)) moved" } ?? ""
            let place = right - source.utf8.count - 2
            if !moved.isEmpty, place - end > moved.utf8.count + 1 {
                frame.putRight(moved, before: place, row, width: moved.utf8.count, style: .value)
            }
        }
    }

    /// The reason is cut before the author is, and an author before the end of its name.
    private static func fitted(_ words: [String], width: Int, _ glyphs: Glyphs) -> String {
        let whole = words.joined(separator: "  ")
        guard words.count == 2, CharacterWidth.columns(of: whole) > width else { return whole }
        let room = width - CharacterWidth.columns(of: words[1]) - 2
        guard room >= 12 else { return whole }
        var reason = ""
        var columns = 0
        for character in words[0] {
            columns += CharacterWidth.columns(of: String(character))
            if columns > room - 1 { break }
            reason.append(character)
        }
        return reason + glyphs.cut + "  " + words[1]
    }

    /// The latest first.
    static func shown(_ state: State) -> [ReloadRecord] {
        let records = state.picture?.snapshot.reloads.reversed() ?? []
        let filter = state.filter(of: .panel(.reloads))
        guard !filter.isEmpty else { return Array(records) }
        return records.filter { record in
            let words = [
                record.result.word, record.reason ?? "", record.author?.words ?? "", record.source.rawValue,
                record.attempt.map { "#\($0)" } ?? "",
            ]
            return words.contains { Filter.matches($0, filter) }
        }
    }
}
