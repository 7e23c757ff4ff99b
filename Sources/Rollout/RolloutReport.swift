// Everything that is told about one rollout.

import Runbook

package struct RolloutReport: Equatable, Sendable {
    package var verdict: Verdict
    /// A sentence each.
    package var reasons: [String]
    /// What each host said before anything was changed.
    package var looks: [HostLook] = []
    package var differences: [FleetDifference] = []
    /// In the order of their turns.
    package var outcomes: [HostOutcome] = []
    /// Those whose turn did not come.
    package var untouched: [FleetHost] = []
    /// How to see what became of the host of which that is not known.
    package var advice: [String] = []
    /// Where the audit log is; nil where nothing had to be written.
    package var auditLog: String?

    /// Nothing was changed anywhere.
    package static func refused(_ reasons: [String], _ hosts: [FleetHost] = []) -> RolloutReport {
        var report = RolloutReport(verdict: .refused, reasons: reasons)
        report.untouched = hosts
        return report
    }
}
