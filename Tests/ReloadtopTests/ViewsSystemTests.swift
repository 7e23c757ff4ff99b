// The views of the real program, in a real terminal, over both proxies.

import Glibc
import TestSupport
import Testing
import Unix

@Suite(.serialized) struct ViewsSystemTests {
    /// A proxy whose old worker is kept by a client, and the dashboard beside it.
    private struct Scene {
        let proxy: RunningProxy
        let watched: Watched
        let client: RunningProgram

        init(_ kind: ProxyKind) throws {
            watched = try Watched(kind)
            proxy = watched.proxy
            client = try watched.heldClient()
        }
    }

    @Test(arguments: ProxyKind.allCases) func theLogTellsAReload(_ kind: ProxyKind) throws {
        let scene = try Scene(kind)
        let terminal = try scene.watched.terminal()
        try terminal.wait(forText: "● serving")
        try terminal.press("6", toSee: "─ Events ─")
        try scene.proxy.reload()
        try terminal.wait(for: "the reload") { rows in
            rows.contains { $0.contains("info process") && $0.contains("succeeded") }
        }
        try terminal.press("s", toSee: "warn and worse")
        try terminal.press("Escape", "1", toSee: "[was: 1]")
    }

    @Test(arguments: ProxyKind.allCases) func theTimeViewShowsGenerationsAsBars(_ kind: ProxyKind) throws {
        let scene = try Scene(kind)
        let terminal = try scene.watched.terminal(columns: 120, rows: 40)
        try terminal.wait(forText: "● serving")
        try terminal.press("7", toSee: "Generations over time")
        try scene.proxy.reload()
        try terminal.wait(for: "the old generation's bar and its deadline") { rows in
            rows.contains { $0.contains(" ◐ ") && $0.contains("▒") && $0.contains("kill ") }
                && rows.contains { $0.contains(" ● ") && $0.contains("█") }
        }
        scene.client.stop()
        try terminal.wait(for: "its end") { rows in
            rows.contains { $0.contains(" – ") && $0.contains("ended ") }
        }
        try terminal.press("Up", "Enter", toSee: "accepts new connections")
    }

    @Test(arguments: ProxyKind.allCases) func thePastIsSteppedThroughAndLeft(_ kind: ProxyKind) throws {
        let scene = try Scene(kind)
        let terminal = try scene.watched.terminal()
        try terminal.wait(forText: "● serving")
        try scene.proxy.reload()
        try terminal.wait(forText: "◐ draining")
        try terminal.press("[", "[", "[", "[", "[", "[")
        try terminal.wait(for: "the screen before the reload") { rows in
            rows[0].contains("PAST ") && !rows.contains { $0.contains("draining") }
        }
        try terminal.press("Home")
        try terminal.wait(for: "the screen of now") { rows in
            rows[0].contains("LIVE") && rows.contains { $0.contains("◐ draining") }
        }
    }

    @Test(arguments: ProxyKind.allCases) func whatIsShownIsWrittenToANewFile(_ kind: ProxyKind) throws {
        let watched = try Watched(kind)
        let folder = try ScratchFolder()
        let terminal = try watched.terminal(environment: ["XDG_STATE_HOME": folder.file("state")])
        try terminal.wait(forText: "● serving")
        try terminal.press("Space", "e")
        // Over as many lines as the path needs.
        func wait(forEnd end: String) throws {
            try terminal.wait(for: end) { rows in
                let text = rows.joined().filter { $0 != " " }
                return text.contains("writtento\(folder.file("state"))/reloadtop/") && text.contains(end)
            }
        }
        try wait(forEnd: "Z.json")
        try terminal.press("x", "e")
        try wait(forEnd: "-2.json")
        let names = try File.names(in: folder.file("state/reloadtop")).sorted()
        #expect(names.count == 2)
        for name in names {
            let text = try File.readText(folder.file("state/reloadtop/" + name))
            #expect(text.hasPrefix(#"{"schema":1,"view":"tree","shown":"paused""#))
            #expect(text.contains(#""pid":\#(watched.proxy.master)"#) && text.hasSuffix("}\n"))
        }
    }

    @Test(arguments: ProxyKind.allCases) func theCommandShownTellsTheSame(_ kind: ProxyKind) throws {
        let watched = try Watched(kind)
        let terminal = try watched.terminal(columns: 200)
        try terminal.wait(forText: "● serving")
        try terminal.press("y")
        let rows = try terminal.wait(forText: "show proc")
        let command = try #require(rows.first { $0.contains("show proc") })
        let answer = try Program.run("/bin/sh", ["-c", command])
        #expect(answer.output.contains("\(watched.proxy.master)"), "\(command): \(answer.errors)")
    }

    @Test func tabsAreClicked() throws {
        let watched = try Watched()
        let terminal = try watched.terminal()
        let rows = try terminal.wait(forText: "● serving")
        let row = try #require(rows.firstIndex { $0.contains("1Tree") })
        let line = rows[row]
        let tab = try #require(line.firstRange(of: "6Log"))
        let column = line.distance(from: line.startIndex, to: tab.lowerBound)
        func code(_ number: Int) -> String { String(Character(Unicode.Scalar(UInt8(32 + number)))) }
        try terminal.type("\u{1b}[M" + code(0) + code(column + 1) + code(row + 1))
        try terminal.wait(forText: "─ Events ─")
    }

    @Test func hostileLogLinesDoNotDriveTheTerminal() throws {
        let watched = try Watched()
        let folder = try ScratchFolder()
        let log = try folder.write("proxy.log", "")
        let terminal = try watched.terminal(["--log-file", log], columns: 120, rows: 40)
        try terminal.wait(forText: "● serving")
        let hostile: [[UInt8]] = [
            Array("first \u{1b}[2J\u{1b}[10;10Hmoved\u{1b}]0;owned\u{07}\u{1b}c end".utf8),
            Array("second \u{9b}31m\u{202e}drawkcab\u{2066} \u{200b}日本 end".utf8),
            Array("third ".utf8) + [0xFF, 0xC3, 0x28, 0x1B, 0x5B, 0x33, 0x31, 0x6D] + Array(" end".utf8),
        ]
        let file = open(log, O_WRONLY | O_APPEND)
        try #require(file >= 0)
        for line in hostile { try File.writeAll(file, line + [0x0A]) }
        close(file)
        try terminal.press("6")
        let rows = try terminal.wait(for: "the lines") { rows in
            ["first", "second", "third"].allSatisfy { word in rows.contains { $0.contains(word) } }
        }
        #expect(rows.contains { $0.contains("first ^[[2J^[[10;10Hmoved^[]0;owned^G^[c end") })
        #expect(rows.contains { $0.contains("second <9b>31m<202e>drawkcab<2066> <200b>日本 end") })
        #expect(rows[0].contains("reloadtop") && rows[0].contains("LIVE"))
        try terminal.press("1", toSee: "● serving")
    }

    @Test func themesAreChosenAndChanged() throws {
        let watched = try Watched()
        let wrong = try Program.run(try Program.ours("reloadtop"), ["--theme", "pink", "--once"])
        #expect(wrong.end == .exited(64) && wrong.errors.contains("colour-blind"))
        var looks: Set<String> = []
        for theme in ["default", "high-contrast", "colour-blind", "mono"] {
            let terminal = try watched.terminal(["--theme", theme])
            try terminal.wait(forText: "● serving")
            let screen = try terminal.screen(colors: true)
            let serving = try #require(screen.first { $0.contains("serving") })
            looks.insert(String(serving.prefix { $0 != "●" }.suffix(12)) + "\(Escapes.colours(in: serving))")
            #expect((Escapes.colours(in: screen.joined()).isEmpty) == (theme == "mono"))
            try terminal.press("T", toSee: "theme ")
        }
        #expect(looks.count == 4)
    }

    @Test func aTerminalOfAnyColourGetsThem() throws {
        let watched = try Watched()
        let folder = try ScratchFolder()
        // What Debian's ncurses-term has under this name.
        let entry = try folder.write(
            "direct.ti",
            #"""
            tmux-direct|tmux with direct colours, RGB, colors#0x1000000, pairs#0x10000,
            	setab=\E[%?%p1%{8}%<%t4%p1%d%e48:2::%p1%{65536}%/%d:%p1%{256}%/%{255}%&%d:%p1%{255}%&%d%;m,
            	setaf=\E[%?%p1%{8}%<%t3%p1%d%e38:2::%p1%{65536}%/%d:%p1%{256}%/%{255}%&%d:%p1%{255}%&%d%;m,
            	op=\E[39;49m, use=tmux-256color,

            """#)
        let compiled = try Program.run(
            try Program.system("tic"), ["-x", "-o", folder.file("terminfo"), entry])
        #expect(compiled.end == .exited(0), "\(compiled.errors)")
        for depth in ["truecolor", "no"] {
            let terminal = try watched.terminal(
                ["--theme", "colour-blind"],
                environment: [
                    "COLORTERM": depth,
                    "TERMINFO_DIRS": folder.file("terminfo") + ":/lib/terminfo:/usr/share/terminfo",
                ])
            try terminal.wait(forText: "● serving")
            let screen = try terminal.screen(colors: true).joined()
            #expect(screen.contains("38;2;61;155;233") == (depth == "truecolor"), "\(depth)")
        }
    }

    @Test func aSteadyScreenCostsAFewBytes() throws {
        let watched = try Watched()
        let folder = try ScratchFolder()
        let terminal = try watched.terminal()
        try terminal.wait(forText: "● serving")
        let path = folder.file("bytes")
        try terminal.record(to: path)
        // Each second the clock and a few figures change, and nothing else is sent.
        func clock() throws -> Substring { try terminal.screen()[0].suffix(13) }
        let started = try clock()
        var seen: Set<Substring> = []
        try wait(for: "ten seconds on its clock") {
            seen.insert(try clock())
            return seen.count > 10
        }
        let count = try File.read(path).count
        #expect(count > 0 && count < 2000, "\(count) bytes in ten seconds from \(started) on")
    }
}
