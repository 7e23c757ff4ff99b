// Looks at the proxy while it is reloaded, as often as something happens, and waits for what a reload must bring.

import Doctor
import Glibc
import Observing
import ReloadModel
import Unix

final class ReloadWatch {
    /// How often it looks although nothing is told.
    private static let period = Duration.milliseconds(250)

    let observer: Observer
    let began = Instant.now()
    private(set) var snapshot: Snapshot
    private let master: Int32

    init(_ observer: Observer) {
        self.observer = observer
        master = observer.master.pid
        snapshot = observer.sample()
    }

    @discardableResult func look() -> Snapshot {
        snapshot = observer.sample()
        return snapshot
    }

    /// The master runs that was found at the start; false as well when another has taken its place.
    var hasItsMaster: Bool { observer.isAlive && observer.master.pid == master }

    private static let interruptions = [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")]

    /// From now on signals that ask this program to end are held back, for good: it ends by itself, with its verdict.
    static func holdInterruptions() { Signals.block(interruptions.map(\.0)) }

    /// Such a signal has come.
    static var interruption: String? {
        var pending = sigset_t()
        sigpending(&pending)
        return interruptions.first { sigismember(&pending, $0.0) == 1 }?.1
    }

    /// Looks until `found` gives something, until `deadline`, or until a signal comes, where that may end it.
    /// `descriptors`: what else may have news.
    func wait<Value>(
        until deadline: Instant, isInterruptible: Bool = true, _ descriptors: () -> [Int32] = { [] },
        for found: (Snapshot) -> Value?
    ) -> Value? {
        while true {
            if let value = found(snapshot) { return value }
            if Instant.now() >= deadline || isInterruptible && Self.interruption != nil { return nil }
            let next = min(deadline, observer.nextPoll, .now() + Self.period)
            let wanted = observer.eventDescriptors + descriptors()
            var polled = wanted.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let left = max(1, (next - .now()).milliseconds)
            _ = poll(&polled, nfds_t(polled.count), Int32(clamping: left))
            _ = observer.drainEvents()
            look()
        }
    }

    /// One visit of the doctor; nil where a signal ended it. The observer goes on meanwhile.
    func consult(_ visit: Consultation) -> (HealthReport, Known<ConfigurationTest>)? {
        var newest = Instant.now()
        while Self.interruption == nil {
            if let report = visit.proceed({ look() }) {
                return (report, visit.test ?? .unknown(Unknown("the test did not run")))
            }
            var polled = visit.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let next = min(visit.deadline, .now() + Self.period)
            let left = max(0, (next - .now()).milliseconds)
            _ = poll(&polled, nfds_t(polled.count), Int32(clamping: left))
            if Instant.now() - newest > Self.period {
                look()
                newest = .now()
            }
        }
        return nil
    }

    /// What a worker says of its tables and peers; nil where it cannot be asked.
    func tables(of pid: Int32?) -> TablesReport? {
        guard let pid, let inquiry = observer.inquireTables(of: pid) else { return nil }
        while true {
            if let report = inquiry.step() { return report }
            var polled = [inquiry.descriptor].compactMap(\.self).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            let left = min(50, max(0, (inquiry.nextStep - .now()).milliseconds))
            _ = poll(&polled, nfds_t(polled.count), Int32(clamping: left))
        }
    }

    var serving: Int32? { snapshot.workers.first { $0.state == .serving }?.pid }
}

/// Reads from the looks how a load that was asked for ends.
struct LoadEnding {
    /// The newest record before it was asked for, and who served.
    private let known: Set<Int>
    private let served: Int32?
    /// The workers that were there then.
    private let earlier: Set<Int32>
    private let attempts: Int?
    private let asked: Int64
    /// How much earlier than the request its load may seem to begin, in microseconds.
    private static let tolerance: Int64 = 100_000

    /// - Parameter before: the look right before it was asked for.
    init(before: Snapshot) {
        asked = before.time
        known = Set(before.reloads.map(\.id))
        served = before.workers.first { $0.state == .serving }?.pid
        earlier = Set(before.workers.map(\.pid))
        attempts = before.master.reloads.value
    }

    /// The record of the load; nil while none is seen.
    func record(in snapshot: Snapshot) -> ReloadRecord? {
        snapshot.reloads.last(where: isNew)
    }

    private func isNew(_ record: ReloadRecord) -> Bool {
        guard !known.contains(record.id) else { return false }
        // One of the past may be told late.
        if let number = record.attempt, let attempts { return number > attempts }
        return record.at.map { $0 >= asked - Self.tolerance } ?? true
    }

    /// Another master has begun since, whatever its number is.
    func isRestarted(in snapshot: Snapshot) -> Bool {
        snapshot.reloads.contains { isNew($0) && $0.result == .restart }
    }

    /// How the looks see it end; nil: it is not over.
    func end(in snapshot: Snapshot) -> ReloadFacts.Load? {
        guard let record = record(in: snapshot) else { return nil }
        switch record.result {
        case .failed: return isServedAsBefore(in: snapshot) ? .failed : nil
        case .running, .unknown, .restart: return nil
        case .success: return isServedAnew(in: snapshot) ? .succeeded : nil
        }
    }

    /// None of those that were there before is left, whether it is seen to drain yet or not.
    func isDrained(in snapshot: Snapshot) -> Bool { left(in: snapshot).isEmpty }

    /// Those that are left: `worker 812 (3 connections, ended in 9m58s at the latest)`.
    func drainers(in snapshot: Snapshot) -> [String] {
        left(in: snapshot).map { worker in
            let connections = worker.connections.value.map { Wording.count($0, "connection") }
            let end = worker.killIn.value.flatMap { left in
                left.isFinite ? "ended in \(Wording.span(seconds: left)) at the latest" : nil
            }
            let facts = [connections, end].compactMap(\.self).joined(separator: ", ")
            return "worker \(worker.pid)" + (facts.isEmpty ? "" : " (\(facts))")
        }
    }

    private func left(in snapshot: Snapshot) -> [WorkerSample] {
        snapshot.workers.filter { $0.state.isOld || earlier.contains($0.pid) }
    }

    /// Another worker than at the request serves.
    func isServedAnew(in snapshot: Snapshot) -> Bool {
        let now = snapshot.workers.first { $0.state == .serving }?.pid
        return now != nil && now != served
    }

    private func isServedAsBefore(in snapshot: Snapshot) -> Bool {
        let now = snapshot.workers.first { $0.state == .serving }?.pid
        return now == nil || now == served
    }
}

/// Puts together what the master or systemd answers and what the looks see. Putting a file back under a worker that serves
/// would be worst: a failure holds when the master says so and nobody else serves, else when the looks see nothing else
/// for a while.
struct LoadJudge {
    private enum Conclusion {
        case open
        case sure(ReloadFacts.Load)
        /// It holds when it lasts.
        case doubtful(ReloadFacts.Load)
    }

    private let ending: LoadEnding
    private let doubt: Duration
    private var suspicion: (load: ReloadFacts.Load, since: Instant)?

    /// - Parameter doubt: how long a failure that the master does not tell itself must last.
    init(_ ending: LoadEnding, doubt: Duration) {
        self.ending = ending
        self.doubt = doubt
    }

    /// Nil: it is not over, or not sure.
    mutating func end(_ answer: ReloadAsking.State, _ snapshot: Snapshot, now: Instant) -> ReloadFacts.Load? {
        switch conclusion(answer, snapshot) {
        case .open:
            suspicion = nil
            return nil
        case .sure(let load): return load
        case .doubtful(let load):
            let since = suspicion.flatMap { $0.load == load ? $0.since : nil } ?? now
            suspicion = (load, since)
            return now - since >= doubt ? load : nil
        }
    }

    /// What holds where there is no more time: what was seen without an answer, and that whom nobody has asked loads
    /// nothing.
    func late(_ answer: ReloadAsking.State, _ snapshot: Snapshot) -> ReloadFacts.Load {
        if case .underWay = answer, case .sure(let load) = conclusion(.silent, snapshot) { return load }
        if case .notAsked = answer, case .doubtful(let load) = conclusion(answer, snapshot) { return load }
        return .unseen("the load did not end within --timeout")
    }

    private func conclusion(_ answer: ReloadAsking.State, _ snapshot: Snapshot) -> Conclusion {
        if ending.isRestarted(in: snapshot) {
            return .sure(.unseen("the master was restarted, not reloaded"))
        }
        let seen = ending.end(in: snapshot)
        switch answer {
        case .underWay: return .open
        case .succeeded: return ending.isServedAnew(in: snapshot) ? .sure(.succeeded) : .open
        // The record brings the log with it; where none comes the answer is enough.
        case .failed:
            return seen == .failed ? .sure(.failed) : unlessServed("the load failed", .failed, snapshot)
        case .silent: return seen.map { $0 == .failed ? .doubtful($0) : .sure($0) } ?? .open
        case .jobFailed(let why): return unasked("nobody has reloaded: \(why)", snapshot)
        case .notAsked(let why): return unasked("nobody was asked to reload: \(why)", snapshot)
        }
    }

    /// Somebody else may have asked, and systemd's job may fail behind its load: the looks tell.
    private func unasked(_ why: String, _ snapshot: Snapshot) -> Conclusion {
        ending.record(in: snapshot) == nil
            ? unlessServed(why, .notAsked(why), snapshot) : conclusion(.silent, snapshot)
    }

    private func unlessServed(_ why: String, _ load: ReloadFacts.Load, _ snapshot: Snapshot) -> Conclusion {
        .doubtful(
            ending.isServedAnew(in: snapshot) ? .unseen("\(why), and yet another worker serves") : load)
    }
}
