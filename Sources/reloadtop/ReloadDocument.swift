// The JSON of `reloadtop reload --json`; docs/runbook.md names each member.

import ReloadModel
import Reporting
import Runbook
import RuntimeAPI

enum ReloadDocument {
    static func json(
        _ report: ReloadReport, master: RunningMaster?, isDryRun: Bool, exitStatus: Int32?
    ) -> JSON {
        let plan = report.plan
        return object([
            ("verdict", exitStatus == nil ? .string(report.verdict.rawValue) : .null),
            ("exit_status", .integer(Int64(exitStatus ?? report.verdict.exitStatus))),
            ("dry_run", .bool(isDryRun)),
            ("reasons", strings(report.reasons.map { ReloadText.shown($0, plan) })),
            ("program", master.map { .string($0.program.rawValue) } ?? .null),
            ("master", master.map { .integer(Int64($0.pid)) } ?? .null),
            ("file", plan?.change.map { file($0, kept: report.kept, now: report.hashNow) } ?? .null),
            ("drift", text(plan?.drift)), ("drift_evidence", text(plan?.driftEvidence)),
            ("diff_from", text(plan?.diffStart)),
            ("diff", plan.map { .array($0.diff.lines.map(line)) } ?? .null),
            (
                "findings",
                plan.map { plan in
                    .array(
                        plan.examinations.flatMap { point in
                            point.findings.map { finding($0, point.id, plan) }
                        })
                }
                    ?? .null
            ),
            ("test", plan.map { test($0) } ?? .null), ("way", text(plan?.way)),
            ("load_ms", tenths(report.loadMilliseconds)), ("total_ms", tenths(report.milliseconds)),
            ("log", strings(report.log.map { ReloadText.shown($0, plan) })),
            ("reload", report.record.map(ReportJSON.reload) ?? .null),
            ("tables", .array(report.tables.map(table))),
            ("not_covered", plan.map { strings($0.named.files) } ?? .null),
            ("not_covered_changed", plan.map { strings($0.renewed) } ?? .null),
            ("not_resolved", plan.map { strings($0.named.unresolved) } ?? .null),
            ("audit_log", text(report.auditLog)),
            ("host", report.host.map(host) ?? .null),
        ])
    }

    private static func file(_ change: FileChange, kept: String?, now: String?) -> JSON {
        object([
            ("path", .string(change.path)), ("link", text(change.link)), ("kept", text(kept)),
            ("sha256_before", .string(change.hashBefore)), ("sha256_after", .string(change.hashAfter)),
            ("sha256_now", text(now)),
        ])
    }

    /// What fleets compare. A null that `reasons` does not name is no answer that is missing: hard-stop-after is not set.
    private static func host(_ host: HostState) -> JSON {
        let milliseconds = host.hardStopAfter.value?.milliseconds
        let reasons = [
            ("configuration_sha256", host.configuration.reason),
            ("ticket_keys_sha256", host.ticketKeys.reason),
            ("hard_stop_after_ms", host.hardStopAfter.reason),
        ]
        return object([
            ("configuration_sha256", host.configuration.value.map(hashes) ?? .null),
            ("ticket_keys_sha256", host.ticketKeys.value.map(hashes) ?? .null),
            ("hard_stop_after_ms", milliseconds.map { .integer($0) } ?? .null),
            ("reasons", object(reasons.compactMap { name, why in why.map { (name, .string($0.reason)) } })),
        ])
    }

    private static func hashes(_ files: [HostState.HashedFile]) -> JSON {
        .array(
            files.map { file in
                object([
                    ("file", .string(file.file)), ("sha256", text(file.hash.value)),
                    ("reason", text(file.hash.reason?.reason)),
                ])
            })
    }

    private static func line(_ line: ConfigurationDiff.Line) -> JSON {
        object([("kind", .string(line.kind.rawValue)), ("text", .string(line.text))])
    }

    private static func finding(_ finding: Finding, _ id: String, _ plan: ReloadPlan) -> JSON {
        object([
            ("point", .string(id)), ("severity", .string(finding.severity.word)),
            ("what", .string(ReloadText.shown(finding.what, plan))),
        ])
    }

    private static func test(_ plan: ReloadPlan) -> JSON {
        object([
            ("command", .string(ReloadText.shown(plan.testCommand, plan))),
            ("lines", strings(plan.testLines.map { ReloadText.shown($0, plan) })),
        ])
    }

    private static func table(_ table: TableCarried) -> JSON {
        object([
            ("name", .string(table.name)), ("before", .integer(Int64(table.before))),
            ("after", table.after.map { .integer(Int64($0)) } ?? .null),
        ])
    }

    private static func object(_ members: [(String, JSON)]) -> JSON {
        .object(members.map { JSON.Member($0.0, $0.1) })
    }

    private static func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    private static func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
    private static func tenths(_ value: Double?) -> JSON {
        value.map { .number(($0 * 10).rounded() / 10) } ?? .null
    }
}
