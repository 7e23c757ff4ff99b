// A master process that runs on this machine: what the user chooses from when there are several.

/// A running master.
package struct RunningMaster: Equatable, Sendable {
    package var pid: Int32
    package var program: ProxyIdentity.Program
    /// The command line, its words joined by blanks; may hold control characters.
    package var commandLine: String
    /// Where its admin socket is: a path, `abns@name` or `address:port`.
    package var masterSocket: Known<String>
    /// The files and folders that it loads, as on its command line.
    package var configuration: [String]
    /// How many worker processes it had when it was found, old ones too; nil where they could not be listed.
    package var workers: Int?
    /// When its process started, microseconds since 1970 UTC; nil where that is not known.
    package var started: Int64?

    package init(
        pid: Int32, program: ProxyIdentity.Program, commandLine: String, masterSocket: Known<String>,
        configuration: [String] = [], workers: Int? = nil, started: Int64? = nil
    ) {
        self.pid = pid
        self.program = program
        self.commandLine = commandLine
        self.masterSocket = masterSocket
        self.configuration = configuration
        self.workers = workers
        self.started = started
    }

    /// Whether it is the same service as another that has ended: the same program on the same admin socket; or
    /// with the same command line, where it did not run beside the other. `lastSeen`: when the other was last seen
    /// to run, microseconds since 1970 UTC.
    package func takesPlace(of other: RunningMaster, lastSeen: Int64?) -> Bool {
        guard program == other.program else { return false }
        if let socket = masterSocket.value, socket == other.masterSocket.value { return true }
        guard commandLine == other.commandLine else { return false }
        // In containers many services have one command line.
        guard let started, let lastSeen else { return true }
        return started > lastSeen - 2_000_000
    }
}
