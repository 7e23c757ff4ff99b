// CPU time of the proxy for 100,000 requests.

import Demo
import Polling
import TestSupport
import Unix

enum CostSection {
    private struct Case {
        let name: String
        let load: Load
        let target: Double
    }

    private static let cases = [
        Case(
            name: "128 bytes, keep-alive",
            load: Load("128", .closedLoop(clients: 50, reuse: true), path: "/bytes/128"), target: 0.90),
        Case(
            name: "16 KiB, keep-alive",
            load: Load("16k", .closedLoop(clients: 50, reuse: true), path: "/bytes/16384"), target: 0.80),
        Case(
            name: "1 MiB, keep-alive",
            load: Load("1m", .closedLoop(clients: 16, reuse: true), path: "/bytes/1048576"), target: 0.90),
        Case(
            name: "128 bytes, a connection per request",
            load: Load("fresh", .closedLoop(clients: 50, reuse: false), path: "/bytes/128"), target: 1.0),
    ]

    static func run(_ options: BenchOptions, into table: inout FigureTable) throws {
        let loop = try EventLoop()
        let origin = try Origin(on: loop)
        let subjects = try options.subjects.map { try Subject($0, origin: origin, on: loop) }
        for one in cases {
            var costs: [[Double]] = [[], []]
            for round in 0..<options.rounds {
                for (place, _) in options.order(inRound: round) {
                    costs[place].append(
                        try measure(subjects[place], one.load, seconds: options.seconds, on: loop))
                }
            }
            table.add(
                "CPU s / 100,000 requests: \(one.name)", unit: "s", costs[0], costs[1], target: one.target)
        }
        origin.stop()
    }

    /// CPU seconds for 100,000 requests of a load; `address`: another one than the subject's first.
    static func measure(
        _ subject: Subject, _ load: Load, to address: SocketAddress? = nil, seconds: Double,
        on loop: EventLoop
    ) throws -> Double {
        let traffic = Traffic(on: loop)
        traffic.start(load, to: address ?? subject.address, ramp: .milliseconds(50))
        try loop.run(load: .milliseconds(300))
        let done = traffic.tally(load.name)?.succeeded ?? 0
        let cpu = subject.cpuSeconds
        try loop.run(load: .milliseconds(Int(seconds * 1000)))
        let used = subject.cpuSeconds - cpu
        let requests = (traffic.tally(load.name)?.succeeded ?? 0) - done
        traffic.finish()
        try loop.run(for: "the last responses", atMost: .seconds(15)) { traffic.isFinished }
        if let tally = traffic.tally(load.name), tally.failed > 0 {
            print("  \(subject.proxy.kind): \(tally.failed) failed: \(tally.notes.first ?? "")")
        }
        return requests == 0 ? .infinity : used * 100_000 / Double(requests)
    }
}
