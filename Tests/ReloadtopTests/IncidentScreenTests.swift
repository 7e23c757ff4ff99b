// Incidents of reloads on the real screen, over both proxies: what a person reads.

import Demo
import Glibc
import TestSupport
import Testing
import Unix

@Suite(.serialized) struct IncidentScreenTests {
    @Test(arguments: ProxyKind.allCases)
    func aStoppedMasterIsNamedWithItsRemedy(_ kind: ProxyKind) throws {
        let watched = try Watched(kind)
        let terminal = try watched.terminal()
        try terminal.wait(forText: "● serving")
        kill(watched.proxy.master, SIGSTOP)
        defer { kill(watched.proxy.master, SIGCONT) }
        try terminal.wait(forText: "MASTER STUCK")
        kill(watched.proxy.master, SIGUSR2)
        try terminal.wait(forText: "SIGUSR2 has been")
    }

    /// View 3 after a reload that a script asked for, and after one that failed.
    @Test(arguments: ProxyKind.allCases)
    func theReloadsViewTellsWhoAndWhy(_ kind: ProxyKind) throws {
        let watched = try Watched(kind)
        let terminal = try watched.terminal(columns: 120, rows: 40)
        try terminal.wait(forText: "● serving")
        let script = try watched.proxy.folder.write(
            "nightly.sh", "#!/bin/sh\nsleep 0.1\n/bin/kill -USR2 \(watched.proxy.master)\nsleep 1\n")
        _ = try Program.run("/bin/sh", [script])
        try terminal.wait(forText: "last ✓ ok")
        try terminal.press("3")
        try terminal.wait(for: "the phases") { rows in
            rows.contains { $0.contains("Phases   ") && $0.contains("load ") }
        }
        try terminal.wait(forText: "Who      ")
        try terminal.wait(forText: "Drained  worker")
        try watched.proxy.configure(Watched.configuration(port: watched.port) + "    bindd 127.0.0.1:1\n")
        watched.proxy.program.signal(SIGUSR2)
        try terminal.wait(forText: "✗ failed")
        try terminal.press("g", toSee: "Why      proxy.cfg:")
        try terminal.wait(forText: "as before: the worker before serves on")
        try terminal.press("Enter", toSee: "Esc back")
        try terminal.press("Escape")
        try terminal.press("1", toSee: "RELOAD FAILED")
    }

    @Test(arguments: ProxyKind.allCases)
    func aServerThatWasTakenOutByHandIsToldWhenItIsBack(_ kind: ProxyKind) throws {
        let watched = try Watched(
            kind,
            frontend: """
                default_backend app
                backend app
                    server s1 127.0.0.1:1
                    server s2 127.0.0.1:2
                """)
        let proxy = watched.proxy
        let terminal = try watched.terminal()
        try terminal.wait(forText: "● serving")
        let worker = try #require(try proxy.serving().first)
        // A client keeps the worker for as long as it takes to ask it once more.
        let client = try watched.heldClient()
        let state = kind == .haproxy ? "drain" : "maint"
        _ = try proxy.ask("@!\(worker) set server app/s2 state \(state)")
        try proxy.reload()
        try terminal.wait(forText: "UNDONE")
        try terminal.wait(forText: "app/s2")
        client.stop()
    }
}
