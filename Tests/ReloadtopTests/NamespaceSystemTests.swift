// From another network namespace the kernel tells no process events and lists no sockets of the proxy: what can
// still be seen is shown, and what can be missed is said.

import Glibc
import RuntimeAPI
import TestSupport
import Testing
import Unix

@Suite(.serialized, .enabled(if: getuid() == 0)) struct NamespaceSystemTests {
    private func elsewhere(_ watched: Watched, _ options: [String]) throws -> [String] {
        [try Program.system("unshare"), "--net", try Program.ours("reloadtop")] + watched.arguments + options
    }

    @Test func oneLookSaysWhatCanBeMissed() throws {
        let watched = try Watched()
        let client = try watched.heldClient()
        let command = try elsewhere(watched, ["--json"])
        let look = try Program.run(command[0], Array(command.dropFirst()))
        #expect(look.end == .exited(0))
        #expect(look.errors.contains("process events: "))
        #expect(look.errors.contains("short-lived workers and exit codes can be missed"))
        #expect(look.errors.contains("looking 10 times a second"))
        #expect(look.errors.contains("in this network or pid namespace"))
        #expect(look.errors.contains("CAP_NET_ADMIN"))
        // Not the kernel's list, but the worker's own count.
        let worker = try #require(try JSON(parsing: look.output)["workers"]?.array?.first)
        #expect(worker["state"]?.string == "serving")
        #expect(worker["connections"]?.integer == 1)
        client.stop()
    }

    @Test func withoutTheWorkersWordConnectionsAreUnknownWithTheReason() throws {
        let watched = try Watched()
        let worker = try #require(try watched.proxy.serving().first)
        kill(worker, SIGSTOP)
        defer { kill(worker, SIGCONT) }
        let command = try elsewhere(watched, ["--json"])
        let look = try Program.run(command[0], Array(command.dropFirst()))
        #expect(look.end == .exited(0))
        let row = try #require(try JSON(parsing: look.output)["workers"]?.array?.first)
        #expect(row["connections"] == .null)
        #expect(look.errors.contains("worker \(worker) is in another network namespace"))
        #expect(look.errors.contains("nsenter --net=/proc/\(worker)/ns/net"))
    }

    @Test func theScreenSaysItAndSeesAReloadByPolling() throws {
        let watched = try Watched()
        let client = try watched.heldClient()
        let terminal = try terminal(try elsewhere(watched, []), columns: 80, rows: 24)
        try terminal.wait(forText: "● serving")
        try terminal.wait(forText: "? process events: short-lived workers")
        try watched.proxy.reload()
        try terminal.wait(for: "the old worker") { rows in
            rows.contains { $0.contains("[was: 1]") && $0.contains("◐ draining") }
        }
        try terminal.wait(forText: "last ✓ ok")
        client.stop()
    }
}
