// The list of reloads, put together from what several sources see of each: process events give the moment,
// `show proc` the number and the result, the log the reason. Times are microseconds since 1970.

/// Every load attempt that is known of one master.
package struct ReloadHistory: Sendable {
    private struct Attempt: Sendable {
        var record: ReloadRecord
        /// The worker that it started, and when.
        var child: Int32?
        var childAt: Int64?
        /// The master's re-execution was seen.
        var wasExecuted = false
        /// A log line told of its begin.
        var wasLogged = false
        /// A log line told of its end.
        var endWasLogged = false
        /// Of the master's executions, those whose events may still come: somebody who was asked, or the log, told of its
        /// begin or its end before they did.
        var executionsToCome = 0
        /// It was first seen after this program had started to watch.
        var isLive = true
        /// When it ended, where that was seen.
        var endedAt: Int64?
    }

    /// How far apart two sources may see the same moment.
    private static let sameMoment: Int64 = 2_000_000
    /// The longest list that is kept.
    private static let limit = 1000

    /// Whether the master re-executes itself a second time when the load has ended (HAProxy before 3.1).
    package var executesAfterLoad: Bool
    private var attempts: [Attempt] = []
    private var knownReloads: Int?
    private var lastID = 0

    package init(executesAfterLoad: Bool) {
        self.executesAfterLoad = executesAfterLoad
    }

    /// Oldest first.
    package var records: [ReloadRecord] {
        attempts.map { attempt in
            var record = attempt.record
            if record.verdict.steps.isEmpty { record.verdict.steps = Self.steps(attempt) }
            return record
        }
    }

    /// Until the worker was started and from there until it was READY, as process events told.
    private static func steps(_ attempt: Attempt) -> [ReloadStep] {
        guard let begin = attempt.record.at, let child = attempt.childAt, child >= begin else { return [] }
        let load = ReloadStep(name: "load", milliseconds: Double(child - begin) / 1000)
        guard let end = attempt.endedAt, end >= child else { return [load] }
        return [load, ReloadStep(name: "start", milliseconds: Double(end - child) / 1000)]
    }

    /// Tells who asked for the newest attempt that began at `at`; what the proxy itself told is not replaced.
    package mutating func attribute(_ author: ReloadAuthor, at: Int64) {
        guard let index = attempts.lastIndex(where: { isSameMoment($0.record.at, at) }),
            attempts[index].record.author?.certainty != .seen
        else { return }
        attempts[index].record.author = author
    }

    /// Whether a load runs as far as is known.
    package var isLoading: Bool { attempts.last?.record.result == .running }

    /// When the load that runs began.
    package var loadingSince: Int64? { isLoading ? attempts.last?.record.at : nil }

    // MARK: Process events

    /// The master has executed itself at `at`, microseconds since 1970: a reload has begun, unless one is known already.
    package mutating func masterExecuted(at: Int64, source: ReloadRecord.Source) {
        if let last = attempts.indices.last, attempts[last].executionsToCome > 0,
            isSameMoment(attempts[last].record.at, at) || isSameMoment(attempts[last].endedAt, at)
        {
            attempts[last].executionsToCome -= 1
            return
        }
        if isLoading, let last = attempts.indices.last {
            if !attempts[last].wasExecuted, isSameMoment(attempts[last].record.at, at) {
                attempts[last].wasExecuted = true
                return
            }
            if executesAfterLoad {
                end(last, attempts[last].child == nil ? .failed : .success, at: at)
                attempts[last].executionsToCome = 0
                return
            }
            attempts[last].record.result = .unknown
        }
        begin(at: at, source: source)
        attempts[attempts.count - 1].wasExecuted = true
    }

    /// `canBegin`: executions of the master are not seen, so that a new worker is the first sign of a load. False: what
    /// was started is no worker of a load. mwproxy tries its new program before it executes that, and has said by then
    /// that it reloads.
    @discardableResult package mutating func workerStarted(
        _ pid: Int32, at: Int64, source: ReloadRecord.Source, canBegin: Bool
    ) -> Bool {
        if !isLoading {
            // The log of a load that is known already comes later than its processes.
            if let last = attempts.last, last.child == pid || isSameMoment(last.endedAt, at) { return false }
            guard canBegin else { return false }
            begin(at: at, source: source)
        }
        let last = attempts.count - 1
        guard canBegin || attempts[last].wasExecuted && attempts[last].executionsToCome == 0 else {
            return false
        }
        attempts[last].child = pid
        attempts[last].childAt = at
        return true
    }

    /// A worker has ended. The one that the running load had started: the load has failed.
    package mutating func workerExited(_ pid: Int32, at: Int64) {
        guard isLoading, let last = attempts.indices.last, attempts[last].child == pid else { return }
        end(last, .failed, at: at)
    }

    // MARK: The log

    /// Takes in a line of the proxy's log. `isPast`: it was written before this program watched.
    package mutating func read(
        _ line: ProxyLine, at: Int64, source: ReloadRecord.Source, isPast: Bool = false
    ) {
        switch line.meaning {
        case .reloading: logged(at: at, source: source, isPast: isPast)
        case .workerStarted(let pid):
            if isLoading, attempts[attempts.count - 1].child == nil {
                attempts[attempts.count - 1].child = pid
            }
        case .loaded: ended(.success, at: at)
        case .loadFailed: ended(.failed, at: at)
        case .formerWorkerExited, .currentWorkerExited, .hardStop, .other:
            if line.isAlert { explain(line.text, at: at) }
        }
    }

    private mutating func logged(at: Int64, source: ReloadRecord.Source, isPast: Bool) {
        if let index = attempts.lastIndex(where: { !$0.wasLogged && isSameMoment($0.record.at, at) }) {
            attempts[index].wasLogged = true
            let known = attempts[index].record.at ?? at
            // What the proxy itself told is exact.
            if at < known, attempts[index].record.source != .showReloads {
                attempts[index].record.at = at
                attempts[index].record.durationMilliseconds = attempts[index].record.durationMilliseconds
                    .map { $0 + Double(known - at) / 1000 }
            }
            return
        }
        if isLoading { attempts[attempts.count - 1].record.result = .unknown }
        begin(at: at, source: source)
        attempts[attempts.count - 1].wasLogged = true
        attempts[attempts.count - 1].isLive = !isPast
    }

    private mutating func ended(_ result: ReloadRecord.Result, at: Int64) {
        // The lines of one load come in their order, so its begin was read before its end.
        let place = attempts.firstIndex { attempt in
            attempt.wasLogged && !attempt.endWasLogged
                && (attempt.record.result == .running || isSameMoment(attempt.endedAt, at))
        }
        guard let index = place else { return }
        attempts[index].endWasLogged = true
        if attempts[index].record.result == .running {
            end(index, result, at: at)
        } else {
            attempts[index].record.result = result
        }
    }

    private mutating func explain(_ text: String, at: Int64) {
        guard !FailureReason.isSummary(text),
            let index = attempts.lastIndex(where: { attempt in
                guard let begin = attempt.record.at, attempt.record.result != .success else { return false }
                return begin - Self.sameMoment <= at && at <= (attempt.endedAt ?? at) + Self.sameMoment
            }), attempts[index].record.reason == nil
        else { return }
        attempts[index].record.reason = FailureReason.shortened(text)
    }

    // MARK: The master's own figures

    /// Numbers the attempts and settles their results by the master's counters.
    package mutating func observe(_ table: LoadTable, at: Int64) {
        if let known = knownReloads {
            guard table.reloads >= known else { return }
            number(upTo: table.reloads, table: table, at: at)
        } else {
            fill(table)
        }
        knownReloads = table.reloads
        for index in attempts.indices { settle(index, by: table, at: at) }
        // The master counts every attempt at its begin: one that it has not counted by now was none.
        attempts.removeAll { attempt in
            attempt.record.result == .running && attempt.record.attempt == nil
                && at - (attempt.record.at ?? at) > Self.sameMoment
        }
    }

    /// The first reading: what the master and the ages of its workers tell of the past.
    private mutating func fill(_ table: LoadTable) {
        var number = table.reloads
        for index in attempts.indices.reversed() where number > 0 && attempts[index].record.result != .restart
        {
            attempts[index].record.attempt = number
            number -= 1
        }
        let failedFrom = table.reloads - (table.failed ?? 0)
        guard number > 0 else { return }
        var past: [Attempt] = []
        for attempt in max(1, number - Self.limit)...number {
            if let worker = table.workers.first(where: { $0.generation == attempt }) {
                past.append(
                    Attempt(
                        record: row(worker.startedAt, attempt, worker.wasReady ? .success : .running),
                        isLive: false))
            } else if attempt > failedFrom {
                past.append(Attempt(record: row(nil, attempt, .failed), isLive: false))
            }
        }
        // A restart before the first look is older than all that this master tells.
        let place = attempts.lastIndex { $0.record.result == .restart }.map { $0 + 1 } ?? 0
        attempts.insert(contentsOf: past, at: place)
    }

    private mutating func row(_ at: Int64?, _ attempt: Int, _ result: ReloadRecord.Result) -> ReloadRecord {
        var record = ReloadRecord(
            at: at, attempt: attempt, result: result,
            durationMilliseconds: .unknown(Unknown("it happened before reloadtop watched")), source: .showProc
        )
        record.id = nextID()
        return record
    }

    private mutating func number(upTo reloads: Int, table: LoadTable, at: Int64) {
        let first = (knownReloads ?? 0) + 1
        guard first <= reloads else { return }
        for next in first...reloads where !attempts.contains(where: { $0.record.attempt == next }) {
            let seen = attempts.firstIndex { attempt in
                attempt.record.attempt == nil && attempt.isLive && attempt.record.result != .restart
            }
            if let seen {
                attempts[seen].record.attempt = next
                continue
            }
            let worker = table.workers.first { $0.generation == next }
            begin(at: worker?.startedAt ?? at, source: .showProc)
            attempts[attempts.count - 1].record.attempt = next
            attempts[attempts.count - 1].record.result = .unknown
            attempts[attempts.count - 1].record.durationMilliseconds = .unknown(
                Unknown("it ran between two looks"))
        }
    }

    private mutating func settle(_ index: Int, by table: LoadTable, at: Int64) {
        let record = attempts[index].record
        guard record.result == .running || record.result == .unknown, let number = record.attempt else {
            return
        }
        if let worker = table.workers.first(where: { $0.generation == number }) {
            if worker.wasReady { end(index, .success, at: record.result == .running ? at : nil) }
            return
        }
        let failed = table.failed ?? 0
        if number > table.reloads - failed {
            end(index, .failed, at: record.result == .running ? at : nil)
        } else if number == table.reloads, table.failed == 0, record.result == .unknown {
            end(index, .success, at: nil)
        } else if number < table.reloads, record.result == .running {
            attempts[index].record.result = .unknown
        }
    }

    /// Rows of a source that knows better, by their number: mwproxy's `show reloads`.
    package mutating func learn(_ rows: [ReloadRecord]) {
        for row in rows {
            guard let number = row.attempt else { continue }
            let same = attempts.firstIndex { attempt in
                if let known = attempt.record.attempt { return known == number }
                return attempt.isLive && row.at.map { isSameMoment(attempt.record.at, $0) } ?? false
            }
            var row = row
            if let same {
                row.id = attempts[same].record.id
                attempts[same].record = row
                continue
            }
            row.id = nextID()
            let place = attempts.firstIndex { ($0.record.attempt ?? Int.max) > number } ?? attempts.count
            let took = row.durationMilliseconds.value.map { Int64($0 * 1000) }
            // Its lines in the log may still come.
            attempts.insert(
                Attempt(
                    record: row, wasExecuted: true, executionsToCome: 1, isLive: false,
                    endedAt: row.at.flatMap { begin in took.map { begin + $0 } }),
                at: place)
        }
        trim()
    }

    // MARK: What this program finds out itself

    /// Gives the newest failed attempt its reason, where none is known yet. `source` is put behind it.
    package mutating func explainLast(_ reason: String) {
        guard let index = attempts.lastIndex(where: { $0.record.result == .failed }),
            attempts[index].record.reason == nil
        else { return }
        attempts[index].record.reason = reason
    }

    /// The newest attempt failed and nobody knows why yet.
    package var lacksReason: Bool {
        guard let last = attempts.last(where: { $0.record.result != .running }) else { return false }
        return last.record.result == .failed && last.record.reason == nil
    }

    /// When the newest failed attempt ended, where that was seen.
    package var lastFailureAt: Int64? {
        attempts.last { $0.record.result == .failed }.flatMap { $0.endedAt ?? $0.record.at }
    }

    /// Another master has taken the place of the one before; its counters start again.
    package mutating func restarted(at: Int64, source: ReloadRecord.Source, lost: String) {
        begin(at: at, source: source)
        let last = attempts.count - 1
        attempts[last].record.result = .restart
        attempts[last].record.reason = lost
        attempts[last].record.durationMilliseconds = .unknown(Unknown("a restart has no READY of a worker"))
        for index in attempts.indices {
            attempts[index].record.attempt = nil
            attempts[index].isLive = false
        }
        knownReloads = 0
    }

    /// The master took the place of another before anybody watched: that is the first row.
    package mutating func recallRestart(at: Int64, source: ReloadRecord.Source, reason: String) {
        guard !attempts.contains(where: { $0.record.result == .restart && isSameMoment($0.record.at, at) })
        else { return }
        var record = ReloadRecord(
            at: at, attempt: nil, result: .restart,
            durationMilliseconds: .unknown(Unknown("a restart has no READY of a worker")), source: source,
            reason: reason)
        record.id = nextID()
        attempts.insert(Attempt(record: record, isLive: false), at: 0)
    }

    /// Says more about why the newest failed attempt failed.
    package mutating func explainLastAnew(_ reason: String) {
        guard let index = attempts.lastIndex(where: { $0.record.result == .failed }) else { return }
        attempts[index].record.reason = reason
    }

    // MARK: Steps

    private mutating func begin(at: Int64, source: ReloadRecord.Source) {
        var record = ReloadRecord(
            at: at, attempt: nil, result: .running,
            durationMilliseconds: .unknown(Unknown("it still loads")), source: source)
        record.id = nextID()
        attempts.append(Attempt(record: record))
        trim()
    }

    private mutating func nextID() -> Int {
        lastID += 1
        return lastID
    }

    private mutating func end(_ index: Int, _ result: ReloadRecord.Result, at: Int64?) {
        if attempts[index].record.result == .running {
            let begins = attempts[index].wasLogged && !attempts[index].wasExecuted
            let ends = executesAfterLoad && (attempts[index].wasExecuted || begins)
            attempts[index].executionsToCome = max(
                attempts[index].executionsToCome, (begins ? 1 : 0) + (ends ? 1 : 0))
        }
        attempts[index].record.result = result
        guard let at, let begin = attempts[index].record.at else { return }
        attempts[index].endedAt = at
        attempts[index].record.durationMilliseconds = .known(Double(max(0, at - begin)) / 1000)
    }

    private mutating func trim() {
        if attempts.count > Self.limit { attempts.removeFirst(attempts.count - Self.limit) }
    }

    private func isSameMoment(_ one: Int64?, _ other: Int64) -> Bool {
        one.map { abs($0 - other) <= Self.sameMoment } ?? false
    }
}
