// The processes that `-sf` and `-st` name: they are asked to let go of a port that they hold alone, and told to leave
// once everything is bound.

import Glibc
import Unix

/// Those that a start replaces, and what they have been asked so far.
package struct Predecessors: Equatable, Sendable {
    /// How they leave.
    package enum Farewell: Equatable, Sendable {
        /// `-sf`: they finish their streams.
        case finish
        /// `-st`: at once.
        case terminate

        /// How the command line says it.
        var option: String {
            switch self {
            case .finish: "-sf"
            case .terminate: "-st"
            }
        }

        var signal: Int32 {
            switch self {
            case .finish: SIGUSR1
            case .terminate: SIGTERM
            }
        }
    }

    /// Empty: nobody is replaced. Some may have gone, or belong to others.
    package var pids: [pid_t] = []
    /// What they are told by `leave`.
    package var farewell = Farewell.finish
    /// Whether they were asked to pause.
    private var arePaused = false
    /// How often they may still be asked: HAProxy's two seconds.
    private var triesLeft = 200
    private static let pauseMilliseconds: Int32 = 10

    /// Of nobody.
    package init() {}

    /// Asks them to stop listening, and waits a moment. False: there is nobody to ask, or it is no use.
    package mutating func letGo() -> Bool {
        guard triesLeft > 0, tell(SIGTTOU) else { return false }
        triesLeft -= 1
        arePaused = true
        poll(nil, 0, Self.pauseMilliseconds)
        return true
    }

    /// This start has failed: those that were paused listen again.
    package mutating func takeBack() {
        guard arePaused else { return }
        arePaused = false
        tell(SIGTTIN)
    }

    /// Everything is bound: they leave.
    package func leave() {
        tell(farewell.signal)
    }

    /// True: somebody got it. Those that have gone already, or belong to others, are no fault, as with HAProxy.
    @discardableResult
    private func tell(_ signal: Int32) -> Bool {
        var isHeard = false
        for pid in pids where (try? ProcessControl.signal(pid, signal)) != nil { isHeard = true }
        return isHeard
    }
}
