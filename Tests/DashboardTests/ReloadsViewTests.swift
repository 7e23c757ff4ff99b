// View 3 as a person sees it, and how one moves in it.

import ReloadModel
import Testing
import TextUI

@testable import Dashboard

@Suite struct ReloadsViewTests {
    private func state(_ columns: Int, _ rows: Int, _ repertoire: Repertoire = .unicode) -> State {
        var snapshot = Fixture.busy
        snapshot.reloads = Fixture.judgedReloads
        var state = Fixture.state(snapshot, columns, rows, repertoire)
        state.press(.character("3"))
        return state
    }

    @Test func theListAndTheVerdictAt80x24() {
        expectScreen(state(80, 24), is: "reloads-80x24")
    }

    @Test func sideBySideAt120x40() {
        expectScreen(state(120, 40), is: "reloads-120x40")
    }

    @Test func theListAloneAt50x8() {
        expectScreen(state(50, 8), is: "reloads-50x8")
    }

    @Test func theVerdictAloneAt50x8() {
        var state = state(50, 8)
        state.press(.enter, .down, .down, .down)
        expectScreen(state, is: "reloads-open-50x8")
        state.press(.escape)
        #expect(!state.reloads.isOpen)
    }

    @Test func aFailedOneSaysWhatIsNotKnown() {
        var state = state(80, 24, .ascii)
        state.press(.down)
        #expect(ReloadsView.selected(state)?.attempt == 27)
        expectScreen(state, is: "reloads-failed-ascii-80x24")
    }

    @Test func whatMovedAndWhatStayed() {
        var state = Fixture.state(Fixture.moved, 130, 30)
        state.press(.character("3"))
        expectScreen(state, is: "reloads-moved-130x30")
        state.press(.down, .down)
        #expect(ReloadsView.selected(state)?.attempt == 26)
        expectScreen(state, is: "reloads-moving-130x30")
    }

    @Test func theTreeTellsWhatMovedWhereThereIsRoom() {
        var state = Fixture.state(Fixture.moved, 80, 24)
        state.press(.tab)
        #expect(view(state).text.contains("seen: kill (pid 911, uid 0)  8020 moved  events"))
        // HAProxy moves nothing: no column says so.
        #expect(!ReloadsView.columnNames(Fixture.state(Fixture.busy)).contains("MOVED"))
        #expect(ReloadsView.columnNames(state).contains("MOVED"))
    }

    @Test func theCursorStaysOnItsReloadWhenANewOneComes() {
        var state = state(80, 24)
        state.press(.down)
        var snapshot = Fixture.busy
        snapshot.time += 1_000_000
        var next = Fixture.reloads[0]
        (next.id, next.attempt) = (9, 30)
        snapshot.reloads = Fixture.judgedReloads + [next]
        _ = update(&state, .looked(snapshot))
        #expect(ReloadsView.selected(state)?.attempt == 27)
        state.press(.character("g"))
        #expect(ReloadsView.selected(state)?.attempt == 30)
    }

    @Test func everySizeIsDrawn() {
        for columns in [1, 2, 9, 20, 59, 60, 79, 109, 110, 300] {
            for rows in [1, 2, 3, 5, 11, 12, 17, 24, 60] {
                for isOpen in [false, true] {
                    var state = state(columns, rows)
                    if isOpen { state.press(.enter) }
                    state.press(.down, .pageDown, .end, .up, .left)
                    #expect(view(state).size == Size(columns: columns, rows: rows))
                }
            }
        }
    }
}
