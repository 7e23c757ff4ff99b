// What the master knows and decides, without touching the system: inputs come in, actions go out, and
// `MasterProcess` performs them. The whole state is a value, so that it survives the master's exec.
//
// A reload is one `Load`: probing → executing → loading → settling → announced. Until its worker is READY nothing
// that serves is touched; requests that come meanwhile wait for the load that follows.

import Handover
import RuntimeAPI
import Unix

/// Now, on both clocks.
package struct Moment: Equatable, Sendable {
    package var monotonic: Instant
    package var wall: WallClock

    package init(monotonic: Instant, wall: WallClock) {
        self.monotonic = monotonic
        self.wall = wall
    }

    /// Both clocks, read one after the other.
    package static func now() -> Moment { Moment(monotonic: .now(), wall: .now()) }

    /// The wall-clock time, in microseconds since 1970, of a monotonic moment.
    func wall(at moment: Instant) -> Int64 {
        wall.microseconds + (moment - monotonic).nanoseconds / 1000
    }
}

/// Who wants a reload.
package struct ReloadAsker: Equatable, Sendable {
    package var request: ReloadRequest
    /// Names the waiting session of the master CLI; nil for signals.
    package var token: Int?

    package init(request: ReloadRequest, token: Int? = nil) {
        self.request = request
        self.token = token
    }
}

/// What happens to the master.
package enum MasterInput: Equatable, Sendable {
    case reloadRequested(ReloadAsker)
    /// The binary was tried; nil: it runs and can take over, else why not.
    case probed(failure: String?)
    /// This is the new program, after the exec.
    case executed
    case executeFailed(Errno)
    case spawned(pid: Int32)
    case spawnFailed(Errno)
    case workerSaid(pid: Int32, WorkerMessage)
    /// The worker closed its side, or said what nobody understands.
    case workerUnreachable(pid: Int32)
    /// What the worker has bound could not be taken: this process has no descriptors left.
    case listenersLost(pid: Int32)
    case workerEnded(pid: Int32, ProcessEnd)
    /// SIGTERM, SIGINT or SIGUSR1.
    case stopRequested(signal: Int32)
    /// `nextDeadline` may have come.
    case clock
}

/// What the service manager is told.
package enum ServiceStatus: Equatable, Sendable {
    case ready
    case reloading
    case reloadFailed
    case stopping
}

/// What somebody else must do for the master.
package enum MasterAction: Equatable, Sendable {
    case log(LogSeverity, String)
    case notify(ServiceStatus)
    case probe
    /// The probe took too long: end it.
    case endProbe
    case execute
    case spawn(Assignment)
    case send(pid: Int32, MasterMessage)
    /// Connects a worker that drains with the one that serves: what can move goes from one to the other.
    case connect(draining: Int32, serving: Int32)
    case signal(pid: Int32, Int32)
    /// The worker is READY: what it bound is ours now.
    case adoptListeners(from: Int32)
    /// Nobody serves these any more.
    case closeListeners([ListenerKey])
    /// The process is gone: drop its channel and what it bound without becoming READY.
    case forget(pid: Int32)
    case answer(token: Int, success: Bool, log: String)
    case writePIDFile(configured: String?)
    /// The first worker serves: whoever waits for the start may go on.
    case started
    case exit(Int32)
}

/// One worker process.
package struct WorkerRecord: Equatable, Sendable {
    /// Where a worker is in its life; `failed`: it did not become READY.
    package enum Phase: UInt8, Sendable {
        case loading, serving, draining, failed
    }
    package var pid: Int32
    /// The attempt that started it: its generation.
    package var attempt: Int
    package var startedAt: Instant
    package var phase: Phase
    package var facts: WorkerFacts?
    /// When SIGKILL is due.
    package var killAt: Instant = .never
    package var version: String

    /// Load attempts that this worker has lived through.
    package func reloads(of master: MasterState) -> Int { master.reloads - attempt }
}

/// The attempt that is under way.
package struct Load: Equatable, Sendable {
    /// Where an attempt is.
    package enum Step: UInt8, Sendable {
        case probing, executing, loading, settling

        /// As the phases of `show reloads json` name it.
        var name: String {
            switch self {
            case .probing: "probe"
            case .executing: "exec"
            case .loading: "load"
            case .settling: "drain"
            }
        }
    }
    package var attempt: Int
    package var step: Step
    package var askers: [ReloadAsker]
    package var stepStartedAt: Instant
    package var deadline: Instant
    package var pid: Int32?
    /// Older workers that have not answered `drain` yet.
    package var awaited: [Int32] = []
    /// Nobody serves any more since this attempt began: what the master exits with where it fails.
    package var orphaned: Int32?
}

/// The master leaves.
package struct Stop: Equatable, Sendable {
    /// What the master exits with once the last worker is gone.
    package var code: Int32
    /// It is gone.
    package var isOver = false
}

/// Everything that the master decides from, carried over each exec.
package struct MasterState: Equatable, Sendable {
    /// Longest kept history of attempts, oldest lost first.
    package static let historyLimit = 200
    /// How long a binary may take to say that it runs.
    package static let probeTimeout: Duration = .seconds(5)
    /// How long old workers may take to answer `drain` before a reload is announced without them.
    package static let settleTimeout: Duration = .seconds(1)
    /// A worker that outlives its hard stop by this is killed.
    package static let killDelay: Duration = .seconds(1)
    /// Workers that do not end after SIGTERM or SIGINT are killed after this.
    package static let stopTimeout: Duration = .seconds(5)
    /// `tune.reload.ready-timeout` until a configuration has said otherwise.
    package static let defaultReadyTimeout: Duration = .seconds(30)

    package let pid: Int32
    package let startedAt: Instant
    package var version: String
    /// Load attempts, failed ones included; the first start is not one.
    package internal(set) var reloads = 0
    /// Attempts that failed since the last success.
    package internal(set) var failed = 0
    /// `Process_num` of the serving worker.
    package internal(set) var processNumber = 0
    /// In the order in which they were started.
    package internal(set) var workers: [WorkerRecord] = []
    package internal(set) var load: Load?
    /// Wait for the load that follows the one under way.
    package internal(set) var waiting: [ReloadAsker] = []
    package internal(set) var stop: Stop?
    /// Every listener that the master holds.
    package internal(set) var held: [ListenerKey] = []
    package internal(set) var history: [ReloadAttempt] = []
    /// The lines of the last attempt, as printed.
    package internal(set) var startupLog: [String] = []

    package init(pid: Int32, startedAt: Instant, version: String) {
        self.pid = pid
        self.startedAt = startedAt
        self.version = version
    }

    package var serving: WorkerRecord? { workers.last { $0.phase == .serving } }

    /// The workers from which a new one learns stick tables, the serving one among them.
    package var teachers: [WorkerRecord] {
        workers.filter {
            ($0.phase == .serving || $0.phase == .draining) && $0.facts?.sharesTables == true
        }
    }

    func index(of pid: Int32) -> Int? { workers.firstIndex { $0.pid == pid } }

    /// When `clock` is due.
    package var nextDeadline: Instant {
        workers.reduce(load?.deadline ?? .never) { min($0, $1.killAt) }
    }

    /// The attempts for `show reloads json`.
    package var reloadLog: ReloadLog {
        ReloadLog(master: pid, reloads: reloads, failed: failed, attempts: history)
    }

    package var startupLogText: String { startupLog.map { $0 + "\n" }.joined() }

    /// The first start: loads attempt 0.
    package mutating func start(at now: Moment) -> [MasterAction] {
        begin(askers: [], at: now)
        return spawnWorker(at: now)
    }

    /// Takes one input; the actions are to be performed in their order.
    package mutating func handle(_ input: MasterInput, at now: Moment) -> [MasterAction] {
        switch input {
        case .reloadRequested(let asker): return request(asker, at: now)
        case .probed(let failure): return probed(failure, at: now)
        case .executed: return executed(at: now)
        case .executeFailed(let error):
            return fail("cannot execute the new program: \(error)", at: now)
        case .spawned(let pid): return spawned(pid, at: now)
        case .spawnFailed(let error): return fail("cannot start a worker: \(error)", at: now)
        case .workerSaid(let pid, let message): return worker(pid, said: message, at: now)
        case .workerUnreachable(let pid): return unreachable(pid, at: now)
        case .listenersLost(let pid): return listenersLost(pid, at: now)
        case .workerEnded(let pid, let end): return worker(pid, ended: end, at: now)
        case .stopRequested(let signal): return stop(by: signal, at: now)
        case .clock: return clock(at: now)
        }
    }

    /// A line of the master: printed, and kept with the attempt under way.
    mutating func line(_ severity: LogSeverity, _ text: String) -> MasterAction {
        if load != nil { keep(severity, pid, text) }
        return .log(severity, text)
    }

    mutating func keep(_ severity: LogSeverity, _ pid: Int32, _ text: String) {
        // A load that talks without end does not fill the memory.
        guard startupLog.count < 2000 else { return }
        startupLog.append(StartupLines.line(severity, pid: pid, text))
    }
}
