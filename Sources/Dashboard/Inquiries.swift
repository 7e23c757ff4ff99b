// What is known of workers' connections: the latest look into each, when the next may be asked for, and why a worker
// is alive. A worker pays for each question with its own time, so nobody asks but who looks.

import ReloadModel

struct Inquiries: Equatable, Sendable {
    /// One worker's latest look.
    struct Entry: Equatable, Sendable {
        var report: ConnectionReport
        var why: WhyAlive
        /// The connections in the order of the reasons, the longest still first.
        var order: [Int]

        init(_ report: ConnectionReport, _ worker: WorkerSample?) {
            self.report = report
            why = WhyAlive.judge(report, worker: worker)
            let idle = report.connections.map { $0.idle ?? -1 }
            var isListed = [Bool](repeating: false, count: idle.count)
            order = why.reasons.flatMap { reason in
                for index in reason.members { isListed[index] = true }
                return reason.members.sorted { (idle[$0], $1) > (idle[$1], $0) }
            }
            order += idle.indices.filter { !isListed[$0] }
        }

        /// A fresh look at the process can change the verdict: it spins, or it has been stopped.
        mutating func judgeAgain(_ worker: WorkerSample) { why = WhyAlive.judge(report, worker: worker) }
    }

    private(set) var entries: [Int32: Entry] = [:]
    /// Since when an answer is awaited, microseconds since 1970.
    private(set) var awaited: [Int32: Int64] = [:]

    /// The least time between two questions that nobody pressed a key for, in seconds.
    static let pause = 5.0
    /// An answer that has not come by then never will.
    private static let longestWait = 5.0

    /// Asks for these workers; what somebody else has to do.
    mutating func ask(_ pids: [Int32], now: Int64) -> [Effect] {
        let wanted = pids.filter { !isAwaited($0, now: now) }
        for pid in wanted { awaited[pid] = now }
        return wanted.map { .inquire(pid: $0) }
    }

    /// Asks for those of these workers whose look is not fresh any more.
    mutating func refresh(_ pids: [Int32], now: Int64) -> [Effect] {
        ask(pids.filter { (age(of: $0, now: now) ?? .infinity) >= Self.pause }, now: now)
    }

    mutating func take(_ report: ConnectionReport, worker: WorkerSample?) {
        awaited[report.pid] = nil
        entries[report.pid] = Entry(report, worker)
    }

    mutating func judgeAgain(_ pid: Int32, worker: WorkerSample?) {
        if let worker { entries[pid]?.judgeAgain(worker) }
    }

    /// Forgets the workers that are not there any more, but for one that is still looked at.
    mutating func keep(_ pids: Set<Int32>, and kept: Int32?) {
        entries = entries.filter { pids.contains($0.key) || $0.key == kept }
        awaited = awaited.filter { pids.contains($0.key) }
    }

    func isAwaited(_ pid: Int32, now: Int64) -> Bool {
        awaited[pid].map { Double(now - $0) / 1_000_000 < Self.longestWait } ?? false
    }

    /// Seconds since the latest look into a worker; nil without one.
    func age(of pid: Int32, now: Int64) -> Double? {
        entries[pid].map { max(0, Double(now - $0.report.at) / 1_000_000) }
    }
}
