// One look at a master-worker proxy: what was seen, when, and what could not be known and why.
// Observing fills it, Dashboard and the reports read it.

/// A value, or why it is not known and what would make it known. Never zero for unknown.
package enum Known<Value> {
    case known(Value)
    case unknown(Unknown)

    package var value: Value? {
        if case .known(let value) = self { value } else { nil }
    }

    /// Why it is unknown.
    package var reason: Unknown? {
        if case .unknown(let why) = self { why } else { nil }
    }

    /// The same knowledge of what follows from the value.
    package func map<Other>(_ transform: (Value) -> Other) -> Known<Other> {
        switch self {
        case .known(let value): .known(transform(value))
        case .unknown(let reason): .unknown(reason)
        }
    }
}

extension Known: Equatable where Value: Equatable {}
extension Known: Sendable where Value: Sendable {}

/// Why something is unknown.
package struct Unknown: Equatable, Hashable, Sendable {
    /// An hour of looks holds thousands of values that may be unknown: the words stand beside them, not in them.
    private final class Words: Sendable {
        let reason: String
        let remedy: String?

        init(_ reason: String, _ remedy: String?) {
            self.reason = reason
            self.remedy = remedy
        }
    }

    private let words: Words

    /// What is in the way: `smaps_rollup of other users needs CAP_SYS_PTRACE`.
    package var reason: String { words.reason }
    /// What the user can do: `run reloadtop as root or as user haproxy`; nil when nothing helps.
    package var remedy: String? { words.remedy }

    package init(_ reason: String, remedy: String? = nil) {
        words = Words(reason, remedy)
    }

    package static func == (left: Unknown, right: Unknown) -> Bool {
        left.words === right.words || left.reason == right.reason && left.remedy == right.remedy
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(reason)
        hasher.combine(remedy)
    }
}

/// Which program is watched.
package struct ProxyIdentity: Equatable, Sendable {
    /// A program whose reloads we know.
    package enum Program: String, Sendable {
        case haproxy, mwproxy
    }
    package var program: Program
    /// `2.6.12-1+deb12u4`
    package var version: Known<String>
    /// The path or address of the master's admin socket.
    package var masterSocket: Known<String>

    package init(program: Program, version: Known<String>, masterSocket: Known<String>) {
        self.program = program
        self.version = version
        self.masterSocket = masterSocket
    }
}

/// The master process.
package struct MasterSample: Equatable, Sendable {
    package var pid: Int32
    /// Seconds since the process started; goes on over reloads.
    package var uptime: Double
    /// Load attempts since the start, failed ones included: the master's own figure.
    package var reloads: Known<Int>
    /// `[failed: N]`: the master's own figure, which HAProxy resets at the next success.
    package var failedReloads: Known<Int>
    package var memory: MemorySample
    /// Percent of one CPU since the last sample.
    package var cpuPercent: Known<Double>
    /// SIGUSR2 or SIGHUP is pending: the master does not get to its signals.
    package var reloadPending: Bool
    /// `SIGUSR2` or `SIGHUP` where it waits for the master at this very look; nil: none.
    package var pendingSignal: String?
    /// `R`, `S`, `D`, `T` … of /proc/PID/stat; nil when it has gone.
    package var processState: Character?

    package init(
        pid: Int32, uptime: Double, reloads: Known<Int>, failedReloads: Known<Int>, memory: MemorySample,
        cpuPercent: Known<Double>, reloadPending: Bool, pendingSignal: String? = nil,
        processState: Character? = nil
    ) {
        self.pid = pid
        self.uptime = uptime
        self.reloads = reloads
        self.failedReloads = failedReloads
        self.memory = memory
        self.cpuPercent = cpuPercent
        self.reloadPending = reloadPending
        self.pendingSignal = pendingSignal
        self.processState = processState
    }
}

/// Memory of a process, in bytes.
package struct MemorySample: Equatable, Sendable {
    /// Resident: counts pages shared with the other workers again for each.
    package var resident: Known<Int>
    /// Proportional: shared pages are divided among their users.
    package var proportional: Known<Int>

    package init(resident: Known<Int>, proportional: Known<Int>) {
        self.resident = resident
        self.proportional = proportional
    }
}

/// A worker's part in the reload, decided by `WorkerState.decide`.
package enum WorkerState: String, Sendable, CaseIterable {
    case starting, serving, draining, held, overdue
}

/// Who keeps an old worker alive, in a few words.
package struct Holder: Equatable, Sendable {
    /// What they hold it by.
    package enum Kind: String, Sendable {
        /// Clients' connections.
        case clients
        /// A connection to the worker's admin socket, through whichever socket.
        case adminSession
        /// A peers session.
        case peers
        /// No client is established: it has closed its side or has gone, and its server has not answered to the end.
        case servers
    }
    package var kind: Kind
    package var count: Int
    /// `hatop (pid 12186)`, where it was seen.
    package var who: String?

    package init(kind: Kind, count: Int, who: String? = nil) {
        self.kind = kind
        self.count = count
        self.who = who
    }
}

/// One worker process.
package struct WorkerSample: Equatable, Sendable {
    package var pid: Int32
    package var state: WorkerState
    /// The load attempt that started it: master's reloads − worker's reloads; 0 for the first.
    package var generation: Known<Int>
    /// N of `[was: N]` for a worker that is not current: its relative process number. Nil for the current one.
    package var was: Int?
    /// Clients' connections: by the worker's own count, else those that the kernel has as established.
    package var connections: Known<Int>
    /// Seconds since `connections` was counted, where that was before this look.
    package var connectionsAge: Double?
    /// Change of `connections` per second since the last sample.
    package var connectionsPerSecond: Known<Double>
    /// Seconds since the process started.
    package var uptime: Double
    package var memory: MemorySample
    /// Percent of one CPU since the last sample.
    package var cpuPercent: Known<Double>
    /// Seconds until hard-stop-after ends it, negative when overdue.
    package var killIn: Known<Double>
    /// What keeps a worker that is not serving; empty when nothing was found or it serves.
    package var holders: Known<[Holder]>
    /// hard-stop-after of the configuration that it was loaded from.
    package var hardStopAfter: Known<HardStopAfter> = .unknown(Unknown("not read"))
    /// Open descriptors against its RLIMIT_NOFILE.
    package var descriptors: Known<ResourceUse> = .unknown(Unknown("not counted"))
    /// What it has moved by its own counters.
    package var traffic: Known<WorkerTraffic> = .unknown(Unknown("not asked"))
    /// Where it listens for clients, admin sockets left out: `127.0.0.1:80`.
    package var listening: Known<[String]> = .unknown(Unknown("not looked at"))

    package init(
        pid: Int32, state: WorkerState, generation: Known<Int>, was: Int?, connections: Known<Int>,
        connectionsPerSecond: Known<Double>, uptime: Double, memory: MemorySample,
        cpuPercent: Known<Double>, killIn: Known<Double>, holders: Known<[Holder]>
    ) {
        self.pid = pid
        self.state = state
        self.generation = generation
        self.was = was
        self.connections = connections
        self.connectionsPerSecond = connectionsPerSecond
        self.uptime = uptime
        self.memory = memory
        self.cpuPercent = cpuPercent
        self.killIn = killIn
        self.holders = holders
    }
}

/// One load attempt after the first start, or a restart.
package struct ReloadRecord: Equatable, Sendable {
    /// How it ended.
    package enum Result: String, Sendable {
        case success, failed, restart, running, unknown
    }
    /// Where a row comes from.
    package enum Source: String, Sendable {
        /// mwproxy's `show reloads`.
        case showReloads = "show reloads"
        /// The kernel's process events, or polling in their place.
        case processEvents = "process events"
        /// A change of the counters of `show proc`, or what they told at the start.
        case showProc = "show proc"
        case journal
        case logFile = "log file"
        /// The ages of the processes in /proc.
        case proc = "/proc"
    }
    /// Microseconds since 1970 UTC, nil when only the fact is known.
    package var at: Int64?
    /// The attempt's number, where known.
    package var attempt: Int?
    package var result: Result
    /// SIGUSR2 or exec until READY, in milliseconds.
    package var durationMilliseconds: Known<Double>
    package var source: Source
    /// The first error of a failed load: `cfg:29 unknown keyword 'bogus'`; and where it was found.
    package var reason: String?
    /// Who asked; nil where nobody has looked for it yet.
    package var author: ReloadAuthor?
    /// What it did, as far as is known by now.
    package var verdict = ReloadVerdict()
    /// Stays with it for as long as it is in the list, and is no other's.
    package var id = 0

    package init(
        at: Int64?, attempt: Int?, result: Result, durationMilliseconds: Known<Double>, source: Source,
        reason: String? = nil, author: ReloadAuthor? = nil
    ) {
        self.at = at
        self.attempt = attempt
        self.result = result
        self.durationMilliseconds = durationMilliseconds
        self.source = source
        self.reason = reason
        self.author = author
    }
}

/// One line of the event log.
package struct LogLine: Equatable, Sendable {
    /// How bad it is.
    package enum Severity: Int, Comparable, Sendable {
        case info, warning, critical
        package static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
    }
    /// Who said it.
    package enum Source: String, Sendable {
        case process, journal, file, reloadtop
    }
    /// Microseconds since 1970 UTC.
    package var at: Int64
    package var severity: Severity
    package var source: Source
    package var text: String

    package init(at: Int64, severity: Severity, source: Source, text: String) {
        self.at = at
        self.severity = severity
        self.source = source
        self.text = text
    }
}

/// Something that this look could not do, for the whole screen: `process events: … — short-lived workers can be
/// missed`.
package struct Blindness: Equatable, Hashable, Sendable {
    package var what: String
    package var unknown: Unknown

    package init(what: String, unknown: Unknown) {
        self.what = what
        self.unknown = unknown
    }
}

/// One look.
package struct Snapshot: Equatable, Sendable {
    /// Microseconds since 1970 UTC.
    package var time: Int64
    package var proxy: ProxyIdentity
    package var master: MasterSample
    /// Current worker first, then starting ones, then the old ones from young to old.
    package var workers: [WorkerSample]
    /// Oldest first.
    package var reloads: [ReloadRecord]
    /// Lines that are new since the last snapshot, oldest first.
    package var newLines: [LogLine]
    package var blindness: [Blindness]
    package var alerts: [Alert]
    /// The limits around all workers.
    package var resources: Resources
    /// What each load was made from, as far as it was seen.
    package var configuration: ConfigurationRecord
    /// Why nothing is read that could tell of a master before this one; nil: something is.
    package var lacksPast: Unknown?

    package init(
        time: Int64, proxy: ProxyIdentity, master: MasterSample, workers: [WorkerSample],
        reloads: [ReloadRecord], newLines: [LogLine], blindness: [Blindness], alerts: [Alert],
        resources: Resources = .notLookedAt, configuration: ConfigurationRecord = .unseen
    ) {
        self.time = time
        self.proxy = proxy
        self.master = master
        self.workers = workers
        self.reloads = reloads
        self.newLines = newLines
        self.blindness = blindness
        self.alerts = alerts
        self.resources = resources
        self.configuration = configuration
    }
}
