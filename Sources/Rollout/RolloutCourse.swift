// Whose turn it is, and when to stop: after the first verdict that is not good, or when somebody says so.

import Runbook

package struct RolloutCourse: Equatable, Sendable {
    package enum Step: Equatable, Sendable {
        case reload(FleetHost)
        /// Between two hosts.
        case pause
        case end
    }

    package let hosts: [FleetHost]
    package private(set) var outcomes: [HostOutcome] = []
    /// What asked to stop: `SIGINT`.
    package private(set) var interruption: String?
    private let pauses: Bool
    private var hasPaused = true

    package init(_ hosts: [FleetHost], pauses: Bool) {
        self.hosts = hosts
        self.pauses = pauses
    }

    package func next() -> Step {
        guard interruption == nil, outcomes.allSatisfy(\.isGood), outcomes.count < hosts.count else {
            return .end
        }
        return hasPaused ? .reload(hosts[outcomes.count]) : .pause
    }

    package mutating func note(_ outcome: HostOutcome) {
        outcomes.append(outcome)
        hasPaused = !pauses
    }

    package mutating func notePause() { hasPaused = true }

    package mutating func interrupt(by what: String) { interruption = interruption ?? what }

    /// Those whose turn did not come.
    package var untouched: [FleetHost] { Array(hosts.dropFirst(outcomes.count)) }

    /// Of the whole: that of the host where it stopped. `refused` only where no host was changed.
    package var verdict: Verdict {
        if let bad = outcomes.first(where: { !$0.isGood }) {
            return bad.verdict == .refused && outcomes.count > 1 ? .degraded : bad.verdict
        }
        if !untouched.isEmpty { return outcomes.isEmpty ? .refused : .degraded }
        return outcomes.allSatisfy { $0.verdict == .drained } ? .drained : .served
    }

    /// Why it is no better, a sentence each.
    package var reasons: [String] {
        var reasons: [String] = []
        if let bad = outcomes.first(where: { !$0.isGood }) {
            reasons.append("\(bad.host): \(([bad.verdict.word] + bad.reasons).joined(separator: ": "))")
        }
        if let interruption { reasons.append("\(interruption) ended the rollout") }
        if !untouched.isEmpty {
            reasons.append("not touched: \(untouched.map(\.name).joined(separator: ", "))")
        }
        return reasons
    }
}
