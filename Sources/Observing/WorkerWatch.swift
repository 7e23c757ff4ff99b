// What is remembered of one worker from look to look.

import ReloadModel
import Unix

final class WorkerWatch {
    let pid: Int32
    let startTicks: Int64
    /// When the process started, microseconds since 1970.
    let startedAt: Int64
    /// It was born while this program watched.
    let isLive: Bool
    /// The processes that its command line says it replaced, youngest first.
    let replaced: [Int32]
    /// hard-stop-after of the configuration that it was loaded from.
    private(set) var limit: Known<HardStopAfter>
    /// The timeouts of that configuration.
    private(set) var timeouts: Known<LoadedTimeouts>
    /// How often they may still be read again.
    private var readingsLeft = 3
    /// The admin sockets that the files named when it was met.
    let declaredAdminPaths: Set<String>
    /// When its load had succeeded; nil while it has not.
    var readyAt: Int64?
    /// When the worker that took over from it was READY.
    var successorReadyAt: Int64?
    /// The deadline that mwproxy's master tells; it goes over every calculation.
    var toldDeadline: Int64??
    /// It did not list its streams in time, and is left alone until then.
    var mutedUntil = Instant(nanoseconds: 0)
    var generation: Int?
    /// What it told last.
    var info: WorkerInfo? { didSet { rest = nil } }
    /// How it stood when the look in which it told that had ended, and for how many looks that may hold.
    private var rest: (runs: RunMark, descriptors: Int, looks: Int)?
    /// Its RLIMIT_NOFILE; read once, a process rarely changes it after its start.
    var descriptorLimit: Int?
    var adminPaths: Set<String>?
    /// Sessions that are no clients, as the look before saw them.
    var otherSessions = 0
    /// Its admin sessions when it last listed them, what `show info` told then, and how long that holds.
    var listedSessions: (hinted: Int, count: Int, pids: [Int32], until: Instant)?
    /// Of an old worker: how many established clients the kernel saw at its last count.
    var clientsLeft: Int?
    /// Its row of the last look.
    var last: WorkerSample?
    /// Connections at the last look before hard-stop-after was due.
    var connectionsBeforeDeadline = 0
    private var meter: CPUMeter = CPUMeter()
    var memory = MemoryMeter()
    private var lastConnections: (count: Int, at: Int64)?

    /// Its row of /proc in this look; nil once it has gone.
    var stat: ProcessStat?

    init(
        pid: Int32, stat: ProcessStat, startedAt: Int64, isLive: Bool, replaced: [Int32],
        limit: Known<HardStopAfter>, timeouts: Known<LoadedTimeouts>, declaredAdminPaths: Set<String>
    ) {
        self.pid = pid
        self.stat = stat
        startTicks = stat.startTicks
        self.startedAt = startedAt
        self.isLive = isLive
        self.replaced = replaced
        self.limit = limit
        self.timeouts = timeouts
        self.declaredAdminPaths = declaredAdminPaths
    }

    /// The files cannot be told while the master executes itself: what was not known at the birth of this worker is
    /// read at the next looks, as long as no file has changed since.
    func readAgain(_ configuration: LoadedConfiguration) {
        guard isLive, limit.value == nil, readingsLeft > 0 else { return }
        readingsLeft -= 1
        limit = configuration.hardStopAfter(notAfter: startedAt)
        timeouts = configuration.timeouts(notAfter: startedAt)
    }

    // MARK: Rest

    /// The most looks in a row in which a worker that does nothing is not asked.
    private static let longestRest = 10

    /// It has not run since it told its figures: it would tell the same. Being asked costs it more than anything else
    /// that happens to an idle worker.
    func isAtRest(_ proc: ProcTree) -> Bool {
        guard let now = rest, now.looks > 0, proc.runs(pid) == now.runs,
            proc.descriptorCount(pid) == now.descriptors
        else { return false }
        rest?.looks -= 1
        return true
    }

    /// Remembers how it stands at the end of a look.
    func settle(_ proc: ProcTree, descriptors: Int?) {
        guard rest == nil, let info, info.isQuiet, let descriptors, let runs = proc.runs(pid) else { return }
        rest = (runs, descriptors, Self.longestRest - Int(pid) % 4)
    }

    /// How far its clock and ours may be apart, in microseconds.
    private static let clockSlack: Int64 = 500_000

    /// Whether hard-stop-after may have ended it at `now`. One whose last connections have moved or finished shortly
    /// before ends sooner, and nobody was cut.
    func mayHaveBeenStopped(at now: Int64) -> Bool {
        guard let left = last?.killIn.value, left < 2 else { return false }
        guard case .some(let deadline?) = toldDeadline else { return true }
        return now >= deadline - Self.clockSlack
    }

    func cpuPercent(_ stat: ProcessStat, now: Instant) -> Known<Double> { meter.percent(stat, now: now) }

    /// Change per second since the last look.
    func rate(of connections: Known<Int>, at: Int64) -> Known<Double> {
        guard let count = connections.value else {
            lastConnections = nil
            return connections.map(Double.init)
        }
        defer { lastConnections = (count, at) }
        guard let last = lastConnections, at > last.at else { return .unknown(Unknown("one look so far")) }
        return .known(Double(count - last.count) * 1_000_000 / Double(at - last.at))
    }
}

/// Percent of one CPU between two looks.
struct CPUMeter {
    private var last: (ticks: Int64, at: Instant)?

    mutating func percent(_ stat: ProcessStat, now: Instant) -> Known<Double> {
        defer { last = (stat.cpuTicks, now) }
        guard let last, now > last.at else { return .unknown(Unknown("one look so far")) }
        let seconds = Double((now - last.at).nanoseconds) / 1e9
        return .known(max(0, Double(stat.cpuTicks - last.ticks) / ProcTree.ticksPerSecond / seconds * 100))
    }
}
