// What a worker does without its master, or without what the master gave and this process could not take.

import Glibc
import Handover
import Migration
import Polling
import Proxying
import Unix

extension WorkerProcess {
    /// How long what is under way may take once the master is gone.
    private static let orphanSpan: Duration = .seconds(5)

    /// Workers do not outlive their master for long: nobody could reload or stop them. They let go of their listeners at
    /// once, because the next master wants to bind them.
    func masterIsGone() {
        exitCode = 1
        // It does not serve yet.
        guard let core, admin != nil else { return cut() }
        report.say(
            .warning, "the master is gone: this worker leaves within \(Self.orphanSpan.components.seconds) s")
        drain(removed: core.sockets.map { ListenerKey($0.key) })
        let limit = Instant.now() + Self.orphanSpan
        if let hardStopTimer, hardStopTimer.deadlineNanoseconds <= limit.nanoseconds { return }
        let timer = hardStopTimer ?? Timer(on: loop) { [unowned self] in cut(isOverdue: true) }
        timer.set(at: limit)
        hardStopTimer = timer
    }

    /// There was no descriptor left for what the master gave. Whoever is at its other end sees it closed.
    func doWithout(_ message: MasterMessage) {
        let loss =
            switch message {
            case .departures: "the connections here do not move to the new worker"
            case .arrivals: "the connections of an older worker do not move here"
            case .successor: "the next worker does not learn what the stick tables here know"
            case .admin: "an admin client of the master is not answered"
            case .start, .listeners, .begin, .predecessor, .drain: "the master is not heard"
            }
        report.say(.warning, "out of descriptors: \(loss)")
        if case .departures = message { core?.keepConnections(for: .noDescriptors) }
    }
}
