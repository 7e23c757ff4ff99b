// The JSON of `reloadtop rollout --json`; docs/runbook.md names each member.

import Rollout
import Runbook
import RuntimeAPI

enum RolloutDocument {
    static func json(
        _ report: RolloutReport, _ wishes: RolloutWishes, isDryRun: Bool, exitStatus: Int32?
    ) -> JSON {
        object([
            ("verdict", exitStatus == nil ? .string(report.verdict.rawValue) : .null),
            ("exit_status", .integer(Int64(exitStatus ?? report.verdict.exitStatus))),
            ("dry_run", .bool(isDryRun)), ("reasons", strings(report.reasons)),
            ("sha256", text(wishes.content?.hash)),
            ("differences", .array(report.differences.map(difference))),
            ("hosts", .array(wishes.hosts.map { host($0, report) })),
            ("untouched", strings(report.untouched.map(\.name))), ("advice", strings(report.advice)),
            ("audit_log", text(report.auditLog)),
        ])
    }

    private static func difference(_ difference: FleetDifference) -> JSON {
        object([
            ("what", .string(difference.what)),
            (
                "groups",
                .array(
                    difference.groups.map { group in
                        object([("value", text(group.value)), ("hosts", strings(group.hosts.map(\.name)))])
                    })
            ),
            ("consequence", .string(difference.consequence)),
        ])
    }

    private static func host(_ host: FleetHost, _ report: RolloutReport) -> JSON {
        let look = report.looks.first { $0.host == host }
        let outcome = report.outcomes.first { $0.host == host }
        return object([
            ("host", .string(host.name)), ("verdict", text(outcome?.verdict.rawValue)),
            ("reasons", strings(outcome?.reasons ?? look?.reasons ?? [])),
            ("total_ms", outcome.map { .number(($0.milliseconds * 10).rounded() / 10) } ?? .null),
            ("done", text(outcome?.deed)), ("look", look?.document ?? .null),
            ("reload", outcome?.document ?? .null),
            ("messages", strings((look?.messages ?? []) + (outcome?.messages ?? []))),
        ])
    }

    private static func object(_ members: [(String, JSON)]) -> JSON {
        .object(members.map { JSON.Member($0.0, $0.1) })
    }

    private static func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    private static func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
}
