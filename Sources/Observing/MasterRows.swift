// The rows of one look: what a `MasterWatch` has gathered, as the master's and each worker's sample.

import Glibc
import ReloadModel
import RuntimeAPI
import Unix

extension MasterWatch {
    func masterSample(boot: Double) -> MasterSample {
        let stat = proc.stat(master.pid)
        let why = tableProblem ?? Unknown("'show proc' does not tell it")
        let row = tableProblem == nil ? table?.master : nil
        let signals = proc.pendingSignals(master.pid) ?? 0
        let pending =
            signals & (1 << 11) != 0 ? "SIGUSR2" : signals & 1 != 0 ? "SIGHUP" : nil
        defer { wasPending = pending != nil }
        return MasterSample(
            pid: master.pid,
            uptime: max(0, boot - Double(startTicks) / ProcTree.ticksPerSecond),
            reloads: (row?.reloads).map { .known($0) } ?? .unknown(why),
            failedReloads: (row?.failed).map { .known($0) } ?? .unknown(why),
            memory: memory.sample(proc, master.pid, stat, family: watches.count),
            cpuPercent: stat.map { meter.percent($0, now: .now()) } ?? .unknown(Unknown("it has gone")),
            // A signal that waits for a moment is on its way; one that still waits at the next look is stuck.
            reloadPending: pending != nil && wasPending, pendingSignal: pending,
            processState: stat?.state)
    }

    func workerSamples(now: Int64, boot: Double) -> [WorkerSample] {
        let ordered = watches.values.sorted { ($0.startedAt, $0.pid) > ($1.startedAt, $1.pid) }
        for watch in ordered where watch.adminPaths == nil && watch.info != nil {
            watch.adminPaths = ask("@!\(watch.pid) show cli sockets").map {
                Set(ProxyReplies.adminPaths(in: $0))
            }
        }
        let isOld = Dictionary(
            uniqueKeysWithValues: ordered.enumerated().map { index, watch in
                (watch.pid, state(of: watch, isYoungest: index == 0).isOld)
            })
        let counts = census.count(
            ordered.map { watch in
                ConnectionCensus.Worker(
                    pid: watch.pid, isAccepting: isOld[watch.pid] == false && watch.readyAt != nil,
                    adminPaths: watch.adminPaths ?? watch.declaredAdminPaths)
            })
        let sessions = adminSessions(of: ordered.filter { isOld[$0.pid] == true })
        let samples = ordered.enumerated().map { index, watch in
            sample(
                watch, isYoungest: index == 0, counted: counts[watch.pid], session: sessions[watch.pid],
                now: now,
                boot: boot)
        }
        let rank: [WorkerState: Int] = [.serving: 0, .starting: 1]
        return samples.enumerated().sorted { left, right in
            (rank[left.element.state] ?? 2, left.offset) < (rank[right.element.state] ?? 2, right.offset)
        }.map(\.element)
    }

    /// Old workers' admin sessions, once two looks in a row have seen one: a passing query holds nobody.
    private func adminSessions(of old: [WorkerWatch]) -> [Int32: Holder] {
        var suspects: [HolderFinder.Suspect] = []
        for watch in old {
            var sessions = max(0, (watch.info?.otherSessions ?? 0) - (watch.info?.connectedPeers ?? 0))
            var named: [Int32] = []
            if sessions > 0, watch.info?.currentConnections ?? 0 <= Self.listedAtMost,
                let list = ask("@!\(watch.pid) show sess")
            {
                let found = ProxyReplies.adminSessions(in: list)
                sessions = found.count
                named = found.pids.filter { $0 != master.pid }
            }
            let lasting = min(sessions, watch.otherSessions)
            watch.otherSessions = sessions
            guard lasting > 0 else { continue }
            suspects.append(
                HolderFinder.Suspect(
                    worker: watch.pid, sessions: lasting, named: named, adminPaths: watch.adminPaths ?? [],
                    sockets: census.sockets(of: watch.pid)))
        }
        let masterSockets = suspects.isEmpty ? [] : proc.socketInodes(master.pid).value ?? []
        return holders.adminSessions(of: suspects, masterPath: masterPath, masterSockets: masterSockets)
    }

    private func facts(
        _ watch: WorkerWatch, isYoungest: Bool, killIn: Double? = nil, holders: [Holder] = []
    ) -> WorkerFacts {
        WorkerFacts(
            isStopping: watch.info?.isStopping, isListedOld: row(watch.pid).map { $0.section == .oldWorkers },
            isYoungest: isYoungest, wasReady: watch.readyAt != nil, killIn: killIn, holders: holders)
    }

    private func state(of watch: WorkerWatch, isYoungest: Bool) -> WorkerState {
        WorkerState.decide(facts(watch, isYoungest: isYoungest))
    }

    private func sample(
        _ watch: WorkerWatch, isYoungest: Bool, counted: Known<Int>?, session: Holder?, now: Int64,
        boot: Double
    ) -> WorkerSample {
        let stat = proc.stat(watch.pid)
        let connections = connections(watch, counted)
        let isOld = state(of: watch, isYoungest: isYoungest).isOld
        let killIn = killIn(watch, isOld: isOld, now: now)
        let holders = holders(watch, isOld: isOld, connections: connections, session: session)
        let state = WorkerState.decide(
            facts(watch, isYoungest: isYoungest, killIn: killIn.value, holders: holders.value ?? []))
        if isOld {
            // The worker's own clock runs a little ahead of ours: what is gone in the last second may be cut.
            let isNear = killIn.value.map { $0 < 1 } ?? false
            let count = connections.value ?? 0
            watch.connectionsBeforeDeadline = isNear ? max(count, watch.connectionsBeforeDeadline) : count
        }
        let generationProblem = silence[watch.pid] ?? tableProblem ?? Unknown("'show proc' does not list it")
        var sample = WorkerSample(
            pid: watch.pid, state: state,
            generation: watch.generation.map { .known($0) } ?? .unknown(generationProblem),
            was: state.isOld ? was(watch) : nil, connections: connections,
            connectionsPerSecond: watch.rate(of: connections, at: now),
            uptime: max(0, boot - Double(watch.startTicks) / ProcTree.ticksPerSecond),
            memory: watch.memory.sample(proc, watch.pid, stat, family: watches.count),
            cpuPercent: stat.map { watch.cpuPercent($0, now: .now()) } ?? .unknown(Unknown("it has gone")),
            killIn: killIn, holders: holders)
        if watch.descriptorLimit == nil { watch.descriptorLimit = proc.descriptorLimit(watch.pid) }
        sample.hardStopAfter = watch.limit
        sample.descriptors = proc.descriptors(watch.pid, limit: watch.descriptorLimit)
        sample.traffic =
            (watch.info?.traffic).map { .known($0) }
            ?? .unknown(silence[watch.pid] ?? tableProblem ?? Unknown("'show info' does not tell it"))
        sample.listening = census.listening(watch.pid)
        watch.last = sample
        return sample
    }

    private func was(_ watch: WorkerWatch) -> Int {
        switch row(watch.pid)?.relativePID {
        case .was(let number), .number(let number): max(1, number)
        case nil: 1
        }
    }

    /// By sock_diag, else by the worker's own count.
    private func connections(_ watch: WorkerWatch, _ counted: Known<Int>?) -> Known<Int> {
        if let counted, counted.value != nil { return counted }
        if let current = watch.info?.currentConnections { return .known(current) }
        if let counted { return counted }
        return .unknown(silence[watch.pid] ?? tableProblem ?? Unknown("not counted yet"))
    }

    private func killIn(_ watch: WorkerWatch, isOld: Bool, now: Int64) -> Known<Double> {
        guard isOld else { return .unknown(Unknown("it has no successor")) }
        if let told = watch.toldDeadline {
            return told.map { .known(Double($0 - now) / 1_000_000) }
                ?? .unknown(
                    Unknown(
                        "its configuration has no hard-stop-after", remedy: "set it in the global section"))
        }
        let readyAt: Known<Int64> =
            watch.successorReadyAt.map { .known($0) }
            ?? .unknown(Unknown("the worker that took over from it has gone, before reloadtop watched"))
        return KillCountdown.remaining(readyAt: readyAt, limit: watch.limit, now: now)
    }

    private func holders(
        _ watch: WorkerWatch, isOld: Bool, connections: Known<Int>, session: Holder?
    ) -> Known<[Holder]> {
        guard isOld else { return .known([]) }
        var found: [Holder] = []
        if let count = connections.value, count > 0 { found.append(Holder(kind: .clients, count: count)) }
        if let session { found.append(session) }
        if let peers = watch.info?.connectedPeers, peers > 0 {
            found.append(Holder(kind: .peers, count: peers))
        }
        if found.isEmpty, let left = watch.info?.currentConnections, left > 0 {
            // Clients that have gone or have ended their side, while their servers have not answered to the end.
            found.append(Holder(kind: .servers, count: left))
        }
        if found.isEmpty {
            let nothing = Unknown("neither a client nor an admin session nor a peer was seen so far")
            return .unknown(
                watch.info == nil ? silence[watch.pid] ?? tableProblem ?? Unknown("not asked yet") : nothing)
        }
        return .known(found)
    }
}
