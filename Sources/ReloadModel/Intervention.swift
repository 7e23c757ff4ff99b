// What a person can do to the watched proxy from the screen: in which words it is asked for, what it costs, and what
// is sent to whom. Nothing here acts.

/// One thing to do. Pids and ids are those that were seen when it was offered.
package enum Intervention: Equatable, Sendable {
    /// Tests the files as the master would load them, then reloads.
    case reload(master: Int32)
    /// SIGUSR1 to the master: every worker finishes its clients, nobody accepts new ones, the proxy ends.
    case softStop(master: Int32)
    /// SIGTERM to an old worker: what it still has is cut.
    case endWorker(pid: Int32, master: Int32, connections: Known<Int>)
    /// Cuts one session of a worker, or all of a client's. `sessions`: ids as in `show sess` (`0x55…`).
    case shutDown(sessions: [String], client: String, worker: Int32, master: Int32)

    /// The word for the audit log and the JSON.
    package var kind: String {
        switch self {
        case .reload: "reload"
        case .softStop: "soft_stop"
        case .endWorker: "end_worker"
        case .shutDown: "shut_down_sessions"
        }
    }

    /// The master of the proxy that it is done to.
    package var master: Int32 {
        switch self {
        case .reload(let master), .softStop(let master), .endWorker(_, let master, _),
            .shutDown(_, _, _, let master):
            master
        }
    }

    /// What it does, in a few words for a list.
    package var title: String {
        switch self {
        case .reload(let master): "reload master \(master), after a test of its files"
        case .softStop(let master): "soft-stop the whole proxy (master \(master))"
        case .endWorker(let pid, _, _): "end old worker \(pid) now"
        case .shutDown(let sessions, let client, let worker, _):
            sessions.count == 1
                ? "shut down the session of \(client) on worker \(worker)"
                : "shut down all \(sessions.count) sessions of \(client) on worker \(worker)"
        }
    }

    /// What it costs whom.
    package var cost: String {
        switch self {
        case .reload: "nothing is cut; counters start anew, and so do tables without peers"
        case .softStop: "new connections are refused from then on; nothing serves until it is started again"
        case .endWorker(_, _, .known(let count)): "\(Wording.count(count, "connection")) cut"
        case .endWorker(_, _, .unknown(let why)): "cuts an unknown number of connections (\(why.reason))"
        case .shutDown(let sessions, _, _, _): "\(Wording.count(sessions.count, "session")) cut"
        }
    }

    /// What the master's admin socket is asked; nil where a signal does it.
    package var adminCommand: String? {
        switch self {
        case .reload: "reload"
        case .softStop, .endWorker: nil
        case .shutDown(let sessions, _, let worker, _):
            sessions.map { "@!\(worker) shutdown session \($0)" }.joined(separator: ";")
        }
    }

    /// The process that gets a signal, and which; a reload does so where the master has no admin socket.
    package var signal: (pid: Int32, name: String)? {
        switch self {
        case .reload(let master): (master, "USR2")
        case .softStop(let master): (master, "USR1")
        case .endWorker(let pid, _, _): (pid, "TERM")
        case .shutDown: nil
        }
    }
}

/// How an intervention ended.
package struct InterventionResult: Equatable, Sendable {
    package var intervention: Intervention
    package var succeeded: Bool
    /// For a person: what was done, or what stopped it and what stays in force.
    package var sentence: String

    package init(_ intervention: Intervention, succeeded: Bool, _ sentence: String) {
        self.intervention = intervention
        self.succeeded = succeeded
        self.sentence = sentence
    }
}
