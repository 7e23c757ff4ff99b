// How long an old worker may live: hard-stop-after and mworker-max-reloads, held against the connections that there
// are.

import ConfigLanguage
import ReloadModel

enum DrainRules {
    /// A hard-stop-after above this bounds nothing that a person waits for.
    private static let tooLong: Double = 86400
    /// More old workers than this at a time deserve a word.
    private static let many = 8.0
    private static let hour: Double = 3600

    static func hardStopAfter(_ facts: SystemFacts) -> Examination.Outcome {
        facts.inForce.decide { configuration in
            guard let line = bound(configuration) else {
                return .findings([missing(facts, configuration.global("hard-stop-after"))])
            }
            let word = line.words.count > 1 ? line.words[1] : ""
            guard let limit = seconds(line) else {
                return .unknown(Unknown("\(line.place): '\(word)' is not a plain duration"))
            }
            var findings: [Finding] = []
            if limit > tooLong {
                findings.append(
                    Finding(
                        .warning, "hard-stop-after \(word) is longer than a day (\(line.place))",
                        why: "old workers stack for as long as that, each with its memory",
                        place: "\(line.file), section global", lines: ["hard-stop-after 30m"]))
            }
            findings += cut(facts, limit, word, line)
            let expected = Double(facts.reloadsInLastHour) * limit / hour
            if expected > many, facts.oldWorkers.count > 2 {
                findings.append(
                    Finding(
                        .warning,
                        "\(facts.reloadsInLastHour) reloads in the last hour with hard-stop-after \(word) let "
                            + "\(Int(expected)) old workers stack; \(facts.oldWorkers.count) drain now",
                        why: "each keeps its memory, its health checks' state and its connections to servers",
                        place: "\(line.file), section global",
                        lines: ["hard-stop-after \(max(1, Int(many * 60) / facts.reloadsInLastHour))m"]))
            }
            let ages = facts.sessions.value.map(\.count).map { ", \($0) sessions seen" } ?? ""
            return .of(findings, elseGood: "hard-stop-after \(word)\(ages), none older")
        }
    }

    /// The line that bounds how long an old worker drains; nil where nothing does, as with 0.
    static func bound(_ configuration: ConfigurationOutline) -> ConfigurationOutline.Line? {
        configuration.global("hard-stop-after").flatMap { seconds($0) == 0 ? nil : $0 }
    }

    /// `never`: the line that sets it to that.
    private static func missing(_ facts: SystemFacts, _ never: ConfigurationOutline.Line?) -> Finding {
        let old = facts.oldWorkers
        var what =
            never.map { "'\($0.words.joined(separator: " "))' (\($0.place)) ends no old worker, ever" }
            ?? "hard-stop-after is not set"
        if let oldest = old.first {
            let holders = (oldest.holders.value ?? []).filter { $0.count > 0 }.map(\.words)
            what +=
                ": \(Wording.count(old.count, "old worker")), the oldest of \(Wording.span(seconds: oldest.uptime.rounded()))"
                + " (pid \(oldest.pid)" + (holders.isEmpty ? "" : ", kept by \(listed(holders))") + ")"
        }
        return Finding(
            old.contains { $0.uptime > hour } ? .critical : .warning, .seen, what,
            why: "one client that stays keeps an old worker, its memory and its old configuration for ever. "
                + "The setting holds for workers that are loaded with it: it ends none of those that run now",
            place: "\(facts.configurationPlace), section global", lines: ["hard-stop-after 30m"])
    }

    /// Connections that live longer than an old worker may.
    private static func cut(
        _ facts: SystemFacts, _ limit: Double, _ word: String, _ line: ConfigurationOutline.Line
    ) -> [Finding] {
        guard let sessions = facts.sessions.value, !sessions.isEmpty else { return [] }
        let longer = sessions.filter { Double($0.age) > limit }
        guard let oldest = longer.map(\.age).max() else { return [] }
        let frontends = Set(longer.map(\.frontend)).sorted()
        let isCommon = longer.count * 20 >= sessions.count
        return [
            Finding(
                isCommon ? .warning : .notice,
                "\(longer.count) of \(sessions.count) connections are older than hard-stop-after \(word), the "
                    + "oldest \(Wording.span(seconds: Double(oldest))) (\(listed(frontends)))",
                why: "a reload cuts connections like these \(word) after it, in the middle of what they do",
                place: "\(line.place), or let their clients reconnect by themselves",
                lines: ["hard-stop-after \(Wording.hours(above: Double(oldest)))"])
        ]
    }

    static func maxReloads(_ facts: SystemFacts) -> Examination.Outcome {
        facts.inForce.decide { configuration in
            if let line = configuration.global("mworker-max-reloads"), line.words.count > 1 {
                guard let limit = Int(line.words[1]) else {
                    return .unknown(Unknown("\(line.place): '\(line.words[1])' is not a number"))
                }
                return fits(facts, limit, line)
            }
            if let limit = builtIn(facts) { return .good("not set: \(limit) by default") }
            if bound(configuration) != nil {
                return .good("not set; hard-stop-after bounds")
            }
            return .findings([
                Finding(
                    .warning, "neither mworker-max-reloads nor hard-stop-after is set",
                    why: "nothing bounds how many old workers stack",
                    place: "\(facts.configurationPlace), section global", lines: ["mworker-max-reloads 20"])
            ])
        }
    }

    /// The default of the program; nil where there is none.
    private static func builtIn(_ facts: SystemFacts) -> Int? {
        if facts.program == .mwproxy { return 50 }
        guard let release = facts.release else { return nil }
        return (release.major, release.minor) >= (3, 2) ? 50 : nil
    }

    private static func fits(
        _ facts: SystemFacts, _ limit: Int, _ line: ConfigurationOutline.Line
    ) -> Examination.Outcome {
        let rate = facts.reloadsInLastHour
        guard rate > 0, let sessions = facts.sessions.value else {
            return .good("mworker-max-reloads \(limit)")
        }
        let life = Double(limit) * hour / Double(rate)
        let longer = sessions.filter { Double($0.age) > life }.count
        guard longer > 0 else { return .good("mworker-max-reloads \(limit)") }
        return .findings([
            Finding(
                .notice, .likely,
                "at \(rate) reloads an hour, mworker-max-reloads \(limit) ends a worker after "
                    + "\(Wording.span(seconds: life.rounded())); \(longer) of \(sessions.count) connections are older",
                why: "it ends a worker with SIGTERM: its connections are cut without a word",
                place: "\(line.place), section global", lines: ["mworker-max-reloads \(limit * 2)"])
        ])
    }

    /// The duration behind a keyword, in seconds.
    static func seconds(_ line: ConfigurationOutline.Line, at index: Int = 1) -> Double? {
        guard line.words.count > index else { return nil }
        return HardStopAfter.milliseconds(line.words[index], of: line.keyword).value.map { Double($0) / 1000 }
    }
}

extension Wording {
    /// The next whole hour above a span, as HAProxy writes it: `3h`.
    static func hours(above seconds: Double) -> String { "\(Int(min(seconds, 1e9) / 3600) + 1)h" }
}
