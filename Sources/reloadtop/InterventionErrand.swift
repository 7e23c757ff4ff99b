// An intervention as an errand of the screen.

import Dashboard
import ReloadModel
import Runbook
import Unix

final class InterventionErrand: Errand {
    private let undertaking: Undertaking

    init(_ intervention: Intervention, on master: RunningMaster, command: String) {
        undertaking = Undertaking(intervention, on: master, command: command, log: .ofUser)
    }

    var descriptors: [Int32] { undertaking.descriptors }
    var deadline: Instant { undertaking.deadline }

    func proceed() -> Event? { undertaking.proceed().map(Event.intervened) }
}
