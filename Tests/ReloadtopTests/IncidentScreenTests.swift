// Incidents of reloads on the real screen, over real HAProxy: what a person reads.

import Demo
import Glibc
import TestSupport
import Testing
import Unix

@Suite(.serialized) struct IncidentScreenTests {
    @Test func aStoppedMasterIsNamedWithItsRemedy() throws {
        let watched = try Watched()
        let terminal = try watched.terminal()
        try terminal.wait(forText: "● serving")
        kill(watched.proxy.master, SIGSTOP)
        defer { kill(watched.proxy.master, SIGCONT) }
        try terminal.wait(forText: "MASTER STUCK")
        kill(watched.proxy.master, SIGUSR2)
        try terminal.wait(forText: "SIGUSR2 has been")
    }

    /// View 3 after a reload that a script asked for, and after one that failed.
    @Test func theReloadsViewTellsWhoAndWhy() throws {
        let watched = try Watched()
        let terminal = try watched.terminal(columns: 120, rows: 40)
        try terminal.wait(forText: "● serving")
        let script = try watched.proxy.folder.write(
            "nightly.sh", "#!/bin/sh\nsleep 0.1\n/bin/kill -USR2 \(watched.proxy.master)\nsleep 1\n")
        _ = try Program.run("/bin/sh", [script])
        try terminal.wait(forText: "last ✓ ok")
        try terminal.press("3")
        try terminal.wait(forText: "Phases   load")
        try terminal.wait(forText: "Who      ")
        try terminal.wait(forText: "Drained  worker")
        try watched.proxy.configure(Watched.configuration(port: watched.port) + "    bindd 127.0.0.1:1\n")
        watched.proxy.program.signal(SIGUSR2)
        try terminal.wait(forText: "✗ failed")
        try terminal.press("g")
        try terminal.wait(forText: "Why      proxy.cfg:")
        try terminal.wait(forText: "as before: the worker before serves on")
        try terminal.press("Enter")
        try terminal.wait(forText: "Esc back")
        try terminal.press("Escape")
        try terminal.press("1")
        try terminal.wait(forText: "RELOAD FAILED")
    }

    @Test func aServerThatWasDrainedByHandIsToldWhenItIsBack() throws {
        let port = try FreePort.find()
        let proxy = try RunningProxy(.haproxy) { folder in
            """
            global
                stats socket \(folder.file("worker.sock")) mode 600 level admin
            defaults
                mode http
                timeout connect 5s
                timeout client 60s
                timeout server 60s
            frontend web
                bind 127.0.0.1:\(port)
                default_backend app
            backend app
                server s1 127.0.0.1:1
                server s2 127.0.0.1:2

            """
        }
        let terminal = try ReloadtopTests.terminal(
            [try Program.ours("reloadtop"), "--master-socket", proxy.masterSocket])
        try terminal.wait(forText: "● serving")
        _ = try proxy.ask("@1 set server app/s2 state drain")
        try proxy.reload()
        try terminal.wait(forText: "UNDONE")
        try terminal.wait(forText: "app/s2")
    }
}
