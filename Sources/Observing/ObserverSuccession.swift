// The watched master goes: what is left to say, and who has taken its place.

import ReloadModel
import Unix

extension Observer {
    /// How long a master may need to end all of its workers, in microseconds.
    static let endOfAll: Int64 = 10_000_000

    func lose(_ gone: MasterWatch) {
        goneAt = WallClock.now().microseconds
        watch = nil
        check = nil
        succession = nil
        _ = findSuccessor(now: WallClock.now().microseconds)
    }

    /// Another master with the same socket or command line in the place of the one that has gone: a restart. Looks at
    /// a part of the processes; false as well while there are others to look at, at once.
    func findSuccessor(now: Int64) -> Bool {
        var sweep = succession ?? MasterSweep(proc)
        guard let masters = sweep.step(Self.processesAStep) else {
            succession = sweep
            nextSearch = .now()
            return false
        }
        succession = nil
        nextSearch = .now() + Self.searchPeriod
        // Orphans: a worker that has lost its master looks like one for as long as it takes to notice that.
        let orphans = Set((last?.workers ?? []).map(\.pid))
        let candidates = masters.filter {
            $0.takesPlace(of: master, lastSeen: last?.time) && !orphans.contains($0.pid)
        }
        guard let next = candidates.last,
            let watch = MasterWatch(
                next, proc: proc, authors: authors, surveyPeriod: options.surveyPeriod)
        else {
            return false
        }
        let before = master
        let dead = (last?.workers ?? []).filter { proc.stat($0.pid).map { $0.state == "Z" } ?? true }
        var cut = cutLately.filter { goneAt - $0.value.at < Self.endOfAll }.mapValues(\.connections)
        for worker in dead where cut[worker.pid] == nil { cut[worker.pid] = worker.connections.value ?? 0 }
        cutLately = [:]
        let lost = cut.values.reduce(0, +)
        master = next
        self.watch = watch
        archive?.follow(watch.configuration)
        history.executesAfterLoad = watch.executesAfterLoad
        let began = ProcTree.startTime(watch.startTicks)
        history.restarted(
            at: began, source: .proc,
            lost: "master \(before.pid) gave way to \(next.pid), \(Wording.count(lost, "connection")) lost")
        let service = LogFeed.unit(proc, next.pid)
        let unit = unitEndings.words(before: began).map { _ in service ?? "its unit" }
        authors.drain()
        history.attribute(
            authors.restarter(
                at: began, gone: before.pid, next: next.pid, service: service,
                unit: unit.map { "systemd (\($0))" }), at: began)
        log = LogFeed(options, proc: proc, master: next)
        untimedPast = UntimedPast()
        limits = ResourceLimits(proc, master: next.pid)
        judge = AlertJudge(thresholds: options.thresholds)
        explained = nil
        return true
    }

    /// A restart that was over when reloadtop came, where the journal tells of the end of the master before.
    func recallRestart(_ watch: MasterWatch) {
        guard !hasRecalled else { return }
        hasRecalled = true
        let began = ProcTree.startTime(watch.startTicks)
        guard let words = unitEndings.words(before: began) else { return }
        history.recallRestart(
            at: began, source: log.recordSource,
            reason: "\(words); what it cost was not seen")
    }

    /// What is left to say while no master runs.
    func without(_ now: Int64) -> Snapshot {
        let why = Unknown("master \(master.pid) has ended")
        let memory = MemorySample(resident: .unknown(why), proportional: .unknown(why))
        let gone = MasterSample(
            pid: master.pid, uptime: last?.master.uptime ?? 0, reloads: .unknown(why),
            failedReloads: .unknown(why),
            memory: memory, cpuPercent: .unknown(why), reloadPending: false)
        let proxy =
            last?.proxy
            ?? ProxyIdentity(
                program: master.program, version: .unknown(why), masterSocket: master.masterSocket)
        var snapshot = Snapshot(
            time: now, proxy: proxy, master: gone, workers: [], reloads: history.records.map(book.completed),
            newLines: takeLines(), blindness: [Blindness(what: "master", unknown: why)], alerts: [])
        snapshot.alerts = judge.alerts(for: snapshot)
        return snapshot
    }
}
