// Actions from the screen, on a real HAProxy and on mwproxy: armed, chosen, confirmed, done and written down.

import Demo
import Glibc
import TestSupport
import Testing
import Unix

@Suite(.serialized) struct InterventionSystemTests {
    private let state: ScratchFolder

    init() throws {
        state = try ScratchFolder("state-")
    }

    private var audit: String {
        (try? File.readText(state.file("reloadtop/audit.log"))) ?? ""
    }

    private func terminal(over proxy: RunningProxy, _ options: [String] = []) throws -> TmuxSession {
        try ReloadtopTests.terminal(
            [try Program.ours("reloadtop"), "--master-socket", proxy.masterSocket] + options,
            environment: ["XDG_STATE_HOME": state.path])
    }

    private func proxy(_ kind: ProxyKind) throws -> (RunningProxy, UInt16) {
        let port = try FreePort.find()
        return (
            try RunningProxy(kind) { _ in
                Watched.configuration(port: port, global: kind.keepsIdleClients)
            }, port
        )
    }

    @Test(arguments: ProxyKind.allCases)
    func aReloadIsTestedAskedForAndWrittenDown(_ kind: ProxyKind) throws {
        let (proxy, port) = try proxy(kind)
        let first = try #require(try proxy.serving().first)
        let terminal = try terminal(over: proxy)
        try terminal.wait(forText: "serving")
        try terminal.press("a", toSee: "actions are off")
        try terminal.type(":actions on")
        try terminal.press("Enter", toSee: "actions are on")
        // A file that does not load is not reloaded.
        let good = try File.readText(proxy.configurationFile)
        try proxy.configure(good + "    bindd 127.0.0.1:1\n")
        try terminal.press("a", toSee: "soft-stop the whole proxy")
        try terminal.press("Enter", toSee: "y does it")
        try terminal.press("y", toSee: "Not done")
        try terminal.wait(forText: "bindd")
        #expect(try proxy.serving() == [first])
        // A good one is.
        try proxy.configure(good)
        try terminal.press("n")
        try terminal.wait(for: "the result to close") { rows in !rows.contains { $0.contains("Not done") } }
        try terminal.press("a", "Enter", "y")
        try wait(for: "a new worker") { try proxy.serving().first.map { $0 != first } ?? false }
        try wait(for: "the audit log") { audit.contains("\"event\":\"done\"") }
        let lines = audit.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(
            lines.allSatisfy { $0.contains("\"action\":\"reload\"") && $0.contains("\"uid\":\(getuid())") })
        #expect(lines[1].contains("\"event\":\"failed\"") && lines[1].contains("bindd"))
        _ = try Connection(port: port)
    }

    @Test(arguments: ProxyKind.allCases)
    func anOldWorkerIsEnded(_ kind: ProxyKind) throws {
        let (proxy, port) = try proxy(kind)
        let old = try #require(try proxy.serving().first)
        let client = try Connection(port: port)
        try client.send("GET / HTTP/1.1\r\n")
        let terminal = try terminal(over: proxy, ["--allow-actions"])
        try terminal.wait(forText: "serving")
        try proxy.reload()
        try terminal.wait(forText: "draining")
        try terminal.press("G", "a", toSee: "end old worker \(old) now")
        try terminal.press("Enter", toSee: "costs: 1 connection cut")
        #expect(kill(old, 0) == 0)
        try terminal.press("y")
        try wait(for: "the old worker's end") { !proxy.children.contains(old) }
        try terminal.wait(forText: "SIGTERM sent to \(old)")
        #expect(try proxy.serving().count == 1)
        #expect(audit.contains("kill -TERM \(old)"))
    }

    /// One of three sessions, then all that the client has left.
    @Test(arguments: ProxyKind.allCases)
    func sessionsAreShutDown(_ kind: ProxyKind) throws {
        let scene = try StillScene(kind)
        let clients = [try scene.webSocket(), try scene.webSocket(), try scene.longPoll()]
        let worker = try scene.worker()
        func sessions() throws -> Int {
            let list = try scene.proxy.ask("@!\(worker) show sess")
            return list.split(separator: "\n").count { $0.contains(" be=app ") }
        }
        // HAProxy answers a request that waits, and closes what is no request any more.
        func isCut(_ client: Connection) -> Bool {
            _ = try? client.read(for: "the end", atMost: .zero) { _ in false }
            return client.ending != nil
                || String(decoding: client.received, as: UTF8.self).contains("HTTP/1.1 502")
        }
        #expect(try sessions() == 3)
        let terminal = try terminal(over: scene.proxy, ["--allow-actions"])
        try terminal.wait(forText: "serving")
        try terminal.press("2", toSee: "3 connections of 1 worker, by client")
        try terminal.press("b", "b", "b", toSee: "3 connections of 1 worker, one by one")
        try terminal.press("g", "a")
        let rows = try terminal.wait(forText: "shut down the session of 127.0.0.1:")
        let offer = try #require(rows.first { $0.contains("shut down the session of") })
        let chosen = try #require(clients.firstIndex { offer.contains("127.0.0.1:\($0.localPort) ") })
        try terminal.press("Enter", toSee: "costs: 1 session cut")
        #expect(try sessions() == 3)
        try terminal.press("y", toSee: "─ Done ─")
        try wait(for: "the end of one session") { try sessions() == 2 && isCut(clients[chosen]) }
        #expect(clients.indices.filter { isCut(clients[$0]) } == [chosen])
        try terminal.press("x", "b", "r", toSee: "2 connections of 1 worker, by client")
        try terminal.press("a", toSee: "shut down all 2 sessions of 127.0.0.1 on worker \(worker)")
        try terminal.press("Enter", toSee: "costs: 2 sessions cut")
        try terminal.press("y")
        try terminal.wait(for: "what came of it") { rows in
            rows.contains { $0.contains("2 sessions cut") } && rows.contains { $0.contains("─ Done ─") }
        }
        try wait(for: "the end of all sessions") { try sessions() == 0 && clients.allSatisfy(isCut) }
        #expect(try scene.proxy.serving() == [worker])
        try wait(for: "the audit log") { audit.split(separator: "\n").count == 4 }
        #expect(
            audit.split(separator: "\n").allSatisfy {
                $0.contains("\"action\":\"shut_down_sessions\"") && !$0.contains("\"event\":\"failed\"")
            })
    }

    @Test func withoutAnAuditLogNothingIsDone() throws {
        let (proxy, _) = try proxy(.mwproxy)
        let first = try proxy.serving()
        // A file where the folder should be.
        try state.write("reloadtop", "in the way")
        let terminal = try terminal(over: proxy, ["--allow-actions"])
        try terminal.wait(forText: "serving")
        try terminal.press("a", "Enter", "y", toSee: "not done: the audit log")
        #expect(try proxy.serving() == first)
    }
}
