// The real binaries as an operator uses them, in chains that run beside each other: within a chain one after the
// other, since each test has proxies and traffic of its own and two processors serve them all.
// `RELOADTOP_SUBJECTS` (such as "haproxy") limits which proxies are tested.

import TestSupport
import Testing
import Unix

/// Reloads under traffic, counted request by request.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SystemTests {}

/// What operators see and type: reports, checks, deadlines.
@Suite(.serialized, .timeLimit(.minutes(5))) struct OperatorSystemTests {}

/// Programs that replace each other: processes without a master, and upgrades.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ReplacementSystemTests {}

extension ProxyKind {
    /// The proxies to test.
    static var available: [ProxyKind] {
        let wish = ProcessControl.environment("RELOADTOP_SUBJECTS")
        let names = wish?.split(separator: ",").map(String.init)
        return allCases.filter { names?.contains($0.rawValue) ?? true }
    }
}
