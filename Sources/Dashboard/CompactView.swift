// The screen where there is next to no room: the worst alert, then one line a worker. Never empty while
// something is known.

import ReloadModel
import TextUI

enum CompactView {
    /// The first line of a view that is not the tree: which one, and whether what it shows is live.
    static func drawTitle(_ name: String, _ state: State, _ area: Area, _ frame: inout Frame) {
        var x = frame.put(name, at: area.column, area.row, width: area.width, style: .strong) + 1
        if let mode = modeLine(state) { x = frame.put(mode, at: x, area.row, width: area.width - x) }
        frame.paint(.bar, area)
    }

    static func draw(_ state: State, _ frame: inout Frame) {
        let width = frame.size.columns
        guard let snapshot = state.picture?.snapshot else {
            drawWithoutPicture(state, &frame)
            return
        }
        let glyphs = Glyphs(repertoire: frame.repertoire)
        var row = 0
        if let mode = modeLine(state) {
            frame.put(mode, at: 0, row, width: width)
            row += 1
        }
        if let worst = AlertLines.lines(state).first {
            let x = frame.put("!\(worst.badge)", at: 0, row, width: width, style: worst.style)
            frame.put(worst.message, at: x + 1, row, width: width - x - 1, style: .strong)
            row += 1
        }
        let workers = state.shownWorkers
        let room = max(0, frame.size.rows - row)
        // The last line says how many there are besides; a screen of one line has the first worker.
        let shown = workers.count <= room || room < 2 ? workers.prefix(room) : workers.prefix(room - 1)
        for worker in shown {
            drawLine(worker, glyphs, row, &frame)
            row += 1
        }
        if shown.count < workers.count, row < frame.size.rows {
            let rest = workers.dropFirst(shown.count)
            let worst = rest.map(\.state).max { $0.badness < $1.badness } ?? .draining
            frame.put(
                "+\(rest.count) more, \(glyphs.of(worst)) \(worst.word)", at: 0, row, width: width,
                style: worst.style)
            row += 1
        }
        if row < frame.size.rows {
            let reloads = snapshot.master.reloads.figure(String.init)
            frame.put(
                "master \(snapshot.master.pid)  reloads \(reloads)", at: 0, row, width: width, style: .label)
        }
    }

    private static func modeLine(_ state: State) -> StyledText? {
        let age = Figures.span(state.pictureAge)
        if state.typingFilter || !state.filter.isEmpty { return StyledText("/\(state.filter)", .strong) }
        if state.isReplay, let time = state.picture?.snapshot.time {
            return StyledText("PAST \(Figures.time(time)), \(age) ago", Style(.yellow).bold)
        }
        if state.paused != nil { return StyledText("PAUSED \(age) ago", Style(.yellow).bold) }
        if state.isStale { return StyledText("STALE \(age) old", Style(.red).bold) }
        return nil
    }

    private static func drawLine(_ worker: WorkerSample, _ glyphs: Glyphs, _ row: Int, _ frame: inout Frame) {
        let width = frame.size.columns
        let word = worker.state.word
        let parts: [StyledText.Part] = [
            .init(StyledText("\(glyphs.of(worker.state)) \(word)", worker.state.style), rank: 0),
            .init(StyledText("g\(worker.generation.figure(String.init))"), rank: 3),
            .init(StyledText(String(worker.pid)), rank: 1),
            .init(StyledText(worker.connectionsFigure("c"), .strong), rank: 2),
            .init(StyledText(ProcessesPanel.memory(worker.memory)), rank: 5),
            .init(
                StyledText(worker.needsReasons ? "kill \(worker.killIn.figure(Figures.span))" : ""), rank: 4),
        ].filter { !$0.text.runs.isEmpty }
        var x = 0
        for text in StyledText.fitting(parts, width: width, gap: 1) {
            x = frame.put(text, at: x, row, width: width - x) + 1
        }
    }

    private static func drawWithoutPicture(_ state: State, _ frame: inout Frame) {
        let width = frame.size.columns
        switch state.phase {
        case .connecting(let what): frame.put(what, at: 0, 0, width: width)
        case .choosing, .watching: break
        }
    }
}
