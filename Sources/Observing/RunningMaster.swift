// A master process that runs on this machine: what the user chooses from when there are several.

import ReloadModel

/// A running master.
package struct RunningMaster: Equatable, Sendable {
    package var pid: Int32
    package var program: ProxyIdentity.Program
    /// The command line, its words joined by blanks; may hold control characters.
    package var commandLine: String
    /// Where its admin socket is: a path, `abns@name` or `address:port`.
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

/// Why there is no one master to watch.
package enum AttachFailure: Error, Equatable, Sendable {
    /// No master runs here.
    case none
    /// Which one? Youngest last.
    case several([RunningMaster])
    /// The one that was named cannot be watched: a sentence that says why and what would help.
    case unsuitable(String)
}
