// The name and version of mwproxy, which master and worker tell alike.

package enum Program {
    package static let name = "mwproxy"
    package static let version = "0.1.0"
    /// Day of the release, in the form of HAProxy's first `-v` line.
    package static let released = "2026/11/22"
}

/// Names of the environment variables between the processes.
package enum HandoverVariable {
    /// The control socket's descriptor: its presence makes a process a worker.
    package static let worker = "MWPROXY_WORKER"
    /// The memfd with the state of a master before its exec.
    package static let master = "MWPROXY_MASTER"
    /// Its presence makes a binary say whether it can take over, and exit.
    package static let probe = "MWPROXY_PROBE"
    /// The first variable of a worker: padding right behind the command line, where a title has room to grow.
    package static let title = "MWPROXY_TITLE"
    /// The pipe on which a daemon tells its starter how the start went.
    package static let daemon = "MWPROXY_DAEMON"

    package static let all = [worker, master, probe, title, daemon]
}
