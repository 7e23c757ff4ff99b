// What goes to pipes, dumb terminals and wrong command lines.

import Glibc
import TestSupport
import Testing
import Unix

@Suite(.serialized) struct PlainTextSystemTests {
    private func run(
        _ arguments: [String], environment: [String: String?] = [:]
    ) throws -> Program.Completed {
        try Program.run(try Program.ours("reloadtop"), arguments, environment: environment)
    }

    @Test func aPipeGetsPlainText() throws {
        let watched = try Watched()
        let piped = try run(watched.arguments)
        #expect(piped.end == .exited(0))
        #expect(piped.output.contains("serving"))
        #expect(!piped.output.contains("\u{1b}") && !piped.errors.contains("\u{1b}"))
    }

    @Test func aDumbTerminalGetsPlainText() throws {
        let watched = try Watched()
        let typescript = watched.proxy.folder.file("typescript")
        let command = "'\(try Program.ours("reloadtop"))' --master-socket '\(watched.proxy.masterSocket)'"
        let script = try Program.run(
            try Program.system("script"), ["-qec", command, typescript], environment: ["TERM": "dumb"])
        #expect(script.end == .exited(0))
        #expect(script.output.contains("serving"))
        #expect(!script.output.contains("\u{1b}"))
    }

    @Test func severalMastersAreListedOnStandardError() throws {
        let masters = [try Watched(), try Watched()]
        let several = try run(["--once"])
        #expect(several.end == .exited(2))
        #expect(several.output.isEmpty)
        for watched in masters { #expect(several.errors.contains(String(watched.proxy.master))) }
    }

    @Test(.enabled(if: getuid() == 0)) func nothingToWatchOffersTheDemo() throws {
        // Another PID namespace, in which nothing else runs.
        let program = try Program.ours("reloadtop")
        let alone = try Program.run(
            try Program.system("unshare"), ["--pid", "--fork", "--mount-proc", program, "--once"])
        #expect(alone.end == .exited(1))
        #expect(alone.errors.contains("reloadtop --demo"))
    }

    @Test func wrongOptionsAreRefusedClearly() throws {
        for (arguments, words) in [
            (["--interval", "0"], "--interval needs 0.1 to 3600 seconds, found '0.0'"),
            (["--interval", "soon"], "'soon' is invalid"),
            (["--stack-limit", "-1"], "stack-limit"),
            (["--pid", "0"], "--pid needs a process number, found '0'"),
            (["--bogus"], "Unknown option '--bogus'"),
            (["--demo", "--once"], "--demo is for the screen"),
        ] {
            let wrong = try run(arguments)
            #expect(wrong.end == .exited(64))
            #expect(wrong.errors.contains(words), "\(arguments): \(wrong.errors)")
        }
        let missing = try run(["--once", "--master-socket", "/nowhere/master.sock"])
        #expect(missing.end == .exited(1))
        #expect(missing.errors.contains("/nowhere/master.sock"))
        let other = try run(["--once", "--pid", "\(getpid())"])
        #expect(other.end == .exited(1))
        #expect(other.errors.contains("neither HAProxy nor mwproxy"))
    }

    @Test func helpAndVersion() throws {
        let help = try run(["--help"])
        #expect(help.end == .exited(0))
        for option in [
            "--master-socket", "--pid", "--interval", "--once", "--json", "--stack-limit", "--journal-unit",
            "--journal-directory", "--log-file", "--ascii", "--no-color", "--demo", "--version",
        ] {
            #expect(help.output.contains(option))
        }
        let version = try run(["--version"])
        #expect(version.output.hasPrefix("reloadtop "))
        #expect(try run(["--generate-completion-script", "bash"]).output.contains("_reloadtop"))
    }
}
