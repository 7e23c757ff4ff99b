// Collects the verdict of every reload while its consequences come in, by the number of its record.

package struct VerdictBook: Sendable {
    /// The longest log that is kept of one attempt, and how far its lines may lie from it, in microseconds.
    private static let longestLog = 60
    private static let logBefore: Int64 = 500_000
    private static let logAfter: Int64 = 2_000_000

    private var verdicts: [Int: ReloadVerdict] = [:]
    /// The reload that made a worker old.
    private var retiredBy: [Int32: Int] = [:]
    /// Reloads whose hand-over was told.
    private var handedOver: Set<Int> = []
    /// Connections at the last look in which it served, of the worker that served then.
    private var serving: [Int32: Known<Int>] = [:]
    /// How workers ended that were not known to drain: idle ones leave between two looks.
    private var early: [Int32: End] = [:]
    private struct End: Sendable {
        var at: Int64
        var how: String
        var cut: Int?
    }
    /// Reloads after which no old worker listened any more.
    private var closed: Set<Int> = []

    package init() {}

    /// The record with what was found out about it.
    package func completed(_ record: ReloadRecord) -> ReloadRecord {
        guard var verdict = verdicts[record.id] else { return record }
        var record = record
        // Steps of the record itself first: mwproxy's own, or from process events.
        verdict.steps = record.verdict.steps + verdict.steps
        if !record.verdict.drains.isEmpty {
            verdict.drains = verdict.drains.map { drain in
                guard let told = record.verdict.drains.first(where: { $0.pid == drain.pid }) else {
                    return drain
                }
                return drain.told(told)
            }
            let missing = record.verdict.drains.filter { told in
                !verdict.drains.contains { $0.pid == told.pid }
            }
            verdict.drains += missing
        }
        record.verdict = verdict
        return record
    }

    /// Takes in a look. `records`: oldest first. Returns a hand-over that was just seen: from which worker to
    /// which, by which record.
    package mutating func look(
        _ workers: [WorkerSample], records: [ReloadRecord], now: Int64
    ) -> (old: Int32, new: Int32, record: ReloadRecord)? {
        for worker in workers where worker.state.isOld {
            let id = retiredBy[worker.pid] ?? retirement(of: worker, records)
            guard let id else { continue }
            if retiredBy[worker.pid] == nil {
                retiredBy[worker.pid] = id
                let never = Unknown("it still drains")
                let before = serving[worker.pid]
                verdicts[id, default: ReloadVerdict()].drains.append(
                    DrainOutcome(
                        pid: worker.pid, generation: worker.generation.value,
                        atReload: before ?? .unknown(Unknown("it drained before reloadtop watched")),
                        finished: .unknown(never), cut: .unknown(never)))
            }
            change(worker.pid) { $0.left = worker.connections.value ?? $0.left }
        }
        let handOver = handOver(workers, records)
        remember(workers, isLoading: records.last?.result == .running)
        noteClosing(workers, records: records, now: now)
        return handOver
    }

    /// The worker that served before, and the one that serves in its place since a reload. An idle worker is gone
    /// by then.
    private mutating func handOver(
        _ workers: [WorkerSample], _ records: [ReloadRecord]
    ) -> (old: Int32, new: Int32, record: ReloadRecord)? {
        guard records.last?.result != .running,
            let next = workers.first(where: { $0.state == .serving }), serving[next.pid] == nil,
            let (old, before) = serving.first,
            let record = records.last(where: { $0.result == .success }), handedOver.insert(record.id).inserted
        else { return nil }
        if retiredBy[old] == nil {
            retiredBy[old] = record.id
            let gone = Unknown("it left between two looks")
            verdicts[record.id, default: ReloadVerdict()].drains.append(
                DrainOutcome(pid: old, atReload: before, finished: .unknown(gone), cut: .unknown(gone)))
            if let end = early[old] { ended(old, at: end.at, how: end.how, cut: end.cut) }
        }
        return (old, next.pid, record)
    }

    /// Who serves now. While a load runs nobody may, and its result may be known later than its worker.
    private mutating func remember(_ workers: [WorkerSample], isLoading: Bool) {
        let current = workers.filter { $0.state == .serving }
        let isNew = current.contains { serving[$0.pid] == nil }
        guard !current.isEmpty, !(isNew && isLoading && !serving.isEmpty) else { return }
        serving = Dictionary(
            current.map { ($0.pid, $0.connections) }, uniquingKeysWith: { first, _ in first })
    }

    /// The first attempt that succeeded after the worker's own.
    private func retirement(of worker: WorkerSample, _ records: [ReloadRecord]) -> Int? {
        let successes = records.filter { $0.result == .success }
        if let own = worker.generation.value,
            let next = successes.first(where: { $0.attempt.map { $0 > own } ?? false })
        {
            return next.id
        }
        return serving[worker.pid] != nil ? successes.last?.id : nil
    }

    /// When the last old worker has let go of its listening sockets.
    private mutating func noteClosing(_ workers: [WorkerSample], records: [ReloadRecord], now: Int64) {
        guard let last = records.last(where: { $0.result == .success }), !closed.contains(last.id),
            let at = last.at, let took = last.durationMilliseconds.value, verdicts[last.id] != nil,
            retiredBy.values.contains(last.id)
        else { return }
        let old = workers.filter { retiredBy[$0.pid] == last.id }
        guard old.allSatisfy({ $0.listening.value?.isEmpty ?? false }) else { return }
        closed.insert(last.id)
        let after = Double(now - at) / 1000 - took
        guard !old.isEmpty, after >= 0, after < 60_000 else { return }
        verdicts[last.id]?.steps.append(
            ReloadStep(name: "old listeners closed", milliseconds: after, isBound: true))
    }

    /// A worker has ended. `cut`: connections that it had when its time was over; nil where it had none to fear.
    package mutating func ended(_ pid: Int32, at: Int64, how: String, cut: Int?) {
        guard retiredBy[pid] != nil else {
            if early.count > 64 { early = [:] }
            early[pid] = End(at: at, how: how, cut: cut)
            return
        }
        change(pid) { drain in
            drain.endedAt = at
            if drain.how == nil { drain.how = how }
            let lost = drain.cut.value ?? cut ?? 0
            drain.cut = .known(lost)
            drain.finished = drain.atReload.map { max(0, $0 - lost) }
            drain.left = 0
        }
    }

    /// The proxy's own line about a hard stop; `remaining`: connections of one proxy section.
    package mutating func hardStopped(_ pid: Int32, remaining: Int?) {
        change(pid) { drain in
            drain.how = "hard-stop-after"
            if let remaining { drain.cut = .known((drain.cut.value ?? 0) + remaining) }
        }
    }

    private mutating func change(_ pid: Int32, _ body: (inout DrainOutcome) -> Void) {
        guard let id = retiredBy[pid],
            let index = verdicts[id]?.drains.firstIndex(where: { $0.pid == pid })
        else { return }
        verdicts[id]?.drains[index].apply(body)
    }

    package mutating func compared(_ id: Int, _ health: Known<HealthComparison>) {
        verdicts[id, default: ReloadVerdict()].health = health
    }

    package mutating func undone(_ id: Int, _ sentences: Known<[String]>) {
        verdicts[id, default: ReloadVerdict()].undone = sentences
    }

    package mutating func tablesLost(_ id: Int, _ sentences: Known<[String]>) {
        verdicts[id, default: ReloadVerdict()].lostTables = sentences
    }

    package mutating func tickets(_ id: Int, _ survival: Known<TicketSurvival>) {
        verdicts[id, default: ReloadVerdict()].tickets = survival
    }

    package mutating func reset(_ id: Int, requests: Int) {
        verdicts[id, default: ReloadVerdict()].countersReset = requests
    }

    /// A line of the proxy belongs to the attempt that ran then.
    package mutating func take(_ line: LogLine, records: [ReloadRecord]) {
        let place = records.last { record in
            guard let at = record.at else { return false }
            let end = at + Int64((record.durationMilliseconds.value ?? 0) * 1000)
            return line.at >= at - Self.logBefore && line.at <= end + Self.logAfter
        }
        guard let id = place?.id else { return }
        var verdict = verdicts[id] ?? ReloadVerdict()
        guard verdict.log.count < Self.longestLog else { return }
        verdict.log.append(line)
        verdicts[id] = verdict
    }

    /// Forgets reloads that are in no list any more.
    package mutating func keep(_ ids: Set<Int>) {
        guard verdicts.count > ids.count else { return }
        verdicts = verdicts.filter { ids.contains($0.key) }
        handedOver.formIntersection(ids)
        retiredBy = retiredBy.filter { ids.contains($0.value) }
    }
}

extension DrainOutcome {
    fileprivate mutating func apply(_ body: (inout DrainOutcome) -> Void) { body(&self) }

    /// With what the proxy itself tells of it.
    fileprivate func told(_ told: DrainOutcome) -> DrainOutcome {
        var drain = self
        drain.moves = told.moves
        if drain.endedAt != nil { drain.judgeMoved(byOwnAccount: told.endedAt != nil) }
        if told.finished.value != nil { drain.finished = told.finished }
        if told.cut.value != nil { drain.cut = told.cut }
        if told.endedAt != nil { drain.endedAt = told.endedAt }
        if drain.how == nil { drain.how = told.how }
        if drain.generation == nil { drain.generation = told.generation }
        return drain
    }

    /// What was estimated from the connections at the reload: those that have moved neither finished nor were cut.
    /// `byOwnAccount`: the proxy has told of its end, and what it did not tell by then did not happen.
    private mutating func judgeMoved(byOwnAccount: Bool) {
        guard let moves = moves.value else {
            if !byOwnAccount { finished = .unknown(Unknown("its own account is not here yet")) }
            return
        }
        guard let before = atReload.value else { return }
        let stayed = max(0, before - moves.departed)
        cut = cut.map { min($0, stayed) }
        finished = cut.map { stayed - $0 }
    }
}
