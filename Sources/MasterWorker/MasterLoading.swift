// The way of one load attempt, from the request to the announcement or the failure.

import Glibc
import Handover
import RuntimeAPI
import Unix

extension MasterState {
    // MARK: Asking

    mutating func request(_ asker: ReloadAsker, at now: Moment) -> [MasterAction] {
        if stop != nil {
            return asker.token.map { [.answer(token: $0, success: false, log: "The master is leaving.\n")] }
                ?? []
        }
        guard load == nil else {
            // The file may have changed after the running load read it: only a later load answers for it.
            waiting.append(asker)
            return []
        }
        return beginReload([asker], at: now)
    }

    private mutating func beginReload(_ askers: [ReloadAsker], at now: Moment) -> [MasterAction] {
        reloads += 1
        begin(askers: askers, at: now)
        return [line(.notice, "Reloading HAProxy"), .notify(.reloading), .probe]
    }

    mutating func begin(askers: [ReloadAsker], at now: Moment) {
        startupLog = []
        load = Load(
            attempt: reloads, step: .probing, askers: askers, stepStartedAt: now.monotonic,
            deadline: now.monotonic + Self.probeTimeout)
        history.append(
            ReloadAttempt(attempt: reloads, at: now.wall.microseconds, requests: askers.map(\.request)))
        if history.count > Self.historyLimit { history.removeFirst(history.count - Self.historyLimit) }
    }

    /// The step ends here.
    private mutating func endStep(next: Load.Step, until deadline: Instant, at now: Moment) {
        guard let load else { return }
        // The first start neither probes nor executes.
        noteStep(of: load, at: now)
        self.load?.step = next
        self.load?.stepStartedAt = now.monotonic
        self.load?.deadline = deadline
    }

    private mutating func noteStep(of load: Load, at now: Moment) {
        // The first start only loads: it neither probes, executes nor drains.
        guard let last = history.indices.last, load.attempt > 0 || load.step == .loading else { return }
        let microseconds = (now.monotonic - load.stepStartedAt).nanoseconds / 1000
        history[last].phases.append(
            ReloadPhase(name: load.step.name, milliseconds: Double(microseconds) / 1000))
    }

    // MARK: Becoming the new program

    mutating func probed(_ failure: String?, at now: Moment) -> [MasterAction] {
        guard load?.step == .probing, stop == nil else { return [] }
        if let failure { return fail(failure, at: now) }
        endStep(next: .executing, until: .never, at: now)
        return [.execute]
    }

    mutating func executed(at now: Moment) -> [MasterAction] {
        guard load?.step == .executing else { return [] }
        return spawnWorker(at: now)
    }

    mutating func spawnWorker(at now: Moment) -> [MasterAction] {
        endStep(next: .loading, until: now.monotonic + readyTimeout, at: now)
        if let last = history.indices.last { history[last].readyDeadline = now.wall(at: load!.deadline) }
        return [
            .spawn(
                Assignment(
                    attempt: reloads, processNumber: processNumber + 1,
                    olderWorkers: workers.map(\.pid)))
        ]
    }

    private var readyTimeout: Duration {
        serving?.facts.map { .nanoseconds($0.readyTimeout) } ?? Self.defaultReadyTimeout
    }

    // MARK: The new worker

    mutating func spawned(_ pid: Int32, at now: Moment) -> [MasterAction] {
        workers.append(
            WorkerRecord(
                pid: pid, attempt: reloads, startedAt: now.monotonic, phase: .loading, version: version))
        load?.pid = pid
        if let last = history.indices.last { history[last].worker = pid }
        return []
    }

    mutating func worker(_ pid: Int32, said message: WorkerMessage, at now: Moment) -> [MasterAction] {
        guard let index = index(of: pid) else { return [] }
        switch message {
        case .log(let severity, let text):
            if workers[index].phase == .loading { keep(severity, pid, text) }
            return []
        case .listeners: return []
        case .ready(let facts):
            guard workers[index].phase == .loading, load?.pid == pid, stop == nil else { return [] }
            return ready(index, facts, at: now)
        case .draining: return drainingBegan(pid, at: now)
        case .ended(let summary):
            noteDrain(of: pid) { drain in
                drain.finished = summary.finished
                drain.cut = summary.cut
                drain.moves = summary.moves
            }
            return []
        case .moved(let moves):
            noteDrain(of: pid) { $0.moves = moves }
            return []
        }
    }

    /// The commit: from here on the new worker is the one that serves.
    private mutating func ready(_ index: Int, _ facts: WorkerFacts, at now: Moment) -> [MasterAction] {
        let pid = workers[index].pid
        endStep(next: .settling, until: now.monotonic + Self.settleTimeout, at: now)
        workers[index].phase = .serving
        workers[index].facts = facts
        processNumber += 1
        failed = 0
        let served = Set(facts.listeners)
        let removed = held.filter { !served.contains($0) }
        held = facts.listeners
        var actions: [MasterAction] = [.adoptListeners(from: pid)]
        for older in workers.indices where workers[older].pid != pid {
            let wasServing = workers[older].phase == .serving
            if wasServing { beginDrain(older, at: now) }
            guard workers[older].phase == .draining else { continue }
            // Before the drain: no response that ends then has to end its connection.
            actions.append(
                facts.takesConnections
                    ? .connect(draining: workers[older].pid, serving: pid)
                    : .send(pid: workers[older].pid, .departures))
            if wasServing {
                actions.append(.send(pid: workers[older].pid, .drain(removed: removed)))
            }
            if workers[older].reloads(of: self) > facts.maxReloads {
                actions.append(.signal(pid: workers[older].pid, SIGTERM))
                workers[older].killAt = min(workers[older].killAt, now.monotonic + Self.stopTimeout)
            }
        }
        if !removed.isEmpty { actions.append(.closeListeners(removed)) }
        if load?.awaited.isEmpty == true { actions += announce(at: now) }
        return actions
    }

    private mutating func beginDrain(_ index: Int, at now: Moment) {
        workers[index].phase = .draining
        let pid = workers[index].pid
        let hardStop = workers[index].facts?.hardStopAfter.map { now.monotonic.advanced(byNanoseconds: $0) }
        if let hardStop { workers[index].killAt = hardStop + Self.killDelay }
        if let last = history.indices.last {
            history[last].drains.append(WorkerDrain(pid: pid, hardStop: hardStop.map(now.wall(at:))))
        }
        load?.awaited.append(pid)
    }

    private mutating func drainingBegan(_ pid: Int32, at now: Moment) -> [MasterAction] {
        guard load?.step == .settling else { return [] }
        load?.awaited.removeAll { $0 == pid }
        return load?.awaited.isEmpty == true ? announce(at: now) : []
    }

    // MARK: The end of the attempt

    mutating func announce(at now: Moment) -> [MasterAction] {
        guard let load, let pid = load.pid else { return [] }
        noteStep(of: load, at: now)
        var actions = [line(.notice, "New worker (\(pid)) forked"), line(.notice, "Loading success.")]
        if let last = history.indices.last { history[last].result = .success }
        actions.append(.writePIDFile(configured: serving?.facts?.pidFile))
        actions.append(.notify(.ready))
        if load.attempt == 0 { actions.append(.started) }
        return actions + answer(load.askers, success: true, at: now)
    }

    /// The attempt has failed. Nothing that serves was touched, so there is nothing to take back. `code`: what a master
    /// exits with that has never served.
    mutating func fail(_ reason: String, code: Int32 = 1, at now: Moment) -> [MasterAction] {
        guard let load else { return [] }
        var actions: [MasterAction] = []
        if let pid = load.pid, let index = index(of: pid), workers[index].phase == .loading {
            workers[index].phase = .failed
            actions.append(.signal(pid: pid, SIGKILL))
        }
        noteStep(of: load, at: now)
        if let last = history.indices.last {
            history[last].result = .failed
            history[last].reason = history[last].reason ?? firstAlert ?? reason
        }
        if firstAlert == nil { actions.append(line(.alert, reason)) }
        guard load.attempt > 0 else {
            self.load = nil
            return actions + [.exit(code)]
        }
        actions.append(line(.warning, "Loading failure!"))
        failed += 1
        let inForce = serving.map { "worker \($0.pid) stays current" } ?? "no worker serves"
        actions.append(line(.warning, "reload \(load.attempt) failed; \(inForce)"))
        if let code = load.orphaned {
            // Those who wait for the next one have none to hope for.
            let asked = waiting
            waiting = []
            actions += answer(load.askers + asked, success: false, at: now)
            return actions + exitOnFailure(code, at: now) + leaveIfAlone()
        }
        actions.append(.notify(.reloadFailed))
        return actions + answer(load.askers, success: false, at: now)
    }

    /// The first alert of the attempt, without its prefix.
    private var firstAlert: String? {
        guard let line = startupLog.first(where: { $0.hasPrefix("[ALERT]") }),
            let colon = line.firstIndex(of: ":")
        else { return nil }
        return String(line[colon...].dropFirst(2))
    }

    private mutating func answer(
        _ askers: [ReloadAsker], success: Bool, at now: Moment
    ) -> [MasterAction] {
        let log = startupLogText
        load = nil
        var actions: [MasterAction] = askers.compactMap { asker in
            asker.token.map { .answer(token: $0, success: success, log: log) }
        }
        if !waiting.isEmpty, stop == nil {
            let merged = waiting
            waiting = []
            actions += beginReload(merged, at: now)
        }
        return actions
    }

    /// Changes what the history says of an old worker's drain.
    mutating func noteDrain(of pid: Int32, _ change: (inout WorkerDrain) -> Void) {
        for attempt in history.indices.reversed() {
            if let drain = history[attempt].drains.firstIndex(where: { $0.pid == pid }) {
                change(&history[attempt].drains[drain])
                return
            }
        }
    }
}
