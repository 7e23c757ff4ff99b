// `show proc`: the master's list of its processes, as every HAProxy since 1.9 and mwproxy print it.

/// The reply to `show proc`.
package struct ProcessTable: Equatable, Sendable {
    /// What a process is.
    package enum Kind: Equatable, Sendable {
        case master, worker
        /// A `program` section's process; its name stands in the type column.
        case program(name: String)
    }

    /// The heading that a row stands under.
    package enum Section: Equatable, Sendable {
        case master, workers, oldWorkers, programs, oldPrograms
    }

    /// The `<relative PID>` column of 1.9–2.4 and mwproxy.
    package enum RelativePID: Equatable, Sendable {
        /// 0 for the master, 1… for the current workers.
        case number(Int)
        /// `[was: N]` of an old worker.
        case was(Int)
    }

    /// One process.
    package struct Row: Equatable, Sendable {
        package var pid: Int32
        package var kind: Kind
        package var section: Section
        /// Nil where the version prints no such column.
        package var relativePID: RelativePID?
        /// Load attempts that this process has lived through.
        package var reloads: Int
        /// `[failed: N]` in the master's row; nil where it is not printed.
        package var failed: Int?
        /// Seconds.
        package var uptime: Int
        /// `2.6.12-1+deb12u4`; nil where `-` is printed (programs) or the column is cut off.
        package var version: String?

        package init(
            pid: Int32, kind: Kind, section: Section, relativePID: RelativePID? = nil, reloads: Int,
            failed: Int? = nil, uptime: Int, version: String?
        ) {
            self.pid = pid
            self.kind = kind
            self.section = section
            self.relativePID = relativePID
            self.reloads = reloads
            self.failed = failed
            self.uptime = uptime
            self.version = version
        }
    }

    package var rows: [Row]
    /// False when the reply ended before the blank line that ends it, or a row in it could not be read.
    package var isComplete: Bool

    package init(rows: [Row], isComplete: Bool = true) {
        self.rows = rows
        self.isComplete = isComplete
    }

    package var master: Row? { rows.first { $0.kind == .master } }
    package var workers: [Row] { rows.filter { $0.section == .workers && $0.kind == .worker } }
    /// Under `# old workers`. After a failed reload HAProxy 3.1+ lists the serving worker here: `show info`
    /// decides (`Stopping: 0`), never the section.
    package var oldWorkers: [Row] { rows.filter { $0.section == .oldWorkers && $0.kind == .worker } }
    package var programs: [Row] {
        rows.filter { if case .program = $0.kind { true } else { false } }
    }
}
