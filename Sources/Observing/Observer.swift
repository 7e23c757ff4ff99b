// Watches one master and its workers: collects from every source and gives one `Snapshot` a tick.

import Glibc
import ReloadModel
import Unix

/// Watches one master. Not thread-safe; nothing in it blocks longer than `longestWait`.
package final class Observer {
    /// The longest that `sample` waits for admin sockets altogether, when none of them answers.
    package static let longestWait = Duration.milliseconds(400)
    /// How long the journal may lag behind a failed load before its reason is looked for elsewhere.
    static let journalLag: Int64 = 700_000
    /// How often a vanished master's successor is looked for.
    static let searchPeriod = Duration.seconds(1)
    /// As many processes are looked at in one go: a few milliseconds.
    static let processesAStep = 256
    /// How often a load that tells no end is looked at, while it is young and later.
    static let loadPeriod = Duration.milliseconds(20)
    static let longLoadPeriod = Duration.milliseconds(250)

    let options: ObserverOptions
    let proc: ProcTree
    var watch: MasterWatch?
    var last: Snapshot?
    var log: LogFeed
    var history: ReloadHistory
    var archive: ConfigurationArchive?
    var lines: [LogLine] = []
    var check: ConfigurationCheck?
    /// The failure whose reason was looked for already.
    var explained: Int64?
    var nextSearch = Instant(nanoseconds: 0)
    /// The search that is under way.
    var succession: MasterSweep?
    var lastLoadLook = Instant(nanoseconds: 0)
    var announced: ReloadRecord?
    let authors: AuthorWatch
    var judge: AlertJudge
    var book = VerdictBook()
    var limits: ResourceLimits
    /// What systemd said last about a reload of the unit.
    var unitReload: SourceLine?
    var untimedPast = UntimedPast()
    /// What was said about the ends of masters, this one's and those before it.
    var unitEndings = UnitEndings()
    /// A restart before reloadtop came was looked for.
    var hasRecalled = false
    /// Who has the port that the last load could not bind is looked for.
    var portSearch: PortHolderSearch?
    var searchedFor: Int?
    /// What workers had that did not end well, lately: with their master's end it is what a restart has cost.
    var cutLately: [Int32: (at: Int64, connections: Int)] = [:]
    /// When the master went that has no successor yet, microseconds since 1970.
    var goneAt: Int64 = 0
    /// Workers whose start was told and whose end was not.
    var started: Set<Int32> = []
    /// The master that was found at the start or has taken its place since.
    package internal(set) var master: RunningMaster

    /// Starts to watch. What cannot be opened (journal, process events) is told as `Blindness` in each snapshot.
    package init(_ master: RunningMaster, options: ObserverOptions = .init(), proc: ProcTree = ProcTree()) {
        self.master = master
        self.options = options
        self.proc = proc
        log = LogFeed(options, proc: proc, master: master)
        authors = AuthorWatch(proc)
        judge = AlertJudge(thresholds: options.thresholds)
        limits = ResourceLimits(proc, master: master.pid)
        watch = MasterWatch(
            master, proc: proc, authors: authors, surveyPeriod: options.surveyPeriod)
        history = ReloadHistory(executesAfterLoad: watch?.executesAfterLoad ?? false)
        archive = watch.map { $0.archive(now: WallClock.now().microseconds) }
    }

    /// The master that runs alone, or the one that is meant. `masterSocket`: a path, `abns@name` or
    /// `address:port`.
    package static func find(
        pid: Int32? = nil, masterSocket: String? = nil
    ) throws(AttachFailure) -> RunningMaster {
        let search = MasterSearch()
        if let pid {
            var master = try search.named(pid)
            if let masterSocket { master.masterSocket = .known(MasterSearch.reached(masterSocket)) }
            return master
        }
        if let masterSocket { return try search.listening(on: masterSocket) }
        let masters = search.all()
        switch masters.count {
        case 0: throw .none
        case 1: return masters[0]
        default: throw .several(masters)
        }
    }

    /// Descriptors to watch for reading; when one is readable call `drainEvents`. The set may change with every
    /// call of `drainEvents` or `sample`.
    package var eventDescriptors: [Int32] {
        [watch?.family.descriptor, authors.descriptor, log.descriptor, check?.descriptor].compactMap(\.self)
    }

    /// When `drainEvents` wants to be called although no descriptor is readable (polling in place of events);
    /// `Instant.never` when descriptors do.
    package var nextPoll: Instant {
        guard let watch else { return min(nextSearch, authors.nextPoll) }
        var next = min(watch.family.nextPoll, log.nextPoll, authors.nextPoll)
        if history.isLoading {
            let age = WallClock.now().microseconds - (history.loadingSince ?? 0)
            next = min(next, lastLoadLook + (age < 500_000 ? Self.loadPeriod : Self.longLoadPeriod))
        }
        return next
    }

    /// A reason is looked for that the next looks may tell.
    package var isSearching: Bool { check != nil || portSearch != nil }

    /// False once the watched master has ended and no other has taken its place.
    package var isAlive: Bool { watch != nil }

    // MARK: One look

    /// One look. The second and later ones have CPU and rates against the one before.
    package func sample() -> Snapshot {
        _ = drainEvents()
        if let watch, !watch.isAlive { lose(watch) }
        let now = WallClock.now().microseconds
        guard let watch else { return without(now) }
        if let table = watch.refresh(now: now, history: &history) { history.observe(table, at: now) }
        history.executesAfterLoad = watch.executesAfterLoad
        recallRestart(watch)
        archive?.follow(history.records)
        archive?.lookAtDisk(now: now)
        lookForReason(watch, now: now)
        lookForPortHolder(watch)
        announce(now: now)
        let boot = ProcTree.sinceBoot()
        let masterSample = watch.masterSample(boot: boot)
        let workers = watch.workerSamples(now: now, boot: boot)
        let records = judged(workers, watch, now: now)
        var snapshot = Snapshot(
            time: now,
            proxy: ProxyIdentity(
                program: master.program, version: watch.version, masterSocket: master.masterSocket),
            master: masterSample, workers: workers, reloads: records, newLines: takeLines(),
            blindness: blindness(watch, masterSample, workers), alerts: [], resources: limits.read(),
            configuration: archive?.record ?? .unseen)
        snapshot.lacksPast = log.lacksPast
        snapshot.alerts = judge.alerts(for: snapshot)
        last = snapshot
        return snapshot
    }

    /// The reloads with what is known by now of what each did.
    private func judged(_ workers: [WorkerSample], _ watch: MasterWatch, now: Int64) -> [ReloadRecord] {
        let records = history.records
        let handOver = book.look(workers, records: records, now: now)
        if let handOver {
            watch.survey.handOver(
                handOver.record, from: handOver.old, to: handOver.new, now: now,
                binds: { watch.ticketBinds(of: handOver.new) }, into: &book)
        }
        watch.survey.look(
            serving: workers.first { $0.state == .serving }?.pid, now: now,
            isAnswering: { watch.worker($0)?.info != nil && watch.silence[$0] == nil },
            binds: { watch.ticketBinds(of: $0) }, into: &book, thresholds: options.thresholds)
        book.keep(Set(records.map(\.id)))
        return records.map(book.completed)
    }

    func takeLines() -> [LogLine] {
        defer { lines = [] }
        return lines.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
            .map(\.element)
    }

    private func blindness(
        _ watch: MasterWatch, _ master: MasterSample, _ workers: [WorkerSample]
    ) -> [Blindness] {
        var found = [watch.family.blindness, log.blindness].compactMap(\.self)
        func note(_ what: String, _ unknown: Unknown?) {
            guard let unknown, !found.contains(where: { $0.what == what }) else { return }
            found.append(Blindness(what: what, unknown: unknown))
        }
        if watch.family.tellsExecutions { note("authors of reloads", authors.blindness?.unknown) }
        note("reloads and generations", watch.tableProblem)
        note("health around reloads", watch.survey.refusal)
        for worker in workers {
            note("connections", worker.connections.reason)
            note("memory (PSS)", worker.memory.proportional.reason)
            note("holders", worker.holders.reason)
        }
        note("memory (PSS)", master.memory.proportional.reason)
        return found
    }

    /// Looks for the reason of a failed load where the log has not told it in time.
    private func lookForReason(_ watch: MasterWatch, now: Int64) {
        guard check == nil, history.lacksReason else { return }
        let failedAt = history.lastFailureAt
        let key = failedAt ?? -1
        guard explained != key else { return }
        if master.program == .mwproxy
            || watch.version.value.map({ !$0.hasPrefix("2.") && !$0.hasPrefix("1.") }) == true,
            let log = watch.ask("show startup-logs")
        {
            let reason = FailureReason.first(in: log.split(separator: "\n").map(String.init))
            if let reason {
                explained = key
                return history.explainLast(reason)
            }
        }
        if let reason = untimedPast.reason {
            explained = key
            return history.explainLast(reason)
        }
        if !log.isSilent, let failedAt, now - failedAt < Self.journalLag { return }
        explained = key
        switch ConfigurationCheck.start(proc, master: master.pid) {
        case .known(let check): self.check = check
        case .unknown(let why): history.explainLast(Self.unseen + why.reason)
        }
    }
}
