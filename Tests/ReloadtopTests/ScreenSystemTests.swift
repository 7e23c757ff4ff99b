// The real program in a real terminal, over real HAProxy.

import Demo
import Glibc
import TestSupport
import Testing
import Unix

/// A proxy with one frontend, and the dashboard in a terminal of its own.
struct Watched {
    let proxy: RunningProxy
    let port: UInt16

    init(_ kind: ProxyKind = .haproxy, frontend: String = answer) throws {
        let port = try FreePort.find()
        self.port = port
        proxy = try RunningProxy(kind) { _ in
            Watched.configuration(port: port, frontend: frontend, global: kind.keepsIdleClients)
        }
    }

    static let answer = "http-request return status 200"

    /// `frontend`: what it does with a request, and whole sections behind it; `global`: a line for its section.
    static func configuration(port: UInt16, frontend: String = answer, global: String = "") -> String {
        """
        global
            hard-stop-after 60s
            \(global)
        defaults
            mode http
            timeout connect 5s
            timeout client 60s
            timeout server 60s
        frontend web
            bind 127.0.0.1:\(port)
            \(frontend)

        """
    }

    /// A client that has sent half a request and waits: it keeps a worker.
    func heldClient() throws -> RunningProgram {
        let script = """
            exec 3<>/dev/tcp/127.0.0.1/\(port)
            printf 'GET / HTTP/1.1\\r\\n' >&3
            echo sent
            exec sleep 60
            """
        let client = try RunningProgram(
            try Program.system("bash"), ["-c", script], in: proxy.folder, name: "client")
        try wait(for: "the client") { client.output.contains("sent") }
        return client
    }

    var arguments: [String] { ["--master-socket", proxy.masterSocket] }

    func terminal(
        _ options: [String] = [], columns: Int = 80, rows: Int = 24, environment: [String: String] = [:]
    ) throws -> TmuxSession {
        try ReloadtopTests.terminal(
            [try Program.ours("reloadtop")] + arguments + options, columns: columns, rows: rows,
            environment: environment)
    }
}

/// A terminal in which `words` run below a shell, which tells the exit status and keeps the last screen.
func terminal(
    _ words: [String], columns: Int = 80, rows: Int = 24, environment: [String: String] = [:]
) throws -> TmuxSession {
    let command = words.map { "'\($0)'" }.joined(separator: " ")
    return try TmuxSession(
        ["/bin/sh", "-c", "echo before; \(command); echo status=$?; stty -a; exec sleep 1000"],
        columns: columns, rows: rows,
        environment: environment.merging(["NO_COLOR": ""]) { given, _ in given })
}

/// The program below the shell of `terminal`.
func program(in terminal: TmuxSession) throws -> pid_t {
    let shell = try #require(try terminal.pid)
    let children = try File.readText("/proc/\(shell)/task/\(shell)/children")
    return try #require(children.split(separator: " ").first.flatMap { pid_t($0) })
}

@Suite(.serialized) struct ScreenSystemTests {
    @Test(arguments: ProxyKind.allCases)
    func aReloadIsSeenLive(_ kind: ProxyKind) throws {
        let watched = try Watched(kind)
        let client = try watched.heldClient()
        let terminal = try watched.terminal()
        try terminal.wait(forText: "● serving")
        try watched.proxy.reload()
        try terminal.wait(for: "the old worker") { rows in
            rows.contains { $0.contains("[was: 1]") && $0.contains("◐ draining") && $0.contains("1 client") }
        }
        try terminal.wait(forText: "last ✓ ok")
        client.stop()
        try terminal.wait(for: "the end of the old worker") { rows in
            !rows.contains { $0.contains("[was: 1]") }
        }
    }

    @Test(arguments: ProxyKind.allCases)
    func aFailedReloadSaysWhy(_ kind: ProxyKind) throws {
        let watched = try Watched(kind)
        let terminal = try watched.terminal()
        try terminal.wait(forText: "● serving")
        try watched.proxy.configure(
            Watched.configuration(port: watched.port) + "    bindd 127.0.0.1:1\n")
        watched.proxy.program.signal(SIGUSR2)
        try terminal.wait(forText: "RELOAD FAILED")
        try terminal.wait(forText: "bindd")
    }

    @Test func keysOpenAndLeave() throws {
        let watched = try Watched()
        let terminal = try watched.terminal()
        try terminal.wait(forText: "● serving")
        try terminal.press("F1", toSee: "KEYS")
        try terminal.press("Escape", toSee: "● serving")
        try terminal.press("Down", "Enter", toSee: "accepts new connections")
        try terminal.press("Space", toSee: "PAUSED")
        try terminal.press("Space", toSee: "LIVE")
        try terminal.press("Escape")
        try terminal.type("/zzz")
        try terminal.wait(forText: "no worker matches 'zzz'")
        try terminal.press("Escape", toSee: "● serving")
        try terminal.press("F10", toSee: "status=0")
    }

    @Test func everySizeIsDrawnAndFollowed() throws {
        let watched = try Watched()
        let terminal = try watched.terminal()
        try terminal.wait(forText: "● serving")
        for (columns, rows) in [(120, 40), (59, 24), (80, 11), (20, 4), (2, 2), (200, 60), (80, 24)] {
            try terminal.resize(columns: columns, rows: rows)
            let expected = columns < 9 ? "●" : "serving"
            try terminal.wait(for: "\(columns)x\(rows)") { screen in
                screen.filter { !$0.isEmpty }.allSatisfy { $0.count <= columns }
                    && screen.contains { $0.contains(expected) }
                    && (columns < 60 || rows < 12 || screen.contains { $0.contains("quit") })
            }
        }
        try terminal.press("q", toSee: "status=0")
    }

    @Test func theTerminalIsGivenBack() throws {
        let watched = try Watched()
        for (signal, status) in [
            (SIGTERM, 143), (SIGINT, 130), (SIGHUP, 129), (SIGQUIT, 131), (SIGSEGV, 139),
        ] {
            let terminal = try watched.terminal()
            try terminal.wait(forText: "● serving")
            #expect(try !terminal.screen().contains { $0.contains("before") })
            kill(try program(in: terminal), signal)
            let screen = try terminal.wait(forText: "status=\(status)")
            #expect(screen.contains { $0.hasPrefix("before") })
            try terminal.wait(for: "the line settings") { rows in
                rows.contains { $0.contains(" icanon ") } && rows.contains { $0.contains(" echo ") }
            }
        }
    }

    @Test func aTerminalThatTakesNoOutputDoesNotKeepIt() throws {
        let watched = try Watched()
        let terminal = try watched.terminal()
        try terminal.wait(forText: "● serving")
        try terminal.press("C-s")
        kill(try program(in: terminal), SIGTERM)
        let screen = try terminal.wait(forText: "status=143")
        #expect(screen.contains { $0.hasPrefix("before") })
    }

    @Test func stopsAndGoesOnWithTheShell() throws {
        let watched = try Watched()
        let terminal = try TmuxSession(["/bin/bash", "--norc", "-i"], columns: 80, rows: 24)
        try terminal.type(
            "'\(try Program.ours("reloadtop"))' --master-socket '\(watched.proxy.masterSocket)'")
        let serving = try #require(try watched.proxy.serving().first)
        let why = "What worker \(serving) does"
        try terminal.press("Enter", toSee: "● serving")
        // The first key after each start may be one of several bytes.
        try terminal.press("Down", "Enter", toSee: why)
        try terminal.press("Escape")
        try terminal.wait(for: "the tree") { rows in !rows.contains { $0.contains(why) } }
        try terminal.press("Up", "C-z", toSee: "Stopped")
        try terminal.type("fg")
        try terminal.press("Enter", toSee: "● serving")
        try terminal.press("Down", "Enter", toSee: why)
        try terminal.press("q", toSee: "fg")
    }

    @Test(arguments: ProxyKind.allCases)
    func aProxyThatGoesAwayIsToldAndFoundAgain(_ kind: ProxyKind) throws {
        let watched = try Watched(kind)
        let terminal = try watched.terminal()
        try terminal.wait(forText: "● serving")
        let first = watched.proxy.master
        watched.proxy.program.signal(SIGTERM)
        try terminal.wait(forText: "LOST")
        try terminal.wait(forText: "STALE")
        let again = try RunningProxy(kind, in: watched.proxy.folder) { _ in
            Watched.configuration(port: watched.port)
        }
        try terminal.wait(forText: "master \(again.master)")
        try terminal.wait(forText: "LIVE")
        #expect(again.master != first)
        try terminal.wait(forText: "RESTART")
        try terminal.wait(forText: "master \(first) has ended with code")
    }

    @Test func withoutColourThereIsNone() throws {
        let watched = try Watched()
        let settings: [([String], [String: String])] = [([], ["NO_COLOR": "1"]), (["--no-color"], [:])]
        for (options, environment) in settings {
            let terminal = try watched.terminal(options, environment: environment)
            try terminal.wait(forText: "● serving")
            let screen = try terminal.screen(colors: true).joined(separator: "\n")
            #expect(Escapes.colours(in: screen) == [])
        }
        let terminal = try watched.terminal()
        try terminal.wait(forText: "● serving")
        let coloured = try terminal.screen(colors: true).joined(separator: "\n")
        #expect(!Escapes.colours(in: coloured).isEmpty, "\(coloured.debugDescription)")
    }

    @Test func withoutUnicodeTheScreenIsASCII() throws {
        let watched = try Watched()
        for (options, environment) in [(["--ascii"], [:]), ([], ["LC_ALL": "C"])] {
            let terminal = try watched.terminal(options, environment: environment)
            let screen = try terminal.wait(forText: "* serving")
            #expect(screen.joined().utf8.allSatisfy { $0 < 0x80 })
        }
    }

    @Test(arguments: ["xterm", "linux", "vt100", "screen", "ansi"])
    func otherTerminalsWork(_ type: String) throws {
        let watched = try Watched()
        let terminal = try ReloadtopTests.terminal(
            ["/usr/bin/env", "TERM=\(type)", try Program.ours("reloadtop")] + watched.arguments)
        try terminal.wait(forText: "serving")
        try terminal.press("q", toSee: "status=0")
    }

    @Test func anUnknownTerminalIsAClearError() throws {
        let watched = try Watched()
        let terminal = try ReloadtopTests.terminal(
            ["/usr/bin/env", "TERM=nonsense", try Program.ours("reloadtop")] + watched.arguments)
        try terminal.wait(for: "the reason") { $0.joined().contains("TERM='nonsense' is not known") }
        try terminal.wait(forText: "status=1")
    }

    @Test func severalMastersAreChosenFrom() throws {
        let first = try Watched()
        let second = try Watched()
        let terminal = try TmuxSession([try Program.ours("reloadtop")], columns: 80, rows: 24)
        try terminal.wait(forText: "Several masters run here")
        try terminal.wait(for: "both") { rows in
            [first, second].allSatisfy { watched in
                rows.contains { $0.contains(String(watched.proxy.master)) }
            }
        }
        try choose(second, in: terminal)
        try terminal.wait(forText: "serving")
    }

    /// Presses Enter on a proxy's row of the list of masters, whoever else runs one here.
    private func choose(_ watched: Watched, in terminal: TmuxSession) throws {
        let list = try terminal.wait(forText: "\(watched.proxy.master) ")
        let head = try #require(list.firstIndex { $0.contains(" PROGRAM ") })
        let row = try #require(list.firstIndex { $0.contains("\(watched.proxy.master) ") })
        try terminal.press("g")
        for _ in 0..<(row - head - 1) { try terminal.press("Down") }
        try terminal.press("Enter")
    }

    /// From one proxy to the other and back, without a trace of the one before.
    @Test func theMasterIsSwitchedWhileRunning() throws {
        let first = try Watched(.haproxy)
        let second = try Watched(.mwproxy)
        let terminal = try first.terminal(columns: 120, rows: 40)
        try terminal.wait(forText: "● serving")
        try first.proxy.reload()
        try terminal.press("3", toSee: "✓ ok")
        try terminal.press("M")
        let rows = try terminal.wait(for: "both masters") { rows in
            rows.contains { $0.contains("● watched") && $0.contains("\(first.proxy.master) haproxy") }
                && rows.contains { $0.contains("\(second.proxy.master) mwproxy       1 ") }
        }
        #expect(rows.contains { $0.contains("/proxy.cfg") && $0.contains("/master.sock") })
        try terminal.press("Escape")
        try terminal.wait(for: "the list to close") { rows in !rows.contains { $0.contains("● watched") } }
        try terminal.press("M")
        try terminal.wait(forText: "● watched")
        try choose(second, in: terminal)
        try terminal.wait(for: "the other proxy without a reload") { rows in
            rows[0].contains("mwproxy") && rows[0].contains("master \(second.proxy.master)")
                && rows.contains { $0.contains("no reload since the master started") }
        }
        try terminal.press("1")
        let worker = try #require(try second.proxy.serving().first)
        let tree = try terminal.wait(forText: "\(worker) worker")
        #expect(!tree.contains { $0.contains("\(first.proxy.master)") })
        // What happens to it is seen, by its own events.
        try second.proxy.reload()
        try terminal.wait(forText: "last ✓ ok")
        try terminal.type(":master 1")
        try terminal.press("Enter", toSee: "neither HAProxy nor mwproxy")
        try terminal.press("Escape")
        try terminal.type(":master \(first.proxy.master)")
        try terminal.press("Enter")
        try terminal.wait(for: "the first proxy") { rows in
            rows[0].contains("haproxy 2") && rows[0].contains("master \(first.proxy.master)")
                && rows.contains { $0.contains("● serving") }
        }
        try terminal.press("q", toSee: "status=0")
    }

    /// A master that has gone is left for another; the one that came back is found in the list.
    @Test func aLostMasterIsLeftForAnother() throws {
        let first = try Watched(.mwproxy)
        let second = try Watched(.mwproxy)
        let terminal = try first.terminal()
        try terminal.wait(forText: "● serving")
        first.proxy.program.signal(SIGTERM)
        try terminal.wait(forText: "M masters")
        try terminal.type(":master \(second.proxy.master)")
        try terminal.press("Enter")
        try terminal.wait(for: "the other master, live") { rows in
            rows[0].contains("master \(second.proxy.master)") && rows[0].contains("LIVE")
        }
        let again = try RunningProxy(.mwproxy, in: first.proxy.folder) { _ in
            Watched.configuration(port: first.port)
        }
        try terminal.press("M", toSee: "\(again.master) mwproxy")
    }
}

enum Escapes {
    /// The parameters of SGR sequences that set a colour.
    static func colours(in text: String) -> [Int] {
        var found: [Int] = []
        for part in text.components("\u{1b}[") {
            guard let end = part.firstIndex(where: { $0.isLetter }), part[end] == "m" else { continue }
            let numbers = part[..<end].split(whereSeparator: { $0 == ";" || $0 == ":" }).compactMap {
                Int($0)
            }
            found += numbers.filter {
                (30...38).contains($0) || (40...48).contains($0) || (90...107).contains($0)
            }
        }
        return found
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [Substring] {
        split(separator: separator, omittingEmptySubsequences: true).dropFirst(hasPrefix(separator) ? 0 : 1)
            .map { $0 }
    }
}
