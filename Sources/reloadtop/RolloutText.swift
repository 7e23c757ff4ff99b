// What `reloadtop rollout` says to a person: the hosts before, and the table after.

import ReloadModel
import Rollout
import Runbook
import RuntimeAPI

enum RolloutText {
    /// For the help, and for an end without reasons.
    static func meaning(_ verdict: Verdict) -> String {
        switch verdict {
        case .served: "the new worker serves on every host"
        case .drained: "the new worker serves on every host, and every old one has ended (--wait-drained)"
        case .degraded: "it stopped at a host that is degraded, or before the last host, with others changed"
        case .rolledBack: "it stopped at a host whose load failed: what ran before serves on there"
        case .refused: "nothing was changed on any host"
        case .unknown: "it stopped at a host of which it could not be seen what became: look there"
        }
    }

    // MARK: Before

    /// A line for each host; then what would change, what the doctor finds and what differs.
    static func looks(_ looks: [HostLook], _ differences: [FleetDifference]) -> String {
        var lines = looks.flatMap(host)
        for (diff, hosts) in grouped(looks, { [$0["diff"] ?? .null] }) {
            let changes = (diff.array ?? []).compactMap(diffLine)
            lines.append("diff on \(hosts): \(changes.isEmpty ? "none" : "")")
            lines += changes
        }
        for (finding, hosts) in grouped(looks, { $0["findings"]?.array ?? [] }) {
            let words = ["severity", "point", "what"].compactMap { finding[$0]?.string }
            lines.append("\(words.joined(separator: ": ")) (on \(hosts))")
        }
        lines += differences.map { "difference: \($0.sentence)" }
        return lines.joined(separator: "\n")
    }

    private static func host(_ look: HostLook) -> [String] {
        let messages = look.messages.map { "\(look.host) says: \($0)" }
        guard let facts = look.facts else { return messages + look.reasons.map { "\(look.host): \($0)" } }
        func told(_ value: Known<String>) -> String {
            value.value ?? "not known (\(value.reason?.reason ?? ""))"
        }
        let stop = facts.hardStopAfter.map { FleetComparison.words(hardStopAfter: $0) }
        return messages + [
            "\(look.host): \(look.document?["program"]?.string ?? "?")"
                + ", configuration \(told(facts.configuration.map(FleetComparison.words)))"
                + ", ticket keys \(told(facts.ticketKeys.map(FleetComparison.words))), hard-stop-after \(told(stop))"
                + (facts.hasContent ? "; the new file lies there already" : "")
        ]
    }

    /// What several hosts say alike is told once, with their names.
    private static func grouped(
        _ looks: [HostLook], _ values: (JSON) -> [JSON]
    ) -> [(value: JSON, hosts: String)] {
        var groups: [(value: JSON, hosts: [String])] = []
        for look in looks where look.facts != nil {
            for value in look.document.map(values) ?? [] {
                if let index = groups.firstIndex(where: { $0.value == value }) {
                    groups[index].hosts.append(look.host.name)
                } else {
                    groups.append((value, [look.host.name]))
                }
            }
        }
        return groups.map { ($0.value, $0.hosts.joined(separator: ", ")) }
    }

    private static func diffLine(_ line: JSON) -> String? {
        guard let kind = line["kind"]?.string.flatMap(ConfigurationDiff.Kind.init(rawValue:)) else {
            return nil
        }
        return ReloadText.diffLine(kind, line["text"]?.string ?? "")
    }

    // MARK: After

    /// The table of the hosts, and the verdict as the last line.
    static func ending(_ report: RolloutReport, isDryRun: Bool) -> String {
        var lines: [String] = []
        if !report.outcomes.isEmpty {
            for outcome in report.outcomes {
                lines += outcome.messages.map { "\(outcome.host) says: \($0)" }
            }
            lines += table(report)
        }
        lines += report.advice
        if let path = report.auditLog { lines.append("audit log: \(path)") }
        let word = isDryRun ? "dry run" : report.verdict.word
        let reasons = report.reasons.isEmpty ? [meaning(report.verdict)] : report.reasons
        return (lines + ["\(word): \(reasons.joined(separator: "; "))"]).joined(separator: "\n")
    }

    private static func table(_ report: RolloutReport) -> [String] {
        var rows = [["host", "verdict", "time", "what was done"]]
        for outcome in report.outcomes {
            rows.append([
                outcome.host.name, outcome.verdict.word,
                "\(Wording.tenths(outcome.milliseconds / 1000)) s", outcome.deed,
            ])
        }
        rows += report.untouched.map { [$0.name, "not touched", "", "nothing"] }
        // Names and words are ASCII: a character is a column.
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }.joined(separator: "  ")
        }
    }
}
