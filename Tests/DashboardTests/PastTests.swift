// An hour in memory: what is remembered, how much, and how a person steps through it.

import ReloadModel
import Testing
import TextUI

@testable import Dashboard

@Suite struct PastTests {
    private func look(_ second: Int64, workers: Int = 2, connections: Int = 5) -> Snapshot {
        let workers = (0..<workers).map { index in
            Fixture.worker(
                Int32(100 + index), index == 0 ? .serving : .draining, generation: 9 - index,
                connections: connections, age: Double(second + 10), mebibytes: 9)
        }
        return Fixture.snapshot(workers, at: Fixture.now + second * 1_000_000)
    }

    @Test func anHourOfLooksIsThinnedWithAge() {
        var past = Past()
        for second in 0..<Int64(4200) { past.take(look(second)) }
        let ages = past.looks.map { (Fixture.now + 4199 * 1_000_000 - $0.time) / 1_000_000 }
        #expect(ages.last == 0)
        #expect((3500...3600).contains(ages[0]))
        #expect(ages.count { $0 <= 110 } == 111)
        #expect((70...100).contains(ages.count { (130...890).contains($0) }))
        #expect(past.looks.count < 300)
    }

    @Test func aLookInWhichSomethingHappenedOutlivesTheOthers() {
        var past = Past()
        for second in 0..<Int64(1800) {
            past.take(look(second, workers: (605...607).contains(second) ? 3 : 2))
        }
        let kept = past.looks.filter { $0.workers.count == 3 }.map { ($0.time - Fixture.now) / 1_000_000 }
        #expect(kept.contains(605))
    }

    @Test func manyWorkersDoNotTakeMoreMemory() {
        var past = Past()
        for second in 0..<Int64(900) { past.take(look(second, workers: 300)) }
        #expect(past.looks.reduce(0) { $0 + $1.workers.count + 1 } <= Past.mostRows + 301)
        #expect(past.looks.count >= 10)
        // Every look brings something new: even so.
        for second in Int64(900)..<2000 { past.take(look(second, workers: 100 + Int(second % 7) * 50)) }
        #expect(past.looks.reduce(0) { $0 + $1.workers.count + 1 } <= Past.mostRows + 401)
    }

    @Test func looksBetweenTwoStepsTakeTheirPlace() {
        var past = Past()
        past.take(look(0))
        for millisecond in [100, 200, 300] {
            var next = look(0)
            next.time += Int64(millisecond) * 1000
            past.take(next)
        }
        #expect(past.looks.count == 1)
    }

    private func watched() -> State {
        var state = Fixture.state(look(0, connections: 0))
        for second in 1...Int64(20) {
            var next = look(second, connections: Int(second))
            next.newLines = [
                LogLine(at: next.time, severity: .info, source: .process, text: "line of second \(second)")
            ]
            _ = update(&state, .looked(next))
        }
        return state
    }

    /// What was opened in the past is left first.
    @Test(arguments: [ViewKind.tree, .reloads, .log, .time, .doctor])
    func escapeLeavesThePast(_ view: ViewKind) {
        var state = watched()
        state.press(.character(view.digit), .character("["))
        if view == .tree { state.press(.tab) }
        if view == .log { state.press(.right) }
        if view == .time { state.press(.left) }
        #expect(state.isReplay)
        if [.tree, .log, .time].contains(view) {
            state.press(.escape)
            #expect(state.isReplay)
        }
        state.press(.escape)
        #expect(!state.isReplay)
    }

    @Test func stepsBackAndForwardAndHome() {
        var state = watched()
        state.press(.character("["), .character("["), .character("["))
        #expect(state.isReplay && state.picture?.snapshot.workers[0].connections.value == 17)
        let text = view(state).text
        #expect(text.contains("PAST 10:24:48, 3s ago"))
        #expect(text.contains("line of second 17") && !text.contains("line of second 18"))
        #expect(state.picture?.history[100]?.suffix(3) == [15, 16, 17])
        // Live looks go on meanwhile.
        _ = update(&state, .looked(look(21, connections: 21)))
        #expect(state.picture?.snapshot.workers[0].connections.value == 17)
        state.press(.character("]"))
        #expect(state.picture?.snapshot.workers[0].connections.value == 18)
        state.press(.home)
        #expect(!state.isReplay && state.picture?.snapshot.workers[0].connections.value == 21)
        #expect(view(state).text.contains("LIVE"))
    }

    @Test func theCursorIsWhereItWasAfterThePast() {
        var state = watched()
        var next = look(21, workers: 3)
        next.time += 500_000
        _ = update(&state, .looked(next))
        state.press(.end)
        #expect(state.selected == 102)
        state.press(.character("["), .character("["))
        #expect(state.selected != 102)
        state.press(.home)
        #expect(state.selected == 102)
    }

    @Test func forwardPastTheLatestIsLive() {
        var state = watched()
        state.press(.character("["), .character("]"))
        #expect(state.paused == nil)
        for _ in 0..<40 { state.press(.character("[")) }
        #expect(state.notice == "nothing older is remembered")
        #expect(state.picture?.snapshot.time == Fixture.now)
        state.press(.character(" "))
        #expect(state.paused == nil)
    }

    @Test func homeIsTheFirstRowWhileLive() {
        var state = watched()
        state.press(.end)
        #expect(state.selected == 101)
        state.press(.home)
        #expect(state.selected == 7459)
    }
}
