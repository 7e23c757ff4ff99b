// One line about the reloads: how many, how they went, how often, the last one.

import ReloadModel
import TextUI

enum SummaryLine {
    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        guard let snapshot = state.picture?.snapshot else { return }
        let texts = StyledText.fitting(parts(snapshot, frame.repertoire), width: area.width - 2, gap: 3)
        var x = area.column + 1
        for text in texts { x = frame.put(text, at: x, area.row, width: area.width - 1 - x) + 3 }
    }

    private static func parts(_ snapshot: Snapshot, _ repertoire: Repertoire) -> [StyledText.Part] {
        let glyphs = Glyphs(repertoire: repertoire)
        let records = snapshot.reloads
        let ok = records.count { $0.result == .success }
        let failed = records.count { $0.result == .failed }
        var parts: [StyledText.Part] = []
        func add(_ text: StyledText, _ rank: Int) { parts.append(.init(text, rank: rank)) }
        add(
            StyledText("Reloads ", .label)
                + StyledText(snapshot.master.reloads.figure(String.init), .strong), 0)
        let succeeded = ReloadRecord.Result.success
        add(
            StyledText("\(glyphs.ok) ", succeeded.style)
                + StyledText("\(ok)", .strong) + StyledText(" ok", .label), 2)
        let style = failed > 0 ? ReloadRecord.Result.failed.style : .label
        add(
            StyledText("\(glyphs.bad) ", style) + StyledText("\(failed)", failed > 0 ? style : .strong)
                + StyledText(" failed", failed > 0 ? style : .label), 1)
        if let total = snapshot.master.reloads.value, total > ok + failed {
            let unseen = total - ok - failed
            add(StyledText("? \(unseen) unseen", .label), 4)
        }
        let hourAgo = snapshot.time - 3_600_000_000
        let inHour = records.count { ($0.at ?? .min) >= hourAgo }
        add(StyledText("\(inHour)", .strong) + StyledText("/h", .label), 2)
        if let last = records.last { add(lastText(last, snapshot.time, glyphs), 3) }
        return parts
    }

    private static func lastText(_ last: ReloadRecord, _ now: Int64, _ glyphs: Glyphs) -> StyledText {
        var text = StyledText("last ", .label)
        text = text + StyledText("\(last.result.glyph(glyphs)) \(last.result.word)", last.result.style)
        if let at = last.at {
            text = text + StyledText(" \(Figures.span(Double(now - at) / 1_000_000)) ago", .value)
        }
        if let took = last.durationMilliseconds.value {
            text = text + StyledText(" in ", .label) + StyledText(Figures.milliseconds(took), .value)
        }
        return text
    }
}
