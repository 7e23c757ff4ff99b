// Why a worker is still alive, from one look at its connections: the reasons from the biggest to the smallest, each
// with how sure it is, what ends it and the setting that would have; then what a kill would cut.

/// The verdict on one worker.
package struct WhyAlive: Equatable, Sendable {
    /// How sure a reason is.
    package enum Certainty: Int, Comparable, Sendable {
        case guess, likely, certain

        package var word: String {
            switch self {
            case .guess: "a guess"
            case .likely: "likely"
            case .certain: "certain"
            }
        }
        package static func < (left: Certainty, right: Certainty) -> Bool { left.rawValue < right.rawValue }
    }

    /// When something ends if nobody moves a byte any more.
    package enum End: Equatable, Sendable {
        case within(Double)
        case never
        case unknown

        /// The later of two.
        static func last(_ left: End, _ right: End) -> End {
            switch (left, right) {
            case (.never, _), (_, .never): .never
            case (.unknown, _), (_, .unknown): .unknown
            case (.within(let one), .within(let other)): .within(max(one, other))
            }
        }
    }

    /// Some of the worker's connections that stay for the same reason.
    package struct Reason: Equatable, Sendable {
        package var kind: WhyAliveKind
        package var count: Int
        /// `2 idle WebSockets of 10.0.0.7 and 10.0.0.9 (tunnel, silent 12m03s)`
        package var sentence: String
        package var certainty: Certainty
        /// What ends them: `timeout tunnel 1h`, `nothing`.
        package var bound: String
        package var lastEnd: End
        /// The setting that would have ended them, and how it stands.
        package var setting: String
        /// Where they stand in the report.
        package var members: [Int]
    }

    /// What a kill now would cut.
    package struct Cut: Equatable, Sendable {
        /// Clients' connections altogether.
        package var connections = 0
        /// Requests without an answer, answers under way, and tunnels.
        package var unanswered = 0
        package var answers = 0
        package var tunnels = 0

        /// `31 connections: 8 requests without an answer, 3 answers half sent, 20 tunnels`
        package var words: String {
            guard connections > 0 else { return "no client's connection" }
            let parts = [
                (unanswered, "request", " without an answer"), (answers, "answer", " half sent"),
                (tunnels, "tunnel", ""),
            ].filter { $0.0 > 0 }.map { Wording.count($0.0, $0.1) + $0.2 }
            let what = parts.isEmpty ? "none with a request under way" : parts.joined(separator: ", ")
            return "\(Wording.count(connections, "connection")): \(what)"
        }
    }

    /// One sentence that answers the question.
    package var sentence: String
    package var certainty: Certainty
    package var reasons: [Reason]
    package var lastEnd: End
    package var cut: Cut
    package var blindness: [Blindness]

    /// What is said in any case where a setting is named.
    package static let settingsComeLate =
        "a setting that is added now bounds nothing that runs already: this worker keeps what it was loaded with"

    /// Judges a look. `worker`: the worker's row of the same moment, nil when it has gone.
    package static func judge(_ report: ConnectionReport, worker: WorkerSample?) -> WhyAlive {
        let evidence = report.evidence ?? WhyAliveEvidence(of: report)
        var reasons = evidence.groups.compactMap { kind, group in
            kind == .adminSession && !report.adminSessionsHold
                ? nil : Reason(kind, group, timeouts: report.timeouts)
        }
        if let own = ofProcess(report, evidence, worker) { reasons.append(own) }
        reasons.sort { ($0.rank, -$0.count, $0.kind.rawValue) < ($1.rank, -$1.count, $1.kind.rawValue) }
        let ends = reasons.map(\.lastEnd)
        let (sentence, certainty) = sentence(reasons, report, worker)
        return WhyAlive(
            sentence: sentence, certainty: certainty, reasons: reasons,
            lastEnd: ends.isEmpty ? .unknown : ends.dropFirst().reduce(ends[0], End.last), cut: evidence.cut,
            blindness: report.blindness)
    }

    /// The process itself as the reason: stopped, stuck in the kernel, or spinning.
    private static func ofProcess(
        _ report: ConnectionReport, _ evidence: WhyAliveEvidence, _ worker: WorkerSample?
    ) -> Reason? {
        func reason(_ kind: WhyAliveKind, _ sentence: String, _ certainty: Certainty, _ setting: String)
            -> Reason
        {
            Reason(
                kind: kind, count: 1, sentence: sentence, certainty: certainty, bound: "nothing",
                lastEnd: .never, setting: setting, members: [])
        }
        switch report.processState {
        case "T", "t":
            return reason(
                .stopped, "the process is stopped by a signal or a debugger: nothing in it can end", .certain,
                "none: kill -CONT \(report.pid) lets it go on")
        case "D":
            return reason(
                .stuck, "the process waits inside the kernel (state D), for a disk or a device", .likely,
                "none")
        default: break
        }
        guard let cpu = worker?.cpuPercent.value, cpu >= spinningPercent else { return nil }
        let clients = evidence.clients
        let idle = evidence.leastIdle
        if let idle, idle < stillSeconds { return nil }
        guard clients == 0 || idle != nil else { return nil }
        let moved =
            idle.map {
                "none of \(Wording.count(clients, "connection")) has moved a byte for "
                    + Wording.span(seconds: $0)
            } ?? "no connection"
        return reason(
            .spinning, "a spinning loop: \(Int(cpu.rounded())) % CPU and \(moved)",
            cpu >= surelySpinningPercent ? .likely : .guess,
            "none: hard-stop-after ends it; a core or perf top -p \(report.pid) shows the loop")
    }

    /// A worker on which no byte moves takes next to none. Less than a whole processor is what a loaded host leaves.
    private static let spinningPercent = 30.0
    private static let surelySpinningPercent = 80.0
    /// Without a byte for so long nothing moves.
    private static let stillSeconds = 2.0

    private static func sentence(
        _ reasons: [Reason], _ report: ConnectionReport, _ worker: WorkerSample?
    ) -> (String, Certainty) {
        if report.processState == nil { return ("worker \(report.pid) has ended", .certain) }
        let serves = worker?.state == .serving
        if worker?.state == .starting {
            return ("it loads its configuration and serves nobody yet", .certain)
        }
        guard let first = reasons.first else {
            if serves { return ("it serves, and has no client now", .certain) }
            let unseen = report.blindness.isEmpty ? "" : ", as far as could be seen"
            return (
                "nothing that was found keeps it\(unseen): it is about to end, or a task inside it has not ended",
                .guess
            )
        }
        let total = report.connections.count + report.omitted
        let prefix = serves ? "it serves; " : ""
        if reasons.count == 1 { return (prefix + first.sentence, first.certainty) }
        let shown = reasons.prefix(3)
        let rest = reasons.dropFirst(3).reduce(0) { $0 + $1.count }
        let parts = shown.map(\.sentence) + (rest > 0 ? ["\(rest) more of other kinds"] : [])
        return (
            "\(prefix)\(Wording.count(total, "connection")): " + parts.joined(separator: "; "),
            shown.map(\.certainty).min() ?? .guess
        )
    }
}
