// The lines of the why-alive page. The lines above the table are few; those of ten thousand connections are made only
// where they are in sight.

import ReloadModel
import TextUI

struct WhyAlivePage {
    private var head: [StyledText] = []
    private let connections: [WorkerConnection]
    /// In which order they are listed.
    private let order: [Int]
    private let columns: ConnectionLine
    private let timeouts: Known<LoadedTimeouts>

    init(_ pid: Int32, _ state: State, width: Int) {
        let entry = state.inquiries.entries[pid]
        let glyphs = Glyphs(repertoire: state.settings.repertoire)
        connections = entry?.report.connections ?? []
        order = entry?.order ?? []
        timeouts = entry?.report.timeouts ?? .unknown(Unknown("not asked yet"))
        columns = ConnectionLine(width: width)
        let worker = state.worker(pid)
        if let why = entry?.why {
            put(badge(why.certainty), why.sentence, width, style: .strong)
        } else {
            put(StyledText("…", .label), "its connections are asked for", width, style: .label)
        }
        head.append(StyledText())
        if let worker {
            put(
                "state", "\(glyphs.of(worker.state)) \(worker.state.word): \(Detail.meaning(worker.state))",
                width, worker.state.style)
        }
        if worker == nil, entry != nil { put("state", "has ended: this is the last look at it", width) }
        if let why = entry?.why { verdict(why, worker, state, glyphs, width) }
        if let worker, let snapshot = state.picture?.snapshot {
            for line in Detail.facts(worker, snapshot, state) {
                if let unknown = line.unknown {
                    put(
                        line.name,
                        "? " + unknown.reason + (unknown.remedy.map { " \(glyphs.to) \($0)" } ?? ""), width,
                        .unknown)
                } else {
                    put(line.name, line.value, width)
                }
            }
        }
        guard !order.isEmpty else { return }
        head.append(StyledText())
        head.append(columns.head)
    }

    var count: Int { head.count + order.count }

    func line(_ index: Int) -> StyledText {
        index < head.count ? head[index] : columns.line(connections[order[index - head.count]], timeouts)
    }

    // MARK: Lines

    private func badge(_ certainty: WhyAlive.Certainty) -> StyledText {
        let colour: Style =
            switch certainty {
            case .certain: Style(.green).bold
            case .likely: Style(.yellow).bold
            case .guess: Style(.magenta).bold
            }
        return StyledText(certainty.word, colour)
    }

    private mutating func put(_ start: StyledText, _ text: String, _ width: Int, style: Style) {
        let indent = start.columns + 2
        for (index, line) in WrappedText.lines(text, width: max(8, width - indent)).enumerated() {
            let left = index == 0 ? start : StyledText(String(repeating: " ", count: start.columns))
            head.append(left + StyledText("  ") + StyledText(line, style))
        }
    }

    private static let nameWidth = 12

    private mutating func put(_ name: String, _ text: String, _ width: Int, _ style: Style = .value) {
        let padded = name + String(repeating: " ", count: max(0, Self.nameWidth - name.count))
        put(StyledText(" " + padded, .label), text, width, style: style)
    }

    private mutating func verdict(
        _ why: WhyAlive, _ worker: WorkerSample?, _ state: State, _ glyphs: Glyphs, _ width: Int
    ) {
        if worker?.needsReasons == true {
            put("ends", ends(why, worker), width)
            put("kill now", "cuts \(why.cut.words)", width)
        }
        for stayed in worker.flatMap({ state.moves(of: $0.pid) })?.stayed ?? [] {
            put("not moved", "\(stayed.what): \(stayed.reason)", width)
            if let remedy = stayed.remedy {
                put("would move", "\(remedy): \(ConnectionMoves.Stayed.remedyActs)", width)
            }
        }
        let several = why.reasons.count > 1
        var namesSettings = false
        for reason in why.reasons {
            let bound = reason.bound + Self.last(reason.lastEnd)
            let isOld = worker?.needsReasons == true
            namesSettings = namesSettings || isOld && reason.kind.isBoundBySetting
            if several {
                let wouldBound = isOld ? "; would bound: \(reason.setting)" : ""
                put(
                    "\(reason.count) ×",
                    "\(reason.kind.label) (\(reason.certainty.word)): \(bound)\(wouldBound)", width)
            } else {
                put("bound by", bound, width)
                if isOld { put("would bound", reason.setting, width) }
            }
        }
        if namesSettings { put("but", WhyAlive.settingsComeLate, width, .label) }
        for blind in why.blindness {
            let remedy = blind.unknown.remedy.map { " \(glyphs.to) \($0)" } ?? ""
            put("unknown", "\(blind.what): \(blind.unknown.reason)\(remedy)", width, Style(.yellow))
        }
    }

    private static func last(_ end: WhyAlive.End) -> String {
        switch end {
        case .within(let seconds): ", the last in \(Figures.span(seconds)) if nothing moves"
        case .never: ": it does not end by itself"
        case .unknown: ", until when is not known"
        }
    }

    /// When it is over at the latest: by itself, or by hard-stop-after.
    private func ends(_ why: WhyAlive, _ worker: WorkerSample?) -> String {
        let own =
            switch why.lastEnd {
            case .within(let seconds): "by itself in \(Figures.span(seconds)) if nothing moves"
            case .never: "never by itself"
            case .unknown: "by itself at a time that is not known"
            }
        guard case .known(let left)? = worker?.killIn else {
            if worker?.isEndless == true { return "\(own); no hard-stop-after will ever end it" }
            if case .unknown(let why)? = worker?.killIn { return "\(own); hard-stop-after: \(why.reason)" }
            return own
        }
        if left < 0 { return "\(own); hard-stop-after was due \(Figures.span(-left)) ago" }
        return "\(own); by hard-stop-after in \(Figures.span(left)) at the latest"
    }
}
