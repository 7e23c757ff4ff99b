// The errand that asks a worker for its stick tables and peers.

import Dashboard
import Observing
import Unix

final class TablesErrand: Errand {
    private let inquiry: TablesInquiry

    init(_ inquiry: TablesInquiry) { self.inquiry = inquiry }

    var descriptors: [Int32] { inquiry.descriptor.map { [$0] } ?? [] }
    var deadline: Instant { inquiry.nextStep }

    func proceed() -> Event? { inquiry.step().map { .tablesRead($0) } }
}
