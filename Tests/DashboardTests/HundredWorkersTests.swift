// A hundred workers: scrolled, folded, filtered, and never a wrong tree.

import ReloadModel
import Testing
import TextUI

@testable import Dashboard

@Suite struct HundredWorkersTests {
    private static func snapshot(_ count: Int = 100, at time: Int64 = Fixture.now) -> Snapshot {
        var workers = [
            Fixture.worker(5000, .serving, generation: count, connections: 900, age: 10, mebibytes: 40)
        ]
        for index in 1..<count {
            let isHeld = index % 10 == 0
            workers.append(
                Fixture.worker(
                    Int32(5000 - index), isHeld ? .held : .draining, generation: count - index, was: 1,
                    connections: isHeld ? 0 : index, age: Double(10 + index * 60), mebibytes: 9,
                    killIn: Double(7200 - index * 60),
                    holders: isHeld
                        ? [Holder(kind: .adminSession, count: 1, who: "monitoring-agent (pid \(index))")]
                        : [Holder(kind: .clients, count: index)]))
        }
        return Fixture.snapshot(workers, at: time)
    }

    private static let sizes = [(80, 24), (120, 40), (200, 60), (60, 12)]

    /// The rows of the tree as they are drawn: pids, in order from above.
    private func pids(_ state: State) -> [Int32] {
        let layout = TreeLayout(state, state.viewArea)
        let lines = view(state).text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.dropFirst(layout.processes.row + 1).prefix(layout.visibleRows).compactMap { line in
            let words = line.split(separator: " ").drop { Int32($0) == nil }
            guard line.contains("[was:") || line.contains("worker") || line.contains("master") else {
                return nil
            }
            return words.first.flatMap { Int32($0) }
        }
    }

    @Test(arguments: sizes) func everyWorkerComesBySteppingDown(_ columns: Int, _ rows: Int) {
        var state = Fixture.state(Self.snapshot(), columns, rows)
        var seen: [Int32] = []
        var selected: [Int32] = []
        for _ in 0...101 {
            let drawn = pids(state)
            for pid in drawn where !seen.contains(pid) { seen.append(pid) }
            if let pid = state.selected, selected.last != pid { selected.append(pid) }
            // The cursor is always on a row that is drawn.
            #expect(drawn.contains(state.selected ?? 0))
            state.press(.down)
        }
        #expect(seen == [7459] + (4901...5000).reversed())
        #expect(selected == [7459] + (4901...5000).reversed())
    }

    @Test(arguments: sizes) func theLastBranchIsTheLastWorkerOnly(_ columns: Int, _ rows: Int) {
        var state = Fixture.state(Self.snapshot(), columns, rows)
        for keys in [[Key.home], [.pageDown], [.pageDown, .pageDown], [.end]] {
            for key in keys { state.press(key) }
            let layout = TreeLayout(state, state.viewArea)
            let lines = view(state).text.split(separator: "\n", omittingEmptySubsequences: false)
            let tree = lines.dropFirst(layout.processes.row + 1).prefix(layout.visibleRows)
            for line in tree where line.contains("└") { #expect(line.contains("4901")) }
            #expect(tree.count == layout.visibleRows)
            #expect(!tree.contains { $0.isEmpty })
        }
        #expect(pids(state).last == 4901)
    }

    @Test(arguments: sizes) func theHeadSaysWhichRowsAreShown(_ columns: Int, _ rows: Int) {
        var state = Fixture.state(Self.snapshot(), columns, rows)
        let visible = TreeLayout(state, state.viewArea).visibleRows
        let wide = TreeColumns.holderWidth(TreeLayout(state, state.viewArea).columns)
        let total = state.treeRows(holderWidth: wide).count
        #expect(view(state).text.contains("1-\(visible)/\(total)"))
        state.press(.end)
        #expect(view(state).text.contains("\(total - visible + 1)-\(total)/\(total)"))
    }

    @Test(arguments: sizes) func foldedItIsOneRow(_ columns: Int, _ rows: Int) {
        var state = Fixture.state(Self.snapshot(), columns, rows)
        state.press(.end, .character("t"))
        #expect(view(state).text.contains("99 old"))
        #expect(pids(state) == [7459, 5000])
        #expect(state.selected == TreeRow.foldedPID || state.selected == 5000)
        state.press(.character("t"), .end)
        #expect(state.selected == 4901)
    }

    @Test(arguments: sizes) func theyGoAwayUnderTheCursor(_ columns: Int, _ rows: Int) {
        var state = Fixture.state(Self.snapshot(), columns, rows)
        state.press(.end)
        for (step, count) in [60, 30, 3, 1].enumerated() {
            var next = Self.snapshot()
            next.time += Int64(step + 1) * 1_000_000
            next.workers = Array(next.workers.prefix(count))
            _ = update(&state, .looked(next))
            #expect(pids(state).contains(state.selected ?? 0))
        }
        #expect(pids(state) == [7459, 5000])
    }

    @Test func compactKeepsToTheScreenAndSaysHowManyMore() {
        let state = Fixture.state(Self.snapshot(), 50, 8)
        let lines = view(state).text.split(separator: "\n")
        #expect(lines.count == 8)
        #expect(lines[0].contains("serving"))
        #expect(lines.last?.contains("+93 more") == true, "\(lines)")
    }

    @Test func theOtherViewsTakeThemToo() {
        for (columns, rows) in Self.sizes + [(50, 8)] {
            for kind in ViewKind.allCases {
                var state = Fixture.state(Self.snapshot(), columns, rows)
                state.press(.character(kind.digit), .end, .pageUp, .down)
                #expect(view(state).size == Size(columns: columns, rows: rows))
            }
        }
    }

    @Test func screens() {
        expectScreen(Fixture.state(Self.snapshot()), is: "tree-hundred-80x24")
        expectScreen(Fixture.state(Self.snapshot(), 120, 40), is: "tree-hundred-120x40")
        expectScreen(Fixture.state(Self.snapshot(), 50, 8), is: "tree-hundred-50x8")
    }
}
