// The doctor's visit beside the screen: while the proxy's `-c` tests the files, everything else goes on.

import Dashboard
import Doctor
import Observing
import Polling
import ReloadModel
import Unix

final class ExaminationErrand: Errand {
    /// How often a test that tells nothing is looked at: it ends by itself after ten seconds.
    private static let patience = Duration.milliseconds(500)

    private let visit: Consultation
    private let snapshot: () -> Snapshot?

    /// `snapshot`: the newest look, asked for when the test has ended.
    init(_ master: RunningMaster, snapshot: @escaping () -> Snapshot?) {
        visit = Consultation(master)
        self.snapshot = snapshot
    }

    var descriptors: [Int32] { [visit.descriptor].compactMap(\.self) }
    var deadline: Instant { .now() + Self.patience }

    func proceed() -> Event? {
        guard let snapshot = snapshot() else { return nil }
        return visit.report(snapshot).map { .examined($0) }
    }
}
