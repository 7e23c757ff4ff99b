// `reloadtop reload` on a real HAProxy and on mwproxy: every verdict, what is on the disk and what runs after it, and
// what stands in the audit log.

import Demo
import Glibc
import RuntimeAPI
import TestSupport
import Testing
import Unix

@Suite(.serialized) struct SafeReloadSystemTests {
    private let state: ScratchFolder

    init() throws {
        state = try ScratchFolder("state-")
    }

    private var audit: [JSON] {
        let text = (try? File.readText(state.file("reloadtop/audit.log"))) ?? ""
        return text.split(separator: "\n").compactMap { try? JSON(parsing: String($0)) }
    }

    private func text(_ kind: ProxyKind = .haproxy, port: UInt16, status: Int, more: String = "") -> String {
        """
        global
            hard-stop-after 60s
            \(kind.keepsIdleClients)
        defaults
            mode http
            timeout connect 5s
            timeout client 60s
            timeout server 60s
        frontend web
            bind 127.0.0.1:\(port)
            \(more)
            http-request return status \(status) hdr x y

        """
    }

    private func reload(
        _ proxy: RunningProxy, _ arguments: [String], input: String = ""
    ) throws -> (code: Int32, json: JSON, verdict: String, reasons: String) {
        let run = try Program.run(
            try Program.ours("reloadtop"),
            ["reload", "--master-socket", proxy.masterSocket, "--json", "--settle", "0"] + arguments,
            input: input, environment: ["XDG_STATE_HOME": state.path])
        let json = try JSON(parsing: run.output)
        #expect(json["exit_status"]?.integer == Int64(run.end.code), "\(run.errors)")
        return (run.end.code, json, json["verdict"]?.string ?? "", json["reasons"]?.text ?? "")
    }

    /// What a client gets on a port.
    private func status(_ port: UInt16) throws -> String {
        let client = try Connection(port: port)
        try client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return String(try client.readToEnd().dropFirst("HTTP/1.1 ".count).prefix(3))
    }

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
        let hash = try contentHash(content)
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
        let taken = try Socket.stream(for: .ipv4(0x7f00_0001, port: 0))
        try Socket.bind(taken, to: .ipv4(0x7f00_0001, port: 0))
        try Socket.listen(taken, backlog: 1)
        let foreign = try #require(try Socket.localAddress(taken.raw).port)
        let greedy = try folder.write(
            "greedy.conf", text(kind, port: port, status: 204, more: "bind 127.0.0.1:\(foreign)"))
        let warned = try reload(proxy, [greedy, "--yes"])
        if getuid() == 0 { #expect(warned.code == 3 && warned.reasons.contains("127.0.0.1:\(foreign)")) }
        try unchanged("after refusals")
        #expect(try File.names(in: folder.path).allSatisfy { !$0.contains("reloadtop") })
        #expect(audit.isEmpty)

        // It fails in the new worker: the old bytes come back.
        let back = try reload(proxy, [greedy, "--yes", "--accept-findings"])
        #expect(back.code == 2 && back.verdict == "rolled_back", "\(back)")
        #expect(
            back.reasons.contains("the load failed") && back.json["log"]?.array?.isEmpty == false, "\(back)")
        try unchanged("after the failed load")
        #expect(back.json["file"]?["sha256_now"] == back.json["file"]?["sha256_before"])
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

        // Without a new file nothing is placed, so nothing is put back.
        try proxy.configure(try File.readText(greedy))
        let inPlace = try reload(proxy, ["--yes", "--accept-drift", "--accept-findings"])
        #expect(inPlace.code == 1 && inPlace.verdict == "degraded", "\(inPlace)")
        #expect(inPlace.reasons.contains("the load failed") && inPlace.reasons.contains("no file was placed"))
        #expect(try file() == File.readText(greedy) && status(port) == "204")
        // Somebody edits the file, and nobody loads it.
        try letTicksPass()
        try proxy.configure(text(kind, port: port, status: 201))
        let drifted = try reload(proxy, ["--yes"])
        #expect(drifted.code == 3 && drifted.reasons.contains("drift"))
        // So does one that is moved into its place with an old time.
        let times = [
            timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0),
        ]
        #expect(utimensat(AT_FDCWD, proxy.configurationFile, times, 0) == 0)
        #expect(try reload(proxy, ["--yes"]).reasons.contains("drift"))
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
            slow.output.contains("degraded: old workers still drain; SIGINT ended the watch"),
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
        #expect(hash("configuration_sha256") == (proxy.configurationFile, try contentHash(configuration)))
        #expect(hash("ticket_keys_sha256") == (keys, try contentHash(try File.readText(keys))))
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

    private func contentHash(_ text: String) throws -> String {
        String(try Program.run("/usr/bin/sha256sum", input: text).line.prefix(64))
    }

    /// Killed at any system call of the placement, the live file is the old one or the new one, whole, and where it is
    /// the new one the audit log has said so before.
    @Test func killedAtAnyMomentTheFileIsWhole() throws {
        let strace = try Program.system("strace")
        let port = try FreePort.find()
        let proxy = try RunningProxy(.mwproxy) { _ in text(port: port, status: 200) }
        let folder = proxy.folder
        var texts = [text(port: port, status: 200), text(port: port, status: 204)]
        var kills = 0
        var placed = 0
        let watched = [
            folder.path, folder.file(".proxy.cfg.reloadtop-new"),
            folder.file(".proxy.cfg.reloadtop-previous"),
            folder.file(".proxy.cfg.reloadtop-spare"), state.file("reloadtop/audit.log"),
        ]
        // strace counts each call on its own.
        for call in ["openat", "write", "fchmod", "unlink", "link", "rename", "fsync"] {
            for moment in 1... {
                let new = try folder.write("new.conf", texts[1])
                let run = try Program.run(
                    strace,
                    ["-qq", "-o", folder.file("trace")] + watched.flatMap { ["-P", $0] }
                        + [
                            "-e", "trace=rename,\(call)", "-e", "inject=\(call):signal=KILL:when=\(moment)",
                            try Program.ours("reloadtop"), "reload", "--master-socket", proxy.masterSocket,
                            "--json", "--settle", "0", "--yes", "--accept-drift", new,
                        ], environment: ["XDG_STATE_HOME": state.path])
                let live = try File.readText(proxy.configurationFile)
                #expect(texts.contains(live), "\(call) \(moment)")
                let isKilled = run.end.code == 137
                if isKilled { kills += 1 } else { #expect(run.end == .exited(0), "\(run.output)") }
                if live == texts[1] {
                    if isKilled { placed += 1 }
                    let line = audit.last { $0["event"]?.string == "begun" }
                    #expect(line?["sha256_after"]?.string == (try contentHash(live)), "\(call) \(moment)")
                    texts.reverse()
                }
                if !isKilled { break }
            }
        }
        // 5 opened, 3 written, 1 mode, 3 taken away, 1 linked, 2 renamed, 4 synced; behind the rename: the folder is opened
        // and synced, and the log opened, written and synced.
        #expect(kills >= 19 && placed >= 4, "\(kills) \(placed)")
        let trace = try File.readText(folder.file("trace"))
        let order = trace.split(separator: "\n").filter { $0.hasPrefix("fsync") || $0.hasPrefix("rename") }
        #expect(order.last?.hasPrefix("fsync") == true)
    }
}
