// How stick tables outlive a reload: the worker that serves teaches its successor over a connection that the master
// has made for the two, before the successor is READY, and tells it what changes until it leaves. Older workers that
// drain tell what changes as well. Nothing of this depends on addresses, names or the age of a worker.

import Glibc
import PeersProtocol
import Polling
import StickTables
import Unix

/// The connections of one worker to the workers before and after it.
package final class Succession {
    private let loop: EventLoop
    private let tables: [SharedTable]
    private let report: (String) -> Void
    private var predecessors: [PeerConnection] = []
    private var successors: [PeerConnection] = []
    /// The one that teaches everything, until it has.
    private var teacher: PeerConnection?
    private var isCut = false

    /// How long a successor waits for its lesson.
    package static let patience: Duration = .seconds(5)

    /// `tables`: those with `peers`. `report`: a warning for the worker's log.
    package init(tables: [StickTable], on loop: EventLoop, report: @escaping (String) -> Void) {
        self.loop = loop
        self.tables = tables.map { SharedTable(name: $0.name, table: $0) }
        self.report = report
    }

    /// Entries that came from older workers.
    package var learned: Int {
        predecessors.reduce(0) { $0 + ($1.session?.flows.reduce(0) { $0 + $1.learned } ?? 0) }
    }

    // MARK: Learning

    /// Takes connections to older workers, and runs the loop until the one that serves has taught everything, has
    /// gone, or `patience` is over; `isEnded`: this worker is to leave. False: something is missing, which was reported.
    @discardableResult
    package func learn(
        from older: [(descriptor: Int32, teachesAll: Bool)], patience: Duration = Succession.patience,
        isEnded: () -> Bool = { false }
    ) throws(Errno) -> Bool {
        for (number, teachesAll) in older {
            let socket = Descriptor(owning: number)
            if tables.isEmpty { continue }
            var session = PeerSession(tables: tables, manners: .init(learnsAsNews: true, onlyLearns: true))
            if teachesAll { session.expectLesson() }
            let connection = try PeerConnection.link(socket, session, on: loop) { [unowned self] in
                hear($0, $1)
            }
            predecessors.append(connection)
            if teachesAll { teacher = connection }
        }
        guard teacher != nil else { return true }
        let start = Instant.now()
        while teacher != nil && !isCut && !isEnded() {
            let left = start + patience - Instant.now()
            guard left > .zero else { break }
            try loop.runOnce(longestWait: left)
        }
        guard teacher != nil || isCut else { return true }
        let waited = (Instant.now() - start).milliseconds
        let reason =
            isCut
            ? "the worker before this one is gone"
            : "not all has come from the worker before this one in time"
        report("stick tables: \(reason); going on after \(waited) ms with \(learned) entries.")
        // What still comes counts.
        teacher?.session?.stopLearning()
        teacher = nil
        return false
    }

    private func hear(_ connection: PeerConnection, _ event: PeerConnection.Event) {
        switch event {
        case .news(let events):
            for event in events {
                switch event {
                case .lessonEnded where connection === teacher: teacher = nil
                case .mismatch(let table, let reason):
                    report("stick table '\(table)' starts empty: the worker before this one has \(reason).")
                default: break
                }
            }
        case .closed(let reason, let isFault):
            predecessors.removeAll { $0 === connection }
            if connection === teacher { isCut = true }
            if isFault, let reason { report("stick tables: from the worker before this one: \(reason).") }
        case .greeted, .answered: break
        }
    }

    // MARK: Teaching

    /// Teaches a worker that loads, until it or this one has gone.
    package func teach(_ socket: consuming Descriptor, all: Bool) throws(Errno) {
        if tables.isEmpty { return }
        var session = PeerSession(tables: tables, manners: .init(tellsLearned: true))
        if all { session.beginLesson() } else { session.beginWithNews() }
        let connection = try PeerConnection.link(socket, session, on: loop) {
            [unowned self] connection, event in
            if case .closed = event { successors.removeAll { $0 === connection } }
        }
        successors.append(connection)
        connection.pump()
    }

    /// A table has changed.
    func tell() {
        for successor in successors { successor.pump() }
    }

    /// Tells successors what they do not know yet, as long as they take it; the last thing before an exit.
    package func finish(within span: Duration = .seconds(2)) {
        let limit = Instant.now() + span
        while let next = successors.first {
            next.pump()
            if next.isClosed || next.hasToldAll || Instant.now() >= limit {
                successors.removeAll { $0 === next }
                next.close()
                continue
            }
            guard let raw = next.raw else { continue }
            var waiting = pollfd(fd: raw, events: Int16(POLLOUT), revents: 0)
            poll(&waiting, 1, 100)
        }
    }
}
