// Stick tables of a million entries, an address with a rate of requests each: the memory that a worker holds for them,
// and what it costs to bring them to the next worker.

import Demo
import Glibc
import Polling
import TestSupport
import Unix

enum TablesSection {
    private static let entries = 1_000_000
    private static let batch = 150

    /// What it took until the last entry had come.
    private struct Carrying {
        var milliseconds: Double
        /// Of both workers and the master.
        var cpuMilliseconds: Double
    }

    static func run(_ options: BenchOptions, into table: inout FigureTable) throws {
        var costs: [[Double]] = [[], []]
        for (place, kind) in options.order(inRound: 0) { costs[place].append(try measure(kind)) }
        table.add(
            "bytes per entry of a stick table, 1,000,000 entries", unit: "", costs[0], costs[1], target: 0.50)
        var carryings: [[Carrying]] = [[], []]
        for (place, kind) in options.order(inRound: 0) { carryings[place].append(try carry(kind)) }
        table.add(
            "1,000,000 entries over a reload: SIGUSR2 → the last one", unit: "ms",
            carryings[0].map(\.milliseconds), carryings[1].map(\.milliseconds), target: nil)
        table.add(
            "1,000,000 entries over a reload: CPU", unit: "ms", carryings[0].map(\.cpuMilliseconds),
            carryings[1].map(\.cpuMilliseconds), target: nil)
    }

    private static func section(peers: String = "") -> String {
        """
        backend clients
            stick-table type ip size 2m expire 1h \(peers) store http_req_rate(10s)
        """
    }

    private static func measure(_ kind: ProxyKind) throws -> Double {
        let loop = try EventLoop()
        let origin = try Origin(on: loop)
        defer { origin.stop() }
        let subject = try Subject(kind, origin: origin, on: loop, sections: section())
        // What a worker takes once, for its first entries and sessions, is no entry's cost.
        try fill(subject, 0..<batch)
        let before = subject.workersPSS
        try fillAll(subject)
        return Double(subject.workersPSS - before) / Double(entries - batch)
    }

    private static func carry(_ kind: ProxyKind) throws -> Carrying {
        let loop = try EventLoop()
        let origin = try Origin(on: loop)
        defer { origin.stop() }
        let subject = try Subject(
            kind, origin: origin, on: loop,
            sections: "peers mp\n    peer here 127.0.0.1:\(try FreePort.find())\n"
                + section(peers: "peers mp"),
            flags: ["-L", "here"])
        try fillAll(subject)
        let old = Set(subject.proxy.children)
        var cpu: [pid_t: Double] = [:]
        func look() {
            for pid in [subject.proxy.master] + subject.proxy.children {
                cpu[pid] = max(cpu[pid] ?? 0, Machine.cpuSeconds(pid))
            }
        }
        look()
        let before = cpu.values.reduce(0, +)
        let start = Instant.now()
        subject.proxy.program.signal(SIGUSR2)
        try wait(for: "\(entries) entries in the new worker of \(kind)", atMost: .seconds(60)) {
            look()
            guard let text = try? AdminClient.ask(subject.workerSocket, "show info;show table") else {
                return false
            }
            let lines = text.split(separator: "\n")
            let pid = lines.first { $0.hasPrefix("Pid: ") }.flatMap { pid_t($0.dropFirst(5)) }
            return pid.map { !old.contains($0) } ?? false && text.contains("used:\(entries)")
        }
        let end = Instant.now()
        look()
        return Carrying(
            milliseconds: Double((end - start).nanoseconds) / 1e6,
            cpuMilliseconds: (cpu.values.reduce(0, +) - before) * 1000)
    }

    private static func fillAll(_ subject: Subject) throws {
        for start in stride(from: 0, to: entries, by: batch) {
            try fill(subject, start..<min(entries, start + batch))
        }
        let heading = try AdminClient.ask(subject.workerSocket, "show table")
        guard heading.contains("used:\(entries)") else {
            throw ProgramError("\(subject.proxy.kind) has not all entries: \(heading)")
        }
    }

    private static func fill(_ subject: Subject, _ numbers: Range<Int>) throws {
        let commands = numbers.map { number in
            "set table clients key 10.\(number >> 16).\(number >> 8 & 255).\(number & 255) data.http_req_rate 1"
        }
        _ = try AdminClient.ask(subject.workerSocket, commands.joined(separator: ";"))
    }
}
