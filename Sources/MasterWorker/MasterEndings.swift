// How workers and the master itself come to their end.

import Glibc
import Handover
import RuntimeAPI
import Unix

extension MasterState {
    /// A channel that broke: its process is about to end, and its exit code says more than the channel. One
    /// that lives on without it is of no use while it loads; an old worker finishes its streams.
    mutating func unreachable(_ pid: Int32, at now: Moment) -> [MasterAction] {
        guard let index = index(of: pid), workers[index].phase == .loading else { return [] }
        workers[index].killAt = min(workers[index].killAt, now.monotonic + Self.killDelay)
        return []
    }

    mutating func worker(_ pid: Int32, ended end: ProcessEnd, at now: Moment) -> [MasterAction] {
        guard let index = index(of: pid) else { return [] }
        let worker = workers.remove(at: index)
        var actions: [MasterAction] = [.forget(pid: pid)]
        switch worker.phase {
        case .failed: break
        case .loading:
            if stop == nil { actions += loadEnded(pid, end, at: now) }
        case .draining:
            noteDrain(of: pid) { drain in
                drain.ended = now.wall.microseconds
                drain.exitCode = end.code
            }
            let text = "Former worker (\(pid)) exited with code \(end.code) (\(end.words))"
            actions.append(line(.warning, text))
            if load?.step == .settling {
                load?.awaited.removeAll { $0 == pid }
                if load?.awaited.isEmpty == true { actions += announce(at: now) }
            }
        case .serving: actions += servingEnded(worker, end, at: now)
        }
        if workers.isEmpty, let stop {
            actions.append(.log(.warning, "All workers exited. Exiting... (\(stop.code))"))
            actions.append(.exit(stop.code))
        }
        return actions
    }

    private mutating func loadEnded(_ pid: Int32, _ end: ProcessEnd, at now: Moment) -> [MasterAction] {
        let first = load?.attempt == 0
        var actions = fail(
            "Failed to load worker (\(pid)) exited with code \(end.code) (\(end.words))", at: now)
        if first { actions.append(.exit(end.code == 0 ? 1 : end.code)) }
        return actions
    }

    private mutating func servingEnded(
        _ worker: WorkerRecord, _ end: ProcessEnd, at now: Moment
    ) -> [MasterAction] {
        let text = "Current worker (\(worker.pid)) exited with code \(end.code) (\(end.words))"
        var actions = [line(end.code == 0 ? .warning : .alert, text)]
        guard stop == nil else { return actions }
        if end.code == 0 {
            // It was asked to leave, by somebody else than us: the master follows its last worker.
            stop = Stop(code: 0)
            return actions + abandonLoad() + [.closeListeners(takeHeld())]
        }
        guard worker.facts?.exitOnFailure != false else {
            let text = "no-exit-on-failure: no worker serves until the next reload"
            return actions + [line(.alert, text)]
        }
        actions.append(line(.alert, "exit-on-failure: killing every processes with SIGTERM"))
        actions.append(.notify(.stopping))
        stop = Stop(code: end.code)
        actions += abandonLoad()
        for index in workers.indices {
            actions.append(.signal(pid: workers[index].pid, SIGTERM))
            workers[index].killAt = min(workers[index].killAt, now.monotonic + Self.stopTimeout)
        }
        return actions
    }

    // MARK: The master leaves

    /// SIGTERM and SIGINT cut, SIGUSR1 drains.
    mutating func stop(by signal: Int32, at now: Moment) -> [MasterAction] {
        let drains = signal == SIGUSR1
        if drains && stop != nil { return [] }
        var actions: [MasterAction] = []
        if stop == nil {
            actions = [.log(.warning, "Exiting Master process..."), .notify(.stopping)]
        }
        stop = Stop(code: signal == SIGINT ? 128 + SIGINT : 0)
        actions += abandonLoad()
        for index in workers.indices {
            actions.append(.signal(pid: workers[index].pid, signal))
            let limit =
                drains
                ? (workers[index].facts?.hardStopAfter).map {
                    now.monotonic.advanced(byNanoseconds: $0) + Self.killDelay
                } ?? .never
                : now.monotonic + Self.stopTimeout
            workers[index].killAt = min(workers[index].killAt, limit)
        }
        actions.append(.closeListeners(takeHeld()))
        if workers.isEmpty {
            actions.append(.log(.warning, "All workers exited. Exiting... (\(stop?.code ?? 0))"))
            actions.append(.exit(stop?.code ?? 0))
        }
        return actions
    }

    private mutating func takeHeld() -> [ListenerKey] {
        defer { held = [] }
        return held
    }

    /// Ends a load because the master leaves; whoever waits for it is told.
    private mutating func abandonLoad() -> [MasterAction] {
        let askers = (load?.askers ?? []) + waiting
        var actions: [MasterAction] = []
        if let pid = load?.pid, let index = index(of: pid), workers[index].phase == .loading {
            workers[index].phase = .failed
            actions.append(.signal(pid: pid, SIGKILL))
        }
        load = nil
        waiting = []
        return actions
            + askers.compactMap { asker in
                asker.token.map {
                    .answer(token: $0, success: false, log: "The master is leaving.\n")
                }
            }
    }

    // MARK: Deadlines

    mutating func clock(at now: Moment) -> [MasterAction] {
        var actions: [MasterAction] = []
        for index in workers.indices where workers[index].killAt <= now.monotonic {
            workers[index].killAt = .never
            let pid = workers[index].pid
            actions.append(line(.warning, "worker (\(pid)) does not leave: killing it with SIGKILL"))
            actions.append(.signal(pid: pid, SIGKILL))
        }
        guard let load, load.deadline <= now.monotonic else { return actions }
        switch load.step {
        case .probing:
            let seconds = Self.probeTimeout.milliseconds / 1000
            let text = "the program did not say within \(seconds)s that it runs"
            return actions + [.endProbe] + fail(text, at: now)
        case .executing: return actions
        case .loading:
            let span = (load.deadline - load.stepStartedAt).milliseconds
            let text = "worker (\(load.pid ?? 0)) is not ready within \(span)ms: killing it"
            let first = load.attempt == 0
            actions += fail(text, at: now)
            if first { actions.append(.exit(1)) }
            return actions
        case .settling: return actions + announce(at: now)
        }
    }
}

extension ProcessEnd {
    /// As HAProxy names an end: `Exit`, or the signal's words, also for codes above 128.
    package var words: String {
        switch self {
        case .exited(let code) where code > 128: Self.name(ofSignal: code - 128)
        case .exited: "Exit"
        case .killed(let signal): Self.name(ofSignal: signal)
        }
    }

    private static func name(ofSignal number: Int32) -> String {
        strsignal(number).map { String(cString: $0) } ?? "signal \(number)"
    }
}
