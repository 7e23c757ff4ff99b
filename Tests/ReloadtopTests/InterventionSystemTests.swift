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
        return (try RunningProxy(kind) { _ in Watched.configuration(port: port) }, port)
    }

    @Test(arguments: ProxyKind.allCases)
    func aReloadIsTestedAskedForAndWrittenDown(_ kind: ProxyKind) throws {
        let (proxy, port) = try proxy(kind)
        let first = try #require(try proxy.serving().first)
        let terminal = try terminal(over: proxy)
        try terminal.wait(forText: "serving")
        try terminal.press("a")
        try terminal.wait(forText: "actions are off")
        try terminal.type(":actions on")
        try terminal.press("Enter")
        try terminal.wait(forText: "actions are on")
        // A file that does not load is not reloaded.
        let good = try File.readText(proxy.configurationFile)
        try proxy.configure(good + "    bindd 127.0.0.1:1\n")
        try terminal.press("a")
        try terminal.wait(forText: "soft-stop the whole proxy")
        try terminal.press("Enter")
        try terminal.wait(forText: "y does it")
        try terminal.press("y")
        try terminal.wait(forText: "Not done")
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
        try terminal.press("G", "a")
        try terminal.wait(forText: "end old worker \(old) now")
        try terminal.press("Enter")
        try terminal.wait(forText: "costs: 1 connection cut")
        #expect(kill(old, 0) == 0)
        try terminal.press("y")
        try wait(for: "the old worker's end") { !proxy.children.contains(old) }
        try terminal.wait(forText: "SIGTERM sent to \(old)")
        #expect(try proxy.serving().count == 1)
        #expect(audit.contains("kill -TERM \(old)"))
    }

    @Test func withoutAnAuditLogNothingIsDone() throws {
        let (proxy, _) = try proxy(.mwproxy)
        let first = try proxy.serving()
        // A file where the folder should be.
        try state.write("reloadtop", "in the way")
        let terminal = try terminal(over: proxy, ["--allow-actions"])
        try terminal.wait(forText: "serving")
        try terminal.press("a", "Enter", "y")
        try terminal.wait(forText: "not done: the audit log")
        #expect(try proxy.serving() == first)
    }
}
