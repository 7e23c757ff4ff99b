// What `show proc` says about loads, in our terms.

/// One reading of `show proc`.
package struct LoadTable: Equatable, Sendable {
    package struct Worker: Equatable, Sendable {
        package var pid: Int32
        /// The load attempt that started it.
        package var generation: Int
        /// When the process started, microseconds since 1970; nil when it has gone.
        package var startedAt: Int64?
        /// Whether it serves, or served and now drains: its load succeeded.
        package var wasReady: Bool

        package init(pid: Int32, generation: Int, startedAt: Int64?, wasReady: Bool) {
            self.pid = pid
            self.generation = generation
            self.startedAt = startedAt
            self.wasReady = wasReady
        }
    }
    /// The master's count of load attempts after its start.
    package var reloads: Int
    /// `[failed: N]`; nil where the version does not print it.
    package var failed: Int?
    package var workers: [Worker]

    package init(reloads: Int, failed: Int?, workers: [Worker]) {
        self.reloads = reloads
        self.failed = failed
        self.workers = workers
    }
}
