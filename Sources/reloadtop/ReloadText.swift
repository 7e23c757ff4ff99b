// What `reloadtop reload` says to a person: the plan before, the verdict after.

import ReloadModel
import Reporting
import Runbook

enum ReloadText {
    private static let longestLog = 40

    /// The diff, the findings, the test and what will be done.
    static func plan(_ plan: ReloadPlan) -> String {
        var lines: [String] = []
        if let change = plan.change {
            lines.append("file: \(change.path)")
            if let link = change.link {
                lines.append("      \(link) leads there: the link stays, its target is replaced")
            }
            lines.append("      sha256 \(change.hashBefore.prefix(16))… → \(change.hashAfter.prefix(16))…")
        }
        lines.append(
            plan.drift.map { "note: \($0) (accepted); told by: \(plan.driftEvidence)" }
                ?? "drift: none; told by: \(plan.driftEvidence)")
        if plan.diff.isEmpty {
            lines.append("diff: none against \(plan.diffStart)")
        } else {
            lines.append("diff: +\(plan.diff.added) -\(plan.diff.removed) against \(plan.diffStart)")
            lines += plan.diff.lines.map { diffLine($0.kind, $0.text) }
        }
        for examination in plan.examinations {
            for finding in examination.findings {
                lines.append("\(finding.severity.word): \(examination.id): \(finding.what)")
            }
        }
        if !plan.testCommand.isEmpty { lines.append("tested: \(shown(plan.testCommand, plan))") }
        lines.append("reload by: \(plan.way)")
        return lines.map { shown($0, plan) }.joined(separator: "\n")
    }

    static func diffLine(_ kind: ConfigurationDiff.Kind, _ text: String) -> String {
        switch kind {
        case .file: "  --- \(text)"
        case .gap: "  …"
        case .same: "    \(text)"
        case .removed: "  - \(text)"
        case .added: "  + \(text)"
        }
    }

    /// The staged file's name means the file that it will be.
    static func shown(_ text: String, _ plan: ReloadPlan?) -> String {
        guard let name = plan?.change?.path.split(separator: "/").last else { return text }
        return text.replacing(".\(name).reloadtop-new", with: name)
    }

    static func ending(_ report: ReloadReport, isDryRun: Bool) -> String {
        var lines: [String] = []
        if !report.log.isEmpty {
            lines.append("the proxy says:")
            lines += report.log.prefix(longestLog).map { "    " + shown($0, report.plan) }
        }
        if let milliseconds = report.loadMilliseconds {
            lines.append(
                "\(report.hasFailedToLoad ? "attempt" : "load"): \(Wording.tenths(milliseconds)) ms")
        }
        if let record = report.record { lines += did(record) }
        for table in report.tables {
            let after = table.after.map(String.init) ?? "none"
            lines.append("table \(table.name): \(table.before) entries before, \(after) after")
        }
        if report.hasFailedToLoad, let plan = report.plan { lines += notCovered(plan) }
        if let path = report.auditLog { lines.append("audit log: \(path)") }
        let word = isDryRun ? "dry run" : report.verdict.word
        lines.append(
            "\(word): "
                + (report.reasons.isEmpty ? report.verdict.meaning : report.reasons.joined(separator: "; ")))
        return lines.map { shown($0, report.plan) }.joined(separator: "\n")
    }

    /// What the configuration names is as it was found: what changed since it was read comes first.
    private static func notCovered(_ plan: ReloadPlan) -> [String] {
        var lines: [String] = []
        let named = plan.named
        if !plan.renewed.isEmpty {
            lines.append(
                "changed since the worker that serves has read them, and not put back: "
                    + plan.renewed.joined(separator: ", "))
        }
        let others = named.files.filter { !plan.renewed.contains($0) }
        if !others.isEmpty {
            lines.append("not put back, if they were changed as well: \(others.joined(separator: ", "))")
        }
        return lines + named.unresolved.map { "not resolved: \($0)" }
    }

    private static func did(_ record: ReloadRecord) -> [String] {
        var lines: [String] = []
        let verdict = record.verdict
        var words: [String] = []
        if let finished = verdict.finished { words.append("\(finished) finished") }
        if let moves = verdict.moves { words.append("\(moves.moved) moved") }
        if let cut = verdict.cut { words.append("\(cut) cut") }
        let left = verdict.drains.filter { $0.endedAt == nil }.compactMap(\.left).reduce(0, +)
        if verdict.drains.contains(where: { $0.endedAt == nil }) {
            words.append("\(left) still with old workers")
        }
        if !words.isEmpty { lines.append("connections: \(words.joined(separator: ", "))") }
        switch verdict.health {
        case .known(let health):
            lines.append(
                "health: \(health.judgement.rawValue) (\(rates(health.before)) before, \(rates(health.after)) after)"
            )
        case .unknown(let why):
            if record.result == .success { lines.append("health: not compared: \(why.reason)") }
        }
        return lines + (verdict.undone.value ?? []).map { "undone: \($0)" }
    }

    private static func rates(_ rates: HealthRates) -> String {
        "\(Wording.tenths(rates.requestsPerSecond)) requests/s with \(Wording.tenths(rates.serverErrorsPerSecond)) 5xx/s"
    }
}
