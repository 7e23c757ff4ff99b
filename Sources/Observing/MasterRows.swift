// The rows of one look: what a `MasterWatch` has gathered, as the master's and each worker's sample.

import Glibc
import ReloadModel
import RuntimeAPI
import Unix

extension MasterWatch {
    /// The kernel's count may take one part in so many of the time, while everybody counts his own clients …
    private static let censusShare: Int64 = 400
    /// … and while somebody does not.
    private static let blindShare: Int64 = 50
    /// A count that is younger, in seconds, is of this look.
    private static let sameLook = 0.5
    /// How long an old worker's list of sessions holds while their number stays the same.
    private static let listPeriod = Duration.seconds(10)

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
        takeCensus(
            of: ordered.map { watch in
                ConnectionCensus.Worker(
                    pid: watch.pid, isAccepting: isOld[watch.pid] == false && watch.readyAt != nil,
                    adminPaths: watch.adminPaths ?? watch.declaredAdminPaths)
            })
        let sessions = adminSessions(of: ordered.filter { isOld[$0.pid] == true })
        let samples = ordered.enumerated().map { index, watch in
            sample(
                watch, isYoungest: index == 0, session: sessions[watch.pid], now: now, boot: boot)
        }
        let rank: [WorkerState: Int] = [.serving: 0, .starting: 1]
        return samples.enumerated().sorted { left, right in
            (rank[left.element.state] ?? 2, left.offset) < (rank[right.element.state] ?? 2, right.offset)
        }.map(\.element)
    }

    /// Looks who listens, and lets the kernel count the clients where somebody's own count is missing, or may hold
    /// connections whose clients have gone.
    private func takeCensus(of workers: [ConnectionCensus.Worker]) {
        census.look(workers)
        let isBlind = workers.contains { watches[$0.pid]?.info?.currentConnections == nil }
        let mayBeLeft = workers.contains {
            !$0.isAccepting && watches[$0.pid]?.info?.currentConnections ?? 0 > 0
        }
        guard isBlind || mayBeLeft,
            census.count(workers, share: isBlind ? Self.blindShare : Self.censusShare)
        else { return }
        for worker in workers {
            let clients = worker.isAccepting ? nil : census.tally?.counts[worker.pid]?.value
            watches[worker.pid]?.clientsLeft = clients
            if let clients, let own = watches[worker.pid]?.info?.currentConnections, clients < own {
                // It may have taken one more in its last moment.
                census.readAgain(worker.pid)
            }
        }
    }

    /// Old workers' admin sessions, once two looks in a row have seen one: a passing query holds nobody.
    private func adminSessions(of old: [WorkerWatch]) -> [Int32: Holder] {
        var suspects: [HolderFinder.Suspect] = []
        for watch in old {
            let hinted = max(0, (watch.info?.otherSessions ?? 0) - (watch.info?.connectedPeers ?? 0))
            let found = listedSessions(watch, hinted: hinted)
            let lasting = min(found.count, watch.otherSessions)
            watch.otherSessions = found.count
            guard lasting > 0 else { continue }
            suspects.append(
                HolderFinder.Suspect(
                    worker: watch.pid, sessions: lasting, named: found.pids.filter { $0 != master.pid },
                    adminPaths: watch.adminPaths ?? [], sockets: census.sockets(of: watch.pid)))
        }
        let masterSockets = suspects.isEmpty ? [] : proc.socketInodes(master.pid).value ?? []
        return holders.adminSessions(of: suspects, masterPath: masterPath, masterSockets: masterSockets)
    }

    /// The admin sessions of an old worker. The list costs the worker: it is asked for when the number in its own
    /// `show info` has changed, and now and then.
    private func listedSessions(
        _ watch: WorkerWatch, hinted: Int
    ) -> (count: Int, pids: [Int32]) {
        guard hinted > 0, watch.info?.currentConnections ?? 0 <= Self.listedAtMost else {
            return (hinted, [])
        }
        if let listed = watch.listedSessions, listed.hinted == hinted, Instant.now() < listed.until {
            return (listed.count, listed.pids)
        }
        guard let list = ask("@!\(watch.pid) show sess") else { return (hinted, []) }
        let found = ProxyReplies.adminSessions(in: list)
        watch.listedSessions = (hinted, found.count, found.pids, .now() + Self.listPeriod)
        return found
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
        _ watch: WorkerWatch, isYoungest: Bool, session: Holder?, now: Int64, boot: Double
    ) -> WorkerSample {
        let stat = watch.stat
        let (connections, age) = connections(watch)
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
        sample.connectionsAge = age
        sample.hardStopAfter = watch.limit
        sample.descriptors = proc.descriptors(watch.pid, limit: watch.descriptorLimit)
        sample.traffic =
            (watch.info?.traffic).map { .known($0) }
            ?? .unknown(silence[watch.pid] ?? tableProblem ?? Unknown("'show info' does not tell it"))
        sample.listening = census.listening(watch.pid)
        watch.settle(proc, descriptors: sample.descriptors.value?.used)
        watch.last = sample
        return sample
    }

    private func was(_ watch: WorkerWatch) -> Int {
        switch row(watch.pid)?.relativePID {
        case .was(let number), .number(let number): max(1, number)
        case nil: 1
        }
    }

    /// By the worker's own count, else by the kernel's, and how many seconds ago that was.
    private func connections(_ watch: WorkerWatch) -> (Known<Int>, age: Double?) {
        if let current = watch.info?.currentConnections { return (.known(current), nil) }
        guard let tally = census.tally, let counted = tally.counts[watch.pid] else {
            return (.unknown(silence[watch.pid] ?? tableProblem ?? Unknown("not counted yet")), nil)
        }
        let age = Double((Instant.now() - tally.at).nanoseconds) / 1e9
        return (counted, age < Self.sameLook || counted.value == nil ? nil : age)
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
        let clients = connections.value.map { count in
            // What was there when the kernel counted can only have become less.
            watch.info == nil ? count : min(count, watch.clientsLeft ?? count)
        }
        if let clients, clients > 0 { found.append(Holder(kind: .clients, count: clients)) }
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
