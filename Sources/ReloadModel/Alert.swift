// Something that a person should look at: what is wrong, how bad it is, and what to do.

package struct Alert: Equatable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case stacking
        case failedReload = "failed_reload"
        case restart, overdue, held
        /// The master is stopped, or a reload signal waits for it.
        case stuckMaster = "stuck_master"
        /// A worker that should drain still listens.
        case strandedListener = "stranded_listener"
        /// Full CPU and nothing moved.
        case spinning
        /// Errors, queue or lost requests after a reload.
        case worseAfterReload = "worse_after_reload"
        /// A reload undid what was set by hand.
        case stateUndone = "state_undone"
        case tablesLost = "tables_lost"
        /// TLS ticket keys that were given did not come over.
        case ticketsLost = "tickets_lost"
        case resetCounters = "reset_counters"
        case reloadRate = "reload_rate"
        /// An old worker that nothing but its clients will ever end.
        case endless
        /// A file was edited and never loaded.
        case drift
    }
    package enum Severity: String, Comparable, Sendable {
        case info, warning, critical
        private var rank: Int {
            switch self {
            case .info: 0
            case .warning: 1
            case .critical: 2
            }
        }
        package static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
    }
    package var kind: Kind
    package var severity: Severity
    /// What is wrong, with the threshold that it was measured against.
    package var message: String
    /// What to do about it; nil where nothing is to be done.
    package var remedy: String?

    package init(kind: Kind, severity: Severity, message: String, remedy: String? = nil) {
        self.kind = kind
        self.severity = severity
        self.message = message
        self.remedy = remedy
    }
}
