// What master and worker say to each other, and nothing else: one packet a message, over a packet socket pair.
//
//   master                                   worker
//     start, listeners*, begin        →        takes the inherited listeners, parses the configuration,
//                                     ←        log*            as soon as it has something to say
//                                     ←        listeners*      the ones it bound itself, with descriptors
//                                     ←        ready           it serves from now on
//     drain  (to the older workers)   →        closes its listeners, finishes its streams
//                                     ←        draining        no new stream starts here any more
//                                     ←        ended           before it exits
//     admin  (with a connection)      →        serves it like a connection of its own admin socket
//     predecessor (with a connection) →        before `begin`: learns there what stick tables hold
//     successor   (with a connection) →        teaches there what stick tables hold, and what changes
//     departures  (with a connection) →        gives connections that can move to the worker that serves now
//     arrivals    (with a connection) →        takes connections that move here from an older worker
//                                     ←        moved           how many have moved by now, and why others have not
//
// A worker that exits before `ready` has failed; a closed socket means that the other side is gone.
// The encoding has a version, because a new binary may meet workers of an older one.

import RuntimeAPI

/// Names a listening socket over reloads: two configurations that name the same address share the socket.
/// `tcp@127.0.0.1:80`, `tcp@::1:80`, `unix@/run/a.sock#2049:1234` with device and inode of the path's file,
/// `abns@name`; a second bind of the same address in one configuration has `#2` appended.
package struct ListenerKey: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// What a worker must know before it starts to load.
package struct Assignment: Equatable, Sendable {
    /// The number of the load attempt that this worker belongs to: 0 for the first start.
    package var attempt: Int
    /// `Process_num`: 1 for the first worker, one more for each reload that succeeded before.
    package var processNumber: Int
    /// The workers that will drain when this one is ready.
    package var olderWorkers: [Int32]
    /// The nice value to serve with, where the load runs with a higher one; nil: no change.
    package var servingNice: Int32?

    package init(attempt: Int, processNumber: Int, olderWorkers: [Int32], servingNice: Int32? = nil) {
        self.attempt = attempt
        self.processNumber = processNumber
        self.olderWorkers = olderWorkers
        self.servingNice = servingNice
    }
}

/// The few things of the configuration that the master acts on.
package struct WorkerFacts: Equatable, Sendable {
    /// `hard-stop-after` of this worker, in nanoseconds; nil: it may drain for ever.
    package var hardStopAfter: Int64?
    /// `mworker-max-reloads`: a worker that has seen more reloads than this gets SIGTERM.
    package var maxReloads: Int
    /// `tune.reload.ready-timeout`, in nanoseconds: how long this worker's successor may take.
    package var readyTimeout: Int64
    /// `pidfile`, where the configuration names one (`-p` wins over it).
    package var pidFile: String?
    /// False with `master-worker no-exit-on-failure`: the master outlives a serving worker that crashed.
    package var exitOnFailure: Bool
    /// It has stick tables with `peers`: its successors are to learn them.
    package var sharesTables: Bool
    /// It takes over connections of older workers: `tune.reload.migrate` is not `off`.
    package var takesConnections: Bool
    /// The listeners that this worker serves, admin sockets included. What the master holds besides is closed.
    package var listeners: [ListenerKey]

    package init(
        hardStopAfter: Int64?, maxReloads: Int, readyTimeout: Int64, pidFile: String?,
        exitOnFailure: Bool = true, sharesTables: Bool = false, takesConnections: Bool = true,
        listeners: [ListenerKey]
    ) {
        self.hardStopAfter = hardStopAfter
        self.maxReloads = maxReloads
        self.readyTimeout = readyTimeout
        self.pidFile = pidFile
        self.exitOnFailure = exitOnFailure
        self.sharesTables = sharesTables
        self.takesConnections = takesConnections
        self.listeners = listeners
    }
}

/// HAProxy's severities of a startup line.
package enum LogSeverity: UInt8, Sendable {
    case alert, warning, notice, diagnostic

    /// `[ALERT]   `: the bracketed name, padded to ten columns as HAProxy prints it.
    package var label: String {
        switch self {
        case .alert: "[ALERT]   "
        case .warning: "[WARNING] "
        case .notice: "[NOTICE]  "
        case .diagnostic: "[DIAG]    "
        }
    }
}

/// How a draining worker came to its end.
package struct DrainSummary: Equatable, Sendable {
    /// Streams that ended by themselves after the drain began.
    package var finished: Int
    /// Streams that were cut (hard-stop-after, SIGTERM).
    package var cut: Int
    package var moves: DrainMoves

    package init(finished: Int, cut: Int, moves: DrainMoves = DrainMoves()) {
        self.finished = finished
        self.cut = cut
        self.moves = moves
    }
}

/// Access level of an admin connection.
package enum AdminLevel: UInt8, Comparable, Sendable {
    case user, `operator`, admin

    package static func < (left: AdminLevel, right: AdminLevel) -> Bool { left.rawValue < right.rawValue }
}

/// From the master to a worker.
package enum MasterMessage: Equatable, Sendable {
    /// The first message.
    case start(Assignment)
    /// Inherited listeners; the packet carries one descriptor for each, in this order. At most 253 a message.
    case listeners([ListenerKey])
    /// Everything inherited has been passed: load now.
    case begin
    /// A successor serves. `removed`: listeners of this worker that no successor serves; what is queued on
    /// them is accepted and served before they close.
    case drain(removed: [ListenerKey])
    /// The packet carries one descriptor: a connected admin client.
    case admin(AdminLevel)
    /// The packet carries one descriptor: a connection to an older worker. `teachesAll`: to the one that serves, which
    /// teaches everything before this worker is READY; the others tell only what changes.
    case predecessor(teachesAll: Bool)
    /// The other end of that connection.
    case successor(teachesAll: Bool)
    /// The packet carries one descriptor: a packet socket over which this worker, which drains, gives what can move.
    /// None: the worker that serves takes nothing.
    case departures
    /// The other end of that socket: what moves arrives there.
    case arrivals
}

/// From a worker to the master.
package enum WorkerMessage: Equatable, Sendable {
    /// A line of the load or of the worker's life, without prefix and newline; the worker has printed it.
    case log(LogSeverity, String)
    /// Listeners that this worker bound itself; descriptors as in `MasterMessage.listeners`.
    case listeners([ListenerKey])
    case ready(WorkerFacts)
    case draining
    /// What has moved since the drain began.
    case moved(DrainMoves)
    case ended(DrainSummary)
}
