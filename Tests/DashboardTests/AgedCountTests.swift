// A count that is not of this look says so where it stands.

import ReloadModel
import Testing

@testable import Dashboard

@Suite struct AgedCountTests {
    @Test func aCountOfBeforeShowsItsAge() {
        var snapshot = Fixture.busy
        snapshot.workers[1].connections = .known(4321)
        #expect(!view(Fixture.state(snapshot, 120, 40)).text.contains("4321 7s"))
        snapshot.workers[1].connectionsAge = 7.4
        #expect(view(Fixture.state(snapshot, 120, 40)).text.contains("4321 7s"))
        #expect(view(Fixture.state(snapshot, 50, 10)).text.contains("4321c 7s"))
    }
}
