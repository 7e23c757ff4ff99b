// The question of the night on real proxies: why is this old worker alive? For each reason a scene that provokes it,
// and the screen that answers.

import Demo
import Glibc
import TestSupport
import Testing
import Unix

extension StillScene {
    /// The dashboard, with the why-alive page of the oldest worker open.
    func whyAlive(_ old: pid_t, columns: Int = 120, rows: Int = 40) throws -> TmuxSession {
        let terminal = try dashboard(columns: columns, rows: rows)
        try terminal.wait(forText: "[was: 1]")
        try terminal.press("End", "Enter", toSee: "Why worker \(old) is alive")
        return terminal
    }

    func dashboard(columns: Int = 120, rows: Int = 40) throws -> TmuxSession {
        try ReloadtopTests.terminal(
            [try Program.ours("reloadtop"), "--master-socket", proxy.masterSocket], columns: columns,
            rows: rows)
    }
}

extension TmuxSession {
    /// Asks again until the sentence stands on the screen, over however many lines.
    @discardableResult
    func answer(_ sentence: String, atMost limit: Duration = .patience) throws -> [String] {
        let deadline = Instant.now() + limit
        var rows: [String] = []
        while Instant.now() < deadline {
            try press("r")
            let pause = Instant.now() + .milliseconds(700)
            while Instant.now() < pause {
                rows = try screen()
                let text = rows.map { $0.split(separator: " ").joined(separator: " ") }.joined(separator: " ")
                if text.contains(sentence) { return rows }
                poll(nil, 0, 50)
            }
        }
        throw ProgramError("no '\(sentence)' on the screen:\n\(rows.joined(separator: "\n"))")
    }
}

@Suite(.serialized) struct WhyAliveSystemTests {
    @Test(arguments: ProxyKind.allCases)
    func idleWebSockets(kind: ProxyKind) throws {
        let scene = try StillScene(kind)
        try scene.webSocket()
        try scene.webSocket()
        let terminal = try scene.whyAlive(try scene.reload())
        try terminal.answer("certain 2 idle WebSockets of 127.0.0.1 (tunnel, silent")
        try terminal.answer("timeout tunnel, here 1h")
        try terminal.answer("by hard-stop-after in 29m")
        try terminal.answer("cuts 2 connections: 2 tunnels")
        try terminal.answer("a setting that is added now bounds nothing that runs already")
        guard kind == .mwproxy else { return }
        try terminal.answer("not moved 2 connections: tune.reload.migrate off")
        try terminal.answer("would move tune.reload.migrate idle (or tunnels) in global of the next file")
    }

    @Test(arguments: ProxyKind.allCases)
    func aLongPollWhoseClientHasGone(kind: ProxyKind) throws {
        let scene = try StillScene(kind)
        try scene.longPoll().close()
        let terminal = try scene.whyAlive(try scene.reload())
        try terminal.answer(
            "likely 1 long poll of 127.0.0.1 whose client has gone (CLOSE_WAIT, server silent")
        try terminal.answer("timeout server, here 200s, and option abortonclose")
    }

    @Test(arguments: ProxyKind.allCases)
    func halfSentRequests(kind: ProxyKind) throws {
        let scene = try StillScene(kind)
        for _ in 0..<3 { try scene.halfSent() }
        let terminal = try scene.whyAlive(try scene.reload(), columns: 80, rows: 24)
        try terminal.answer("likely 3 half-sent requests of 127.0.0.1 (slow or dead clients, silent")
        try terminal.answer("timeout http-request, not set: timeout client 100s holds")
    }

    /// `e` and `y` on the page: its verdict as JSON, and a command that tells of the same connection.
    @Test(arguments: ProxyKind.allCases)
    func thePageIsTakenAlong(kind: ProxyKind) throws {
        let scene = try StillScene(kind)
        let client = try scene.longPoll()
        let old = try scene.reload()
        let state = scene.proxy.folder.file("state")
        let terminal = try ReloadtopTests.terminal(
            [try Program.ours("reloadtop"), "--master-socket", scene.proxy.masterSocket], columns: 200,
            rows: 40, environment: ["XDG_STATE_HOME": state])
        try terminal.wait(forText: "[was: 1]")
        try terminal.press("End", "Enter")
        try terminal.answer("1 long poll of 127.0.0.1")
        try terminal.press("y")
        let rows = try terminal.wait(forText: "show sess all")
        let command = try #require(rows.first { $0.contains("show sess all") })
        #expect(command.contains("@!\(old) "))
        let answer = try Program.run("/bin/sh", ["-c", command])
        #expect(answer.output.contains("127.0.0.1:\(client.localPort)"), "\(command): \(answer.errors)")
        try terminal.press("x", "e", toSee: "written to \(state)/reloadtop/reloadtop-why-alive-")
        let name = try #require(try File.names(in: state + "/reloadtop").first)
        let text = try File.readText(state + "/reloadtop/" + name)
        #expect(text.hasPrefix(#"{"schema":1,"view":"why-alive","shown":"live""#), "\(text)")
        #expect(text.contains("1 long poll of 127.0.0.1") && text.contains(":\(client.localPort)\""))
    }

    @Test(arguments: ProxyKind.allCases)
    func aTunnelWhoseClientHasClosed(kind: ProxyKind) throws {
        let scene = try StillScene(kind)
        try scene.webSocket().close()
        let terminal = try scene.whyAlive(try scene.reload())
        try terminal.answer("1 WebSocket of 127.0.0.1: CLOSE_WAIT, client closed, server silent")
        try terminal.answer("timeout server-fin, not set in web")
    }

    @Test(arguments: ProxyKind.allCases)
    func aServerThatDoesNotAnswer(kind: ProxyKind) throws {
        let scene = try StillScene(kind)
        try scene.toDeadServer()
        let terminal = try scene.whyAlive(try scene.reload())
        try terminal.answer("1 request in SYN_SENT to a dead server 127.0.0.1:\(scene.deadPort) (dead/d1)")
        try terminal.answer("timeout connect, here 1m, and option redispatch")
    }

    /// mwproxy's idle admin sessions keep nobody.
    @Test func anAdminSessionAndWhoseItIs() throws {
        let scene = try StillScene(.haproxy)
        let session = try scene.adminSession()
        let terminal = try scene.whyAlive(try scene.reload(), columns: 80, rows: 24)
        try terminal.answer("certain an admin session of socat (pid \(session.pid), uid \(getuid()))")
        try terminal.answer("cuts no client's connection")
    }

    /// A task inside the worker that never rests, while its only client is still.
    @Test func aSpinningLoop() throws {
        let folder = try ScratchFolder()
        let script = try folder.write(
            "spin.lua",
            "core.register_task(function() while true do for i = 1, 20000 do end core.yield() end end)\n")
        let scene = try StillScene(.haproxy, global: "lua-load-per-thread \(script)")
        try scene.halfSent()
        let spinning = try File.readText(scene.proxy.configurationFile)
        try scene.proxy.configure(
            spinning.split(separator: "\n").filter { !$0.contains("lua-load") }.joined(separator: "\n") + "\n"
        )
        let terminal = try scene.whyAlive(try scene.reload())
        try terminal.answer("a spinning loop:", atMost: .seconds(40))
        try terminal.answer("% CPU and none of 1 connection has moved a byte for")
        try terminal.answer("1 half-sent request of 127.0.0.1")
    }

    @Test(arguments: ProxyKind.allCases)
    func aStoppedWorker(kind: ProxyKind) throws {
        let scene = try StillScene(kind)
        try scene.longPoll()
        let old = try scene.reload()
        let terminal = try scene.whyAlive(old)
        try terminal.answer("1 long poll")
        kill(old, SIGSTOP)
        defer { kill(old, SIGCONT) }
        try terminal.answer("the process is stopped by a signal or a debugger: nothing in it can end")
        try terminal.answer("kill -CONT \(old)")
    }

    @Test(arguments: ProxyKind.allCases)
    func aMixtureIsListedAndGrouped(kind: ProxyKind) throws {
        let scene = try StillScene(kind)
        try scene.webSocket()
        try scene.longPoll()
        try scene.halfSent()
        try scene.toDeadServer()
        let old = try scene.reload()
        let terminal = try scene.whyAlive(old)
        let rows = try terminal.answer("4 connections: ")
        #expect(rows.contains { $0.contains("ESTAB/SYN_SENT") && $0.contains("dead/d1") })
        try terminal.press("Escape")
        try terminal.type("2")
        try terminal.wait(for: "one client with all") { rows in
            rows.contains { $0.contains("127.0.0.1 ") && $0.contains("4 1 connect, 1 head, 1 tunnel") }
        }
        try terminal.type("b")
        try terminal.wait(for: "its frontends") { $0.contains { $0.contains(" web ") } }
        try terminal.type("b")
        try terminal.wait(for: "its servers") { $0.contains { $0.contains("app/s1") } }
        try terminal.type("b")
        try terminal.wait(for: "each") { rows in
            rows.contains { $0.contains("half-sent") || $0.contains(" head ") }
                && rows.contains { $0.contains(String(old)) }
        }
        try terminal.type("1")
        try terminal.type("q")
        try terminal.wait(forText: "status=0")
    }

    private static let tracking = """
        stick-table type ip size 1m expire 30m store conn_cnt
            http-request track-sc0 src
        """

    @Test func tablesWithoutPeersAreLost() throws {
        let scene = try StillScene(.haproxy, backend: Self.tracking)
        let terminal = try scene.dashboard()
        try scene.keptAlive()
        try terminal.wait(forText: "● serving")
        try terminal.type("5")
        try terminal.answer("app: 1 of 1048576 entries")
        try scene.reload()
        try terminal.answer("LOST: before the reload 1, after it 0: no peers section")
        try terminal.press("1", toSee: "TABLES LOST")
        try terminal.answer("emptied stick tables: table app had 1 entry, has 0")
    }

    @Test func tablesWithPeersAreCarried() throws {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let scene = try StillScene(
            .haproxy,
            backend: Self.tracking.replacing("conn_cnt", with: "conn_cnt peers mates"),
            sections: "peers mates\n    peer \(host) 127.0.0.1:\(try FreePort.find())")
        let terminal = try scene.dashboard()
        try scene.keptAlive()
        // 2.6 does not teach before it has lived for five seconds.
        try wait(for: "a worker that can teach") {
            let info = try scene.proxy.ask("@!\(scene.worker()) show info")
            return info.split(separator: "\n").contains {
                $0.hasPrefix("Uptime_sec: ") && Int($0.dropFirst(12)) ?? 0 >= 6
            }
        }
        try terminal.type("5")
        try terminal.answer("app: 1 of 1048576 entries")
        try terminal.answer("id=mates")
        try scene.reload()
        try terminal.answer("CARRIED: before the reload 1, after it 1")
    }

    @Test func aProxyWithoutTablesSaysSo() throws {
        let scene = try StillScene(.mwproxy)
        let terminal = try scene.dashboard(columns: 80, rows: 24)
        try terminal.wait(forText: "● serving")
        try terminal.type("5")
        try terminal.answer("this configuration has no stick tables")
    }
}
