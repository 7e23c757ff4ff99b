// The pitfalls of the field, provoked with real processes: the tools name each in plain words, with its mend.

import Demo
import Glibc
import RuntimeAPI
import TestSupport
import Testing
import Unix

@Suite(.serialized) struct PitfallSystemTests {
    /// What is said of a proxy once something was done to it.
    private struct Words {
        /// Of `--once`, which has seen nothing of it happen.
        var once: [String] = []
        var doctor: [String] = []
        /// The kinds of alerts in the JSON.
        var kinds: [String] = []
    }

    /// Asks both at the same time.
    private func expect(
        _ words: Words, of pid: pid_t, _ options: [String] = [], doctor: [String] = [],
        environment: [String: String?] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let folder = try ScratchFolder()
        let asked = [
            (["--once"] + options, words.once, "once"), (["doctor"] + doctor, words.doctor, "doctor"),
            (["--json"] + options, words.kinds.map { "\"kind\":\"\($0)\"" }, "json"),
        ].filter { !$0.1.isEmpty }
        let looks = try asked.map { arguments, wanted, name in
            (
                try RunningProgram(
                    try Program.ours("reloadtop"), arguments + ["--pid", "\(pid)"],
                    environment: environment, in: folder, name: name),
                wanted
            )
        }
        for (look, wanted) in looks {
            try look.end()
            for text in wanted {
                #expect(look.output.contains(text), "\(look.output)", sourceLocation: sourceLocation)
            }
        }
    }

    /// Some ticks, which are as exactly as a worker's start is known.
    private func letTicksPass() throws {
        let start = Instant.now()
        try wait(for: "some ticks to pass") { Instant.now() - start > .milliseconds(50) }
    }

    private static let tracking = """
        stick-table type ip size 1m expire 30m store conn_cnt
            http-request track-sc0 src
        """

    /// One proxy from one pitfall into the next.
    @Test(arguments: ProxyKind.allCases) func aDayInTheField(_ kind: ProxyKind) throws {
        let scene = try StillScene(kind, global: "", backend: Self.tracking)
        let proxy = scene.proxy
        let text = try File.readText(proxy.configurationFile)

        // No peers, and no hard-stop-after under long polls.
        try scene.longPoll()
        try scene.longPoll()
        try expect(
            Words(doctor: [
                "table 'app' has no peers (proxy.cfg:", "the next reload loses its 1 entry",
                "hard-stop-after is not set",
            ]), of: proxy.master)
        let old = try scene.reload()
        try expect(
            Words(
                once: [
                    "!! warning endless: worker \(old) (generation 0) drains for ",
                    ", kept by 2 clients, and no hard-stop-after will ever end it", "never",
                    "set hard-stop-after in the global section, which bounds the next workers, not these",
                ],
                doctor: [
                    "hard-stop-after is not set: 1 old worker, the oldest of ",
                    "(pid \(old), kept by 2 clients)", "          hard-stop-after 30m",
                ], kinds: ["endless"]), of: proxy.master, ["--threshold", "endless-after=0"])
        let terminal = try scene.whyAlive(old)
        try terminal.answer("if nothing moves; no hard-stop-after will ever end it")
        try terminal.press("Escape")

        // Edited and never loaded.
        try letTicksPass()
        try proxy.configure(text + "# edited\n")
        try expect(
            Words(
                once: [
                    "!! warning drift: \(proxy.configurationFile) was edited ",
                    "after this worker had read it", "'reloadtop reload --dry-run'",
                ], doctor: ["\(proxy.configurationFile) has changed since this worker read it"]),
            of: proxy.master, ["--threshold", "drift-after=0"])

        // A port that the new bind cannot have: before the load and after it.
        let taken = try Socket.stream(for: .ipv4(0x7f00_0001, port: 0))
        try Socket.bind(taken, to: .ipv4(0x7f00_0001, port: 0))
        try Socket.listen(taken, backlog: 1)
        let foreign = try #require(try Socket.localAddress(taken.raw).port)
        let serving = try scene.worker()
        try proxy.configure(text.replacing("    bind ", with: "    bind 127.0.0.1:\(foreign)\n    bind "))
        if getuid() == 0 {
            try expect(
                Words(doctor: [
                    "!! critical  bind-ports (likely): ",
                    "(pid \(getpid())) listens on 127.0.0.1:\(foreign), which ",
                ]), of: proxy.master)
        }
        proxy.program.signal(SIGUSR2)
        try wait(for: "the failure") {
            try proxy.processes().first { $0.type == "master" }?.line.contains("[failed: 1") == true
        }
        try expect(
            Words(once: [
                "!! critical failed_reload: last reload failed", "(pid \(getpid()))",
                "pid \(serving) still serves", "what ran before is in force",
            ]), of: proxy.master)
        if kind == .mwproxy {
            #expect(proxy.program.errors.contains("for [127.0.0.1:\(foreign)]: "))
            #expect(proxy.program.errors.contains("(pid \(getpid())) has it"))
        }

        // Reloads that come faster than workers drain.
        try proxy.configure(text)
        for _ in 0..<11 { try proxy.reload() }
        let who = kind == .mwproxy ? ["(pid \(getpid()))", "(uid \(getuid())"] : []
        try expect(
            Words(
                once: [
                    "!! warning reload_rate: ", " reloads in 10 minutes > limit 10, one every ",
                    "let whoever asks merge its changes and wait",
                ] + who, doctor: ["reload-rate: ", " reloads in 10 minutes > limit 10, one every "]),
            of: proxy.master)

        // A restart in place of a reload, under the eyes of a screen; the audit log has another master's reload.
        let state = ["XDG_STATE_HOME": proxy.folder.file("state")]
        if kind == .mwproxy {
            let reload = try Program.run(
                try Program.ours("reloadtop"),
                [
                    "reload", try proxy.folder.write("new.conf", text + "# new\n"), "--yes", "--settle", "0",
                    "--accept-drift", "--pid", "\(proxy.master)",
                ], environment: state)
            #expect(reload.end.code < 2, "\(reload)")
        }
        try terminal.press("1", toSee: "serving")
        let next = try RunningProgram(
            "/bin/sh",
            [
                "-c",
                "kill -TERM \(proxy.master); while kill -0 \(proxy.master); do sleep 0.05; done; exec \"$@\"",
                "sh", try kind.program, "-W", "-S", proxy.masterSocket + ",level,admin", "-f",
                proxy.configurationFile,
            ], in: proxy.folder, name: "restart")
        _ = try proxy.program.end()
        try terminal.wait(forText: "RESTARTED")
        try terminal.answer("master \(proxy.master) gave way to \(next.pid), 2 connections lost")
        try terminal.answer("empties counters and stick tables")
        if kind == .mwproxy {
            try expect(
                Words(doctor: [
                    "restarts: master \(next.pid) started ",
                    "and the last 'reloadtop reload' of this file, at ",
                    "was of master \(proxy.master), which has gone",
                ]), of: next.pid, environment: state)
        } else if access("/run/systemd/journal", F_OK) != 0 {
            try expect(
                Words(doctor: [
                    "restarts: master \(next.pid) started ", "whether another ran before it is not known",
                ]), of: next.pid)
        }
    }

    /// A file that keeps its old time when it is moved into its place tells by the time of the move.
    @Test func aFileThatWasMovedThereIsDrift() throws {
        let watched = try Watched(.haproxy)
        try letTicksPass()
        let other = try watched.proxy.folder.write(
            "other", try File.readText(watched.proxy.configurationFile))
        let times = [
            timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0),
        ]
        #expect(utimensat(AT_FDCWD, other, times, 0) == 0)
        #expect(rename(other, watched.proxy.configurationFile) == 0)
        try expect(
            Words(doctor: [
                "config-changed (likely): ", " was put there, or its owner or mode was changed, after",
            ]),
            of: watched.proxy.master)
    }

    // MARK: Processes without a master

    /// How many clients wait in the queue of the process that is replaced.
    private static let waiting = 300

    /// What becomes of those who wait in an old process's queue when another takes its place: HAProxy's are reset where
    /// nobody takes the sockets over, and nobody's else.
    @Test(
        arguments: [(ProxyKind.haproxy, false), (.haproxy, true), (.mwproxy, false)])
    func aReplacementLosesWhatWaitsWithoutX(_ kind: ProxyKind, takesSockets: Bool) throws {
        let folder = try ScratchFolder("replaced-")
        let port = try FreePort.find()
        let socket = folder.file("admin.sock")
        let file = try folder.write(
            "a.cfg",
            """
            global
                # With several threads one may take them all before another hears the signal.
                nbthread 1
                stats socket \(socket) mode 600 level admin \(takesSockets ? "expose-fd listeners" : "")
            defaults
                mode http
                timeout connect 5s
                timeout client 30s
                timeout server 30s
            frontend web
                bind 127.0.0.1:\(port) backlog \(Self.waiting * 2)
                http-request return status 200

            """)
        func start(_ options: [String], _ name: String) throws -> RunningProgram {
            try RunningProgram(try kind.program, ["-db", "-f", file] + options, in: folder, name: name)
        }
        let old = try start([], "old")
        try wait(for: "the first process") { (try? AdminClient.ask(socket, "show info")) != nil }
        kill(old.pid, SIGSTOP)
        let clients = try (0..<Self.waiting).map { _ in
            let client = try Connection(port: port)
            try client.send("GET / HTTP/1.0\r\n\r\n")
            return client
        }
        let new = try start((takesSockets ? ["-x", socket] : []) + ["-sf", "\(old.pid)"], "new")
        // Who is stopped can give nothing; else it goes on when it was told to leave.
        if !takesSockets {
            try wait(for: "the signal") {
                let status = try File.readText("/proc/\(old.pid)/status").split(separator: "\n")
                let pending = status.first { $0.hasPrefix("ShdPnd:") }?.split(separator: "\t").last ?? "0"
                return (UInt64(pending, radix: 16) ?? 0) & 1 << (SIGUSR1 - 1) != 0
            }
        }
        kill(old.pid, SIGCONT)
        let answers = clients.map { (try? $0.readToEnd()) ?? "" }
        let served = answers.count { $0.hasPrefix("HTTP/1.1 200") || $0.hasPrefix("HTTP/1.0 200") }
        let lost = answers.count { $0.isEmpty }
        #expect(served + lost == Self.waiting)
        if kind == .haproxy, !takesSockets {
            #expect(lost > 0, "none of \(Self.waiting) was lost")
        } else {
            #expect(lost == 0, "\(new.errors)")
        }
        #expect(try old.end() == .exited(0))
        let warning = "'-sf' without '-x': what waits in the old process's queues when it closes is reset"
        #expect(new.errors.contains(warning) == (kind == .mwproxy))
        let expected =
            takesSockets
            ? "expose-fd: -x and expose-fd are there"
            : "process \(new.pid) replaced process \(old.pid) with -sf and without -x"
        try expect(Words(doctor: [expected]), of: new.pid)
    }

    // MARK: -D

    /// A control group that is named like a service; nil where none can be made.
    private static func group() -> String? {
        guard getuid() == 0 else { return nil }
        for root in ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"] {
            let path = "\(root)/reloadtop-test-\(getpid()).service"
            if mkdir(path, 0o755) == 0 {
                if access(path + "/cgroup.procs", W_OK) == 0 { return path }
                rmdir(path)
            }
        }
        return nil
    }

    @Test func aDaemonUnderASupervisorIsNamed() throws {
        guard let group = Self.group() else { return }
        let name = "reloadtop-test-\(getpid()).service"
        let folder = try ScratchFolder("unit-")
        let port = try FreePort.find()
        mkdir(folder.file("etc"), 0o755)
        mkdir(folder.file("etc/systemd"), 0o755)
        mkdir(folder.file("etc/systemd/system"), 0o755)
        let file = try folder.write("a.cfg", Watched.configuration(port: port))
        let command =
            "\(try ProxyKind.haproxy.program) -W -D -f \(file) -p \(folder.file("pid")) -S \(folder.file("m.sock"))"
        try folder.write("etc/systemd/system/\(name)", "[Service]\nType=notify\nExecStart=\(command)\n")
        let started = try Program.shell("echo $$ > \(group)/cgroup.procs && exec \(command)")
        #expect(started.end == .exited(0), "\(started.errors)")
        let master = try wait(for: "the pid file") {
            pid_t((try? File.readText(folder.file("pid")))?.split(separator: "\n").first ?? "")
        }
        defer {
            kill(master, SIGTERM)
            try? wait(for: "the end of the daemon") { kill(master, 0) != 0 }
            try? wait(for: "the group to be empty") { rmdir(group) == 0 }
        }
        try wait(for: "a worker") { (try? AdminClient.ask(folder.file("m.sock"), "@1 show info")) != nil }
        try expect(
            Words(doctor: [
                "!! critical  unit-type: ", "but the proxy goes into the background (-D of ",
                "ExecStart=\(command.replacing("-W -D", with: "-Ws"))",
            ]), of: master, doctor: ["--host-root", folder.path])
    }
}
