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

    init(_ observer: Observer) {
        self.observer = observer
        snapshot = observer.sample()
    }

    @discardableResult func look() -> Snapshot {
        snapshot = observer.sample()
        return snapshot
    }

    /// A signal that asks this program to end has come; those are blocked meanwhile.
    static var interruption: String? {
        var pending = sigset_t()
        sigpending(&pending)
        let names = [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")]
        return names.first { sigismember(&pending, $0.0) == 1 }?.1
    }

    /// Looks until `found` gives something, or until `deadline`. `descriptors`: what else may have news.
    func wait<Value>(
        until deadline: Instant, _ descriptors: () -> [Int32] = { [] }, for found: (Snapshot) -> Value?
    ) -> Value? {
        while true {
            if let value = found(snapshot) { return value }
            if Instant.now() >= deadline || Self.interruption != nil { return nil }
            let next = min(deadline, observer.nextPoll, .now() + Self.period)
            let wanted = observer.eventDescriptors + descriptors()
            var polled = wanted.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let left = max(1, (next - .now()).milliseconds)
            _ = poll(&polled, nfds_t(polled.count), Int32(clamping: left))
            _ = observer.drainEvents()
            look()
        }
    }

    /// One visit of the doctor. The observer goes on meanwhile.
    func consult(_ visit: Consultation) -> (HealthReport, Known<ConfigurationTest>) {
        var newest = Instant.now()
        while true {
            if let report = visit.proceed({ look() }) {
                return (report, visit.test ?? .unknown(Unknown("the test did not run")))
            }
            var polled = visit.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let left = max(0, (visit.deadline - .now()).milliseconds)
            _ = poll(&polled, nfds_t(polled.count), Int32(clamping: left))
            if Instant.now() - newest > Self.period {
                look()
                newest = .now()
            }
        }
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
        snapshot.reloads.last { record in
            guard !known.contains(record.id) else { return false }
            // One of the past may be told late.
            if let number = record.attempt, let attempts { return number > attempts }
            return record.at.map { $0 >= asked - Self.tolerance } ?? true
        }
    }

    /// How the looks see it end; nil: it is not over.
    func end(in snapshot: Snapshot) -> ReloadFacts.Load? {
        guard let record = record(in: snapshot) else { return nil }
        switch record.result {
        case .failed: return isServedAsBefore(in: snapshot) ? .failed : nil
        case .restart: return .unseen("the master was restarted, not reloaded")
        case .running, .unknown: return nil
        case .success: return isServedAnew(in: snapshot) ? .succeeded : nil
        }
    }

    /// None of those that were there before is left, whether it is seen to drain yet or not.
    func isDrained(in snapshot: Snapshot) -> Bool {
        snapshot.workers.allSatisfy { !$0.state.isOld && !earlier.contains($0.pid) }
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

/// Puts together what the master answers and what the looks see. Putting a file back under a worker that serves would be
/// worst: a failure holds when the master says so, else when the looks see nothing else for a while.
struct LoadJudge {
    private let ending: LoadEnding
    private let doubt: Duration
    private var since: Instant?

    /// - Parameter doubt: how long a failure that the master does not tell itself must last.
    init(_ ending: LoadEnding, doubt: Duration) {
        self.ending = ending
        self.doubt = doubt
    }

    /// Nil: it is not over, or not sure.
    mutating func end(_ answer: ReloadAsking.State, _ snapshot: Snapshot, now: Instant) -> ReloadFacts.Load? {
        let seen = ending.end(in: snapshot)
        switch answer {
        case .underWay: return nil
        case .succeeded: return ending.isServedAnew(in: snapshot) ? .succeeded : nil
        // The record brings the log with it; where none comes the answer is enough.
        case .failed: return seen == .failed || lasts(true, now) ? .failed : nil
        case .silent:
            if seen != .failed {
                since = nil
                return seen
            }
            return lasts(true, now) ? .failed : nil
        case .notAsked(let why):
            return lasts(ending.record(in: snapshot) == nil, now)
                ? .unseen(why) : seen == .succeeded ? seen : nil
        }
    }

    private mutating func lasts(_ isSo: Bool, _ now: Instant) -> Bool {
        guard isSo else {
            since = nil
            return false
        }
        let begin = since ?? now
        since = begin
        return now - begin >= doubt
    }
}
