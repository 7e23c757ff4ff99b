// Memory that a worker holds for a client connection that is idle after a request.

import Demo
import Polling
import TestSupport
import Unix

enum MemorySection {
    private static let connections = 4000

    static func run(_ options: BenchOptions, into table: inout FigureTable) throws {
        var costs: [[Double]] = [[], []]
        for round in 0..<min(options.rounds, 3) {
            for (place, kind) in options.order(inRound: round) { costs[place].append(try measure(kind)) }
        }
        table.add("bytes per idle keep-alive connection", unit: "", costs[0], costs[1], target: 0.25)
    }

    private static func measure(_ kind: ProxyKind) throws -> Double {
        let loop = try EventLoop()
        let origin = try Origin(on: loop)
        let subject = try Subject(kind, origin: origin, on: loop)
        // What a worker takes once, for its first requests, is no connection's cost.
        try hold(100, named: "warm", on: loop, to: subject)
        let before = subject.workersPSS
        let traffic = try hold(connections, named: "idle", on: loop, to: subject)
        let after = subject.workersPSS
        traffic.stop()
        origin.stop()
        return Double(after - before) / Double(connections)
    }

    @discardableResult
    private static func hold(
        _ count: Int, named name: String, on loop: EventLoop, to subject: Subject
    ) throws -> Traffic {
        let traffic = Traffic(on: loop)
        traffic.start(Load(name, .idle(clients: count)), to: subject.address, ramp: .seconds(1))
        try loop.run(for: "\(count) idle connections", atMost: .seconds(20)) {
            guard let tally = traffic.tally(name) else { return false }
            if tally.failed > 0 { throw ProgramError("idle connections failed: \(tally.notes)") }
            return tally.succeeded == count
        }
        return traffic
    }
}
