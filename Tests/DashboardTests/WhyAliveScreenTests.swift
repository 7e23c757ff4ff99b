// The why-alive page, the connections and the tables: as screens, and what their keys do.

import ReloadModel
import RuntimeAPI
import Testing
import TextUI

@testable import Dashboard

extension Fixture {
    static let timeouts = LoadedTimeouts.find(in: [
        """
        global
            stats timeout 10m
        defaults
            mode http
            timeout connect 5s
            timeout client 1m
            timeout server 30m
            timeout tunnel 1h
        frontend web
        backend app
        """
    ])

    static func end(_ state: TCPState, _ remote: String, idle: Double, received: UInt64 = 812) -> TCPEnd {
        TCPEnd(
            state: state, remote: remote, received: received, acknowledged: 24_100, sinceReceived: idle,
            sinceSent: idle + 1)
    }

    static func stream(
        _ id: Int, _ activity: WorkerConnection.Activity, _ client: String, idle: Double, left: Int,
        state: TCPState = .established, server: TCPState = .established
    ) -> WorkerConnection {
        WorkerConnection(
            session: "0x\(id)", activity: activity, client: client, frontend: "web", backend: "app",
            server: "s1", age: 905,
            deadlines: activity == .tunnel
                ? [.clientRead: left, .clientWrite: left, .serverRead: left, .serverWrite: left]
                : [activity == .connect ? .connect : .serverRead: left],
            clientSide: end(state, client, idle: idle),
            serverSide: end(server, "10.0.3.1:8080", idle: idle))
    }

    /// A mixture of reasons.
    static var mixture: [WorkerConnection] {
        [
            stream(1, .tunnel, "10.0.0.7:51020", idle: 723, left: 2877),
            stream(2, .tunnel, "10.0.0.9:40112", idle: 731, left: 2869),
            stream(3, .waiting, "192.0.2.44:9021", idle: 62, left: 1738, state: .closeWait),
            stream(4, .connect, "10.0.0.8:33001", idle: 2, left: 3, server: .synSent),
            WorkerConnection(
                activity: .head, client: "203.0.113.5:1999", listener: 443,
                clientSide: end(.established, "203.0.113.5:1999", idle: 48, received: 31)),
        ]
    }

    static func report(
        _ pid: Int32, _ connections: [WorkerConnection], blindness: [Blindness] = []
    ) -> ConnectionReport {
        ConnectionReport(
            pid: pid, at: now - 3_000_000, milliseconds: 12.4, connections: connections,
            timeouts: .known(timeouts), blindness: blindness)
    }

    static var heldSession: WorkerConnection {
        var session = WorkerConnection(
            session: "0x9", activity: .admin, client: "unix:1", frontend: "GLOBAL", age: 546)
        session.deadlines = [.clientRead: 54]
        session.holder = ConnectedProcess(name: "hatop", pid: 12186, user: 0)
        return session
    }
}

@Suite struct WhyAliveScreenTests {
    private func opened(
        _ pid: Int32, _ connections: [WorkerConnection], _ columns: Int, _ rows: Int,
        _ repertoire: Repertoire = .unicode
    ) -> State {
        var state = Fixture.state(Fixture.busy, columns, rows, repertoire)
        state.selected = pid
        #expect(state.press(.enter) == [.inquire(pid: pid)])
        _ = update(&state, .inquired(Fixture.report(pid, connections)))
        return state
    }

    @Test func aHeldWorker() {
        expectScreen(opened(11117, [Fixture.heldSession], 80, 24), is: "why-held-80x24")
    }

    @Test(arguments: [(80, 24), (120, 40), (50, 8)])
    func aMixture(columns: Int, rows: Int) {
        expectScreen(opened(18970, Fixture.mixture, columns, rows), is: "why-mixture-\(columns)x\(rows)")
    }

    @Test func inASCII() {
        expectScreen(opened(18970, Fixture.mixture, 80, 24, .ascii), is: "why-ascii-80x24")
    }

    @Test func whatCouldHaveMovedAndWhatWouldMoveIt() throws {
        var state = Fixture.state(Fixture.moved, 120, 40)
        state.selected = 18970
        state.press(.enter)
        let tunnels = Array(Fixture.mixture.prefix(2))
        _ = update(&state, .inquired(Fixture.report(18970, tunnels)))
        expectScreen(state, is: "why-not-moved-120x40")
        guard case .export(_, let text)? = state.press(.character("e")).first else {
            Issue.record("nothing is exported")
            return
        }
        let reasons = try #require(try JSON(parsing: text)["not_moved"]?.array)
        #expect(reasons.count == 2 && reasons[0]["count"]?.integer == 20)
        #expect(reasons[0]["remedy"]?.string?.contains("tune.reload.migrate tunnels") == true)
        #expect(reasons[1]["remedy"] == .null)
    }

    @Test func whatIsMissingIsToldWithItsRemedy() {
        var state = Fixture.state(Fixture.busy)
        state.selected = 18970
        state.press(.enter)
        let denied = Blindness(
            what: "its sockets",
            unknown: Unknown(
                "no permission to read the descriptors of process 18970",
                remedy: "run as root, or grant CAP_SYS_PTRACE"))
        _ = update(&state, .inquired(Fixture.report(18970, [], blindness: [denied])))
        let text = view(state).text
        #expect(text.contains("a guess"))
        #expect(text.contains("its sockets: no permission to read"))
        #expect(text.contains("CAP_SYS_PTRACE"))
    }

    @Test func thePageIsTakenAlong() throws {
        var state = opened(18970, Fixture.mixture, 80, 24)
        guard case .export(let name, let text)? = state.press(.character("e")).first else {
            Issue.record("nothing is exported")
            return
        }
        #expect(name == "reloadtop-why-alive-20260301T102431Z.json")
        let json = try JSON(parsing: text)
        #expect(json["view"]?.string == "why-alive" && json["pid"]?.integer == 18970)
        #expect(json["verdict"]?["sentence"]?.string?.hasPrefix("5 connections: ") == true)
        #expect(json["verdict"]?["kill_now_cuts"]?.integer == 5)
        let rows = try #require(json["connections"]?.array)
        #expect(rows.count == 5)
        #expect(rows.contains { $0["server_tcp"]?.string == "SYN_SENT" && $0["server"]?.string == "s1" })
        #expect(rows.contains { $0["activity"]?.string == "head" && $0["ends_in_s"]?.double == 12 })
        state.press(.character("y"))
        let commands = state.popup?.lines ?? []
        #expect(commands.first?.hasPrefix("echo '@!18970 show sess all' | socat ") == true)
        #expect(commands.contains("cat /proc/18970/status"))
        // Before the worker has answered there is no verdict.
        var early = Fixture.state(Fixture.busy)
        early.selected = 18970
        early.press(.enter)
        guard case .export(_, let nothing)? = early.press(.character("e")).first else { return }
        #expect(try JSON(parsing: nothing)["verdict"] == .null)
    }

    @Test func opensScrollsAsksAgainAndCloses() {
        var state = opened(18970, Fixture.mixture, 80, 24)
        #expect(view(state).text.contains("asked 3s ago"))
        // What is fresh is not asked for again, unless a key says so.
        #expect(update(&state, .looked(Fixture.busy)).isEmpty)
        #expect(state.press(.character("r")) == [.inquire(pid: 18970)])
        #expect(view(state).text.contains("asking"))
        #expect(state.press(.character("r")).isEmpty)
        state.press(.end)
        #expect(view(state).text.contains("203.0.113.5:1999"))
        state.press(.home)
        #expect(state.why?.scrolled == 0)
        state.press(.escape)
        #expect(state.why == nil && view(state).text.contains("PROCESS"))
    }

    @Test func aWorkerThatEndedMeanwhileKeepsItsLastLook() {
        var state = opened(18970, Fixture.mixture, 80, 24)
        var snapshot = Fixture.busy
        snapshot.workers.removeAll { $0.pid == 18970 }
        _ = update(&state, .looked(snapshot))
        #expect(view(state).text.contains("has ended: this is the last look at it"))
        state.press(.character("r"))
        _ = update(&state, .inquired(.gone(18970, at: Fixture.now)))
        #expect(view(state).text.contains("worker 18970 has ended"))
    }

    @Test func hostileTextIsSpelledOut() {
        var connection = Fixture.stream(1, .tunnel, "10.0.0.7:1", idle: 9, left: 60)
        connection.frontend = "web\u{1b}[31m"
        let text = view(opened(18970, [connection], 120, 40)).text
        #expect(!text.contains("\u{1b}"))
        #expect(text.contains("web^[["))
    }

    @Test func everySizeIsDrawn() {
        for columns in [0, 1, 30, 60, 80, 200] {
            for rows in [0, 1, 5, 12, 24] {
                var state = opened(18970, Fixture.mixture, max(1, columns), max(1, rows))
                _ = update(&state, .resized(Size(columns: columns, rows: rows)))
                _ = view(state)
                for key in "25" {
                    state.press(.character(key.unicodeScalars.first!))
                    _ = view(state)
                    state.press(.end, .home)
                }
            }
        }
    }

    @Test func twoThousandConnectionsAreDrawn() {
        let many = (0..<2000).map {
            Fixture.stream($0, .tunnel, "10.0.\($0 / 250).\($0 % 250):5000", idle: Double($0), left: 60)
        }
        var state = opened(18970, many, 80, 24)
        state.press(.end)
        #expect(view(state).text.contains("10.0.0.0"))
    }
}

@Suite struct ConnsViewTests {
    private func shown(_ columns: Int = 80, _ rows: Int = 24) -> State {
        var state = Fixture.state(Fixture.busy, columns, rows)
        let effects = state.press(.character("2"))
        #expect(effects.count == Fixture.workers.count)
        for worker in Fixture.workers {
            let connections =
                switch worker.pid {
                case 18970: Fixture.mixture
                case 11117: [Fixture.heldSession]
                default: [WorkerConnection]()
                }
            _ = update(&state, .inquired(Fixture.report(worker.pid, connections)))
        }
        return state
    }

    @Test(arguments: [(80, 24), (120, 40), (50, 8)])
    func byClient(columns: Int, rows: Int) {
        expectScreen(shown(columns, rows), is: "conns-\(columns)x\(rows)")
    }

    @Test func oneByOneOfOneWorker() {
        var state = shown(120, 40)
        state.press(.character("b"), .character("b"), .character("b"))
        expectScreen(state, is: "conns-single-120x40")
    }

    @Test func groupsWorkersFilterAndEnter() {
        var state = shown()
        #expect(ConnsView.table(state).items.map(\.members.count) == [1, 1, 1, 1, 1, 1])
        state.press(.character("b"))
        #expect(ConnsView.table(state).items.map(\.key) == ["web", ":443", "GLOBAL"])
        #expect(ConnsView.table(state).items.first?.states == "2 tunnel, 1 connect, 1 waiting")
        state.press(.character("b"))
        #expect(ConnsView.table(state).items.map(\.key) == ["app/s1", "–"])
        // Enter on a group lists what is in it, Enter on a connection opens its worker.
        state.press(.enter)
        #expect(state.filter == "app/s1" && state.conns.grouping == .none)
        state.press(.enter)
        #expect(state.view == .tree && state.why?.pid == 18970)
        state.press(.escape, .character("2"), .escape)
        #expect(state.filter.isEmpty)
        state.press(.character("w"))
        #expect(state.conns.worker == 20193)
        #expect(ConnsView.table(state).items.isEmpty)
    }

    @Test func asksOnlyWhileShownAndNotTooOften() {
        var state = shown()
        #expect(update(&state, .looked(Fixture.busy)).allSatisfy { $0 != .inquire(pid: 18970) })
        var later = Fixture.busy
        later.time += 6_000_000
        #expect(update(&state, .looked(later)).contains(.inquire(pid: 18970)))
        state.press(.character("1"))
        later.time += 60_000_000
        #expect(!update(&state, .looked(later)).contains(.inquire(pid: 18970)))
    }
}

@Suite struct TablesViewTests {
    private static let table = "# table: st_src, type: ip, size:102400, used:"
    private static let peers = [
        "0x55: [22/Nov/2026:10:33:38] id=mypeers disabled=0 flags=0x33 resync_timeout=<PAST> task_calls=8",
        "  0x56: id=vm(local,inactive) addr=127.0.0.1:10240 last_status=NONE last_hdshk=<NEVER>",
        "              table:0x57 id=st_src update=14 localupdate=14 commitupdate=0 refcnt=0",
    ]

    private func report(_ pid: Int32, _ used: Int, peers: [String], at: Int64 = Fixture.now) -> TablesReport {
        TablesReport(
            pid: pid, at: at, tablesText: .known(["\(Self.table)\(used)"]), peersText: .known(peers))
    }

    /// The serving worker is another one than at the look before.
    private func reloaded(_ before: Int, _ after: Int, peers: [String], columns: Int = 80, rows: Int = 24)
        -> State
    {
        var state = Fixture.state(Fixture.busy, columns, rows)
        _ = update(&state, .tablesRead(report(7, before, peers: peers)))
        _ = update(&state, .tablesRead(report(20193, after, peers: peers)))
        state.press(.character("5"))
        return state
    }

    @Test(arguments: [(80, 24), (120, 40), (50, 8)])
    func carried(columns: Int, rows: Int) {
        expectScreen(
            reloaded(120, 118, peers: Self.peers, columns: columns, rows: rows),
            is: "tables-\(columns)x\(rows)")
    }

    @Test func lostSaysWhy() {
        #expect(
            view(reloaded(120, 0, peers: [], columns: 120)).text.contains(
                "LOST: before the reload 120, after it 0: no peers"))
        let others = Self.peers.dropLast() + ["              table:0x57 id=other update=1"]
        #expect(
            view(reloaded(120, 3, peers: Array(others), columns: 120)).text.contains(
                "the table is in no peers section"))
        #expect(view(reloaded(120, 3, peers: Self.peers, columns: 120)).text.contains("did not carry it"))
        #expect(view(reloaded(0, 0, peers: [])).text.contains("was empty before the reload"))
        var history = TableHistory()
        history.take(report(7, 120, peers: Self.peers))
        var changed = report(20193, 0, peers: Self.peers)
        changed.tablesText = .known(["# table: st_src, type: ipv6, size:102400, used:0"])
        history.take(changed)
        #expect(
            history.fates(.mwproxy).map(\.outcome) == [
                .lost("its keys are of type ipv6 now, before of type ip")
            ])
        changed.tablesText = .known(["# table: st_src, type: ip, size:10, used:10"])
        history.take(report(7, 120, peers: Self.peers))
        history.take(changed)
        #expect(history.fates(.mwproxy).map(\.outcome) == [.lost("it has room for 10 entries only")])
        // What comes within seconds has come over; what comes later is new.
        for (after, isLost) in [(9_000_000, false), (60_000_000, true)] as [(Int64, Bool)] {
            var late = TableHistory()
            late.take(report(7, 120, peers: Self.peers))
            late.take(report(8, 3, peers: Self.peers))
            late.take(report(8, 119, peers: Self.peers, at: Fixture.now + after))
            #expect(late.fates(.haproxy).map(\.isLost) == [isLost])
        }
    }

    @Test func peersWithTheirStateAndLag() {
        let lines = [
            "0x1: [22/Nov/2026:22:21:20] id=mp disabled=0 flags=0x1 resync_timeout=0s task_calls=11",
            "  0x2: id=gone(remote,inactive) addr=192.0.2.3:1 last_status=CONN last_hdshk=<NEVER>",
            "        reconnect=3s heartbeat=<NEVER>",
            "  0x5: id=slow(remote,active) addr=192.0.2.2:1 last_status=ESTA last_hdshk=4s",
            "              last_acked=0 last_pushed=7 last_get=0 teaching_origin=0 update=2",
            "              table:0x4 id=st_src update=9 localupdate=9 refcnt=1",
            "  0x6: id=good(remote,active) addr=192.0.2.1:1 last_status=ESTA last_hdshk=1h2m",
            "              last_acked=0 last_pushed=9 last_get=0 teaching_origin=0 update=9",
            "              table:0x4 id=st_src update=9 localupdate=9 refcnt=1",
        ]
        let text = view(reloaded(9, 9, peers: lines, columns: 120)).text
        for sentence in [
            "peer gone of mp, 192.0.2.3:1: NOT CONNECTED (CONN), is called again in 3s; how far behind it is: ?",
            "peer slow of mp, 192.0.2.2:1: connected for 4s, BEHIND by 2 changes of st_src",
            "peer good of mp, 192.0.2.1:1: connected for 1h2m, was told everything",
        ] {
            #expect(text.contains(sentence), "\(text)")
        }
    }

    @Test func aProxyWithoutTablesSaysSo() {
        var state = Fixture.state(Fixture.busy)
        let why = Unknown("this proxy does not know the command: it has no stick tables and peers yet")
        _ = update(
            &state,
            .tablesRead(
                TablesReport(pid: 20193, at: Fixture.now, tablesText: .unknown(why), peersText: .unknown(why))
            ))
        state.press(.character("5"))
        #expect(view(state).text.contains("? this proxy does not know the command"))
    }

    @Test func theServingWorkerIsAskedOnceItHasSettled() {
        var state = State(size: Size(columns: 80, rows: 24))
        #expect(update(&state, .looked(Fixture.busy)) == [.readTables(pid: 20193)])
        _ = update(&state, .tablesRead(report(20193, 5, peers: [])))
        #expect(update(&state, .looked(Fixture.busy)).isEmpty)
        var later = Fixture.busy
        later.time += 31_000_000
        #expect(update(&state, .looked(later)) == [.readTables(pid: 20193)])
        #expect(
            StickTable(parsing: "\(Self.table)7")
                == StickTable(name: "st_src", type: "ip", size: 102_400, used: 7))
        #expect(StickTable(parsing: "# table: x") == nil)
    }
}
