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
        return actions + leaveIfAlone()
    }

    private mutating func loadEnded(_ pid: Int32, _ end: ProcessEnd, at now: Moment) -> [MasterAction] {
        fail(
            "Failed to load worker (\(pid)) exited with code \(end.code) (\(end.words))",
            code: end.code == 0 ? 1 : end.code, at: now)
    }

    mutating func listenersLost(_ pid: Int32, at now: Moment) -> [MasterAction] {
        guard let index = index(of: pid), workers[index].phase == .loading else { return [] }
        return fail("out of descriptors: the sockets that worker \(pid) has bound cannot be taken", at: now)
    }

    private mutating func servingEnded(
        _ worker: WorkerRecord, _ end: ProcessEnd, at now: Moment
    ) -> [MasterAction] {
        let text = "Current worker (\(worker.pid)) exited with code \(end.code) (\(end.words))"
        let actions = [line(end.code == 0 ? .warning : .alert, text)]
        guard stop == nil else { return actions }
        if let load, load.step != .settling {
            return actions + awaitSuccessor(worker.facts?.exitOnFailure == false ? nil : end.code, at: now)
        }
        if end.code == 0 {
            // It was asked to leave, by somebody else than us: the master follows its last worker.
            stop = Stop(code: 0)
            return actions + abandonLoad() + [.closeListeners(takeHeld())]
        }
        guard worker.facts?.exitOnFailure != false else {
            let text = "no-exit-on-failure: no worker serves until the next reload"
            return actions + [line(.alert, text)]
        }
        return actions + exitOnFailure(end.code, at: now)
    }

    /// The worker that is being loaded will serve, if it can; clients wait in the listeners' queues. `code`: what to exit
    /// with if it cannot.
    private mutating func awaitSuccessor(_ code: Int32?, at now: Moment) -> [MasterAction] {
        guard let load else { return [] }
        self.load?.orphaned = code
        let text = "reload \(load.attempt) goes on; new connections wait for its worker"
        let actions = [line(.warning, text)]
        // Every moment counts: this program starts the worker, and the next reload takes the new one up.
        return load.step == .probing ? actions + [.endProbe] + spawnWorker(at: now) : actions
    }

    mutating func exitOnFailure(_ code: Int32, at now: Moment) -> [MasterAction] {
        var actions = [
            line(.alert, "exit-on-failure: killing every processes with SIGTERM"), .notify(.stopping),
        ]
        stop = Stop(code: code)
        actions += abandonLoad()
        for index in workers.indices {
            actions.append(.signal(pid: workers[index].pid, SIGTERM))
            workers[index].killAt = min(workers[index].killAt, now.monotonic + Self.stopTimeout)
        }
        return actions
    }

    /// The master follows its last worker, once.
    mutating func leaveIfAlone() -> [MasterAction] {
        guard workers.isEmpty, let stop, !stop.isOver else { return [] }
        self.stop?.isOver = true
        return [.log(.warning, "All workers exited. Exiting... (\(stop.code))"), .exit(stop.code)]
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
        return actions + leaveIfAlone()
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
            return actions + fail(text, at: now)
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
