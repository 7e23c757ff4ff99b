// The doctor's visit beside the screen: while the proxy's `-c` tests the files, everything else goes on.

import Dashboard
import Doctor
import Observing
import Polling
import ReloadModel
import Runbook
import Unix

final class ExaminationErrand: Errand {
    private let visit: Consultation
    private let snapshot: () -> Snapshot?

    /// `snapshot`: the newest look, asked for when the test has ended.
    init(_ master: RunningMaster, snapshot: @escaping () -> Snapshot?) {
        visit = Consultation(master, past: FormerReloads.past)
        self.snapshot = snapshot
    }

    var descriptors: [Int32] { visit.descriptors }
    var deadline: Instant { visit.deadline }

    func proceed() -> Event? { visit.proceed(snapshot).map { .examined($0) } }
}
