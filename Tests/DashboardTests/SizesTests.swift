// Every size gives a frame of that size, in every mode: it never fails for want of room.

import ReloadModel
import Testing
import TextUI

@testable import Dashboard

@Suite struct SizesTests {
    @Test(arguments: [Repertoire.unicode, .ascii])
    func everySizeAndModeIsDrawn(_ repertoire: Repertoire) {
        let keys: [[Key]] = [
            [], [.enter], [.tab], [.tab, .tab], [.function(1)], [.character("t")], [.character("/")], [.end],
            [.character("6")],
            [.character("6"), .character("s"), .right, .pageUp], [.character("7"), .left], [.character("o")],
            [.character("y")],
        ]
        let columns = [0, 1, 2, 11, 30, 59, 60, 78, 80, 109, 110, 120, 300]
        let rows = [0, 1, 2, 5, 11, 12, 18, 24, 40]
        var many = Fixture.busy
        many.blindness = [Blindness(what: "journal", unknown: Fixture.noPSS)]
        for index in 0..<60 {
            many.workers.append(
                Fixture.worker(
                    Int32(3000 + index), .draining, generation: index, was: 1, connections: index, age: 9,
                    mebibytes: 1))
        }
        for snapshot in [Fixture.snapshot([]), Fixture.busy, many] {
            for keys in keys {
                var state = Fixture.state(snapshot, 80, 24, repertoire)
                for key in keys { state.press(key) }
                for columns in columns {
                    for rows in rows {
                        let size = Size(columns: columns, rows: rows)
                        _ = update(&state, .resized(size))
                        #expect(view(state).size == size)
                    }
                }
            }
        }
    }

    @Test func anAlertIsShortenedRatherThanContinuedForAWord() {
        var snapshot = Fixture.busy
        snapshot.alerts = [
            Alert(
                kind: .stacking, severity: .critical,
                message: "20 draining workers > limit 4: oldest 4m47s, 60 connections, 95.6 MiB")
        ]
        #expect(view(Fixture.state(snapshot)).text.contains("oldest 4m47s, 60 conns, 95.6M"))
        #expect(view(Fixture.state(snapshot, 120, 40)).text.contains("60 connections, 95.6 MiB"))
    }

    @Test func figuresFitTheirColumns() {
        for power in 0..<15 {
            var value = 1.0
            for _ in 0..<power { value *= 10 }
            for factor in [1.0, 1.5, 9.99, 9.9999] {
                let number = value * factor
                if number < 800_000_000 { #expect(Figures.span(number).count <= 6) }
                if number < 1e10 { #expect(Figures.count(Int(number)).count <= 5) }
                #expect(Figures.change(-number).count <= 5)
                if number < 5e13 { #expect(Figures.bytes(Int(number)).count <= 6) }
                if number < 1000 { #expect(Figures.percent(number).count <= 4) }
            }
        }
        #expect(Figures.span(-62) == "-1m02s")
        #expect(Figures.span(-0.4) == "0s")
        #expect(Figures.span(.infinity) == "never")
        #expect(Figures.bytes(25_690_112) == "24.5M")
        #expect(Figures.bytes(13_002_342) == "12.4M")
        #expect(Figures.bytes(0) == "0K")
        #expect(Figures.change(-2.4) == "-2")
        #expect(Figures.change(0.2) == "0")
        #expect(Figures.time(Fixture.now) == "10:24:31")
    }

    @Test func whatIsUnknownIsNeverZero() {
        var snapshot = Fixture.busy
        for index in snapshot.workers.indices {
            snapshot.workers[index].connections = .unknown(Unknown("the socket is of another user"))
            snapshot.workers[index].connectionsPerSecond = .unknown(Unknown("no connections known"))
            snapshot.workers[index].memory.proportional = .unknown(Fixture.noPSS)
            snapshot.workers[index].cpuPercent = .unknown(Unknown("one sample so far"))
        }
        var state = Fixture.state(snapshot)
        var text = view(state).text
        #expect(text.contains("● serving   4m22s    ?    ?     ?    ?"))
        #expect(text.contains("? MEM: smaps_rollup of other users needs CAP_SYS_PTRACE"))
        state.press(.down, .enter)
        text = view(state).text
        #expect(text.contains("connections   ? the socket is of another user"))
        state.press(.escape, .function(1), .end)
        #expect(view(state).text.contains("→ run reloadtop as root or as user haproxy"))
    }
}
