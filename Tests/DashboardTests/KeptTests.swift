// What a person takes along: an export, a command; and the columns they chose.

import ReloadModel
import RuntimeAPI
import Testing
import TextUI

@testable import Dashboard

@Suite struct KeptTests {
    @Test func everyViewIsExportedAsJSON() throws {
        for kind in ViewKind.allCases {
            var state = Fixture.state(Fixture.busy)
            state.press(.character(kind.digit))
            guard case .export(let name, let text)? = state.press(.character("e")).first else {
                Issue.record("\(kind) exports nothing")
                continue
            }
            #expect(name == "reloadtop-\(kind.view.name.lowercased())-20260301T102431Z.json")
            let json = try JSON(parsing: text)
            #expect(json["view"]?.string == kind.view.name.lowercased())
            #expect(json["shown"]?.string == "live")
            #expect(json["time"]?.string == "2026-03-01T10:24:31.000000Z")
        }
    }

    @Test func theTreeIsExportedWhole() throws {
        var state = Fixture.state(Fixture.busy)
        state.press(.character("/"))
        state.type("held")
        state.press(.enter)
        guard case .export(_, let text)? = state.press(.character("e")).first else { return }
        let json = try JSON(parsing: text)
        #expect(json["look"]?["workers"]?.array?.count == 5)
        #expect(json["shown_workers"]?.array?.map(\.integer) == [11117])
        #expect(json["filter"]?.string == "held")
    }

    @Test func whereItWasWrittenIsShownWhole() {
        var state = Fixture.state(Fixture.busy)
        let path = "/var/lib/somebody/state/reloadtop/" + String(repeating: "long/", count: 20) + "x.json"
        _ = update(&state, .exported("written to \(path)"))
        let lines = view(state).text.split(separator: "\n").map { $0.drop { $0 == " " } }
        #expect(lines.joined().contains(path))
        state.press(.character("x"))
        #expect(state.popup == nil)
    }

    @Test func commandsAreReadyForAShell() {
        var state = Fixture.state(Fixture.busy)
        state.press(.down, .character("y"))
        let lines = state.popup?.lines ?? []
        #expect(lines.contains("echo '@!20193 show sess' | socat UNIX-CONNECT:/run/haproxy-master.sock -"))
        #expect(view(state).text.contains("echo 'show proc' | socat"))
        #expect(MasterShell.quoted("it's; rm -rf") == #"'it'\''s; rm -rf'"#)
    }

    @Test func columnsAreHiddenAndShownAgain() {
        var state = Fixture.state(Fixture.busy)
        #expect(view(state).text.contains("CPU%"))
        state.press(.character("o"))
        let names = TreeView.columnNames(state)
        while names[state.columnMenu ?? 0] != "CPU%" { state.press(.down) }
        state.press(.enter, .escape)
        #expect(state.columnMenu == nil && !view(state).text.contains("CPU%"))
        state.press(.character("o"))
        while names[state.columnMenu ?? 0] != "CPU%" { state.press(.down) }
        state.press(.character(" "), .escape)
        #expect(view(state).text.contains("CPU%"))
    }

    @Test func theCursorFollowsTheServingWorker() {
        var state = Fixture.state(Fixture.busy)
        state.press(.character("f"))
        #expect(state.selected == 20193)
        var next = Fixture.busy
        next.time += 1_000_000
        next.workers[0].state = .draining
        next.workers[1].state = .serving
        _ = update(&state, .looked(next))
        #expect(state.selected == 20377)
        state.press(.up)
        #expect(state.selected == 20193)
    }
}
