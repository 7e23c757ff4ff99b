// Memory that a worker holds for an entry of a stick table: an address with a rate of requests.

import Demo
import Polling
import TestSupport

enum TablesSection {
    private static let entries = 1_000_000
    private static let batch = 150
    private static let table = """
        backend clients
            stick-table type ip size 2m expire 1h store http_req_rate(10s)
        """

    static func run(_ options: BenchOptions, into table: inout FigureTable) throws {
        var costs: [[Double]] = [[], []]
        for (place, kind) in options.order(inRound: 0) { costs[place].append(try measure(kind)) }
        table.add(
            "bytes per entry of a stick table, 1,000,000 entries", unit: "", costs[0], costs[1], target: 0.50)
    }

    private static func measure(_ kind: ProxyKind) throws -> Double {
        let loop = try EventLoop()
        let origin = try Origin(on: loop)
        let subject = try Subject(kind, origin: origin, on: loop, sections: table)
        // What a worker takes once, for its first entries and sessions, is no entry's cost.
        try fill(subject, 0..<batch)
        let before = subject.workersPSS
        for start in stride(from: batch, to: entries, by: batch) {
            try fill(subject, start..<min(entries, start + batch))
        }
        let after = subject.workersPSS
        let heading = try AdminClient.ask(subject.workerSocket, "show table")
        guard heading.contains("used:\(entries)") else {
            throw ProgramError("\(kind) has not all entries: \(heading)")
        }
        origin.stop()
        return Double(after - before) / Double(entries - batch)
    }

    private static func fill(_ subject: Subject, _ numbers: Range<Int>) throws {
        let commands = numbers.map { number in
            "set table clients key 10.\(number >> 16).\(number >> 8 & 255).\(number & 255) data.http_req_rate 1"
        }
        _ = try AdminClient.ask(subject.workerSocket, commands.joined(separator: ";"))
    }
}
