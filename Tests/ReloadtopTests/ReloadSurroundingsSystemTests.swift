// `reloadtop reload` where something around it is not as usual: no master socket, no rights, a terminal with somebody at
// it, a master in a container's namespaces, a master that dies, a disk that is full, a journal.

import Demo
import Glibc
import RuntimeAPI
import TestSupport
import Testing
import Unix

@Suite(.serialized) struct ReloadSurroundingsSystemTests {
    private let scene: ReloadScene

    init() throws {
        scene = try ReloadScene()
    }

    /// SIGUSR2 in its place; what came of it is seen from outside.
    @Test(arguments: ProxyKind.allCases) func withoutAMasterSocketASignalDoes(_ kind: ProxyKind) throws {
        let (port, folder) = (try FreePort.find(), try ScratchFolder("signal-"))
        let text = ReloadScene.text(kind, port: port, status: 200)
        let path = try folder.write("proxy.cfg", text)
        let master = try RunningProgram(try kind.program, ["-W", "-f", path], in: folder)
        try wait(for: "the proxy") { (try? scene.status(port)) == "200" }
        let taken = try ReloadScene.TakenPort()
        defer { withExtendedLifetime(taken) {} }
        let next = ReloadScene.text(kind, port: port, status: 204)
        let bad = try folder.write("bad", ReloadScene.failing(kind, next, taken: taken.port))
        let back = try scene.run([bad, "--pid", "\(master.pid)", "--yes", "--accept-findings"])
        #expect(back.end == .exited(2) && back.output.contains("rolled back: the load failed"), "\(back)")
        #expect(back.output.contains("SIGUSR2 to master \(master.pid)"))
        #expect(try File.readText(path) == text && scene.status(port) == "200")
        let good = try scene.run([try folder.write("good", next), "--pid", "\(master.pid)", "--yes"])
        #expect(good.end == .exited(0) && good.output.contains("served: "), "\(good)")
        #expect(try scene.status(port) == "204")
    }

    /// An ordinary user is told what is missing; one that the proxy runs as needs no more.
    @Test(.enabled(if: getuid() == 0)) func anOrdinaryUserIsToldWhatIsMissing() throws {
        let (port, folder) = (try FreePort.find(), try ScratchFolder("user-"))
        let program = folder.file("reloadtop")
        let copied = try Program.run("/bin/cp", [try Program.ours("reloadtop"), program])
        #expect(copied.end == .exited(0) && chmod(folder.path, 0o755) == 0)
        let home = folder.file("home")
        mkdir(home, 0o755)
        chown(home, 65534, 65534)
        func reload(_ arguments: [String]) throws -> Program.Completed {
            let command = Program.asOrdinaryUser([program, "reload", "--settle", "0", "--yes"] + arguments)
            return try Program.run(
                command[0], Array(command.dropFirst()), environment: ["XDG_STATE_HOME": home, "HOME": home])
        }
        let ofRoot = try RunningProxy(.haproxy) { _ in ReloadScene.text(port: port, status: 200) }
        let refused = try reload(["--pid", "\(ofRoot.master)"])
        #expect(
            refused.end == .exited(3) && refused.output.contains("refused: no permission to read")
                && refused.output.contains("run as root"), "\(refused)")
        #expect(chmod(ofRoot.masterSocket, 0o600) == 0)
        #expect(try reload(["--master-socket", ofRoot.masterSocket]).output.contains("ermission denied"))
        // The proxy's own user, whose file it is not.
        let own = try ScratchFolder("own-")
        chown(own.path, 65534, 65534)
        let its = try RunningProxy(.haproxy, in: own, prefix: Program.asOrdinaryUser([])) { _ in
            ReloadScene.text(port: try FreePort.find(), status: 200)
        }
        let new = try folder.write("new", ReloadScene.text(port: try FreePort.find(), status: 204))
        let foreign = try reload(["--master-socket", its.masterSocket, new])
        #expect(
            foreign.end == .exited(3) && foreign.output.contains("the owner 0:0 of")
                && foreign.output.contains("cannot be kept"), "\(foreign)")
        chown(its.configurationFile, 65534, 65534)
        let served = try reload(["--master-socket", its.masterSocket, "--accept-drift", new])
        #expect(served.end == .exited(0) && served.output.contains("served: "), "\(served)")
    }

    /// Who reads no more has not seen what would be done.
    @Test func whoStopsReadingChangesNothing() throws {
        let port = try FreePort.find()
        let proxy = try RunningProxy(.haproxy) { _ in ReloadScene.text(port: port, status: 200) }
        let new = try proxy.folder.write("new", ReloadScene.text(port: port, status: 204))
        let run = try Program.run(
            try Program.system("bash"),
            [
                "-c",
                "'\(try Program.ours("reloadtop"))' reload --yes --settle 0 --pid \(proxy.master) \(new) | head -1; "
                    + "echo \"ended with ${PIPESTATUS[0]}\"",
            ], environment: scene.environment)
        #expect(run.output.hasSuffix("ended with 3\n"), "\(run)")
        #expect(try ReloadScene.staged(in: proxy.folder).isEmpty && scene.audit.isEmpty)
        #expect(try scene.status(port) == "200")
    }

    @Test func whatCannotEndWellIsNotBegun() throws {
        let port = try FreePort.find()
        let proxy = try RunningProxy(.haproxy) { _ in ReloadScene.text(port: port, status: 200) }
        let new = try proxy.folder.write("new", ReloadScene.text(port: port, status: 204))
        #expect(try scene.run(["--timeout", "0", "--pid", "\(proxy.master)", new]).end == .exited(64))
        kill(proxy.master, SIGSTOP)
        defer { kill(proxy.master, SIGCONT) }
        let stopped = try scene.run(["--yes", "--timeout", "5", "--pid", "\(proxy.master)", new])
        #expect(stopped.end == .exited(3), "\(stopped)")
        #expect(stopped.output.contains("refused: master \(proxy.master) is stopped"), "\(stopped)")
        #expect(try ReloadScene.staged(in: proxy.folder).isEmpty && scene.audit.isEmpty)
    }

    /// Line ends of another system stand in lines of their own.
    @Test func aFileWithCarriageReturnsIsShownLineByLine() throws {
        let port = try FreePort.find()
        let proxy = try RunningProxy(.haproxy) { _ in ReloadScene.text(port: port, status: 200) }
        let text = ReloadScene.text(port: port, status: 204).replacing("\n", with: "\r\n")
        let new = try proxy.folder.write("new", text)
        let shown = try scene.run(["--dry-run", "--pid", "\(proxy.master)", new])
        let lines = shown.output.split(separator: "\n")
        #expect(lines.contains("  +     http-request return status 204 hdr x y^M"), "\(shown.output)")
        #expect(lines.contains { $0.hasPrefix("tested: ") } && !shown.output.contains("^J"))
    }

    @Test func aPersonIsAsked() throws {
        let port = try FreePort.find()
        let proxy = try RunningProxy(.mwproxy) { _ in ReloadScene.text(port: port, status: 200) }
        let new = try proxy.folder.write("new", ReloadScene.text(port: port, status: 204))
        let command = "\(try Program.ours("reloadtop")) reload --settle 0 --pid \(proxy.master) \(new)"
        func asked() throws -> TmuxSession {
            let terminal = try TmuxSession(
                ["/bin/sh", "-c", "trap : INT; \(command); echo it ended with $?; exec sleep 1000"],
                columns: 100,
                rows: 40,
                environment: ["XDG_STATE_HOME": scene.state.path])
            try terminal.wait(forText: "Reload now? [y/N]")
            return terminal
        }
        let left = try asked()
        #expect(try ReloadScene.staged(in: proxy.folder).count == 1)
        try left.press("C-c", toSee: "it ended with 3")
        #expect(try left.screen().contains("refused: SIGINT came before anything was changed"))
        #expect(try ReloadScene.staged(in: proxy.folder).isEmpty && scene.audit.isEmpty)
        for (answer, end, status) in [("n", 3, "200"), ("Y", 0, "204")] {
            let terminal = try asked()
            #expect(try terminal.screen().contains { $0.contains("+     http-request return status 204") })
            #expect(try scene.status(port) == "200")
            try terminal.press(answer, "Enter", toSee: "it ended with \(end)")
            #expect(try scene.status(port) == status)
        }
        // The master goes while somebody thinks.
        let terminal = try asked()
        let audited = scene.audit.count
        proxy.program.signal(SIGTERM)
        _ = try proxy.program.end()
        try terminal.press("y", "Enter", toSee: "it ended with 3")
        let told = "refused: master \(proxy.master) ended before anything was changed"
        #expect(try terminal.screen().contains { $0.contains(told) })
        #expect(scene.audit.count == audited)
    }

    /// As in a container: the master has another number there, other files, and a network of its own.
    @Test(.enabled(if: getuid() == 0), arguments: ProxyKind.allCases)
    func aMasterInItsOwnNamespacesIsReloaded(_ kind: ProxyKind) throws {
        let (port, folder) = (try FreePort.find(), try ScratchFolder("spaces-"))
        let first = ReloadScene.text(kind, port: port, status: 200)
        try folder.write("first", first)
        let (place, socket) = (folder.file("conf"), folder.file("m.sock"))
        mkdir(place, 0o755)
        let script = """
            mount -t tmpfs none \(place) && cp \(folder.file("first")) \(place)/a.cfg &&
            exec \(try kind.program) -W -S \(socket) -f \(place)/a.cfg
            """
        let holder = try RunningProgram(
            "/usr/bin/unshare", ["-p", "-f", "-n", "-m", "--mount-proc", "/bin/sh", "-c", script], in: folder)
        try wait(for: "the proxy") {
            (try? AdminClient.ask(socket, "@1 show info"))?.contains("Pid:") == true
        }
        let children = try File.readText("/proc/\(holder.pid)/task/\(holder.pid)/children")
        let master = try #require(pid_t(children.filter(\.isNumber)))
        let live = "/proc/\(master)/root\(place)/a.cfg"
        let new = ReloadScene.text(kind, port: port, status: 204)
        let good = try scene.run([try folder.write("good", new), "--master-socket", socket, "--yes"])
        #expect(good.end == .exited(0) && good.output.contains("'reload' on the master's socket"), "\(good)")
        #expect(try File.readText(live) == new)
        let bad = new.replacing("global\n", with: "global\n    bogus\n")
        let refused = try scene.run([try folder.write("bad", bad), "--pid", "\(master)", "--yes"])
        #expect(refused.end == .exited(3) && refused.output.contains("bogus"), "\(refused)")
        #expect(try File.readText(live) == new)
        #expect(try File.names(in: place).isEmpty)
    }

    /// Killed in the middle of a load: who serves now, and what a supervisor will start, is for a person to see.
    @Test(arguments: ProxyKind.allCases) func aMasterThatDiesLeavesAnUnknownEnd(_ kind: ProxyKind) throws {
        let port = try FreePort.find()
        let proxy = try RunningProxy(kind) { _ in ReloadScene.text(kind, port: port, status: 200) }
        // Whoever loads this waits for somebody to write.
        let fifo = proxy.folder.file("list")
        #expect(mkfifo(fifo, 0o600) == 0)
        let text = ReloadScene.text(
            kind, port: port, status: 204, more: "http-request deny if { path -f \(fifo) }")
        let new = try proxy.folder.write("new", text)
        let run = try RunningProgram(
            try Program.ours("reloadtop"),
            ["reload", "--settle", "0", "--yes", "--master-socket", proxy.masterSocket, new],
            environment: scene.environment, in: proxy.folder, name: "run")
        let test = try ReloadScene.reader(of: fifo)
        try File.writeAll(test.raw, "/a\n".utf8)
        close(test.release())
        try wait(for: "the request") { run.output.contains("reload: ") }
        let load = try ReloadScene.reader(of: fifo)
        kill(proxy.master, SIGKILL)
        #expect(try run.end() == .exited(4))
        close(load.release())
        #expect(
            run.output.contains(
                "unknown: the master has ended while it loaded; none has taken its place; the new file stays in place"
            ),
            "\(run.output)")
        #expect(try File.readText(proxy.configurationFile) == text)
        #expect(scene.audit.last?["verdict"]?.string == "unknown")
    }

    /// Restarted behind the load: what was seen of it says nothing about who serves now.
    @Test(arguments: [
        (["--settle", "120"], "watch: the health after"), (["--settle", "0", "--wait-peers"], "peers: "),
        (["--settle", "0", "--wait-drained"], "drain: "),
    ]) func aRestartBehindTheLoadLeavesAnUnknownEnd(_ options: [String], _ moment: String) throws {
        let (port, own, far) = (try FreePort.find(), try FreePort.find(), try FreePort.find())
        let more = """
            stick-table type string size 1k peers all
            peers all
                peer here 127.0.0.1:\(own)
                peer far 127.0.0.1:\(far)
            frontend more
                bind 127.0.0.1:\(try FreePort.find())
            """
        let proxy = try RunningProxy(.haproxy, flags: ["-W", "-L", "here"]) { _ in
            ReloadScene.text(port: port, status: 200, more: more)
        }
        let client = try Connection(port: port)
        try client.send("GET / HTTP/1.1\r\n")
        try wait(for: "the client") { try proxy.ask("@1 show info").contains("CurrConns: 1\n") }
        let run = try RunningProgram(
            try Program.ours("reloadtop"),
            ["reload", "--yes", "--master-socket", proxy.masterSocket] + options,
            environment: scene.environment, in: proxy.folder, name: "run")
        try wait(for: "the load") { run.output.contains(moment) }
        proxy.program.signal(SIGTERM)
        _ = try proxy.program.end()
        let next = try RunningProgram(
            try ProxyKind.haproxy.program,
            [
                "-W", "-L", "here", "-S", proxy.masterSocket + ",level,admin", "-f", proxy.configurationFile,
            ], in: proxy.folder, name: "next")
        #expect(try run.end() == .exited(4))
        #expect(run.output.contains("unknown: the master has ended after the load; "), "\(run.output)")
        client.close()
        withExtendedLifetime(next) {}
    }

    /// A signal ends it where nothing is changed yet, and never where a file lies there that nobody has judged.
    @Test func aSignalLeavesNoFileThatNobodyJudged() throws {
        let port = try FreePort.find()
        let text = ReloadScene.text(port: port, status: 200)
        let proxy = try RunningProxy(.mwproxy) { _ in text }
        let taken = try ReloadScene.TakenPort()
        defer { withExtendedLifetime(taken) {} }
        let fifo = proxy.folder.file("list")
        #expect(mkfifo(fifo, 0o600) == 0)
        func command(_ content: String) throws -> [String] {
            [
                try Program.ours("reloadtop"), "reload", "--settle", "0", "--yes", "--accept-findings",
                "--master-socket", proxy.masterSocket, try proxy.folder.write("new", content),
            ]
        }
        // It has come before everything, and is held back until somebody asks for it.
        let early = try Program.run(
            "/usr/bin/env",
            ["--block-signal=INT", "/bin/sh", "-c", "kill -INT $$; exec \"$@\"", "sh"]
                + command(ReloadScene.text(port: port, status: 204)), environment: scene.environment)
        #expect(early.end == .exited(3), "\(early)")
        #expect(early.output.contains("refused: SIGINT came before anything was changed"), "\(early)")
        #expect(scene.audit.isEmpty)

        let tested = try command(
            ReloadScene.text(port: port, status: 204, more: "http-request deny if { path -f \(fifo) }"))
        let left = try RunningProgram(
            tested[0], Array(tested.dropFirst()), environment: scene.environment, in: proxy.folder,
            name: "left")
        let held = try ReloadScene.reader(of: fifo)
        left.signal(SIGTERM)
        #expect(try left.end() == .exited(3))
        #expect(left.output.contains("refused: SIGTERM came before anything was changed"), "\(left.output)")
        close(held.release())
        #expect(scene.audit.isEmpty)
        #expect(try ReloadScene.staged(in: proxy.folder).isEmpty)

        let failing = try command(
            ReloadScene.failing(
                .mwproxy,
                ReloadScene.text(port: port, status: 204, more: "http-request deny if { path -f \(fifo) }"),
                taken: taken.port))
        let late = try RunningProgram(
            failing[0], Array(failing.dropFirst()), environment: scene.environment, in: proxy.folder,
            name: "late")
        func reader() throws -> Descriptor {
            Descriptor(
                owning: try wait(for: "a reader of the list") { () -> Int32? in
                    let raw = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
                    return raw < 0 ? nil : raw
                })
        }
        let test = try ReloadScene.reader(of: fifo)
        try File.writeAll(test.raw, "/a\n".utf8)
        close(test.release())
        try wait(for: "the request") { late.output.contains("reload: ") }
        let load = try ReloadScene.reader(of: fifo)
        late.signal(SIGTERM)
        try wait(for: "the signal") { late.output.contains("SIGTERM: ") || !late.isRunning }
        close(load.release())
        #expect(try late.end() == .exited(2))
        #expect(late.output.contains("rolled back: the load failed"), "\(late.output)")
        #expect(try File.readText(proxy.configurationFile) == text && scene.status(port) == "200")
        #expect(try File.names(in: proxy.folder.path).allSatisfy { !$0.contains("reloadtop") })
    }

    /// What cannot be written down is not done; and where only its end cannot be, that is said.
    @Test(.enabled(if: getuid() == 0)) func aFullDiskUnderTheAuditLogIsTold() throws {
        let port = try FreePort.find()
        let text = ReloadScene.text(port: port, status: 200)
        let proxy = try RunningProxy(.mwproxy) { _ in text }
        let new = try proxy.folder.write("new", ReloadScene.text(port: port, status: 204))
        try File.createDirectories(above: scene.state.file("reloadtop/audit.log"))
        #expect(symlink("/dev/full", scene.state.file("reloadtop/audit.log")) == 0)
        let refused = try scene.reload(proxy, [new, "--yes"])
        #expect(refused.code == 3 && refused.reasons.contains("cannot be written"), "\(refused)")
        #expect(try File.readText(proxy.configurationFile) == text && scene.status(port) == "200")
        // Room for the line before, and not for the one after.
        let small = proxy.folder.file("small")
        mkdir(small, 0o755)
        let script = """
            mount -t tmpfs -o size=4k none \(small) && mkdir \(small)/reloadtop &&
            head -c 2600 /dev/zero | tr '\\0' '\\n' > \(small)/reloadtop/audit.log && exec sleep 1000
            """
        let holder = try RunningProgram(
            "/usr/bin/unshare", ["-m", "--propagation", "private", "/bin/sh", "-c", script], in: proxy.folder)
        try wait(for: "the file system") {
            (try? File.readText("/proc/\(holder.pid)/comm")) == "sleep\n"
        }
        let run = try Program.run(
            try Program.ours("reloadtop"),
            ["reload", "--master-socket", proxy.masterSocket, "--settle", "0", "--yes", new],
            environment: ["XDG_STATE_HOME": "/proc/\(holder.pid)/root\(small)"])
        #expect(
            run.end == .exited(0) && run.output.contains("served: the audit log could not be written"),
            "\(run)")
        #expect(try scene.status(port) == "204")
    }

    /// A connection that breaks off in the middle does not leave a file that nobody has loaded.
    @Test func aReaderThatGoesAwayEndsNothing() throws {
        let port = try FreePort.find()
        let proxy = try RunningProxy(.mwproxy) { _ in ReloadScene.text(port: port, status: 200) }
        let new = try proxy.folder.write("new", ReloadScene.text(port: port, status: 204))
        let program = try Program.ours("reloadtop")
        let run = try Program.shell(
            "\(program) reload --pid \(proxy.master) --settle 0 --yes \(new) | grep -q -m 1 '^place: '",
            environment: scene.environment)
        #expect(run.end == .exited(0), "\(run)")
        try wait(for: "its end") { scene.audit.last?["event"]?.string == "ended" }
        #expect(scene.audit.last?["verdict"]?.string == "served")
        #expect(try scene.status(port) == "204")
    }

    /// A line for the journal, where the machine has one.
    @Test(.enabled(if: getuid() == 0)) func theJournalIsTold() throws {
        let port = try FreePort.find()
        let proxy = try RunningProxy(.mwproxy) { _ in ReloadScene.text(port: port, status: 200) }
        let journal = proxy.folder.file("journal")
        let script = """
            mount -t tmpfs none /run && mkdir -p /run/systemd/journal || exit 9
            \(try Program.system("socat")) -u UNIX-RECV:/run/systemd/journal/socket CREATE:\(journal) &
            while ! [ -S /run/systemd/journal/socket ]; do sleep 0.01; done
            \(try Program.ours("reloadtop")) reload --pid \(proxy.master) --settle 0 --yes
            code=$?; kill $!; exit $code
            """
        let run = try Program.run(
            "/usr/bin/unshare", ["-m", "--propagation", "private", "/bin/sh", "-c", script],
            environment: scene.environment)
        #expect(run.end == .exited(0), "\(run)")
        let told = try File.readText(journal)
        for field in [
            "RELOADTOP_VERDICT=served", "RELOADTOP_MASTER=\(proxy.master)", "SYSLOG_IDENTIFIER=reloadtop",
            "MESSAGE=reload of mwproxy master \(proxy.master): served", "RELOADTOP_CALLER=",
        ] { #expect(told.contains(field), "\(told)") }
    }
}
