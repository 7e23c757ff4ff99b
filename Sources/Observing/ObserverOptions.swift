// What the user chose about watching.

import ReloadModel

/// What to watch besides the processes, and when to warn.
package struct ObserverOptions: Equatable, Sendable {
    /// The systemd unit whose journal lines are merged in; nil: found by the master's cgroup.
    package var journalUnit: String?
    /// A directory of journal files instead of the machine's own.
    package var journalDirectory: String?
    /// A log file that is followed instead of the journal.
    package var logFile: String?
    /// When to warn.
    package var thresholds: AlertThresholds
    /// How often the serving worker's counters are asked for.
    package var surveyPeriod = Duration.seconds(5)

    package init(
        journalUnit: String? = nil, journalDirectory: String? = nil, logFile: String? = nil,
        thresholds: AlertThresholds = AlertThresholds()
    ) {
        self.journalUnit = journalUnit
        self.journalDirectory = journalDirectory
        self.logFile = logFile
        self.thresholds = thresholds
    }
}
