// `show reloads json`: what mwproxy's master tells of its load attempts. HAProxy has no such command.

/// The reply to `show reloads json`.
package struct ReloadLog: Equatable, Sendable {
    /// The master's pid.
    package var master: Int32
    /// Load attempts since the start, failed ones included; the first start is not one.
    package var reloads: Int
    /// Attempts that failed since the last success.
    package var failed: Int
    /// Oldest first; the first start is attempt 0. Long logs lose their oldest attempts.
    package var attempts: [ReloadAttempt]

    package init(master: Int32, reloads: Int, failed: Int, attempts: [ReloadAttempt]) {
        self.master = master
        self.reloads = reloads
        self.failed = failed
        self.attempts = attempts
    }
}

/// One load attempt.
package struct ReloadAttempt: Equatable, Sendable {
    package enum Result: String, Sendable {
        case running, success, failed
    }

    /// 0 for the first start; equals `<reloads>` of the master in `show proc` when it began.
    package var attempt: Int
    /// When the attempt began, microseconds since 1970 UTC.
    package var at: Int64
    /// Who asked for it; several where requests were merged. Empty for the first start.
    package var requests: [ReloadRequest]
    package var result: Result
    /// The first error of a failed attempt, without prefix.
    package var reason: String?
    /// The worker that the attempt started.
    package var worker: Int32?
    /// How long each step took, in their order.
    package var phases: [ReloadPhase]
    /// By when the new worker must be READY, microseconds since 1970 UTC.
    package var readyDeadline: Int64?
    /// The workers that this attempt made old.
    package var drains: [WorkerDrain]

    package init(
        attempt: Int, at: Int64, requests: [ReloadRequest] = [], result: Result = .running,
        reason: String? = nil, worker: Int32? = nil, phases: [ReloadPhase] = [], readyDeadline: Int64? = nil,
        drains: [WorkerDrain] = []
    ) {
        self.attempt = attempt
        self.at = at
        self.requests = requests
        self.result = result
        self.reason = reason
        self.worker = worker
        self.phases = phases
        self.readyDeadline = readyDeadline
        self.drains = drains
    }

    /// All phases until READY together, in milliseconds.
    package var milliseconds: Double { phases.reduce(0) { $0 + $1.milliseconds } }

    /// When the last phase ended, microseconds since 1970 UTC; nil where the phases are no span of time.
    package var readyAt: Int64? {
        guard let span = Int64(exactly: (milliseconds * 1000).rounded(.towardZero)) else { return nil }
        let (sum, overflows) = at.addingReportingOverflow(span)
        return overflows ? nil : sum
    }
}

/// Somebody's wish for a reload.
package struct ReloadRequest: Equatable, Sendable {
    /// `SIGUSR2`, `SIGHUP`, or `cli` for the master CLI's `reload`.
    package var via: String
    /// Microseconds since 1970 UTC.
    package var at: Int64
    /// The sender; nil where the kernel does not tell (a signal from the kernel or another pid namespace).
    package var pid: Int32?
    package var uid: UInt32?

    package init(via: String, at: Int64, pid: Int32?, uid: UInt32?) {
        self.via = via
        self.at = at
        self.pid = pid
        self.uid = uid
    }
}

/// A step of an attempt: `exec`, `spawn`, `load`, `drain` …; names are words of letters.
package struct ReloadPhase: Equatable, Sendable {
    package var name: String
    package var milliseconds: Double

    package init(name: String, milliseconds: Double) {
        self.name = name
        self.milliseconds = milliseconds
    }
}

/// How an old worker leaves.
package struct WorkerDrain: Equatable, Sendable {
    package var pid: Int32
    /// When `hard-stop-after` ends it, microseconds since 1970 UTC; nil: never.
    package var hardStop: Int64?
    /// When it exited; nil: it is still there.
    package var ended: Int64?
    /// Streams that ended by themselves during the drain; nil: not told (still there, or killed).
    package var finished: Int?
    /// Streams that were cut; nil: not told.
    package var cut: Int?
    /// Exit code, 128 + signal for a killed one.
    package var exitCode: Int32?
    /// What it has given to its successor; nil: not told.
    package var moves: DrainMoves?

    package init(
        pid: Int32, hardStop: Int64?, ended: Int64? = nil, finished: Int? = nil, cut: Int? = nil,
        exitCode: Int32? = nil, moves: DrainMoves? = nil
    ) {
        self.pid = pid
        self.hardStop = hardStop
        self.ended = ended
        self.finished = finished
        self.cut = cut
        self.exitCode = exitCode
        self.moves = moves
    }
}

/// Connections of an old worker that could have moved to its successor.
package struct DrainMoves: Equatable, Sendable {
    /// Connections that stayed for one reason.
    package struct Stayed: Equatable, Sendable {
        /// In words: `its listener is gone`.
        package var reason: String
        package var count: Int

        package init(reason: String, count: Int) {
            self.reason = reason
            self.count = count
        }
    }
    /// Client connections between two requests that have moved.
    package var idle: Int
    /// Established TCP streams and WebSockets that have moved.
    package var tunnels: Int
    /// Closed, because the successor's rules do not admit them.
    package var refused: Int
    package var stayed: [Stayed]

    package init(idle: Int = 0, tunnels: Int = 0, refused: Int = 0, stayed: [Stayed] = []) {
        self.idle = idle
        self.tunnels = tunnels
        self.refused = refused
        self.stayed = stayed
    }
}
