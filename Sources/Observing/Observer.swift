// Watches one master and its workers: collects from every source and gives one `Snapshot` a tick.

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
    /// The longest that `sample` waits for admin sockets altogether.
    package static let longestWait = Duration.milliseconds(200)

    private let master: RunningMaster
    private let options: ObserverOptions

    /// Starts to watch. What cannot be opened (journal, process events) is told as `Blindness` in each snapshot.
    package init(_ master: RunningMaster, options: ObserverOptions = .init()) {
        self.master = master
        self.options = options
    }

    /// The master that runs alone, or the one that is meant. `masterSocket`: a path, `abns@name` or
    /// `address:port`.
    package static func find(
        pid: Int32? = nil, masterSocket: String? = nil
    ) throws(AttachFailure) -> RunningMaster {
        throw .none
    }

    /// Descriptors to watch for reading; when one is readable call `drainEvents`. The set may change with every
    /// call of `drainEvents` or `sample`.
    package var eventDescriptors: [Int32] { [] }

    /// When `drainEvents` wants to be called although no descriptor is readable (polling in place of events);
    /// `Instant.never` when descriptors do.
    package var nextPoll: Instant { .never }

    /// Takes in what the event sources have. True: something happened that a fresh `sample` would show.
    package func drainEvents() -> Bool { false }

    /// One look. The second and later ones have CPU and rates against the one before.
    package func sample() -> Snapshot {
        Snapshot(
            time: WallClock.now().microseconds,
            proxy: ProxyIdentity(
                program: master.program, version: .unknown(Unknown("not asked yet")),
                masterSocket: master.masterSocket),
            master: MasterSample(
                pid: master.pid, uptime: 0, reloads: .unknown(Unknown("not asked yet")),
                failedReloads: .unknown(Unknown("not asked yet")),
                memory: MemorySample(
                    resident: .unknown(Unknown("not asked yet")),
                    proportional: .unknown(Unknown("not asked yet"))),
                cpuPercent: .unknown(Unknown("one sample so far")), reloadPending: false),
            workers: [], reloads: [], newLines: [], blindness: [], alerts: [])
    }

    /// False once the watched master has ended and no other has taken its place.
    package var isAlive: Bool { true }
}
