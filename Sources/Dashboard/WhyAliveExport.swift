// What is taken along from the why-alive page: the verdict and the connections as JSON, and the commands for a shell that
// show what it was judged from.

import ReloadModel
import RuntimeAPI

enum WhyAliveExport {
    /// Numbers are seconds; what is not known is null.
    static func members(_ pid: Int32, _ state: State) -> [JSON.Member] {
        let worker = state.worker(pid)
        let head = [
            JSON.Member("pid", .integer(Int64(pid))),
            JSON.Member("state", worker.map { .string($0.state.rawValue) } ?? .null),
        ]
        guard let entry = state.inquiries.entries[pid] else {
            return head + [JSON.Member("asked", .null), JSON.Member("verdict", .null)]
        }
        let report = entry.report
        return head + [
            JSON.Member("asked", .string(CivilTime.text(ofMicroseconds: report.at))),
            JSON.Member("verdict", verdict(entry.why)),
            JSON.Member("not_moved", state.moves(of: pid).map(notMoved) ?? .null),
            JSON.Member("hard_stop_in_s", (worker?.killIn.value).map(JSON.number) ?? .null),
            JSON.Member(
                "connections", .array(entry.order.map { row(report.connections[$0], report.timeouts) })),
            JSON.Member("connections_not_kept", .integer(Int64(report.omitted))),
            JSON.Member(
                "unknown",
                .array(
                    report.blindness.map { blind in
                        .object([
                            JSON.Member("what", .string(blind.what)),
                            JSON.Member("reason", .string(blind.unknown.reason)),
                            JSON.Member("remedy", text(blind.unknown.remedy)),
                        ])
                    })),
        ]
    }

    private static func verdict(_ why: WhyAlive) -> JSON {
        .object([
            JSON.Member("sentence", .string(why.sentence)),
            JSON.Member("certainty", .string(why.certainty.word)),
            JSON.Member("ends_by_itself", end(why.lastEnd)),
            JSON.Member("kill_now_cuts", .integer(Int64(why.cut.connections))),
            JSON.Member("reasons", .array(why.reasons.map(reason))),
        ])
    }

    /// Why connections stay that could have moved, and what would move them.
    private static func notMoved(_ moves: ConnectionMoves) -> JSON {
        .array(
            moves.stayed.map { stayed in
                .object([
                    JSON.Member("reason", .string(stayed.reason)),
                    JSON.Member("count", .integer(Int64(stayed.count))),
                    JSON.Member("remedy", text(stayed.remedy)),
                ])
            })
    }

    private static func reason(_ reason: WhyAlive.Reason) -> JSON {
        .object([
            JSON.Member("sentence", .string(reason.sentence)),
            JSON.Member("certainty", .string(reason.certainty.word)),
            JSON.Member("count", .integer(Int64(reason.count))),
            JSON.Member("bound_by", .string(reason.bound)),
            JSON.Member("ends_by_itself", end(reason.lastEnd)),
            JSON.Member("would_bound", .string(reason.setting)),
        ])
    }

    /// Seconds until the last has ended where nothing moves, `never`, or null where it is not known.
    private static func end(_ end: WhyAlive.End) -> JSON {
        switch end {
        case .within(let seconds): .number(seconds)
        case .never: .string("never")
        case .unknown: .null
        }
    }

    private static func row(_ connection: WorkerConnection, _ timeouts: Known<LoadedTimeouts>) -> JSON {
        let bound = connection.bound(timeouts)
        return .object([
            JSON.Member("session", text(connection.session)),
            JSON.Member("activity", .string(connection.activity.rawValue)),
            JSON.Member("client", .string(connection.client)),
            JSON.Member("holder", text(connection.holder?.words)),
            JSON.Member("frontend", text(connection.frontend)),
            JSON.Member("backend", text(connection.backend)),
            JSON.Member("server", text(connection.server)),
            JSON.Member("age_s", connection.age.map { .integer(Int64($0)) } ?? .null),
            JSON.Member("idle_s", connection.idle.map(JSON.number) ?? .null),
            JSON.Member(
                "ends_in_s", bound.seconds.map(JSON.number) ?? (bound.isUnknown ? .null : .string("never"))),
            JSON.Member("ends_by", .string(bound.words)),
            JSON.Member("client_tcp", text(connection.clientSide?.state.word)),
            JSON.Member("server_tcp", text(connection.serverSide?.state.word)),
            JSON.Member("bytes_in", connection.received.map { .integer(Int64(clamping: $0)) } ?? .null),
            JSON.Member("bytes_out", connection.sent.map { .integer(Int64(clamping: $0)) } ?? .null),
        ])
    }

    private static func text(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }

    /// What the worker says of its streams, and what the kernel says of its sockets and of the process.
    static func shellCommands(_ pid: Int32, _ state: State) -> [String] {
        guard let snapshot = state.picture?.snapshot else { return [] }
        return MasterShell.ask("@!\(pid) show sess all", snapshot)
            + MasterShell.ask("@!\(pid) show info", snapshot)
            + ["ss -tnpie | grep -A1 pid=\(pid),", "cat /proc/\(pid)/status", "ls -l /proc/\(pid)/fd"]
    }
}
