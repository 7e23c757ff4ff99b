// What a person should look at now, worst first. Some of it takes several looks to see: a slope, a worker that spins,
// a signal that waits; the judge remembers what that needs.

package struct AlertJudge: Sendable {
    package var thresholds: AlertThresholds
    package private(set) var trend = GrowthTrend()
    private var workers: [Int32: WorkerMemory] = [:]
    private var pendingSince: Int64?
    private var stoppedSince: Int64?

    /// What is remembered of a worker.
    struct WorkerMemory: Sendable {
        /// Looks in a row at full CPU with nothing moved.
        var busyLooks = 0
        var traffic: WorkerTraffic?
        /// Since when it should not listen any more but does, microseconds since 1970.
        var strandedSince: Int64?
    }

    package init(thresholds: AlertThresholds) {
        self.thresholds = thresholds
    }

    /// The alerts of a look that is newer than all before.
    package mutating func alerts(for look: Snapshot) -> [Alert] {
        remember(look)
        let outcomes = ReloadAlerts(look: look, thresholds: thresholds)
        var found = outcomes.restart + outcomes.failure
        found += stuckMaster(look)
        for worker in look.workers {
            found += WorkerAlerts(worker: worker, look: look, thresholds: thresholds).all(
                workers[worker.pid] ?? WorkerMemory())
        }
        found += stacking(look) + EndlessAlerts(look: look, thresholds: thresholds).all
        found += outcomes.worse + outcomes.undone + outcomes.rate + outcomes.drift + outcomes.reset
        return found.enumerated().sorted { left, right in
            left.element.severity != right.element.severity
                ? left.element.severity > right.element.severity : left.offset < right.offset
        }.map(\.element)
    }

    private mutating func remember(_ look: Snapshot) {
        trend.take(look.workers, at: look.time)
        var next: [Int32: WorkerMemory] = [:]
        for worker in look.workers {
            var memory = workers[worker.pid] ?? WorkerMemory()
            let traffic = worker.traffic.value
            // Who does not answer while it burns CPU moves nothing either.
            let isStill =
                traffic.map { now in memory.traffic.map { now.isStill(since: $0) } ?? false } ?? true
            let isBusy = worker.cpuPercent.value.map { $0 >= thresholds.spinningPercent } ?? false
            memory.busyLooks = isBusy && isStill ? memory.busyLooks + 1 : 0
            memory.traffic = traffic
            let listens = worker.state.isOld && worker.listening.value?.isEmpty == false
            memory.strandedSince = listens ? memory.strandedSince ?? look.time : nil
            next[worker.pid] = memory
        }
        workers = next
        let state = look.master.processState
        pendingSince = look.master.pendingSignal == nil ? nil : pendingSince ?? look.time
        stoppedSince = state == "T" || state == "t" || state == "D" ? stoppedSince ?? look.time : nil
    }

    private func stuckMaster(_ look: Snapshot) -> [Alert] {
        let master = look.master
        let waiting = pendingSince.map { Double(look.time - $0) / 1_000_000 }
        let signal = master.pendingSignal ?? "SIGUSR2"
        let pending = master.pendingSignal.map { "\($0) has been pending" }
        func since(_ seconds: Double?) -> String { Wording.span(seconds: seconds ?? 0) }
        switch master.processState {
        case "T", "t":
            let wait = pending.map { ": \($0) for \(since(waiting)), no reload happens" }
            return [
                Alert(
                    kind: .stuckMaster, severity: .critical,
                    message:
                        "master \(master.pid) is stopped (state \(master.processState ?? "T")) by a signal "
                        + "or a debugger" + (wait ?? ": it reloads nothing and follows no worker"),
                    remedy: "kill -CONT \(master.pid)")
            ]
        case "D"
        where stoppedSince.map({ Double(look.time - $0) / 1_000_000 > thresholds.stuckAfter }) ?? false:
            return [
                Alert(
                    kind: .stuckMaster, severity: .critical,
                    message: "master \(master.pid) waits in the kernel (state D) for "
                        + Wording.span(seconds: Double(look.time - (stoppedSince ?? 0)) / 1_000_000)
                        + (pending.map { ": \($0)" } ?? ""),
                    remedy: "look at its disk or network file system: cat /proc/\(master.pid)/stack")
            ]
        default:
            guard let waiting, waiting > thresholds.stuckAfter else { return [] }
            return [
                Alert(
                    kind: .stuckMaster, severity: .critical,
                    message: "master \(master.pid) does not take its signals: \(signal) has been pending for "
                        + "\(Wording.span(seconds: waiting)) (> \(Wording.span(seconds: thresholds.stuckAfter)))",
                    remedy: "a load that hangs? see /proc/\(master.pid)/wchan; the workers serve on meanwhile"
                )
            ]
        }
    }

    private func stacking(_ look: Snapshot) -> [Alert] {
        let found = StackAssessment.assess(
            look.workers, resources: look.resources, trend: trend, reloads: look.reloads,
            thresholds: thresholds, now: look.time)
        guard let found else { return [] }
        let old = look.workers.filter(\.state.isOld)
        let limit = thresholds.stackLimit
        var head = Wording.count(old.count, "draining worker")
        if old.count > limit { head += " > limit \(limit)" }
        if found.severity == .info { head += ", fine" }
        var facts = ["oldest \(Wording.span(seconds: old.map(\.uptime).max() ?? 0))"]
        facts.append(Self.sum(old.map(\.connections), of: old.count) { Wording.count($0, "connection") })
        let memory = old.map { worker -> Known<Int> in
            worker.memory.proportional.value == nil ? worker.memory.resident : worker.memory.proportional
        }
        facts.append(Self.sum(memory, of: old.count) { Wording.size(bytes: $0) })
        return [
            Alert(
                kind: .stacking, severity: found.severity,
                message: "\(head): \((found.reasons + facts).joined(separator: ", "))", remedy: found.remedy)
        ]
    }

    /// The sum of what is known; says so when some is not.
    private static func sum(_ values: [Known<Int>], of count: Int, _ words: (Int) -> String) -> String {
        let known = values.compactMap(\.value)
        let total = words(known.reduce(0, +))
        return known.count == count ? total : "at least \(total)"
    }
}
