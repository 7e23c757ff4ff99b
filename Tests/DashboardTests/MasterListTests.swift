// Several masters on a host: chosen from at the start, switched while one is watched.

import ReloadModel
import Testing
import TextUI

@testable import Dashboard

@Suite struct MasterListTests {
    static let masters = [
        RunningMaster(
            pid: 7459, program: .haproxy,
            commandLine: "/usr/sbin/haproxy -Ws -f /etc/haproxy/haproxy.cfg -S /run/haproxy-master.sock",
            masterSocket: .known("/run/haproxy-master.sock"), configuration: ["/etc/haproxy/haproxy.cfg"],
            workers: 5, started: Fixture.now - 352_920_000_000),
        RunningMaster(
            pid: 812_144, program: .mwproxy, commandLine: "mwproxy -W -f edge.cfg",
            masterSocket: .known("/srv/customers/edge-frankfurt-3/run/admin/master.sock"),
            configuration: ["/srv/customers/edge-frankfurt-3/etc/mwproxy/edge.cfg", "conf.d"], workers: 1,
            started: Fixture.now - 722_000_000),
        RunningMaster(
            pid: 812_200, program: .haproxy, commandLine: "haproxy -W -db",
            masterSocket: .unknown(Unknown("master 812200 has no admin socket"))),
    ]

    private func opened(_ columns: Int, _ rows: Int, _ repertoire: Repertoire = .unicode) -> State {
        var state = Fixture.state(Fixture.busy, columns, rows, repertoire)
        #expect(state.press(.character("M")) == [.findMasters])
        _ = update(&state, .found(Self.masters))
        return state
    }

    @Test(arguments: [(80, 24), (120, 40), (50, 8)])
    func theListOverTheTree(columns: Int, rows: Int) {
        expectScreen(opened(columns, rows), is: "masters-\(columns)x\(rows)")
    }

    @Test func inASCII() {
        expectScreen(opened(80, 24, .ascii), is: "masters-ascii-80x24")
    }

    @Test func theChoiceAtTheStart() {
        var state = State(size: Size(columns: 80, rows: 24))
        state.now = Fixture.now
        _ = update(&state, .found(Self.masters))
        expectScreen(state, is: "masters-start-80x24")
        #expect(state.press(.down, .down, .down, .up) == [])
        #expect(state.press(.enter) == [.watch(pid: 812_144)])
        // One has to be chosen.
        state.press(.escape, .character("M"))
        #expect(state.masters != nil)
        _ = update(&state, .attached(Self.masters[1], isDemo: false))
        #expect(state.masters == nil && view(state).text.contains("asking master 812144"))
    }

    @Test func theyAreLookedForOnlyWhenTheListIsOpened() {
        var state = Fixture.state(Fixture.busy)
        state.press(.character("M"))
        #expect(view(state).text.contains("looking for masters"))
        state.press(.escape)
        #expect(state.masters == nil)
        // What is found after it was closed opens nothing.
        _ = update(&state, .found(Self.masters))
        #expect(state.masters == nil)
    }

    @Test func enterIsForAnotherThanTheOneThatIsWatched() {
        var state = opened(80, 24)
        #expect(state.press(.enter) == [.watch(pid: 812_144)])
        #expect(state.masters == nil)
        state.press(.character("M"))
        _ = update(&state, .found(Self.masters))
        #expect(state.press(.character("g"), .enter) == [])
        #expect(state.notice == "master 7459 is watched already")
    }

    @Test func nothingOfTheOneBeforeIsShownOfTheNext() {
        var state = opened(120, 40)
        _ = update(&state, .inquired(Fixture.report(18970, Fixture.mixture)))
        state.isArmed = true
        state.press(.escape, .character("s"), .character("3"), .character("M"), .enter)
        _ = update(&state, .attached(Self.masters[1], isDemo: false))
        var expected = State(size: state.size, settings: state.settings)
        (expected.now, expected.master, expected.view, expected.sort) = (Fixture.now, 812_144, .reloads, .age)
        expected.phase = .connecting("asking master 812144")
        expected.lists = [.reloads: ListPosition()]
        #expect(state == expected)
        var next = Fixture.snapshot([
            Fixture.worker(812_145, .serving, generation: 0, connections: 1, age: 700, mebibytes: 9)
        ])
        next.master.pid = 812_144
        _ = update(&state, .looked(next))
        #expect(view(state).text.contains("no reload since the master started"))
        for kind in ViewKind.allCases {
            state.press(.character(kind.digit))
            let text = view(state).text
            for trace in ["20193", "18970", "7459", "STACKING", "bogus"] {
                #expect(!text.contains(trace), "\(kind): \(trace)")
            }
        }
        state.press(.character("["))
        #expect(state.notice == "nothing older is remembered")
    }

    @Test func theViewAsksTheNewMasterWhatALookDoesNotBring() {
        var state = Fixture.state(Fixture.busy)
        state.press(.character("8"))
        _ = update(&state, .attached(Self.masters[1], isDemo: false))
        #expect(update(&state, .looked(Fixture.busy)).contains(.examine))
    }

    @Test func aMasterThatCannotBeWatchedChangesNothing() {
        var state = Fixture.state(Fixture.busy)
        state.press(.character(":"))
        state.type("master 99")
        #expect(state.press(.enter) == [.watch(pid: 99)])
        _ = update(&state, .notAttached("no process has the pid 99"))
        #expect(view(state).text.contains("no process has the pid 99"))
        #expect(view(state).text.contains("20193") && state.master == 7459)
        state.press(.escape, .character(":"))
        state.type("master none")
        #expect(state.press(.enter) == [])
        #expect(state.notice == "'master' needs a pid, found 'none'; 'master' alone lists them")
        state.press(.character(":"))
        state.type("master")
        #expect(state.press(.enter) == [.findMasters])
    }

    @Test func aMasterThatWasLostCanBeLeft() {
        var state = Fixture.state(Fixture.busy)
        _ = update(&state, .lost("master 7459 has ended"))
        #expect(view(state).text.contains("M masters"))
        state.press(.character("M"))
        _ = update(&state, .found(Array(Self.masters.dropFirst())))
        #expect(state.press(.enter) == [.watch(pid: 812_144)])
    }

    @Test func aResultOfTheOneBeforeIsToldAndNotLogged() {
        var state = Fixture.state(Fixture.busy)
        _ = update(
            &state, .intervened(InterventionResult(.reload(master: 1), succeeded: true, "reloaded")))
        #expect(view(state).text.contains("reloaded"))
        #expect(state.live?.log.contains { $0.text.contains("reloaded") } == false)
    }

    @Test func theMouseChoosesAndASecondPressSwitches() throws {
        var state = opened(80, 24)
        let rows = view(state).text.split(separator: "\n", omittingEmptySubsequences: false)
        let row = try #require(rows.lastIndex { $0.contains("812200") })
        #expect(state.press(.mouse(.press(column: 12, row: row))) == [])
        #expect(state.press(.mouse(.press(column: 12, row: row))) == [.watch(pid: 812_200)])
    }

    @Test func everySizeIsDrawn() {
        for columns in [0, 1, 2, 9, 30, 59, 60, 80, 200] {
            for rows in [0, 1, 2, 3, 5, 11, 12, 24] {
                for found in [nil, [], Self.masters] {
                    var state = opened(80, 24)
                    state.masters?.found = found
                    _ = update(&state, .resized(Size(columns: columns, rows: rows)))
                    state.press(.down, .end, .pageUp)
                    #expect(view(state).size == Size(columns: columns, rows: rows))
                }
            }
        }
    }
}
