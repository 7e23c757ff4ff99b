// What reloads cost the clients: failed and lost requests, latency beside a reload, and how long one takes.

import Demo
import Glibc
import Polling
import TestSupport
import Unix

enum ReloadSection {
    /// How the reloads of a run follow each other.
    private enum Pattern: String, CaseIterable {
        case spaced = "0.2-1 s apart"
        case close = "5-60 ms apart"
        case storms = "storms of 20"

        /// Milliseconds before each reload; the same for both subjects.
        func gaps(reloads: Int) -> [Int] {
            var state: UInt64 = 42
            var random: (Int) -> Int = { _ in 0 }
            random = { bound in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % bound
            }
            switch self {
            case .spaced: return (0..<reloads).map { _ in 200 + random(800) }
            case .close: return (0..<reloads * 2).map { _ in 5 + random(55) }
            case .storms: return (0..<100).map { $0.isMultiple(of: 20) ? 1000 : 0 }
            }
        }
    }

    private struct Outcome {
        var reports: [TrafficReport]
        /// Milliseconds from each signal to the next READY.
        var readyAfter: [Double]

        func report(_ name: String) -> TrafficReport? { reports.first { $0.name == name } }
    }

    static func run(_ options: BenchOptions, into table: inout FigureTable) throws {
        for pattern in Pattern.allCases {
            let outcomes = try options.subjects.map { try measure($0, pattern, reloads: options.reloads) }
            add(outcomes, pattern, to: &table)
        }
    }

    private static func measure(_ kind: ProxyKind, _ pattern: Pattern, reloads: Int) throws -> Outcome {
        let loop = try EventLoop()
        let origin = try Origin(on: loop)
        let subject = try Subject(kind, origin: origin, on: loop)
        let traffic = Traffic(on: loop)
        traffic.start(Load("new", .connections(perSecond: 2000)), to: subject.address)
        traffic.start(
            Load("kept", .keepAlive(clients: 200, perSecondEach: 10)), to: subject.address,
            ramp: .milliseconds(500))
        traffic.start(
            Load("polls", .longPolls(clients: 100, milliseconds: 1000...4000)), to: subject.address,
            ramp: .seconds(1))
        try loop.run(load: .seconds(3))
        var signals: [Instant] = []
        for gap in pattern.gaps(reloads: reloads) {
            try loop.run(load: .milliseconds(gap))
            signals.append(.now())
            traffic.mark()
            subject.proxy.program.signal(SIGUSR2)
        }
        try loop.run(load: .seconds(2))
        traffic.finish()
        try loop.run(for: "the last responses", atMost: .seconds(30)) { traffic.isFinished }
        let readies = subject.notify.messages.filter { $0.text.contains("READY=1") }.map(\.at)
        let after = signals.compactMap { signal in
            readies.first { $0 > signal }.map { Double(($0 - signal).nanoseconds) / 1e6 }
        }
        for report in traffic.reports {
            print("  \(kind), \(pattern.rawValue): \(report.description)")
            for note in report.tally.notes.prefix(3) { print("    \(note)") }
        }
        origin.stop()
        return Outcome(reports: traffic.reports, readyAfter: after)
    }

    private static func add(_ outcomes: [Outcome], _ pattern: Pattern, to table: inout FigureTable) {
        let name = "reloads \(pattern.rawValue)"
        let failed = { (index: Int, load: String) -> (failed: Int, started: Int) in
            let tally = outcomes[index].report(load)?.tally
            return (tally?.failed ?? -1, tally?.started ?? 0)
        }
        for (load, what) in [("new", "new connections failed"), ("kept", "keep-alive requests lost")] {
            let both = [failed(0, load), failed(1, load)]
            table.add(
                "\(name): \(what)", "\(both[0].failed) of \(both[0].started)",
                "\(both[1].failed) of \(both[1].started)", target: "0", isGood: both[1].failed == 0)
        }
        let polls = [failed(0, "polls"), failed(1, "polls")]
        table.add(
            "\(name): long polls failed", "\(polls[0].failed) of \(polls[0].started)",
            "\(polls[1].failed) of \(polls[1].started)", target: "0", isGood: polls[1].failed == 0)
        guard pattern == .spaced else { return }
        let show = { (latency: Latency?) in
            latency.map { [$0.p50, $0.p99, $0.max].map { hundredths($0) }.joined(separator: "/") } ?? "-"
        }
        let new = outcomes.map { $0.report("new") }
        let quiet = new[1]?.quiet.p99 ?? .nan
        let near = new[1]?.nearMarks.p99 ?? .nan
        table.add(
            "\(name): quiet p50/p99/max ms", show(new[0]?.quiet), show(new[1]?.quiet), target: "-",
            isGood: true)
        table.add(
            "\(name): ±100 ms of a reload", show(new[0]?.nearMarks), show(new[1]?.nearMarks),
            target: "p99 ≤ 1.5 × quiet", isGood: near <= 1.5 * quiet)
        table.add(
            "\(name): SIGUSR2 → READY", unit: "ms", [median(outcomes[0].readyAfter)],
            [median(outcomes[1].readyAfter)], target: 0.5)
    }
}
