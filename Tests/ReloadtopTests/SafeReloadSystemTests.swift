// `reloadtop reload` on a real HAProxy and on mwproxy: every verdict, what is on the disk and what runs after it, and
// what stands in the audit log.

import Demo
import Glibc
import RuntimeAPI
import TestSupport
import Testing
import Unix

@Suite(.serialized) struct SafeReloadSystemTests {
    private let scene: ReloadScene
    private var audit: [JSON] { scene.audit }
    private var state: ScratchFolder { scene.state }

    init() throws {
        scene = try ReloadScene()
    }

    private func text(
        _ kind: ProxyKind = .haproxy, port: UInt16, status: Int, more: String = ""
    ) -> String { ReloadScene.text(kind, port: port, status: status, more: more) }

    private func reload(
        _ proxy: RunningProxy, _ arguments: [String], input: String = ""
    ) throws -> ReloadScene.Told { try scene.reload(proxy, arguments, input: input) }

    private func status(_ port: UInt16) throws -> String { try scene.status(port) }

    /// Some ticks, which are as exactly as a worker's start is known.
    private func letTicksPass() throws {
        let start = Instant.now()
        try wait(for: "some ticks to pass") { Instant.now() - start > .milliseconds(50) }
    }

    @Test(arguments: ProxyKind.allCases)
    func everyVerdictLeavesWhatItSays(_ kind: ProxyKind) throws {
        let port = try FreePort.find()
        let proxy = try RunningProxy(kind) { _ in text(kind, port: port, status: 200) }
        let first = try #require(try proxy.serving().first)
        let folder = proxy.folder
        func file() throws -> String { try File.readText(proxy.configurationFile) }
        func unchanged(_ place: String) throws {
            #expect(
                try file() == text(kind, port: port, status: 200) && proxy.serving() == [first], "\(place)")
        }
        let new = try folder.write("new.conf", text(kind, port: port, status: 204))

        // Nobody said yes, and a dry run.
        #expect(try reload(proxy, [new]).code == 3)
        let dry = try reload(proxy, [new, "--dry-run"])
        #expect(dry.code == 0 && dry.verdict == "" && dry.json["dry_run"] == .bool(true))
        #expect(dry.json["diff"]?.text.contains("status 204") == true)
        // From standard input, whole or refused.
        let content = text(kind, port: port, status: 204)
        let hash = try scene.contentHash(content)
        #expect(try reload(proxy, ["-", "--dry-run", "--sha256", hash], input: content).code == 0)
        let cut = try reload(
            proxy, ["-", "--yes", "--sha256", hash], input: String(content.dropLast(20)) + "\n")
        #expect(cut.code == 3 && cut.reasons.contains("expected \(hash)"), "\(cut)")
        #expect(try reload(proxy, ["-", "--yes"]).reasons.contains("standard input is empty"))
        // A file that is not one; the words name the file that it would be.
        let bad = try folder.write("bad.conf", text(kind, port: port, status: 204, more: "bogus"))
        let refused = try reload(proxy, [bad, "--yes"])
        #expect(
            refused.code == 3 && refused.reasons.contains("proxy.cfg:11") && refused.reasons.contains("bogus")
        )
        // A port that somebody else has, which no test of the file shows.
        let taken = try ReloadScene.TakenPort()
        defer { withExtendedLifetime(taken) {} }
        let greedy = try folder.write(
            "greedy.conf", text(kind, port: port, status: 204, more: "bind 127.0.0.1:\(taken.port)"))
        let warned = try reload(proxy, [greedy, "--yes"])
        if getuid() == 0 { #expect(warned.code == 3 && warned.reasons.contains("127.0.0.1:\(taken.port)")) }
        try unchanged("after refusals")
        #expect(try File.names(in: folder.path).allSatisfy { !$0.contains("reloadtop") })
        #expect(audit.isEmpty)

        // It fails in the new worker: the old bytes come back.
        let failing = try folder.write(
            "failing.conf",
            ReloadScene.failing(kind, text(kind, port: port, status: 204), taken: taken.port))
        let back = try reload(proxy, [failing, "--yes", "--accept-findings"])
        #expect(back.code == 2 && back.verdict == "rolled_back", "\(back)")
        #expect(
            back.reasons.contains("the load failed") && back.json["log"]?.array?.isEmpty == false, "\(back)")
        try unchanged("after the failed load")
        #expect(back.json["file"]?["sha256_now"] == back.json["file"]?["sha256_before"])
        #expect(back.json["file"]?["kept"] == .null && audit.last?["kept"] == .null)
        #expect(try status(port) == "200")
        #expect(audit.map { $0["event"]?.string } == ["begun", "ended"])
        #expect(audit.last?["verdict"]?.string == "rolled_back")

        // A good one.
        let good = try reload(proxy, ["-", "--yes", "--sha256", hash], input: content)
        #expect(good.code == 0 && good.verdict == "served", "\(good)")
        #expect(try file() == text(kind, port: port, status: 204) && status(port) == "204")
        #expect(
            try File.readText(folder.file(".proxy.cfg.reloadtop-previous"))
                == text(kind, port: port, status: 200))
        #expect(audit.count == 4 && audit[3]["sha256_now"] == good.json["file"]?["sha256_after"])
        #expect(good.json["reload"]?["author"]?["certainty"]?.string == "seen")

        // A file that nobody has loaded lies in its place: that one comes back, which is no way back for a restart.
        // What runs stays where it is kept.
        let found = text(kind, port: port, status: 203)
        let previous = try folder.write(".proxy.cfg.reloadtop-previous", content)
        try proxy.configure(found)
        let stray = try reload(proxy, [failing, "--yes", "--accept-drift", "--accept-findings"])
        #expect(stray.code == 1 && stray.verdict == "degraded", "\(stray)")
        #expect(
            stray.reasons.contains("the file from before is back: ")
                && stray.reasons.contains("what runs is kept as \(previous)"), "\(stray)")
        #expect(try file() == found && File.readText(previous) == content && status(port) == "204")

        // Without a new file nothing is placed, so nothing is put back.
        if kind == .mwproxy {
            try proxy.configure(try File.readText(failing))
            let inPlace = try reload(proxy, ["--yes", "--accept-drift", "--accept-findings"])
            #expect(inPlace.code == 1 && inPlace.verdict == "degraded", "\(inPlace)")
            #expect(
                inPlace.reasons.contains("the load failed") && inPlace.reasons.contains("no file was placed"))
            #expect(try file() == File.readText(failing) && status(port) == "204")
        }
        try proxy.configure(text(kind, port: port, status: 201))
        // Two at once.
        let raw = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let other = Descriptor(owning: raw)
        #expect(flock(other.raw, LOCK_EX) == 0)
        let second = try reload(proxy, ["--yes", "--accept-drift"])
        #expect(second.code == 3 && second.reasons.contains("process \(getpid())"), "\(second)")
        #expect(flock(other.raw, LOCK_UN) == 0)
        // What lies there is loaded, and every old worker is waited for.
        let client = try Connection(port: port)
        try client.send("GET / HTTP/1.1\r\n")
        try wait(for: "the client") { try proxy.ask("@1 show info").contains("CurrConns: 1\n") }
        let slow = try RunningProgram(
            try Program.ours("reloadtop"),
            [
                "reload", "--pid", "\(proxy.master)", "--settle", "0", "--yes", "--accept-drift",
                "--wait-drained",
            ], environment: ["XDG_STATE_HOME": state.path], in: folder, name: "slow")
        try wait(for: "the drain") { slow.output.contains("drain: ") }
        slow.signal(SIGINT)
        #expect(try slow.end() == .exited(1))
        #expect(
            slow.output.contains("degraded: old workers still drain: worker ")
                && slow.output.contains(" (1 connection") && slow.output.contains("; SIGINT ended the watch"),
            "\(slow.output)")
        #expect(audit.last?["event"]?.string == "ended")
        #expect(try status(port) == "201")
        client.close()
        let drained = try reload(proxy, ["--yes", "--wait-drained"])
        #expect(drained.code == 0 && drained.verdict == "drained", "\(drained)")
        #expect(try proxy.processes().count { $0.section == "old workers" } == 0)
    }

    /// What a rollout compares between hosts, without a word of a key.
    @Test(arguments: ProxyKind.allCases)
    func whatHostsMustShareIsTold(_ kind: ProxyKind) throws {
        let made = try Certificates.shared.get()
        let (plain, secure) = (try FreePort.find(), try FreePort.find())
        let keys = made.file("48.keys")
        let bind =
            "bind 127.0.0.1:\(secure) ssl crt \(made.file("a.pem")) tls-ticket-keys \"${KEYS}/48.keys\""
        let configuration = text(kind, port: plain, status: 200, more: bind)
        let proxy = try RunningProxy(kind, environment: ["KEYS": made.path]) { _ in configuration }
        let told = try reload(proxy, ["--dry-run"])
        let host = try #require(told.json["host"])
        func hash(_ member: String) -> (file: String?, hash: String?) {
            let files = host[member]?.array
            return (files?.first?["file"]?.string, files?.first?["sha256"]?.string)
        }
        #expect(
            hash("configuration_sha256") == (proxy.configurationFile, try scene.contentHash(configuration)))
        #expect(hash("ticket_keys_sha256") == (keys, try scene.contentHash(try File.readText(keys))))
        #expect(host["hard_stop_after_ms"]?.integer == 60000 && host["reasons"] == .object([]), "\(host)")
        for secret in try made.secrets(of: "48.keys") { #expect(!told.json.text.contains(secret)) }
        #expect(told.json["not_covered"]?.array?.compactMap(\.string) == [made.file("a.pem"), keys])
    }

    /// Health before against after, stick tables, and peers that are missing.
    @Test func whatBecameWorseIsDegraded() throws {
        let (port, peer) = (try FreePort.find(), try FreePort.find())
        let tables = """
            stick-table type string size 1k expire 1h
                http-request track-sc0 path
            """
        let proxy = try RunningProxy(.haproxy) { _ in text(port: port, status: 200, more: tables) }
        #expect(try status(port) == "200")
        let new = try proxy.folder.write("new.conf", text(port: port, status: 204, more: tables))
        let lost = try reload(proxy, [new, "--yes", "--settle", "3"])
        #expect(
            lost.verdict == "degraded" && lost.reasons.contains("table web had 1 entry, has 0"), "\(lost)")
        #expect(lost.json["reload"]?["health"]?["judgement"]?.string == "same", "\(lost.json.text)")
        let peers = """
            \(tables.replacing("expire 1h", with: "expire 1h peers all"))
            peers all
                bind 127.0.0.1:\(try FreePort.find())
                server \(try Program.run("/bin/hostname").line)
                server far 127.0.0.1:\(peer)
            backend more
            """
        let shared = try proxy.folder.write("peers.conf", text(port: port, status: 204, more: peers))
        let alone = try reload(proxy, [shared, "--yes", "--wait-peers", "--timeout", "1.5"])
        #expect(
            alone.verdict == "degraded" && alone.reasons.contains("peer far of all is not connected"),
            "\(alone)")
    }

    /// A table goes over to the new worker, and the other host hears of the reload.
    @Test(arguments: ProxyKind.allCases) func peersAreWaitedFor(_ kind: ProxyKind) throws {
        let (port, own, far) = (try FreePort.find(), try FreePort.find(), try FreePort.find())
        let peers = """
            stick-table type string size 1k expire 1h peers all
                http-request track-sc0 path
                http-request return status 200
            peers all
                peer here 127.0.0.1:\(own)
                peer far 127.0.0.1:\(far)
            backend more
            """
        let proxy = try RunningProxy(kind, flags: ["-W", "-L", "here"]) { _ in
            text(kind, port: port, status: 200, more: peers)
        }
        let other = try RunningProxy(kind, flags: ["-W", "-L", "far"]) { _ in
            text(kind, port: try FreePort.find(), status: 200, more: peers)
        }
        #expect(try status(port) == "200")
        let report = try reload(proxy, ["--yes", "--wait-peers", "--timeout", "60"])
        #expect(report.verdict == "served", "\(report)")
        let table = report.json["tables"]?.array?.first
        #expect(table?["before"]?.integer == 1 && table?["after"]?.integer == 1, "\(report)")
        #expect(try other.ask("@1 show table web").contains("used:1"))
    }

    /// The master's mount namespace has another file of the same name: that one is replaced, ours is left alone.
    @Test(.enabled(if: getuid() == 0)) func anotherMountNamespaceIsMeant() throws {
        let port = try FreePort.find()
        let folder = try ScratchFolder("ns-")
        try folder.write("first.conf", text(port: port, status: 200))
        let new = try folder.write("new.conf", text(port: port, status: 204))
        let place = folder.file("conf.d")
        mkdir(place, 0o755)
        try File.write(place + "/a.cfg", "ours\n")
        let script = """
            mount -t tmpfs none \(place) && cp \(folder.file("first.conf")) \(place)/a.cfg &&
            printf 'backend more\\n' > \(place)/b.cfg &&
            exec \(try ProxyKind.haproxy.program) -W -S \(folder.file("m.sock")) -f \(place)
            """
        let master = try RunningProgram(
            "/usr/bin/unshare", ["-m", "--propagation", "private", "/bin/sh", "-c", script], in: folder)
        try wait(for: "the proxy") { (try? AdminClient.ask(folder.file("m.sock"), "@1 show info")) != nil }
        func reload(_ more: [String]) throws -> Program.Completed {
            try Program.run(
                try Program.ours("reloadtop"),
                ["reload", new, "--pid", "\(master.pid)", "--settle", "0", "--yes"] + more,
                environment: ["XDG_STATE_HOME": state.path])
        }
        let unclear = try reload([])
        #expect(unclear.end == .exited(3) && unclear.output.contains("--replace FILE"), "\(unclear)")
        let done = try reload(["--replace", "a.cfg"])
        #expect(done.end == .exited(0), "\(done)")
        #expect(try status(port) == "204")
        #expect(try File.readText(place + "/a.cfg") == "ours\n")
        #expect(try File.names(in: place) == ["a.cfg"])
    }

    /// Neither a `touch` nor the same bytes in another file are drift, where somebody knows what the worker has read.
    @Test(arguments: ProxyKind.allCases) func driftIsJudgedByContent(_ kind: ProxyKind) throws {
        let port = try FreePort.find()
        let content = text(kind, port: port, status: 200)
        let proxy = try RunningProxy(kind) { _ in content }
        func put(_ text: String) throws {
            try letTicksPass()
            try proxy.folder.write("other", text)
            #expect(rename(proxy.folder.file("other"), proxy.configurationFile) == 0)
        }
        try put(content)
        let first = try reload(proxy, ["--dry-run"])
        switch kind {
        case .mwproxy:
            #expect(first.code == 0, "\(first)")
            #expect(first.json["drift_evidence"]?.string?.contains("the worker says") == true, "\(first)")
        case .haproxy:
            #expect(first.code == 3 && first.reasons.contains("drift: it cannot be told"), "\(first)")
        }
        // A reload writes down what the new worker has read. Its socket is named from here.
        let loaded = try Program.shell(
            "cd \(proxy.folder.path) && exec \(try Program.ours("reloadtop")) reload --json --settle 0 --yes "
                + "--accept-drift --master-socket master.sock", environment: scene.environment)
        #expect(try scene.told(loaded).verdict == "served", "\(loaded)")
        let runs = try #require(audit.last?["runs"]?.array?.first)
        #expect(runs["sha256"]?.string == (try scene.contentHash(content)))
        try put(content)
        let times = [
            timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0),
        ]
        #expect(utimensat(AT_FDCWD, proxy.configurationFile, times, 0) == 0)
        let same = try reload(proxy, ["--dry-run"])
        #expect(same.code == 0 && same.json["drift"] == .null, "\(same)")
        let witness = kind == .mwproxy ? "the worker says" : "the audit log has what worker"
        #expect(same.json["drift_evidence"]?.string?.contains(witness) == true, "\(same)")
        // Another content is, whatever its times say.
        try put(text(kind, port: port, status: 204))
        #expect(utimensat(AT_FDCWD, proxy.configurationFile, times, 0) == 0)
        let other = try reload(proxy, ["--yes"])
        #expect(other.code == 3 && other.reasons.contains("proxy.cfg has the sha256"), "\(other)")
        #expect(other.reasons.contains("--accept-drift brings "), "\(other)")
        #expect(try status(port) == "200")
        // What accepting it would do depends on the new file. A look goes on to its end.
        let third = try proxy.folder.write("third", text(kind, port: port, status: 201))
        for options in [["--yes"], ["--dry-run"]] {
            let replaced = try reload(proxy, [third] + options)
            #expect(replaced.code == 3 && replaced.verdict == "refused", "\(replaced)")
            #expect(
                replaced.reasons.contains("--accept-drift puts the new file in the place of ")
                    && replaced.reasons.contains("which goes out of force and is kept"), "\(replaced)")
            let isLook = options == ["--dry-run"]
            #expect((replaced.json["test"] != .null) == isLook, "\(replaced)")
            #expect((replaced.json["diff"]?.text.contains("status 201") == true) == isLook, "\(replaced)")
        }
        let accepted = try reload(proxy, [third, "--yes", "--accept-drift"])
        let kept = try #require(accepted.json["file"]?["kept"]?.string, "\(accepted)")
        #expect(try File.readText(kept) == text(kind, port: port, status: 204))
    }

    /// One system call of a run that changes something, as strace tells it.
    private struct Step {
        let call: String
        /// Which of its kind it is.
        let ordinal: Int
        let line: String
    }

    /// Those that did change something: nothing is different before and after a call that only reads or that failed.
    private func steps(_ trace: String) -> [Step] {
        var counts: [String: Int] = [:]
        return trace.split(separator: "\n").compactMap { line in
            let call = String(line.prefix { $0 != "(" })
            guard call.allSatisfy(\.isLetter) else { return nil }
            counts[call, default: 0] += 1
            guard !line.contains(" = -1 "), call != "openat" || line.contains("O_CREAT") else { return nil }
            return Step(call: call, ordinal: counts[call] ?? 0, line: String(line))
        }
    }

    /// Killed before any system call that changes something, the live file is the old one or the new one, whole, and
    /// where it is the new one the audit log has said so before.
    @Test func killedAtAnyMomentTheFileIsWhole() throws {
        let strace = try Program.system("strace")
        let port = try FreePort.find()
        let proxy = try RunningProxy(.mwproxy) { _ in text(port: port, status: 200) }
        let folder = proxy.folder
        var texts = [text(port: port, status: 200), text(port: port, status: 204)]
        let names = ["new", "previous", "spare", "found"].map { folder.file(".proxy.cfg.reloadtop-\($0)") }
        let watched = [folder.path, state.file("reloadtop/audit.log")] + names
        let calls = ["openat", "write", "fchmod", "fsetxattr", "unlink", "link", "rename", "fsync"]
        func run(_ filter: [String]) throws -> Program.Completed {
            let new = try folder.write("new.conf", texts[1])
            return try Program.run(
                strace,
                ["-qq", "-y", "-o", folder.file("trace")] + watched.flatMap { ["-P", $0] } + filter
                    + [
                        try Program.ours("reloadtop"), "reload", "--master-socket", proxy.masterSocket,
                        "--json",
                        "--settle", "0", "--yes", "--accept-drift", new,
                    ], environment: scene.environment)
        }
        let whole = try run(["-e", "trace=" + calls.joined(separator: ",")])
        #expect(whole.end == .exited(0), "\(whole.output)")
        texts.reverse()
        let steps = steps(try File.readText(folder.file("trace")))
        // Each is safe on the disk before the next step depends on it.
        let order = steps.filter { ["rename", "fsync"].contains($0.call) }.map { step in
            let end = step.line.prefix { $0 != "=" }.split(separator: "/").last ?? ""
            return "\(step.call) " + end.prefix { !"\">)".contains($0) }
        }
        #expect(
            order == [
                "fsync .proxy.cfg.reloadtop-new", "fsync audit.log", "rename .proxy.cfg.reloadtop-previous",
                "rename proxy.cfg", "fsync \(folder.path.split(separator: "/").last ?? "")",
                "fsync audit.log",
            ])
        var placed = 0
        // Who is killed before a sync leaves the same as before the call behind it; behind that of the folder comes the
        // reload.
        for step in steps where step.call != "fsync" || step.line.contains("<\(folder.path)>") {
            let run = try run([
                "-e", "trace=\(step.call)", "-e", "inject=\(step.call):signal=KILL:when=\(step.ordinal)",
            ])
            #expect(run.end.code == 137, "\(step)")
            let live = try File.readText(proxy.configurationFile)
            #expect(texts.contains(live), "\(step)")
            guard live == texts[1] else { continue }
            let line = audit.last { $0["event"]?.string == "begun" }
            #expect(line?["sha256_after"]?.string == (try scene.contentHash(live)), "\(step)")
            texts.reverse()
            placed += 1
            // The next run tells what has happened, and where the old bytes are.
            guard placed == 1 else { continue }
            let next = try reload(proxy, ["--dry-run"])
            #expect(next.code == 3 && next.reasons.contains("a reload that was interrupted"), "\(next)")
            #expect(next.reasons.contains("what runs is kept as \(names[1])"), "\(next)")
        }
        #expect(steps.count >= 13 && placed >= 2, "\(steps.map(\.line)) \(placed)")
    }

    /// The old file is back, and no more is said of it than that it may not outlive a loss of power.
    @Test func aFolderThatCannotBeSyncedIsTold() throws {
        let port = try FreePort.find()
        let first = text(port: port, status: 200)
        let proxy = try RunningProxy(.mwproxy) { _ in first }
        let taken = try ReloadScene.TakenPort()
        defer { withExtendedLifetime(taken) {} }
        let new = try proxy.folder.write("new", ReloadScene.failing(.mwproxy, first, taken: taken.port))
        let run = try Program.run(
            try Program.system("strace"),
            [
                "-qq", "-o", proxy.folder.file("trace"), "-P", proxy.folder.path, "-e",
                "inject=fsync:error=EIO:when=2", try Program.ours("reloadtop"), "reload", "--master-socket",
                proxy.masterSocket, "--settle", "0", "--yes", "--accept-findings", new,
            ], environment: scene.environment)
        #expect(run.end == .exited(1), "\(run)")
        #expect(
            run.output.contains(
                "\(proxy.configurationFile) is put back, but its folder cannot be synced: Input/output error"),
            "\(run)")
        #expect(try File.readText(proxy.configurationFile) == first)
    }
}
