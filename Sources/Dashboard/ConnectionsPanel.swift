// How many connections each generation has and had: one curve a worker on a common time axis, so that the
// hand-over is seen as one falling and the next rising.

import ReloadModel
import TextUI

enum ConnectionsPanel {
    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        guard let picture = state.picture else { return }
        let glyphs = Glyphs(repertoire: frame.repertoire)
        // " 26 ● 12345  ▁▂▃  peak 12345"
        let generations = picture.snapshot.workers.map { $0.generation.figure(String.init).utf8.count }
        let generationWidth = max(3, generations.max() ?? 0)
        let curveStart = area.column + 1 + generationWidth + 1 + 2 + 6 + 2
        let peakWidth = 11
        let curveWidth = min(Picture.longestHistory, area.column + area.width - curveStart - peakWidth - 1)
        let span = Double(curveWidth) * state.settings.interval
        frame.putRule(
            "Connections by generation", right: "last \(Figures.span(span))", focused: false, area)
        let room = area.height - 1
        let workers = picture.snapshot.workers
        let hidden = workers.count > room ? workers.count - room + 1 : 0
        for (offset, worker) in workers.prefix(room - (hidden > 0 ? 1 : 0)).enumerated() {
            let row = area.row + 1 + offset
            frame.putRight(
                worker.generation.figure(String.init), before: area.column + 1 + generationWidth, row,
                width: generationWidth)
            frame.put(
                glyphs.of(worker.state), at: area.column + 2 + generationWidth, row,
                style: worker.state.style)
            let figure = worker.connections.figure(Figures.count)
            frame.putRight(
                figure, before: curveStart - 2, row, width: 6,
                style: figure == "?" ? .unknown : worker.state == .serving ? .strong : .value)
            guard curveWidth >= 4 else { continue }
            let values = picture.history[worker.pid] ?? []
            let peak = values.suffix(curveWidth).compactMap(\.self).max() ?? 0
            let curve = Sparkline.draw(values, width: curveWidth, peak: peak, repertoire: frame.repertoire)
            frame.put(
                curve, at: curveStart, row, width: curveWidth,
                style: Style(worker.state.style.foreground))
            let label = "peak \(Figures.count(peak))"
            frame.put(label, at: curveStart + curveWidth + 1, row, width: peakWidth, style: .label)
        }
        if hidden > 0, room > 0 {
            let rest = workers.suffix(hidden)
            let total = rest.compactMap(\.connections.value).reduce(0, +)
            frame.put(
                "\(hidden) more, \(Figures.counted(total, "connection"))", at: area.column + 2,
                area.row + area.height - 1, width: area.width - 3, style: .label)
        }
    }
}
