// A master process that runs on this machine: what the user chooses from when there are several.

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
