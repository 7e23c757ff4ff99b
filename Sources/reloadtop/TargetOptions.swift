// Which master is meant, and whose preferences hold: the options that every way to look at a proxy has.

import ArgumentParser
import Observing
import ReloadModel

struct TargetOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The master's admin socket ('haproxy -S'): a path, abns@name or address:port.",
            valueName: "address"))
    var masterSocket: String?

    @Option(help: ArgumentHelp("The master process.", valueName: "pid"))
    var pid: Int32?

    /// Read before the command line is parsed (`StartWords`).
    @Option(
        help: ArgumentHelp(
            "Read this file of preferences instead of $XDG_CONFIG_HOME/reloadtop/config.", valueName: "file"))
    var config: String?

    func validate() throws {
        if let pid, pid <= 0 { throw ValidationError("--pid needs a process number, found '\(pid)'.") }
    }

    /// The master that runs alone, or the one that is meant.
    func find() throws(AttachFailure) -> RunningMaster {
        try Observer.find(pid: pid, masterSocket: masterSocket)
    }
}
