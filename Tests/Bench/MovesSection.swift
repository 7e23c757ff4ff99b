// How soon an old worker has left its clients to the next one: with idle keep-alive connections, and with quiet
// WebSockets; what became of them, and what the others felt meanwhile.

import Demo
import Glibc
import Polling
import TestSupport
import Unix

enum MovesSection {
    private struct Held {
        let name: String
        let load: Load
        /// Lines of `global` that only mwproxy has.
        let ours: String
        /// What passes before they may move.
        let after: Duration
        /// A hard limit of 20,000 descriptors is common, and each WebSocket takes two in the worker.
        let maxconn: Int

        static let idle = Held(
            name: "8,000 idle keep-alives", load: Load("held", .idle(clients: 8000)), ours: "",
            after: .zero, maxconn: 9000)
        static let sockets = Held(
            name: "5,000 quiet WebSockets",
            load: Load(
                "held",
                .webSockets(
                    clients: 5000, framesPerSecond: 0.05, lifetimeMilliseconds: 600_000...600_000)),
            ours: "tune.reload.migrate tunnels", after: .seconds(2), maxconn: 6000)
    }

    private struct Outcome {
        /// Milliseconds until the old worker was gone, counted from when they could move; nil: it stayed.
        var gone: Double?
        /// Held connections that the reload has ended.
        var ended: Int
        var quiet: Double
        var near: Double
    }

    /// After this it stays until its hard stop.
    private static let patience: Duration = .seconds(8)

    static func run(_ options: BenchOptions, into table: inout FigureTable) throws {
        for held in [Held.idle, Held.sockets] {
            var outcomes: [[Outcome]] = options.subjects.map { _ in [] }
            for round in 0..<min(options.rounds, 3) {
                for (place, kind) in options.order(inRound: round) {
                    outcomes[place].append(try measure(kind, held))
                }
            }
            add(outcomes, held, to: &table)
        }
    }

    private static func add(_ outcomes: [[Outcome]], _ held: Held, to table: inout FigureTable) {
        let gone = outcomes.map { $0.map { $0.gone ?? .infinity } }.map(median)
        let show = { (time: Double) in time.isFinite ? "\(hundredths(time)) ms" : "stays" }
        table.add(
            "\(held.name): old worker gone after", show(gone[0]), show(gone[1]), target: "≤ 1000 ms",
            isGood: gone[1] <= 1000)
        let ended = outcomes.map { $0.map(\.ended).reduce(0, +) }
        table.add(
            "\(held.name): ended by the reload", "\(ended[0])", "\(ended[1])", target: "0",
            isGood: ended[1] == 0)
        let p99 = outcomes.map { rounds in
            "\(hundredths(median(rounds.map(\.quiet))))/\(hundredths(median(rounds.map(\.near))))"
        }
        table.add(
            "\(held.name): p99 of others, quiet/beside the reload, ms", p99[0], p99[1], target: "-",
            isGood: true)
    }

    private static func measure(_ kind: ProxyKind, _ held: Held) throws -> Outcome {
        let loop = try EventLoop()
        let origin = try Origin(on: loop)
        let subject = try Subject(
            kind, origin: origin, on: loop, drain: "60s", maxconn: held.maxconn,
            global: kind == .mwproxy ? held.ours : "")
        let traffic = Traffic(on: loop)
        traffic.start(held.load, to: subject.address, ramp: .seconds(3))
        let count = held.load.clients
        try loop.run(for: held.name, atMost: .seconds(60)) {
            guard let tally = traffic.tally("held") else { return false }
            if tally.failed > 0 { throw ProgramError("\(held.name) failed: \(tally.notes)") }
            return tally.succeeded == count
        }
        traffic.start(Load("new", .connections(perSecond: 500)), to: subject.address)
        try loop.run(load: .seconds(2))
        let old = subject.proxy.children
        let start = Instant.now()
        traffic.mark(start)
        // Where they move later the others feel it then.
        if held.after > .zero { traffic.mark(start + held.after) }
        subject.proxy.program.signal(SIGUSR2)
        let gone: Double?
        do {
            try loop.run(for: "the old worker's end", atMost: patience) {
                old.allSatisfy { kill($0, 0) != 0 }
            }
            gone = Double((Instant.now() - start - held.after).nanoseconds) / 1e6
        } catch is TimedOut {
            gone = nil
        }
        try loop.run(load: .milliseconds(500))
        let reports = traffic.reports
        traffic.stop()
        origin.stop()
        guard let kept = reports.first, let others = reports.last else { throw ProgramError("no reports") }
        return Outcome(
            gone: gone, ended: kept.tally.closedIdle + kept.tally.tunnelsCut + kept.tally.failed,
            quiet: others.quiet.p99, near: others.nearMarks.p99)
    }
}
