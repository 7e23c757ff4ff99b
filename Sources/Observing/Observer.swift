// Watches one master and its workers: collects from every source and gives one `Snapshot` a tick.

import Glibc
import ReloadModel
import Unix

/// What to watch besides the processes, and when to warn.
package struct ObserverOptions: Equatable, Sendable {
    /// The systemd unit whose journal lines are merged in; nil: found by the master's cgroup.
    package var journalUnit: String?
    /// A directory of journal files instead of the machine's own.
    package var journalDirectory: String?
    /// A log file that is followed instead of the journal.
    package var logFile: String?
    /// More draining workers than this are an alert.
    package var stackLimit: Int

    package init(
        journalUnit: String? = nil, journalDirectory: String? = nil, logFile: String? = nil,
        stackLimit: Int = 4
    ) {
        self.journalUnit = journalUnit
        self.journalDirectory = journalDirectory
        self.logFile = logFile
        self.stackLimit = stackLimit
    }
}

/// Watches one master. Not thread-safe; nothing in it blocks longer than `longestWait`.
package final class Observer {
    /// The longest that `sample` waits for admin sockets altogether, when none of them answers.
    package static let longestWait = Duration.milliseconds(400)
    /// How long the journal may lag behind a failed load before its reason is looked for elsewhere.
    private static let journalLag: Int64 = 700_000
    /// How often a vanished master's successor is looked for.
    private static let searchPeriod = Duration.seconds(1)
    /// How often a load that tells no end is looked at, while it is young and later.
    private static let loadPeriod = Duration.milliseconds(20)
    private static let longLoadPeriod = Duration.milliseconds(250)

    private let options: ObserverOptions
    private let proc: ProcTree
    private(set) var watch: MasterWatch?
    private var last: Snapshot?
    private var log: LogFeed
    private var history: ReloadHistory
    private var archive: ConfigurationArchive?
    private var lines: [LogLine] = []
    private var check: ConfigurationCheck?
    /// The failure whose reason was looked for already.
    private var explained: Int64?
    private var nextSearch = Instant(nanoseconds: 0)
    private var lastLoadLook = Instant(nanoseconds: 0)
    private var announced: ReloadRecord?
    /// Workers whose start was told and whose end was not.
    private var started: Set<Int32> = []
    /// The master that was found at the start or has taken its place since.
    package private(set) var master: RunningMaster

    /// Starts to watch. What cannot be opened (journal, process events) is told as `Blindness` in each snapshot.
    package init(_ master: RunningMaster, options: ObserverOptions = .init(), proc: ProcTree = ProcTree()) {
        self.master = master
        self.options = options
        self.proc = proc
        log = LogFeed(options, proc: proc, master: master)
        watch = MasterWatch(master, proc: proc)
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
            if let masterSocket { master.masterSocket = .known(masterSocket) }
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
        [watch?.family.descriptor, log.descriptor, check?.descriptor].compactMap(\.self)
    }

    /// When `drainEvents` wants to be called although no descriptor is readable (polling in place of events);
    /// `Instant.never` when descriptors do.
    package var nextPoll: Instant {
        guard let watch else { return nextSearch }
        var next = min(watch.family.nextPoll, log.nextPoll)
        if history.isLoading {
            let age = WallClock.now().microseconds - (history.loadingSince ?? 0)
            next = min(next, lastLoadLook + (age < 500_000 ? Self.loadPeriod : Self.longLoadPeriod))
        }
        return next
    }

    /// False once the watched master has ended and no other has taken its place.
    package var isAlive: Bool { watch != nil }

    // MARK: Events

    /// Takes in what the event sources have. True: something happened that a fresh `sample` would show.
    package func drainEvents() -> Bool {
        var isNews = false
        let now = WallClock.now().microseconds
        for event in watch?.family.drain() ?? [] {
            take(event, at: now)
            archive?.follow(history.records)
            isNews = true
        }
        for line in log.drain() {
            take(line, now: now)
            isNews = true
        }
        if let check, let verdict = check.result() {
            self.check = nil
            let reason = FailureReason.first(in: verdict.lines)
            let program = master.program.rawValue
            history.explainLast(
                reason.map { "\($0) (by '\(program) -c' afterwards)" }
                    ?? "unknown: the log was not seen, and '\(program) -c' finds the files good now")
            isNews = true
        }
        if history.isLoading {
            lastLoadLook = .now()
            // Versions whose master stays as it is after a load: the new worker's readiness is asked for.
            if !history.executesAfterLoad { isNews = true }
        }
        if watch == nil, Instant.now() >= nextSearch { isNews = findSuccessor(now: now) || isNews }
        announce(now: now)
        return isNews
    }

    private func take(_ event: ProcessEvent, at now: Int64) {
        guard let watch else { return }
        switch event {
        case .masterExecuted:
            let wasLoading = history.isLoading
            history.masterExecuted(at: now, source: .processEvents)
            if !wasLoading {
                tell("master \(master.pid) executes itself: a reload begins", at: now)
            }
        case .childStarted(let pid):
            history.workerStarted(
                pid, at: now, source: .processEvents, canBegin: !watch.family.tellsExecutions)
            watch.meet(pid)
            // What a master starts outside a load is no worker: mwproxy tries its new program so.
            if history.isLoading {
                started.insert(pid)
                tell("worker \(pid) started", at: now)
            }
        case .childExited(let pid, let end):
            tellExit(of: pid, " with code \(end.code)", isClean: end == .exited(0), at: now)
            history.workerExited(pid, at: now)
        case .childEnded(let pid):
            tellExit(of: pid, "", isClean: true, at: now)
            history.workerExited(pid, at: now)
        case .masterExited(let end):
            tell("master \(master.pid) has ended with code \(end.code)", at: now, .critical)
        case .lost:
            tell("the kernel dropped process events: the list may miss some", at: now, .warning)
        }
    }

    private func tellExit(of pid: Int32, _ how: String, isClean: Bool, at now: Int64) {
        let known = watch?.worker(pid)?.last
        guard started.remove(pid) != nil || known != nil else { return }
        var text = "worker \(pid)"
        if let generation = known?.generation.value { text += " (generation \(generation))" }
        text += " exited\(how)"
        var severity = LogLine.Severity.info
        if !isClean { severity = .warning }
        if let known {
            let left = watch?.worker(pid)?.connectionsBeforeDeadline ?? 0
            if let killIn = known.killIn.value, killIn < 2, left > 0 {
                text += ": \(Wording.count(left, "connection")) cut by hard-stop-after"
                severity = .warning
            }
            if known.state == .serving && !history.isLoading && !isClean { severity = .critical }
        }
        tell(text, at: now, severity)
    }

    private func take(_ line: SourceLine, now: Int64) {
        let parsed = ProxyLine(line.text)
        if let at = line.at ?? (line.isPast ? nil : now) {
            let isOfThisMaster = watch.map { at >= startTime($0) - 2_000_000 } ?? true
            if isOfThisMaster {
                history.read(parsed, at: at, source: log.recordSource, isPast: line.isPast)
            }
            lines.append(LogLine(at: at, severity: parsed.severity, source: log.source, text: line.text))
        }
    }

    private func startTime(_ watch: MasterWatch) -> Int64 {
        let age = ProcTree.sinceBoot() - Double(watch.startTicks) / ProcTree.ticksPerSecond
        return WallClock.now().microseconds - Int64(age * 1_000_000)
    }

    private func tell(_ text: String, at: Int64, _ severity: LogLine.Severity = .info) {
        lines.append(LogLine(at: at, severity: severity, source: .process, text: text))
    }

    /// Says how the newest load ended.
    private func announce(now: Int64) {
        guard let record = history.records.last, record.result != .running, record.result != .unknown,
            record.at != announced?.at || record.result != announced?.result,
            // Where the master can be asked, its answer brings the number of the attempt.
            record.attempt != nil || record.result == .restart || master.masterSocket.value == nil
        else { return }
        defer { announced = record }
        guard last != nil else { return }
        let number = record.attempt.map { " \($0)" } ?? ""
        let took = record.durationMilliseconds.value.map { " after \(Int($0)) ms" } ?? ""
        let why = record.reason.map { ": \($0)" } ?? ""
        switch record.result {
        case .success: tell("reload\(number) succeeded\(took)", at: now)
        case .failed: tell("reload\(number) failed\(took)\(why)", at: now, .critical)
        case .restart: tell("restart, not a reload\(why)", at: now, .critical)
        case .running, .unknown: break
        }
    }

    // MARK: One look

    /// One look. The second and later ones have CPU and rates against the one before.
    package func sample() -> Snapshot {
        _ = drainEvents()
        if let watch, !watch.isAlive { lose(watch) }
        let now = WallClock.now().microseconds
        guard let watch else { return without(now) }
        if let table = watch.refresh(now: now, history: &history) { history.observe(table, at: now) }
        history.executesAfterLoad = watch.executesAfterLoad
        archive?.follow(history.records)
        archive?.lookAtDisk(now: now)
        lookForReason(watch, now: now)
        announce(now: now)
        let boot = ProcTree.sinceBoot()
        let masterSample = watch.masterSample(boot: boot)
        let workers = watch.workerSamples(now: now, boot: boot)
        let records = history.records
        let snapshot = Snapshot(
            time: now,
            proxy: ProxyIdentity(
                program: master.program, version: watch.version, masterSocket: master.masterSocket),
            master: masterSample, workers: workers, reloads: records, newLines: takeLines(),
            blindness: blindness(watch, masterSample, workers),
            alerts: AlertRules.alerts(
                master: masterSample, workers: workers, reloads: records, stackLimit: options.stackLimit,
                now: now),
            configuration: archive?.record ?? .unseen)
        last = snapshot
        return snapshot
    }

    private func takeLines() -> [LogLine] {
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
        note("reloads and generations", watch.tableProblem)
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
        if !log.isSilent, let failedAt, now - failedAt < Self.journalLag { return }
        explained = key
        switch ConfigurationCheck.start(proc, master: master.pid) {
        case .known(let check): self.check = check
        case .unknown(let why): history.explainLast("unknown: \(why.reason)")
        }
    }

    // MARK: The master goes

    private func lose(_ gone: MasterWatch) {
        watch = nil
        check = nil
        nextSearch = .now()
        _ = findSuccessor(now: WallClock.now().microseconds)
    }

    /// Another master with the same socket or command line in the place of the one that has gone: a restart.
    private func findSuccessor(now: Int64) -> Bool {
        nextSearch = .now() + Self.searchPeriod
        let candidates = MasterSearch(proc).all().filter { candidate in
            guard candidate.program == master.program else { return false }
            if let socket = candidate.masterSocket.value, socket == master.masterSocket.value { return true }
            return candidate.commandLine == master.commandLine
        }
        guard let next = candidates.last, let watch = MasterWatch(next, proc: proc) else { return false }
        let before = master
        let dead = (last?.workers ?? []).filter { proc.stat($0.pid).map { $0.state == "Z" } ?? true }
        let lost = dead.compactMap(\.connections.value).reduce(0, +)
        master = next
        self.watch = watch
        archive?.follow(watch.configuration)
        history.executesAfterLoad = watch.executesAfterLoad
        history.restarted(
            at: startTime(watch), source: .proc,
            lost: "master \(before.pid) gave way to \(next.pid), \(Wording.count(lost, "connection")) lost")
        log = LogFeed(options, proc: proc, master: next)
        explained = nil
        return true
    }

    /// What is left to say while no master runs.
    private func without(_ now: Int64) -> Snapshot {
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
        return Snapshot(
            time: now, proxy: proxy, master: gone, workers: [], reloads: history.records,
            newLines: takeLines(),
            blindness: [Blindness(what: "master", unknown: why)],
            alerts: AlertRules.alerts(
                master: gone, workers: [], reloads: history.records, stackLimit: options.stackLimit, now: now)
        )
    }
}
