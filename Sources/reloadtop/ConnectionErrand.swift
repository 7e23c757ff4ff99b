// The errand that looks into one worker's connections.

import Dashboard
import Observing
import Unix

final class ConnectionErrand: Errand {
    private let inquiry: WorkerInquiry

    init(_ inquiry: WorkerInquiry) { self.inquiry = inquiry }

    var descriptors: [Int32] { inquiry.descriptor.map { [$0] } ?? [] }
    var deadline: Instant { inquiry.nextStep }

    func proceed() -> Event? { inquiry.step().map { .inquired($0) } }
}
