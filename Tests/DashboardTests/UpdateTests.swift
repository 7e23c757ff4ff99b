// What each key and event does to the state.

import ReloadModel
import Testing
import TextUI

@testable import Dashboard

@Suite struct UpdateTests {
    private var state = Fixture.state(Fixture.busy)

    @Test func quits() {
        for key in [Key.character("q"), .function(10), .control("c")] {
            var state = state
            #expect(state.press(key) == [.quit])
        }
        var connecting = State(size: Size(columns: 80, rows: 24))
        #expect(connecting.press(.character("q")) == [.quit])
    }

    @Test mutating func theCursorFollowsItsProcess() {
        state.press(.down, .down, .down)
        #expect(state.selected == 18970)
        state.press(.character("j"), .character("k"), .character("k"))
        #expect(state.selected == 20377)
        state.press(.end)
        #expect(state.selected == 7882)
        var next = Fixture.busy
        next.time += 1_000_000
        next.workers.insert(
            Fixture.worker(30000, .serving, generation: 31, connections: 1, age: 1, mebibytes: 9), at: 0)
        _ = update(&state, .looked(next))
        #expect(state.selected == 7882)
        state.press(.home)
        #expect(state.selected == 7459)
    }

    @Test mutating func theCursorStaysInItsRowWhenItsProcessEnds() {
        state.press(.down, .down, .down)
        var next = Fixture.busy
        next.workers.remove(at: 2)
        _ = update(&state, .looked(next))
        #expect(state.selected == 11117)
        next.workers = Array(next.workers.prefix(1))
        _ = update(&state, .looked(next))
        #expect(state.selected == 20193)
    }

    @Test mutating func theCursorSkipsTheLineOfAHolder() {
        state.press(.end, .up)
        #expect(state.selected == 11117)
        state.press(.down)
        #expect(state.selected == 7882)
    }

    @Test mutating func sortsAndKeepsTheOrderOfEquals() {
        func order() -> [Int32] { state.shownWorkers.map(\.pid) }
        #expect(order() == [20193, 20377, 18970, 11117, 7882])
        state.press(.character("s"))
        #expect(state.sort == .age)
        #expect(order() == [7882, 11117, 18970, 20193, 20377])
        state.press(.character("s"))
        #expect(order() == [20193, 18970, 7882, 20377, 11117])
        state.sort = .killIn
        #expect(order() == [7882, 11117, 18970, 20193, 20377])
        state.press(.character("s"))
        #expect(state.sort == .generation)
    }

    @Test mutating func filters() {
        state.press(.character("/"))
        state.type("HeLd")
        #expect(state.typingFilter)
        #expect(state.shownWorkers.map(\.pid) == [11117])
        state.press(.enter)
        #expect(!state.typingFilter && state.filter == "HeLd")
        state.press(.escape)
        #expect(state.filter.isEmpty && state.shownWorkers.count == 5)
        state.press(.character("/"))
        // Letters that are commands elsewhere are text here.
        state.type("q?s")
        #expect(state.filter == "q?s" && !state.showsHelp)
        state.press(.backspace)
        #expect(state.filter == "q?")
        state.press(.escape)
        #expect(state.filter.isEmpty && !state.typingFilter)
    }

    @Test mutating func filtersThePanelThatHasTheKeys() {
        state.press(.tab, .tab, .character("/"))
        state.type("forked")
        #expect(LogPanel.lines(state).count == 1)
        #expect(state.shownWorkers.count == 5)
    }

    @Test mutating func helpOpensAndIsLeft() {
        for (opens, leaves) in [(Key.function(1), Key.escape), (.character("?"), .character("q"))] {
            state.press(opens)
            #expect(state.showsHelp)
            #expect(state.press(leaves) == [])
            #expect(!state.showsHelp)
        }
    }

    @Test mutating func pauseFreezesWhatIsShownAndMissesNothing() {
        state.press(.character(" "))
        var next = Fixture.busy
        next.time += 5_000_000
        next.workers = Array(next.workers.prefix(1))
        next.newLines = [LogLine(at: next.time, severity: .info, source: .process, text: "meanwhile")]
        _ = update(&state, .looked(next))
        #expect(state.shownWorkers.count == 5)
        #expect(view(state).text.contains("PAUSED 5s ago"))
        #expect(!view(state).text.contains("meanwhile"))
        state.press(.character(" "))
        #expect(state.shownWorkers.count == 1)
        #expect(view(state).text.contains("meanwhile"))
    }

    @Test mutating func onlyTheDemoActsOnASingleKey() {
        #expect(state.press(.character("R")) == [])
        #expect(state.notice != nil)
        state.settings.demo = true
        #expect(state.press(.character("R")) == [.reload])
    }

    @Test mutating func changesTheInterval() {
        #expect(state.press(.character("+")) == [.interval(2)])
        #expect(state.press(.character("-"), .character("-")) == [.interval(1), .interval(0.5)])
        for _ in 0..<20 { state.press(.character("-")) }
        #expect(state.settings.interval == 0.2)
    }

    @Test mutating func curvesKeepTheirTimeAxis() {
        func next(_ milliseconds: Int64, _ connections: Int) {
            var snapshot = Fixture.busy
            snapshot.time = Fixture.now + milliseconds * 1000
            snapshot.workers[0].connections = .known(connections)
            _ = update(&state, .looked(snapshot))
        }
        next(100, 813)
        next(1000, 814)
        next(1050, 815)
        next(2000, 816)
        #expect(state.live?.history[20193] == [813, 815, 816])
        for step in 3...600 { next(Int64(step) * 1000, 1) }
        #expect(state.live?.history[20193]?.count == Picture.longestHistory)
    }

    @Test mutating func losingTheProxyIsLoud() {
        _ = update(&state, .lost("master 7459 has ended"))
        _ = update(&state, .clock(Fixture.now + 12_000_000))
        let text = view(state).text
        #expect(text.contains("STALE 12s old"))
        #expect(text.contains("LOST  master 7459 has ended"))
        #expect(text.contains("20193"))
        _ = update(&state, .looked(Fixture.snapshot(Fixture.workers, at: Fixture.now + 13_000_000)))
        #expect(!view(state).text.contains("STALE") && !view(state).text.contains("LOST"))
    }

    @Test mutating func looksThatStopComingAreStale() {
        _ = update(&state, .clock(Fixture.now + 2_000_000))
        #expect(!view(state).text.contains("STALE"))
        _ = update(&state, .clock(Fixture.now + 4_000_000))
        #expect(view(state).text.contains("STALE 4s old"))
    }

    @Test mutating func theMouseSelectsSortsAndScrolls() {
        let layout = TreeLayout(state, state.viewArea)
        let row = layout.processes.row
        state.press(.mouse(.press(column: 5, row: row + 3)))
        #expect(state.selected == 20377)
        state.press(.mouse(.press(column: 5, row: row + 3)))
        #expect(state.why?.pid == 20377)
        state.press(.escape)
        let connections = layout.columns[TreeColumns.connections.rawValue] ?? 0..<0
        state.press(
            .mouse(
                .press(
                    column: connections.upperBound - 1, row: TreeLayout(state, state.viewArea).processes.row))
        )
        #expect(state.sort == .connections)
        state.press(.mouse(.wheelDown(column: 5, row: row + 1)))
        #expect(state.selected != 20377)
    }

    @Test mutating func foldsTheOldWorkers() {
        state.press(.character("t"))
        #expect(view(state).text.contains("3 old"))
        #expect(!view(state).text.contains("18970 [was: 1]"))
        state.press(.character("t"))
        #expect(view(state).text.contains("18970 [was: 1]"))
    }
}
