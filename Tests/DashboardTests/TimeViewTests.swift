// The time view: lives, bars, scale.

import ReloadModel
import Testing
import TextUI

@testable import Dashboard

@Suite struct TimeViewTests {
    /// Two reloads in five minutes: the first worker ended by itself, the second was cut, the third drains.
    private func watched(_ columns: Int = 80, _ rows: Int = 24, _ repertoire: Repertoire = .unicode) -> State
    {
        func at(_ second: Int64, _ workers: [(Int32, WorkerState, Int, Double, Double?)]) -> Snapshot {
            var snapshot = Fixture.snapshot(
                workers.map { pid, state, generation, age, killIn in
                    Fixture.worker(
                        pid, state, generation: generation, was: state == .serving ? nil : 1, connections: 4,
                        age: age, mebibytes: 9, killIn: killIn)
                }, at: Fixture.now + second * 1_000_000)
            snapshot.reloads = [60, 150, 240].filter { $0 <= second }.map { start in
                ReloadRecord(
                    at: Fixture.now + start * 1_000_000, attempt: Int(start / 60),
                    result: start == 150 ? .failed : .success, durationMilliseconds: .known(40),
                    source: .processEvents)
            }
            return snapshot
        }
        var state = Fixture.state(at(0, [(100, .serving, 1, 400, nil)]), columns, rows, repertoire)
        for second in stride(from: Int64(1), through: 300, by: 1) {
            let age = Double(second)
            var workers: [(Int32, WorkerState, Int, Double, Double?)] = []
            if second >= 240 { workers.append((300, .serving, 4, age - 240, nil)) }
            if second >= 60 {
                let drains = second >= 240
                workers.append(
                    (200, drains ? .draining : .serving, 2, age - 60, drains ? 300 - (age - 240) : nil))
            }
            if second < 60 {
                workers.append((100, .serving, 1, 400 + age, nil))
            } else if second < 180 {
                workers.append((100, .draining, 1, 400 + age, 120 - (age - 60)))
            }
            _ = update(&state, .looked(at(second, workers)))
        }
        state.press(.character("7"))
        return state
    }

    @Test func screens() {
        expectScreen(watched(), is: "time-80x24")
        expectScreen(watched(120, 40), is: "time-120x40")
        expectScreen(watched(50, 8), is: "time-50x8")
        expectScreen(watched(80, 24, .ascii), is: "time-ascii-80x24")
    }

    @Test func knowsHowEachLifeWentAndEnded() throws {
        let lives = TimeView.lives(watched())
        #expect(lives.map(\.pid) == [300, 200, 100])
        #expect(lives[2].ended == Fixture.now + 180_000_000)
        #expect(lives[2].cut == 4)
        #expect(lives[2].phases.map(\.state) == [.serving, .draining])
        #expect(lives[2].phases[1].since == Fixture.now + 60_000_000)
        #expect(lives[1].deadline == Fixture.now + 540_000_000)
    }

    @Test func thePastHasNoFuture() {
        var state = watched()
        while (state.picture?.snapshot.time ?? 0) > Fixture.now + 200_000_000 { state.press(.character("[")) }
        #expect(TimeView.lives(state).map(\.pid) == [200, 100])
        while (state.picture?.snapshot.time ?? 0) > Fixture.now + 100_000_000 { state.press(.character("[")) }
        #expect(TimeView.lives(state).last?.ended == nil)
    }

    @Test func spansAndPlacesAreChosen() {
        var state = watched()
        #expect(view(state).text.contains("20m, "))
        state.press(.character("<"), .character("<"))
        #expect(view(state).text.contains("5m, "))
        state.press(.character(">"), .character(">"), .character(">"))
        #expect(view(state).text.contains("30m, "))
        state.press(.left)
        #expect(!view(state).text.contains("now"))
        state.press(.character("f"))
        #expect(view(state).text.contains("now"))
    }

    @Test func beginsWithASpanThatFitsWhatIsKnown() {
        for (age, words) in [
            (20.0, "1m, "), (70, "2m, "), (200, "5m, "), (500, "10m, "), (1500, "30m, "), (3000, "1h, "),
            (400_000, "1h, "),
        ] {
            let worker = Fixture.worker(
                100, .serving, generation: 1, connections: 4, age: age, mebibytes: 9)
            var state = Fixture.state(Fixture.snapshot([worker]))
            state.press(.character("7"))
            #expect(
                view(state).text.contains("─ \(words)") || view(state).text.contains(" \(words)"), "\(age)")
        }
        // It grows with what is known, until somebody chooses another.
        func look(_ second: Int64) -> Snapshot {
            Fixture.snapshot(
                [
                    Fixture.worker(
                        100, .serving, generation: 1, connections: 4, age: Double(second), mebibytes: 9)
                ], at: Fixture.now + second * 1_000_000)
        }
        var state = Fixture.state(look(10))
        state.press(.character("7"))
        #expect(view(state).text.contains(" 1m, "))
        _ = update(&state, .looked(look(100)))
        #expect(view(state).text.contains(" 2m, "))
        state.press(.character("<"))
        _ = update(&state, .looked(look(300)))
        #expect(view(state).text.contains(" 1m, "))
    }

    @Test func enterShowsTheWorkerInTheTree() {
        var state = watched()
        state.press(.down, .enter)
        #expect(state.view == .tree && state.selected == 200 && state.why?.pid == 200)
        state.press(.character("7"), .end, .enter)
        #expect(state.view == .time && state.notice != nil)
    }

    @Test func aScaleHasRoundMomentsWithRoomForTheirWords() {
        for seconds in TimeAxis.spans {
            for columns in [1, 5, 20, 55, 200] {
                let axis = TimeAxis(end: Fixture.now, seconds: seconds, columns: columns)
                let marks = axis.marks(wordWidth: 8)
                for (left, right) in zip(marks, marks.dropFirst()) {
                    #expect(right.column - left.column >= 9)
                }
                #expect(columns < 55 || marks.count >= 2)
            }
        }
    }
}
