// Unknown stays unknown through every calculation.

import ReloadModel
import Testing

@Suite struct KnownTests {
    @Test func mappingAnUnknownKeepsItsReason() {
        let unknown = Known<Int>.unknown(Unknown("closed", remedy: "open it"))
        #expect(unknown.map { $0 + 1 } == .unknown(Unknown("closed", remedy: "open it")))
        #expect(unknown.value == nil)
        #expect(Known.known(1).map { $0 + 1 }.value == 2)
    }
}
