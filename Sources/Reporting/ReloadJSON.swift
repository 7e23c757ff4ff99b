// One reload in the JSON of `--json`: when, who, how it went, and what it did.

import ReloadModel
import RuntimeAPI

extension ReportJSON {
    /// One reload.
    package static func reload(_ record: ReloadRecord) -> JSON {
        let verdict = record.verdict
        return object([
            ("at", record.at.map(time) ?? .null),
            ("result", record.result == .unknown ? .null : .string(record.result.rawValue)),
            ("duration_ms", tenths(record.durationMilliseconds.value)),
            ("source", .string(record.source.rawValue)),
            ("attempt", record.attempt.map { .integer(Int64($0)) } ?? .null),
            ("reason", text(record.reason)), ("author", record.author.map(author) ?? .null),
            ("steps", .array(verdict.steps.map(step))),
            ("finished", verdict.finished.map { .integer(Int64($0)) } ?? .null),
            ("cut", verdict.cut.map { .integer(Int64($0)) } ?? .null),
            ("moved", verdict.moves.map(moves) ?? .null),
            ("health", verdict.health.value.map(health) ?? .null),
            ("undone", sentences(verdict.undone)), ("lost_tables", sentences(verdict.lostTables)),
            ("tickets", verdict.tickets.value.map(tickets) ?? .null),
        ])
    }

    private static func author(_ author: ReloadAuthor) -> JSON {
        object([
            ("certainty", .string(author.certainty.rawValue)), ("words", .string(author.words)),
            ("pid", author.chain.last.map { .integer(Int64($0.pid)) } ?? .null),
            ("uid", author.uid.map { .integer(Int64($0)) } ?? .null), ("user", text(author.user)),
            ("terminal", text(author.terminal)), ("via", text(author.via)), ("why", text(author.why)),
        ])
    }

    private static func step(_ step: ReloadStep) -> JSON {
        object([
            ("name", .string(step.name)), ("ms", tenths(step.milliseconds)), ("at_most", .bool(step.isBound)),
        ])
    }

    private static func moves(_ moves: ConnectionMoves) -> JSON {
        object([
            ("idle", .integer(Int64(moves.idle))), ("tunnels", .integer(Int64(moves.tunnels))),
            ("refused", .integer(Int64(moves.refused))),
            (
                "stayed",
                .array(
                    moves.stayed.map { stayed in
                        object([
                            ("reason", .string(stayed.reason)), ("count", .integer(Int64(stayed.count))),
                        ])
                    })
            ),
        ])
    }

    private static func health(_ health: HealthComparison) -> JSON {
        object([
            ("judgement", .string(health.judgement.rawValue)),
            ("reasons", .array(health.reasons.map { .string($0) })), ("before", rates(health.before)),
            ("after", rates(health.after)),
        ])
    }

    private static func rates(_ rates: HealthRates) -> JSON {
        object([
            ("seconds", tenths(rates.seconds)), ("requests_per_s", tenths(rates.requestsPerSecond)),
            ("http_5xx_per_s", tenths(rates.serverErrorsPerSecond)),
            ("connect_errors_per_s", tenths(rates.connectErrorsPerSecond)),
            ("queued", .integer(Int64(rates.queued))),
            ("down_backends", .array(rates.downBackends.map { .string($0) })),
        ])
    }

    private static func tickets(_ survival: TicketSurvival) -> JSON {
        let outcome =
            switch survival {
            case .survived: "survived"
            case .lost: "lost"
            case .noTLS: "no_tls"
            }
        return object([("outcome", .string(outcome)), ("reason", text(survival.reason))])
    }

    private static func sentences(_ value: Known<[String]>) -> JSON {
        value.value.map { .array($0.map { .string($0) }) } ?? .null
    }
}
