// What the dashboard is told, and what it asks for in return.

import ReloadModel
import TextUI

/// One thing that happened, for `update`.
package enum Event: Equatable, Sendable {
    case key(Key)
    case resized(Size)
    /// Microseconds since 1970 UTC; sent at least once a second.
    case clock(Int64)
    /// Something slow is under way: `starting the demo`.
    case progress(String)
    /// The masters that run: there are several to begin with, or `findMasters` was asked for.
    case found([RunningMaster])
    /// Another master is watched from now on.
    case attached(RunningMaster, isDemo: Bool)
    /// The master that was asked for cannot be watched, and why; nothing has changed.
    case notAttached(String)
    /// A fresh look at the master.
    case looked(Snapshot)
    /// What was found of a worker's connections.
    case inquired(ConnectionReport)
    /// What a worker says of its stick tables and peers.
    case tablesRead(TablesReport)
    /// There is nothing to look at any more, and what is being done about it.
    case lost(String)
    /// Where the export was written, or why not.
    case exported(String)
    /// The doctor has gone through the checklist.
    case examined(HealthReport)
    /// What came of an intervention.
    case intervened(InterventionResult)
}

/// What somebody else has to do.
package enum Effect: Equatable, Sendable {
    case quit
    /// Watch the master with this pid, or that of the worker with this pid: `attached` or `notAttached` follows.
    case watch(pid: Int32)
    /// Look for every master on the host: `found` follows.
    case findMasters
    /// Look into a worker's connections.
    case inquire(pid: Int32)
    /// Ask a worker for its stick tables and peers.
    case readTables(pid: Int32)
    /// Reload the demo's proxy.
    case reload
    /// Look every so many seconds.
    case interval(Double)
    /// The terminal may show something else than was drawn: draw every cell.
    case redraw
    /// Draw in these colours.
    case theme(Theme)
    /// Write `text` to a new file of this name; `exported` follows.
    case export(name: String, text: String)
    /// Go through the doctor's checklist.
    case examine
    /// Confirmed by the person: act on the proxy. `command`: the same for a shell; `intervened` follows.
    case intervene(Intervention, command: String)
}
