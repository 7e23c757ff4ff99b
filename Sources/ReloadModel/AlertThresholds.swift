// Every number that decides whether something is an alert, with the reason for its default. The messages name the
// number that they were measured against.

/// When to warn, and when it is critical.
package struct AlertThresholds: Equatable, Sendable {
    /// More draining workers than this are looked at as a stack. Two to four are what a quiet day leaves behind.
    package var stackLimit = 4
    /// The part of a limit (memory, descriptors, processes) from which its use is a warning, 0 to 1.
    package var usedWarning = 0.8
    /// The part of a limit from which its use is critical, 0 to 1.
    package var usedCritical = 0.95
    /// A limit that is reached sooner than this is a warning, in seconds: time to plan.
    package var timeLeftWarning = 3600.0
    /// A limit that is reached sooner than this is critical, in seconds: time to act at once.
    package var timeLeftCritical = 900.0
    /// Old workers matter for a limit from this part of it on, 0 to 1: a full host is not their fault below it.
    package var shareThatMatters = 0.05
    /// How many reloads a slope needs before it is believed.
    package var reloadsForSlope = 3
    /// Percent of one CPU that counts as spinning when nothing moves.
    package var spinningPercent = 95.0
    /// For how many looks in a row.
    package var spinningLooks = 3
    /// How long a reload signal may wait for the master, in seconds: a load of a large file takes some.
    package var stuckAfter = 3.0
    /// How long an old worker may still hold a listening socket after its successor is READY, in seconds.
    package var strandedAfter = 3.0
    /// More load attempts than this within ten minutes are a warning: each leaves an old worker behind.
    package var reloadsPerTenMinutes = 10
    /// How long an old worker may drain that no hard-stop-after will ever end, in seconds.
    package var endlessAfter = 600.0
    /// How long an edited file may wait for its load, in seconds: whoever edits also reloads, but tests first.
    package var driftAfter = 300.0
    /// How long a restart stays an alert, in seconds.
    package var restartShownFor = 600.0
    /// How long counters and tables that a reload has reset, and a reload that made it worse, stay an alert, in
    /// seconds.
    package var resetShownFor = 60.0
    package var worseShownFor = 600.0
    /// A rate of requests that fell below this part of what it was is worse, 0 to 1.
    package var requestsKept = 0.5
    /// Errors a second that may be added before it counts as worse.
    package var errorsAdded = 1.0
    /// Requests in queues that may be added before it counts as worse.
    package var queueAdded = 10

    package init() {}

    package init(stackLimit: Int) {
        self.stackLimit = stackLimit
    }
}
