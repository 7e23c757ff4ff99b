// The real binaries as an operator uses them. One after the other, because each of them measures or loads the
// machine; `RELOADTOP_SUBJECTS` (such as "haproxy") limits which proxies are tested.

import TestSupport
import Testing
import Unix

@Suite(.serialized, .timeLimit(.minutes(5))) struct SystemTests {}

extension ProxyKind {
    /// The proxies to test.
    static var available: [ProxyKind] {
        let wish = ProcessControl.environment("RELOADTOP_SUBJECTS")
        let names = wish?.split(separator: ",").map(String.init)
        return allCases.filter { names?.contains($0.rawValue) ?? true }
    }
}
