// A server goes down after `fall` failures (one, before the first success), and up after `rise` successes.

import Testing

@testable import Proxying

@Suite struct CheckStateTests {
    @Test func theFirstFailureTakesAServerDownThatNeverPassed() {
        var state = CheckState(rise: 2, fall: 3)
        #expect(state.note(.refused("Connection refused"), milliseconds: 0) == .down)
        #expect(state.health == 0)
        #expect(state.timesDown == 1)
        #expect(state.note(.connected, milliseconds: 0) == .none)
        #expect(state.note(.connected, milliseconds: 0) == .up)
        #expect(state.health == 4)
    }

    @Test func aHealthyServerEnduresFailuresUntilFall() {
        var state = CheckState(rise: 2, fall: 3)
        #expect(state.note(.connected, milliseconds: 0) == .none)
        #expect(state.health == 4)
        #expect(state.note(.timedOut, milliseconds: 0) == .none)
        #expect(state.note(.timedOut, milliseconds: 0) == .none)
        #expect(state.note(.timedOut, milliseconds: 0) == .down)
        #expect(state.failures == 3)
    }
}
