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
    private let authors: AuthorWatch
    /// Counters and running state around reloads.
    let survey: WorkerSurvey
    let masterPath: String?
    /// Where the master's admin socket is reached.
    let adminAddress: SocketAddress?
    /// A worker with more connections than this is not asked for the list of its sessions: that costs it.
    static let listedAtMost = 1000
    /// How many workers that have gone are remembered until their exit is told.
    private static let departedKept = 64
    var watches: [Int32: WorkerWatch] = [:]
    private var departed: [WorkerWatch] = []
    private(set) var table: ProcessTable?
    private(set) var tableProblem: Unknown?
    private(set) var version: Known<String> = .unknown(Unknown("no worker has told it yet"))
    private var lastTableAt = Instant(nanoseconds: 0)
    var census: ConnectionCensus
    var holders: HolderFinder
    var meter = CPUMeter()
    var memory = MemoryMeter()
    private var isFirstLook = true
    var wasPending = false
    private var knownLog: ReloadLog?
    private var logIsDue = true
    private var logAskedAt = Instant(nanoseconds: 0)
    /// Most moves come within so many microseconds of the reload, …
    private static let youngDrain: Int64 = 15_000_000
    /// … and how often the account of them is asked for until then, and later.
    private static let youngLogPeriod = Duration.milliseconds(500)
    private static let logPeriod = Duration.seconds(10)

    init?(
        _ master: RunningMaster, proc: ProcTree, authors: AuthorWatch, surveyPeriod: Duration
    ) {
        guard let stat = proc.stat(master.pid), stat.state != "Z" else { return nil }
        self.master = master
        self.proc = proc
        self.authors = authors
        startTicks = stat.startTicks
        family = FamilyEvents(proc, master: master.pid)
        configuration = LoadedConfiguration(proc, master: master.pid)
        census = ConnectionCensus(proc)
        holders = HolderFinder(proc)
        let folder = (try? readLink("/proc/self/cwd")) ?? "/"
        let address = master.masterSocket.value.flatMap { AdminAddress.parse($0, relativeTo: folder) }
        adminAddress = address
        inquiry = address.map { MasterInquiry($0, proc: proc, master: master.pid) }
        survey = WorkerSurvey(inquiry, period: surveyPeriod)
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

    /// The files of the youngest worker, if they are still what it was loaded from; then those of every load.
    func archive(now: Int64) -> ConfigurationArchive {
        let births = (proc.children(master.pid) ?? []).compactMap { pid -> Int64? in
            guard let stat = proc.stat(pid), stat.state != "Z", isWorker(pid, stat) else { return nil }
            return ProcTree.startTime(stat.startTicks)
        }
        return ConfigurationArchive(configuration, servingSince: births.max(), now: now)
    }

    func ask(_ command: String) -> String? { inquiry?.ask(command) }

    /// The binds that speak TLS, of the files that a worker was loaded from.
    func ticketBinds(of pid: Int32) -> Known<TicketBinds> {
        configuration.ticketBinds(notAfter: worker(pid)?.startedAt)
    }

    // MARK: One look

    /// Meets a worker as soon as it is born, while its configuration is still what it reads.
    func meet(_ pid: Int32) {
        guard watches[pid] == nil, let stat = proc.stat(pid), stat.state != "Z", isWorker(pid, stat) else {
            return
        }
        let startedAt = ProcTree.startTime(stat.startTicks)
        watches[pid] = WorkerWatch(
            pid: pid, stat: stat, startedAt: startedAt, isLive: !isFirstLook,
            replaced: ProxyCommandLine(proc.arguments(pid)).replaced,
            limit: configuration.hardStopAfter(notAfter: isFirstLook ? startedAt : nil),
            timeouts: configuration.timeouts(notAfter: isFirstLook ? startedAt : nil),
            declaredAdminPaths: configuration.adminPaths())
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
        let children = proc.children(master.pid) ?? []
        for watch in watches.values {
            watch.stat = proc.stat(watch.pid)
            if children.contains(watch.pid), watch.stat?.startTicks == watch.startTicks { continue }
            watches[watch.pid] = nil
            departed.append(watch)
        }
        if departed.count > Self.departedKept { departed.removeFirst(departed.count - Self.departedKept) }
        let states = watches.compactMapValues { $0.stat?.state }
        let resting = Set(watches.values.filter { $0.isAtRest(proc) }.map(\.pid))
        take(
            inquiry?.ask(
                about: children.filter { watches[$0] != nil || isFirstLook }, states: states,
                resting: resting))
        for pid in children { meet(pid) }
        for watch in watches.values { watch.readAgain(configuration) }
        if isFirstLook || watches.values.contains(where: { $0.info == nil && silence[$0.pid] == nil }) {
            let unasked = watches.values.filter { $0.info == nil }.map(\.pid)
            if !unasked.isEmpty, tableProblem == nil { take(inquiry?.ask(about: unasked.sorted())) }
        }
        number()
        learnLog(&history, now: now)
        settleReadiness(now: now, records: history.records)
        isFirstLook = false
        return loadTable()
    }

    var silence: [Int32: Unknown] = [:]

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

    func row(_ pid: Int32) -> ProcessTable.Row? { table?.rows.first { $0.pid == pid } }

    private func number() {
        guard let reloads = table?.master?.reloads else { return }
        for watch in watches.values {
            if let row = row(watch.pid), row.kind == .worker { watch.generation = reloads - row.reloads }
        }
    }

    /// mwproxy's master tells of each attempt and each deadline itself.
    private func learnLog(_ history: inout ReloadHistory, now: Int64) {
        guard master.program == .mwproxy, awaitsLog || drainIsDue(now: now),
            let text = ask("show reloads json"), let log = try? ReloadLog(parsing: text)
        else { return }
        logIsDue = false
        logAskedAt = .now()
        knownLog = log
        history.learn(log.attempts.filter { $0.attempt > 0 }.map { record($0) })
        for attempt in log.attempts where attempt.result == .success {
            for drain in attempt.drains {
                watches[drain.pid]?.toldDeadline = .some(drain.hardStop)
                watches[drain.pid]?.successorReadyAt = attempt.readyAt
            }
        }
    }

    /// What a worker that drains has moved is told while it does so.
    private func drainIsDue(now: Int64) -> Bool {
        let last = knownLog?.attempts.last { attempt in attempt.drains.contains { $0.ended == nil } }
        guard let last else { return false }
        let age = last.readyAt.map { now.subtractingReportingOverflow($0) }
        let isYoung = age.map { !$0.overflow && $0.partialValue < Self.youngDrain } ?? false
        return Instant.now() - logAskedAt >= (isYoung ? Self.youngLogPeriod : Self.logPeriod)
    }

    /// mwproxy's own account of the newest load is not complete yet.
    var awaitsLog: Bool {
        master.program == .mwproxy && (logIsDue || knownLog?.attempts.last?.result == .running)
    }

    private func record(_ attempt: ReloadAttempt) -> ReloadRecord {
        let result: ReloadRecord.Result =
            switch attempt.result {
            case .running: .running
            case .success: .success
            case .failed: .failed
            }
        var record = ReloadRecord(
            at: attempt.at, attempt: attempt.attempt, result: result,
            durationMilliseconds: result == .running
                ? .unknown(Unknown("it still loads")) : .known(attempt.milliseconds),
            source: .showReloads, reason: attempt.reason.map(FailureReason.shortened),
            author: attempt.requests.first.map { author($0, more: attempt.requests.count - 1) })
        record.verdict.steps = attempt.phases.map {
            ReloadStep(name: $0.name, milliseconds: $0.milliseconds)
        }
        record.verdict.drains = attempt.drains.map { drain in
            let still = Unknown("it still drains")
            return DrainOutcome(
                pid: drain.pid, generation: worker(drain.pid)?.generation,
                atReload: .unknown(Unknown("the proxy does not tell it")), endedAt: drain.ended,
                finished: drain.finished.map { .known($0) } ?? .unknown(still),
                cut: drain.cut.map { .known($0) } ?? .unknown(still),
                how: drain.exitCode.map { $0 > 128 ? "signal \($0 - 128)" : "exit \($0)" },
                moves: moves(drain))
        }
        return record
    }

    private func moves(_ drain: WorkerDrain) -> Known<ConnectionMoves> {
        guard let told = drain.moves else {
            let wasKilled = drain.exitCode.map { $0 > 128 } ?? false
            return .unknown(
                Unknown(
                    drain.ended == nil
                        ? "it has told of none yet"
                        : wasKilled
                            ? "it was killed before it told" : "this version of mwproxy does not tell it"))
        }
        return .known(
            ConnectionMoves(
                idle: told.idle, tunnels: told.tunnels, refused: told.refused,
                stayed: told.stayed.map { ConnectionMoves.Stayed($0.reason, count: $0.count) }))
    }

    private func author(_ request: ReloadRequest, more: Int) -> ReloadAuthor {
        guard let pid = request.pid else {
            return ReloadAuthor(
                certainty: .unknown, via: request.via, uid: request.uid,
                why: "the kernel did not name the sender of \(request.via)")
        }
        var author = authors.sender(pid, uid: request.uid, via: request.via, at: request.at)
        if more > 0 { author.why = "and \(Wording.count(more, "request")) more that came meanwhile" }
        return author
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
}
