// Whole screens of the tree and of the help, as a person sees them.

import ReloadModel
import Testing
import TextUI

@testable import Dashboard

@Suite struct GoldenTests {
    @Test func everyStateAt80x24() {
        expectScreen(Fixture.state(Fixture.busy), is: "tree-80x24")
    }

    @Test func asciiAt80x24() {
        expectScreen(Fixture.state(Fixture.busy, 80, 24, .ascii), is: "tree-ascii-80x24")
    }

    @Test func reloadsInTheMiddle() {
        var state = Fixture.state(Fixture.busy)
        state.press(.tab)
        expectScreen(state, is: "tree-reloads-80x24")
    }

    @Test func panelsSideBySideAt120x30() {
        expectScreen(Fixture.state(Fixture.busy, 120, 30), is: "tree-120x30")
    }

    @Test func oneLineAWorkerAt50x8() {
        expectScreen(Fixture.state(Fixture.busy, 50, 8), is: "tree-50x8")
    }

    @Test func filteredAndFoldedWhilePaused() {
        var state = Fixture.state(Fixture.snapshot(Fixture.workers), 80, 14)
        state.press(.character(" "), .character("t"), .character("/"))
        state.type("1")
        _ = update(&state, .clock(Fixture.now + 65_000_000))
        expectScreen(state, is: "tree-folded-80x14")
    }

    @Test func helpAt80x24() {
        var state = Fixture.state(Fixture.busy, demo: true)
        state.press(.function(1))
        expectScreen(state, is: "help-80x24")
    }
}
