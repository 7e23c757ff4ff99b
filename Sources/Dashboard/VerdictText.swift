// The verdict of one reload in lines: who, phases, health before and after, what was undone, how the old workers
// left, the log. What is not known says why.

import ReloadModel
import TextUI

enum VerdictText {
    private static let nameWidth = 9

    static func title(_ record: ReloadRecord) -> String {
        (record.result == .restart ? "Restart" : "Reload") + (record.attempt.map { " \($0)" } ?? "")
    }

    static func lines(_ record: ReloadRecord, _ state: State, width: Int) -> [StyledText] {
        var text = Builder(width: width, glyphs: Glyphs(repertoire: state.settings.repertoire))
        text.outcome(record)
        text.author(record)
        text.steps(record.verdict)
        text.health(record)
        text.changes(record)
        text.drains(record)
        text.log(record.verdict.log)
        return text.lines
    }

    private struct Builder {
        let width: Int
        let glyphs: Glyphs
        var lines: [StyledText] = []

        /// A name and what belongs to it, wrapped under itself.
        mutating func put(_ name: String, _ words: String, _ style: Style = .value) {
            let room = max(10, width - VerdictText.nameWidth)
            for (index, line) in WrappedText.lines(words, width: room).enumerated() {
                let label = index == 0 ? name : ""
                let pad = String(
                    repeating: " ", count: max(0, VerdictText.nameWidth - CharacterWidth.columns(of: label)))
                lines.append(
                    StyledText(label + pad, .label) + StyledText(String(line.drop { $0 == " " }), style))
            }
        }

        mutating func unknown(_ name: String, _ why: Unknown) {
            put(name, "? \(why.reason)" + (why.remedy.map { " \(glyphs.to) \($0)" } ?? ""), .unknown)
        }

        mutating func outcome(_ record: ReloadRecord) {
            var words = "\(record.result.glyph(glyphs)) \(record.result.word)"
            if let at = record.at { words += " at \(Figures.time(at))" }
            if let took = record.durationMilliseconds.value { words += " in \(Figures.milliseconds(took))" }
            put("Result", words + ", known from \(record.source.rawValue)", record.result.style)
            if let reason = record.reason { put("Why", reason, .strong) }
        }

        mutating func author(_ record: ReloadRecord) {
            guard let author = record.author else {
                return put("Who", "? nobody was watching when it was asked for", .unknown)
            }
            put("Who", author.words, author.certainty == .unknown ? .unknown : .strong)
            if let why = author.why, author.certainty != .unknown { put("", why, .label) }
        }

        mutating func steps(_ verdict: ReloadVerdict) {
            guard !verdict.steps.isEmpty else { return }
            let words = verdict.steps.map { step in
                "\(step.name) \(step.isBound ? "<=" : "")\(Figures.milliseconds(step.milliseconds))"
            }
            put("Phases", words.joined(separator: ", "))
        }

        // MARK: Health

        mutating func health(_ record: ReloadRecord) {
            if record.result == .failed { return put("Health", "as before: the worker before serves on") }
            guard record.result == .success else { return }
            switch record.verdict.health {
            case .unknown(let why): unknown("Health", why)
            case .known(let health):
                let style: Style =
                    switch health.judgement {
                    case .worse: Style(.red).bold
                    case .better: Style(.green)
                    case .same: .value
                    }
                let glyph = health.judgement == .worse ? glyphs.bad : glyphs.ok
                let word = health.judgement == .worse ? "WORSE" : health.judgement.rawValue
                let reasons = health.reasons.isEmpty ? "" : ": " + health.reasons.joined(separator: ", ")
                put("Health", "\(glyph) \(word)\(reasons)", style)
                compare(health.before, health.after)
            }
        }

        private mutating func compare(_ before: HealthRates, _ after: HealthRates) {
            row(
                "", "\(Int(before.seconds.rounded())) s before", "\(Int(after.seconds.rounded())) s after",
                .label)
            func rate(_ name: String, _ value: (HealthRates) -> Double) {
                row(name, Wording.tenths(value(before)), Wording.tenths(value(after)))
            }
            rate("requests/s") { $0.requestsPerSecond }
            rate("5xx/s") { $0.serverErrorsPerSecond }
            rate("connect errors/s") { $0.connectErrorsPerSecond }
            row("queue", "\(before.queued)", "\(after.queued)")
            func down(_ rates: HealthRates) -> String {
                rates.downBackends.isEmpty ? "0" : rates.downBackends.joined(separator: ",")
            }
            row("no server in", down(before), down(after))
        }

        private mutating func row(_ name: String, _ before: String, _ after: String, _ style: Style = .value)
        {
            func cell(_ text: String, _ width: Int) -> String {
                String(repeating: " ", count: max(1, width - CharacterWidth.columns(of: text))) + text
            }
            let label = name + String(repeating: " ", count: max(0, 16 - CharacterWidth.columns(of: name)))
            let indent = String(repeating: " ", count: VerdictText.nameWidth)
            lines.append(
                StyledText(indent + label, .label) + StyledText(cell(before, 12) + cell(after, 12), style))
        }

        // MARK: What it did to what ran

        mutating func changes(_ record: ReloadRecord) {
            guard record.result == .success else { return }
            sentences("Undone", record.verdict.undone, none: "nothing that was set by hand")
            sentences("Tables", record.verdict.lostTables, none: "kept, or none had entries")
            tickets(record.verdict.tickets)
            if let requests = record.verdict.countersReset {
                put("Counters", "start again at 0, had counted \(Wording.count(requests, "request"))")
            }
        }

        private mutating func tickets(_ known: Known<TicketSurvival>) {
            switch known {
            case .unknown(let why): unknown("Tickets", why)
            case .known(let survival): put("Tickets", survival.sentence, survival.style)
            }
        }

        private mutating func sentences(_ name: String, _ known: Known<[String]>, none: String) {
            switch known {
            case .unknown(let why): unknown(name, why)
            case .known(let found) where found.isEmpty: put(name, none)
            case .known(let found):
                for (index, sentence) in found.enumerated() {
                    put(index == 0 ? name : "", sentence, Style(.yellow).bold)
                }
            }
        }

        // MARK: Old workers

        mutating func drains(_ record: ReloadRecord) {
            guard record.result == .success else { return }
            let drains = record.verdict.drains
            if drains.isEmpty {
                return put("Drained", "? the worker before had gone when reloadtop looked", .unknown)
            }
            for (index, drain) in drains.enumerated() {
                let isCut = (drain.cut.value ?? 0) > 0
                let isRefused = (drain.moves.value?.refused ?? 0) > 0
                put(
                    index == 0 ? "Drained" : "", words(drain, record),
                    isCut ? Style(.red).bold : isRefused ? Style(.yellow).bold : .value)
                if case .unknown(let why) = drain.moves, why != ConnectionMoves.onlyOurs {
                    unknown("Moved", why)
                }
            }
        }

        private func words(_ drain: DrainOutcome, _ record: ReloadRecord) -> String {
            var words = "worker \(drain.pid)" + (drain.generation.map { " (generation \($0))" } ?? "") + ": "
            if let moves = drain.moves.value { return words + self.words(drain, moves, record) }
            guard let ended = drain.endedAt else {
                return words + left(drain) + (drain.atReload.value.map { " of \($0)" } ?? "")
            }
            var parts: [String] = []
            if let finished = drain.finished.value { parts.append("\(finished) finished") }
            if let cut = drain.cut.value { parts.append("\(cut) CUT") }
            words += parts.isEmpty ? "ended" : parts.joined(separator: ", ")
            if let how = drain.how { words += ", \(how)" }
            if let at = record.at { words += " after \(Figures.span(Double(ended - at) / 1_000_000))" }
            return words
        }

        private func left(_ drain: DrainOutcome) -> String {
            (drain.left.map { Wording.count($0, "connection") } ?? "? connections") + " left"
        }

        /// Of a worker that could give its connections to another.
        private func words(
            _ drain: DrainOutcome, _ moves: ConnectionMoves, _ record: ReloadRecord
        ) -> String {
            var parts = moves.departures
            guard let ended = drain.endedAt else {
                return (parts + moves.remains(hasEnded: false) + [left(drain)])
                    .joined(separator: " \(glyphs.dot) ")
            }
            if let finished = drain.finished.value {
                parts.append("\(Wording.count(finished, "request")) finished here")
            }
            if let cut = drain.cut.value { parts.append("\(cut) CUT") }
            parts += moves.remains(hasEnded: true)
            let after = record.at.map { " after \(Figures.span(Double(ended - $0) / 1_000_000))" }
            parts.append((drain.how ?? "ended") + (after ?? ""))
            return parts.joined(separator: " \(glyphs.dot) ")
        }

        // MARK: Log

        mutating func log(_ log: [LogLine]) {
            guard !log.isEmpty else {
                return put(
                    "Log", "? no line of the proxy was seen (see --log-file, --journal-unit)", .unknown)
            }
            for (index, line) in log.enumerated() {
                put(index == 0 ? "Log" : "", "\(Figures.time(line.at)) \(line.text)", line.severity.style)
            }
        }
    }
}
