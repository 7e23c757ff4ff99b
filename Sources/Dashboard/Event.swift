// What the dashboard is told, and what it asks for in return.

import ReloadModel
import TextUI

/// A master that could be watched.
package struct Candidate: Equatable, Sendable {
    package var pid: Int32
    package var program: ProxyIdentity.Program
    package var commandLine: String
    package var masterSocket: Known<String>

    package init(
        pid: Int32, program: ProxyIdentity.Program, commandLine: String, masterSocket: Known<String>
    ) {
        self.pid = pid
        self.program = program
        self.commandLine = commandLine
        self.masterSocket = masterSocket
    }
}

package enum Event: Equatable, Sendable {
    case key(Key)
    case resized(Size)
    /// Microseconds since 1970 UTC; sent at least once a second.
    case clock(Int64)
    /// Something slow is under way: `starting the demo`.
    case progress(String)
    /// Several masters run.
    case found([Candidate])
    /// A fresh look at the master.
    case looked(Snapshot)
    /// There is nothing to look at any more, and what is being done about it.
    case lost(String)
}

/// What somebody else has to do.
package enum Effect: Equatable, Sendable {
    case quit
    /// Watch this one of the candidates.
    case watch(pid: Int32)
    /// Reload the demo's proxy.
    case reload
    /// Look every so many seconds.
    case interval(Double)
    /// The terminal may show something else than was drawn: draw every cell.
    case redraw
}
