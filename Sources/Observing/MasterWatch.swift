// One master and its workers from look to look: asks, counts, remembers, and tells each worker's row.

import Glibc
import ReloadModel
import RuntimeAPI
import Unix

final class MasterWatch {
    let master: RunningMaster
    let proc: ProcTree
    let startTicks: Int64
    let family: FamilyEvents
    let configuration: LoadedConfiguration
    private let inquiry: MasterInquiry?
    private let masterPath: String?
    /// A worker with more connections than this is not asked for the list of its sessions: that costs it.
    private static let listedAtMost = 1000
    /// How many workers that have gone are remembered until their exit is told.
    private static let departedKept = 64
    private var watches: [Int32: WorkerWatch] = [:]
    private var departed: [WorkerWatch] = []
    private(set) var table: ProcessTable?
    private(set) var tableProblem: Unknown?
    private(set) var version: Known<String> = .unknown(Unknown("no worker has told it yet"))
    private var lastTableAt = Instant(nanoseconds: 0)
    private var census: ConnectionCensus
    private var holders: HolderFinder
    private var meter = CPUMeter()
    private var isFirstLook = true
    private var wasPending = false
    private var knownLog: ReloadLog?
    private var logIsDue = true

    init?(_ master: RunningMaster, proc: ProcTree) {
        guard let stat = proc.stat(master.pid), stat.state != "Z" else { return nil }
        self.master = master
        self.proc = proc
        startTicks = stat.startTicks
        family = FamilyEvents(proc, master: master.pid)
        configuration = LoadedConfiguration(proc, master: master.pid)
        census = ConnectionCensus(proc)
        holders = HolderFinder(proc)
        let folder = (try? readLink("/proc/self/cwd")) ?? "/"
        let address = master.masterSocket.value.flatMap { AdminAddress.parse($0, relativeTo: folder) }
        inquiry = address.map(MasterInquiry.init)
        masterPath =
            switch address {
            case .unix(let path): path
            case .abstract(let name): "@" + name
            default: nil
            }
    }

    /// The process is still the one that was found, not another with its pid.
    var isAlive: Bool {
        guard let stat = proc.stat(master.pid) else { return false }
        return stat.startTicks == startTicks && stat.state != "Z"
    }

    /// Whether the master executes itself again when a load has ended: HAProxy before 3.1.
    var executesAfterLoad: Bool {
        guard master.program == .haproxy, let version = version.value ?? environmentVersion else {
            return false
        }
        let parts = version.split { $0 == "." || $0 == "-" }.prefix(2).compactMap { Int($0) }
        return parts.count == 2 && (parts[0] < 3 || (parts[0] == 3 && parts[1] == 0))
    }

    private lazy var environmentVersion: String? = {
        let name = "HAPROXY_STARTUP_VERSION="
        return proc.environment(master.pid).value?.first { $0.hasPrefix(name) }.map {
            String($0.dropFirst(name.count))
        }
    }()

    /// A worker, also one that has gone lately.
    func worker(_ pid: Int32) -> WorkerWatch? { watches[pid] ?? departed.last { $0.pid == pid } }

    func ask(_ command: String) -> String? { inquiry?.ask(command) }

    /// When the process started, microseconds since 1970.
    private func startTime(_ stat: ProcessStat, now: Int64, boot: Double) -> Int64 {
        now - Int64((boot - Double(stat.startTicks) / ProcTree.ticksPerSecond) * 1_000_000)
    }

    // MARK: One look

    /// Meets a worker as soon as it is born, while its configuration is still what it reads.
    func meet(_ pid: Int32) {
        let now = WallClock.now().microseconds
        if watches[pid] == nil { meet(pid, now: now, boot: ProcTree.sinceBoot()) }
    }

    private func meet(_ pid: Int32, now: Int64, boot: Double) {
        guard let stat = proc.stat(pid), stat.state != "Z", isWorker(pid, stat) else { return }
        let startedAt = startTime(stat, now: now, boot: boot)
        watches[pid] = WorkerWatch(
            pid: pid, stat: stat, startedAt: startedAt, isLive: !isFirstLook,
            replaced: ProxyCommandLine(proc.arguments(pid)).replaced,
            limit: configuration.hardStopAfter(notAfter: isFirstLook ? startedAt : nil))
    }

    /// A child that runs the master's program; `program` sections start others.
    private func isWorker(_ pid: Int32, _ stat: ProcessStat) -> Bool {
        if let row = table?.rows.first(where: { $0.pid == pid }) { return row.kind == .worker }
        if let own = proc.link(master.pid, "exe").value, let theirs = proc.link(pid, "exe").value {
            return own == theirs
        }
        let arguments = proc.arguments(pid)
        return arguments.isEmpty || MasterSearch(proc).program(pid, arguments) != nil
    }

    /// Asks everybody and brings the list of workers up to date. Returns what `show proc` says about loads.
    func refresh(now: Int64, history: inout ReloadHistory) -> LoadTable? {
        let boot = ProcTree.sinceBoot()
        let children = proc.children(master.pid) ?? []
        for watch in watches.values
        where !children.contains(watch.pid) || proc.stat(watch.pid)?.startTicks != watch.startTicks {
            watches[watch.pid] = nil
            departed.append(watch)
        }
        if departed.count > Self.departedKept { departed.removeFirst(departed.count - Self.departedKept) }
        take(inquiry?.ask(about: children.filter { watches[$0] != nil || isFirstLook }))
        for pid in children where watches[pid] == nil { meet(pid, now: now, boot: boot) }
        if isFirstLook || watches.values.contains(where: { $0.info == nil && silence[$0.pid] == nil }) {
            let unasked = watches.values.filter { $0.info == nil }.map(\.pid)
            if !unasked.isEmpty, tableProblem == nil { take(inquiry?.ask(about: unasked.sorted())) }
        }
        number()
        learnLog(&history)
        settleReadiness(now: now, records: history.records)
        isFirstLook = false
        return loadTable()
    }

    private var silence: [Int32: Unknown] = [:]

    private func take(_ inquiry: Inquiry?) {
        guard let inquiry else {
            tableProblem = unreachable
            return
        }
        switch inquiry.table {
        case .known(let fresh):
            if table?.master?.reloads != fresh.master?.reloads || table?.rows.count != fresh.rows.count {
                logIsDue = true
            }
            table = fresh
            tableProblem = nil
            lastTableAt = .now()
            if let told = fresh.master?.version ?? fresh.workers.first?.version { version = .known(told) }
        case .unknown(let why):
            tableProblem = why
            // The master is away for a moment at each reload: what it said last holds that long.
            if Instant.now() - lastTableAt > .seconds(2) {
                table = nil
                for watch in watches.values { watch.info = nil }
            }
        }
        for (pid, info) in inquiry.infos {
            watches[pid]?.info = info
            if let told = info.version, version.value == nil { version = .known(told) }
        }
        silence = inquiry.silence
        for pid in inquiry.silence.keys { watches[pid]?.info = nil }
    }

    private var unreachable: Unknown {
        if case .unknown(let why) = master.masterSocket { return why }
        return Unknown(
            "the address of the master's admin socket cannot be used", remedy: "use --master-socket")
    }

    private func row(_ pid: Int32) -> ProcessTable.Row? { table?.rows.first { $0.pid == pid } }

    private func number() {
        guard let reloads = table?.master?.reloads else { return }
        for watch in watches.values {
            if let row = row(watch.pid), row.kind == .worker { watch.generation = reloads - row.reloads }
        }
    }

    /// mwproxy's master tells of each attempt and each deadline itself.
    private func learnLog(_ history: inout ReloadHistory) {
        guard master.program == .mwproxy, logIsDue || knownLog?.attempts.last?.result == .running,
            let text = ask("show reloads json"), let log = try? ReloadLog(parsing: text)
        else { return }
        logIsDue = false
        knownLog = log
        history.learn(log.attempts.filter { $0.attempt > 0 }.map { record($0) })
        for attempt in log.attempts where attempt.result == .success {
            for drain in attempt.drains {
                watches[drain.pid]?.toldDeadline = .some(drain.hardStop)
                watches[drain.pid]?.successorReadyAt = attempt.at + Int64(attempt.milliseconds * 1000)
            }
        }
    }

    private func record(_ attempt: ReloadAttempt) -> ReloadRecord {
        let result: ReloadRecord.Result =
            switch attempt.result {
            case .running: .running
            case .success: .success
            case .failed: .failed
            }
        let authors = attempt.requests.map { request -> String in
            guard let pid = request.pid else { return request.via }
            let name = proc.stat(pid).map { "\($0.name) " } ?? ""
            return "\(request.via) by \(name)(pid \(pid)\(request.uid.map { ", uid \($0)" } ?? ""))"
        }
        return ReloadRecord(
            at: attempt.at, attempt: attempt.attempt, result: result,
            durationMilliseconds: result == .running
                ? .unknown(Unknown("it still loads")) : .known(attempt.milliseconds),
            source: .showReloads, reason: attempt.reason.map(FailureReason.shortened),
            author: authors.isEmpty ? nil : authors.joined(separator: ", "))
    }

    /// Which workers are READY since when, and who took over from whom.
    private func settleReadiness(now: Int64, records: [ReloadRecord]) {
        let ordered = watches.values.sorted { $0.startedAt < $1.startedAt }
        let isLoading = records.last?.result == .running
        for (index, watch) in ordered.enumerated() where watch.readyAt == nil {
            let isYoungest = index == ordered.count - 1
            let hasServed = watch.info != nil || (!isYoungest || !watch.isLive)
            // Silent, youngest and loading: it is not READY yet.
            guard hasServed || !isLoading && now - watch.startedAt > 1_000_000 else { continue }
            let record = records.last { $0.attempt == watch.generation && $0.result == .success }
            if let at = record?.at, let took = record?.durationMilliseconds.value {
                watch.readyAt = at + Int64(took * 1000)
            } else {
                watch.readyAt = watch.isLive ? now : watch.startedAt
            }
        }
        for (index, watch) in ordered.enumerated() where watch.successorReadyAt == nil {
            let younger = ordered[(index + 1)...].filter { $0.readyAt != nil }
            guard let next = younger.first, isSuccessor(next, of: watch, records: records) else { continue }
            watch.successorReadyAt = next.readyAt
        }
    }

    /// Whether `next` is the very worker that took over, and not a later one whose forerunners have gone.
    private func isSuccessor(_ next: WorkerWatch, of watch: WorkerWatch, records: [ReloadRecord]) -> Bool {
        if next.isLive { return true }
        if next.replaced.first == watch.pid { return true }
        guard let from = watch.generation, let to = next.generation, from < to else { return false }
        return ((from + 1)..<to).allSatisfy { number in
            records.contains { $0.attempt == number && $0.result == .failed }
        }
    }

    private func loadTable() -> LoadTable? {
        guard tableProblem == nil, let master = table?.master else { return nil }
        let workers = watches.values.compactMap { watch -> LoadTable.Worker? in
            guard let generation = watch.generation else { return nil }
            return LoadTable.Worker(
                pid: watch.pid, generation: generation, startedAt: watch.startedAt,
                wasReady: watch.readyAt != nil)
        }
        return LoadTable(reloads: master.reloads, failed: master.failed, workers: workers)
    }

    // MARK: Rows

    func masterSample(boot: Double) -> MasterSample {
        let stat = proc.stat(master.pid)
        let why = tableProblem ?? Unknown("'show proc' does not tell it")
        let row = tableProblem == nil ? table?.master : nil
        let pending = (proc.pendingSignals(master.pid) ?? 0) & (1 << 11 | 1 << 0) != 0
        defer { wasPending = pending }
        return MasterSample(
            pid: master.pid,
            uptime: max(0, boot - Double(startTicks) / ProcTree.ticksPerSecond),
            reloads: (row?.reloads).map { .known($0) } ?? .unknown(why),
            failedReloads: (row?.failed).map { .known($0) } ?? .unknown(why),
            memory: proc.memory(master.pid, stat: stat),
            cpuPercent: stat.map { meter.percent($0, now: .now()) } ?? .unknown(Unknown("it has gone")),
            // A signal that waits for a moment is on its way; one that still waits at the next look is stuck.
            reloadPending: pending && wasPending)
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
                    adminPaths: watch.adminPaths ?? [])
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
        let sample = WorkerSample(
            pid: watch.pid, state: state,
            generation: watch.generation.map { .known($0) } ?? .unknown(generationProblem),
            was: state.isOld ? was(watch) : nil, connections: connections,
            connectionsPerSecond: watch.rate(of: connections, at: now),
            uptime: max(0, boot - Double(watch.startTicks) / ProcTree.ticksPerSecond),
            memory: proc.memory(watch.pid, stat: stat),
            cpuPercent: stat.map { watch.cpuPercent($0, now: .now()) } ?? .unknown(Unknown("it has gone")),
            killIn: killIn, holders: holders)
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
            // Clients that have gone or half gone, while their servers have not answered to the end.
            found.append(Holder(kind: .servers, count: left))
        }
        if found.isEmpty, watch.info == nil {
            return .unknown(silence[watch.pid] ?? tableProblem ?? Unknown("it was not asked yet"))
        }
        return .known(found)
    }
}

extension WorkerState {
    /// It serves no new clients.
    var isOld: Bool { self != .serving && self != .starting }
}
