// The log view: its screens and its keys.

import ReloadModel
import Testing
import TextUI

@testable import Dashboard

@Suite struct LogViewTests {
    private func state(_ columns: Int = 80, _ rows: Int = 24, lines: Int = 3) -> State {
        var snapshot = Fixture.busy
        for number in 0..<max(0, lines - 3) {
            snapshot.newLines.append(
                LogLine(
                    at: Fixture.now - 5_000_000 + Int64(number) * 10_000, severity: .info, source: .journal,
                    text: "line \(number) of many, long enough to go on to the right of an ordinary terminal")
            )
        }
        var state = Fixture.state(snapshot, columns, rows)
        state.press(.character("6"))
        return state
    }

    @Test func screens() {
        expectScreen(state(lines: 40), is: "log-80x24")
        expectScreen(state(120, 40, lines: 20), is: "log-120x40")
        expectScreen(state(50, 8), is: "log-50x8")
    }

    @Test func hidesWhatIsLessSevere() {
        var state = state()
        #expect(LogView.lines(state).count == 3)
        state.press(.character("s"))
        #expect(LogView.lines(state).map(\.severity) == [.critical, .warning])
        #expect(view(state).text.contains("warn and worse, 2 of 3"))
        state.press(.character("s"))
        #expect(LogView.lines(state).map(\.severity) == [.critical])
        state.press(.character("s"))
        #expect(LogView.lines(state).count == 3)
        state.press(.character("/"))
        state.type("journal")
        #expect(LogView.lines(state).count == 2)
    }

    @Test func staysWhereItIsScrolledToUntilItFollows() {
        var state = state(lines: 100)
        state.press(.pageUp)
        let before = view(state).text.split(separator: "\n").dropFirst(3).prefix(10)
        var next = Fixture.busy
        next.time += 1_000_000
        next.newLines = [LogLine(at: next.time, severity: .info, source: .process, text: "the newest")]
        _ = update(&state, .looked(next))
        #expect(view(state).text.split(separator: "\n").dropFirst(3).prefix(10) == before)
        state.press(.character("f"))
        #expect(view(state).text.contains("the newest"))
    }

    @Test func longLinesAreScrolledSideways() {
        var state = state(lines: 4)
        state.press(.right, .right)
        #expect(view(state).text.contains("from column 17"))
        #expect(!view(state).text.contains("line 0 of many"))
        state.press(.escape)
        #expect(view(state).text.contains("line 0 of many"))
    }
}
