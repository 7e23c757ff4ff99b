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
        try hold(Load("warm", .idle(clients: 100)), to: subject.address, on: loop)
        let before = subject.workersPSS
        let traffic = try hold(
            Load("idle", .idle(clients: connections)), to: subject.address, on: loop)
        let after = subject.workersPSS
        traffic.stop()
        origin.stop()
        return Double(after - before) / Double(connections)
    }

    /// Begins a load of idle connections, and waits until all of them are.
    @discardableResult
    static func hold(_ load: Load, to address: SocketAddress, on loop: EventLoop) throws -> Traffic {
        let traffic = Traffic(on: loop)
        traffic.start(load, to: address, ramp: .seconds(1))
        try loop.run(for: "idle connections", atMost: .seconds(20)) {
            guard let tally = traffic.tally(load.name) else { return false }
            if tally.failed > 0 { throw ProgramError("idle connections failed: \(tally.notes)") }
            return tally.succeeded == load.clients
        }
        return traffic
    }
}
