// The errand that looks for every master on the host.

import Dashboard
import Observing
import Unix

final class SweepErrand: Errand {
    private var sweep = MasterSweep()

    var descriptors: [Int32] { [] }
    /// A step a round of the loop: keys and looks come between two of them.
    var deadline: Instant { .now() }

    func proceed() -> Event? { sweep.step().map { .found($0) } }
}
