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
            // Losses add up over the rounds; latency is judged by the median round.
            let rounds = pattern == .spaced ? options.rounds : 1
            var outcomes = options.subjects.map { _ in [Outcome]() }
            for round in 0..<rounds {
                for (place, kind) in options.order(inRound: round) {
                    outcomes[place].append(try measure(kind, pattern, reloads: options.reloads))
                }
            }
            addLosses(outcomes, pattern, to: &table)
            if pattern == .spaced { addLatency(outcomes, to: &table) }
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

    private static func addLosses(
        _ outcomes: [[Outcome]], _ pattern: Pattern, to table: inout FigureTable
    ) {
        let loads = [
            ("new", "new connections failed"), ("kept", "keep-alive requests lost"),
            ("polls", "long polls failed"),
        ]
        for (load, what) in loads {
            let sums = outcomes.map { rounds in
                let tallies = rounds.compactMap { $0.report(load)?.tally }
                return (
                    failed: tallies.map(\.failed).reduce(0, +), started: tallies.map(\.started).reduce(0, +)
                )
            }
            table.add(
                "reloads \(pattern.rawValue): \(what)", "\(sums[0].failed) of \(sums[0].started)",
                "\(sums[1].failed) of \(sums[1].started)", target: "0",
                isGood: sums[1].failed == 0 && sums[1].started > 0)
        }
    }

    /// New connections' latency of the spaced reloads, and how long a reload takes.
    private static func addLatency(_ outcomes: [[Outcome]], to table: inout FigureTable) {
        let name = "reloads \(Pattern.spaced.rawValue)"
        let reports = outcomes.map { rounds in rounds.compactMap { $0.report("new") } }
        let show = { (latencies: [Latency]) in
            [latencies.map(\.p50), latencies.map(\.p99), latencies.map(\.max)]
                .map { hundredths(median($0)) }.joined(separator: "/")
        }
        let distances: [(String, (TrafficReport) -> Latency)] = [
            ("quiet", { $0.quiet }), ("±100 ms of one", { $0.nearMarks }),
        ]
        for (what, part) in distances {
            table.add(
                "\(name): \(what), p50/p99/max ms", show(reports[0].map(part)), show(reports[1].map(part)),
                target: "-", isGood: true)
        }
        let rise = reports.map { rounds in median(rounds.map { $0.nearMarks.p99 / $0.quiet.p99 }) }
        table.add(
            "\(name): p99 near one ÷ quiet p99", hundredths(rise[0]), hundredths(rise[1]), target: "≤ 1.50",
            isGood: rise[1] <= 1.5)
        let ready = outcomes.map { rounds in rounds.map { median($0.readyAfter) } }
        table.add("\(name): SIGUSR2 → READY", unit: "ms", ready[0], ready[1], target: 0.5)
    }
}
