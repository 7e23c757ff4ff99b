// Which file a new one is for, what else a configuration names, and when a load counts as failed: tables of cases.

import Glibc
import Observing
import ReloadModel
import TestSupport
import Testing
import Unix

@testable import Runbook

@Suite struct ReloadTargetTests {
    private static func files(_ pairs: [(String, String)]) -> [LoadedFile] {
        pairs.map { LoadedFile(word: $0.0, name: $0.1, place: "/etc/" + $0.1) }
    }
    private static let single = files([("h.cfg", "h.cfg")])
    private static let folder = files([
        ("conf.d", "conf.d/a.cfg"), ("conf.d", "conf.d/b.cfg"), ("x.cfg", "x.cfg"),
    ])

    @Test func theFileThatIsMeantIsFoundOrAskedFor() throws {
        let cases: [(new: String, named: String?, files: [LoadedFile], target: String?)] = [
            ("/tmp/any.conf", nil, Self.single, "h.cfg"),
            ("/tmp/any.conf", "h.cfg", Self.single, "h.cfg"),
            ("/tmp/any.conf", "other.cfg", Self.single, nil),
            ("/tmp/any.conf", nil, Self.folder, nil),
            ("-", nil, Self.folder, nil),
            ("/tmp/b.cfg", nil, Self.folder, "conf.d/b.cfg"),
            ("/tmp/any.conf", "a.cfg", Self.folder, "conf.d/a.cfg"),
            ("/tmp/any.conf", "conf.d/a.cfg", Self.folder, "conf.d/a.cfg"),
            ("/tmp/any.conf", "/etc/x.cfg", Self.folder, "x.cfg"),
            // A folder with one file today may have two tomorrow.
            ("/tmp/any.conf", nil, Self.files([("conf.d", "conf.d/a.cfg")]), nil),
        ]
        for entry in cases {
            let found = try? ReloadTarget.file(for: entry.new, named: entry.named, among: entry.files)
            #expect(found?.name == entry.target, "\(entry)")
        }
    }

    @Test func theOtherFilesAreLoadedBesideTheNewOne() {
        let words = ReloadTarget.words(
            ["-C", "/etc", "-f", "conf.d", "-L", "me", "-f", "x.cfg"], replacing: Self.folder[1],
            by: "conf.d/.b.new",
            among: Self.folder)
        #expect(
            words == ["-C", "/etc", "-f", "conf.d/a.cfg", "-f", "conf.d/.b.new", "-L", "me", "-f", "x.cfg"])
    }

    /// One line a case: what it names, and what cannot be told of it.
    @Test(arguments: [
        ("global|lua-load /l.lua # crt /comment", "/l.lua", ""),
        ("global|lua-load-per-thread /l.lua arg", "/l.lua", ""),
        (
            "global|crt-base /b|ca-base /a|frontend f|bind :443 ssl crt c.pem ca-file ca.pem crl-file /x/l",
            "/b/c.pem,/a/ca.pem,/x/l", ""
        ),
        (
            "frontend f|bind :443 ssl crt /certs ca-file /authorities tls-ticket-keys /keys crt-list /list",
            "/certs/,/authorities/,/keys,/list,/in/list.pem,/in/ca.pem", ""
        ),
        ("frontend f|bind :443 ssl crt-list /gone", "/gone", "what /gone names"),
        ("backend b|server s 1.2.3.4:1 ssl ca-file @system-ca crt '/with blank.pem'", "/with blank.pem", ""),
        ("crt-store s|crt-base /s|load crt x.pem key /k.pem alias y", "/s/x.pem,/k.pem", ""),
        ("defaults|errorfile 503 /503.http", "/503.http", ""),
        ("http-errors h|errorfile 404 /404.http|frontend f|errorfiles h", "/404.http", ""),
        ("frontend f|acl bad src -i -f /bad.lst -M -f opt@/more.lst", "/bad.lst,/more.lst", ""),
        (
            "frontend f|use_backend %[req.hdr(host),lower,map_dom(/hosts.map,none)] if { src,map_ip(ip.map) -m found }",
            "/hosts.map,ip.map", ""
        ),
        ("frontend f|http-request set-map(virt@x) %[src] 1|http-request set-header map (x)", "", ""),
        ("frontend f|http-request return status 200 lf-file /page if { path -f /p.lst }", "/page,/p.lst", ""),
        ("frontend f|http-request set-header file /no", "", ""),
        (
            "global|server-state-base /st|server-state-file all|backend b|server-state-file-name b",
            "/st/all,/st/b", ""
        ),
        ("frontend f|filter spoe engine e config /spoe.conf", "/spoe.conf", ""),
        ("frontend f|bind :443 ssl crt \"${DIR}/a.pem\"", "/env/a.pem", ""),
        ("global|setenv WHERE /set|frontend f|bind :443 ssl crt \"${WHERE}/a.pem\"", "/set/a.pem", ""),
        ("frontend f|bind :443 ssl crt \"${HAPROXY_LOCALPEER}.pem\"", "", "${HAPROXY_LOCALPEER}.pem (a:2)"),
        (
            "frontend f|.if feature(OPENSSL)|bind :443 ssl crt /c.pem|.endif", "/c.pem",
            "whether its .if holds"
        ),
        ("global|default-path config|frontend f|bind :443 ssl crt c.pem", "c.pem", "default-path config"),
        ("frontend f|http-request deny unless { hdr(a),jwt_verify(txn.alg,/jwt.pem) 1 }", "/jwt.pem", ""),
    ])
    func eachWayToNameAFileIsKnown(_ text: String, _ names: String, _ unresolved: String) {
        let bytes = Array(text.replacing("|", with: "\n").utf8)
        let found = NamedFiles(
            in: [ConfigurationFile(path: "a", bytes: bytes, modifiedAt: 0)],
            environment: { $0 == "DIR" ? "/env" : nil },
            isFolder: { ["/certs", "/authorities"].contains($0) },
            lines: {
                $0 == "/list"
                    ? .known(["# crt", "/in/list.pem [alpn h2 ca-file /in/ca.pem] x"])
                    : .unknown(Unknown("gone"))
            })
        #expect(found.files.joined(separator: ",") == names)
        #expect(unresolved.isEmpty == found.unresolved.isEmpty, "\(found.unresolved)")
        #expect(unresolved.isEmpty || found.unresolved.joined().contains(unresolved), "\(found.unresolved)")
    }

    /// Whatever time of its content it brings along, and also where only its folder is named.
    @Test func whatWasPutThereHasChanged() throws {
        let folder = try ScratchFolder("named-")
        let certificates = folder.file("certs")
        mkdir(certificates, 0o755)
        for name in ["kept.map", "moved.map", "moved.new", "certs/a.pem"] { try folder.write(name, "x\n") }
        let text =
            "frontend f\n bind :1 ssl crt \(certificates)\n"
            + ["kept", "moved"].map { " acl \($0) src -f \(folder.file("\($0).map"))\n" }.joined()
        let file = ConfigurationFile(path: "a", bytes: Array(text.utf8), modifiedAt: 0)
        let named = NamedFiles(in: [file], loadedBy: getpid(), ProcTree())
        let moment = WallClock.now().microseconds
        // A file's times are those of the last tick.
        try wait(for: "a later tick") { WallClock.now().microseconds > moment + 20_000 }
        #expect(named.changed(since: moment, loadedBy: getpid(), ProcTree()).isEmpty)
        rename(folder.file("moved.new"), folder.file("moved.map"))
        #expect(named.changed(since: moment, loadedBy: getpid(), ProcTree()) == [folder.file("moved.map")])
        try folder.write("certs/a.pem", "y\n")
        #expect(
            named.changed(since: moment, loadedBy: getpid(), ProcTree())
                == [certificates + "/", folder.file("moved.map")])
    }

    @Test func namedFilesAreToldOnce() {
        let text = """
            global
                lua-load /l.lua   # crt /comment
            frontend f
                bind :443 ssl crt /c.pem crt-list "/list" ca-file @system-ca
                errorfile 503 /503.http
                acl bad src -f /bad.lst
                use_backend %[req.hdr(host),lower,map_dom(/hosts.map,none)] if { src,map_ip(/ip.map) -m found }
                http-request set-header map (x)
            """
        let file = ConfigurationFile(path: "a", bytes: Array(text.utf8), modifiedAt: 0)
        #expect(
            NamedFiles(in: [file, file]).files
                == ["/l.lua", "/c.pem", "/list", "/503.http", "/bad.lst", "/hosts.map", "/ip.map"])
    }
}

@Suite struct LoadJudgeTests {
    private static func snapshot(_ serving: Int32, _ results: [ReloadRecord.Result]) -> Snapshot {
        let unseen = Unknown("not looked at")
        let memory = MemorySample(resident: .unknown(unseen), proportional: .unknown(unseen))
        return Snapshot(
            time: 1_000_000,
            proxy: ProxyIdentity(
                program: .haproxy, version: .unknown(unseen), masterSocket: .unknown(unseen)),
            master: MasterSample(
                pid: 1, uptime: 9, reloads: .known(1), failedReloads: .known(0), memory: memory,
                cpuPercent: .unknown(unseen), reloadPending: false),
            workers: [
                WorkerSample(
                    pid: serving, state: .serving, generation: .unknown(unseen), was: nil,
                    connections: .unknown(unseen), connectionsPerSecond: .unknown(unseen), uptime: 1,
                    memory: memory,
                    cpuPercent: .unknown(unseen), killIn: .unknown(unseen), holders: .unknown(unseen))
            ],
            reloads: results.enumerated().map { index, result in
                var record = ReloadRecord(
                    at: 1_000_000, attempt: index + 1, result: result, durationMilliseconds: .unknown(unseen),
                    source: .showProc)
                record.id = index + 1
                return record
            }, newLines: [], blindness: [], alerts: [])
    }

    struct Case: Sendable {
        let answer: ReloadAsking.State
        let serving: Int32
        let second: ReloadRecord.Result?
        /// At once, and when it has lasted.
        let ends: [ReloadFacts.Load?]
    }

    static let cases: [Case] = [
        Case(answer: .underWay, serving: 10, second: .failed, ends: [nil, nil]),
        Case(answer: .underWay, serving: 11, second: .success, ends: [nil, nil]),
        Case(answer: .succeeded, serving: 10, second: .failed, ends: [nil, nil]),
        Case(answer: .succeeded, serving: 11, second: .failed, ends: [.succeeded, .succeeded]),
        Case(answer: .failed, serving: 10, second: .failed, ends: [.failed, .failed]),
        Case(answer: .failed, serving: 10, second: nil, ends: [nil, .failed]),
        Case(
            answer: .failed, serving: 11, second: .success,
            ends: [nil, .unseen("the load failed, and yet another worker serves")]),
        Case(answer: .silent, serving: 10, second: .running, ends: [nil, nil]),
        Case(answer: .silent, serving: 10, second: .failed, ends: [nil, .failed]),
        Case(answer: .silent, serving: 11, second: .failed, ends: [nil, nil]),
        Case(answer: .silent, serving: 10, second: .success, ends: [nil, nil]),
        Case(answer: .silent, serving: 11, second: .success, ends: [.succeeded, .succeeded]),
        // Somebody else may have asked.
        Case(
            answer: .notAsked("x"), serving: 10, second: nil,
            ends: [nil, .notAsked("nobody was asked to reload: x")]),
        Case(answer: .notAsked("x"), serving: 11, second: .success, ends: [.succeeded, .succeeded]),
        // systemd's word is not the proxy's.
        Case(
            answer: .jobFailed("x"), serving: 10, second: nil,
            ends: [nil, .notAsked("nobody has reloaded: x")]),
        Case(
            answer: .jobFailed("x"), serving: 11, second: nil,
            ends: [nil, .unseen("nobody has reloaded: x, and yet another worker serves")]),
        Case(answer: .jobFailed("x"), serving: 10, second: .running, ends: [nil, nil]),
        Case(answer: .jobFailed("x"), serving: 10, second: .failed, ends: [nil, .failed]),
        Case(answer: .jobFailed("x"), serving: 11, second: .success, ends: [.succeeded, .succeeded]),
    ]
    // Whatever was answered before: another master has loaded what lies there.
    static let restarted = [ReloadAsking.State.silent, .succeeded, .failed, .jobFailed("x"), .notAsked("x")]
        .map {
            Case(
                answer: $0, serving: 11, second: .restart,
                ends: Array(repeating: .unseen("the master was restarted, not reloaded"), count: 2))
        }

    @Test func aFailureIsBelievedOnlyWhenItIsSure() {
        for entry in Self.cases + Self.restarted {
            let before = Self.snapshot(10, [.success])
            var judge = LoadJudge(LoadEnding(before: before), doubt: .seconds(2))
            let now = Self.snapshot(entry.serving, [.success] + (entry.second.map { [$0] } ?? []))
            let start = Instant(nanoseconds: 0)
            let ends = [start, start + .seconds(3)].map { judge.end(entry.answer, now, now: $0) }
            #expect(ends == entry.ends, "\(entry)")
        }
    }

    /// What serves is seen, and whom nobody has asked loads nothing; else the end of the time tells nothing.
    @Test func theEndOfTheTimeTellsLittle() {
        let before = Self.snapshot(10, [.success])
        let judge = LoadJudge(LoadEnding(before: before), doubt: .seconds(2))
        #expect(judge.late(.notAsked("x"), before) == .notAsked("nobody was asked to reload: x"))
        for answer in [ReloadAsking.State.underWay, .silent, .succeeded, .failed, .jobFailed("x")] {
            #expect(judge.late(answer, before) == .unseen("the load did not end within --timeout"))
        }
        #expect(judge.late(.underWay, Self.snapshot(11, [.success, .success])) == .succeeded)
    }
}

@Suite struct PeerProgressTests {
    private func report(_ lines: String) -> TablesReport {
        TablesReport(
            pid: 1, at: 0, tablesText: .known([]),
            peersText: .known(lines.split(separator: "\n").map(String.init)))
    }

    @Test func whatPeersLackIsNamed() {
        let none = report("")
        #expect(PeerProgress.missing(none, of: []).isEmpty)
        #expect(PeerProgress.missing(nil, of: []).count == 1)
        let peers = """
            0x1: [23/Nov/2026:05:00:00] id=all disabled=0 state=0 flags=0x0 resync_timeout=<PAST> task_calls=9
              0x2: id=far(remote,inactive) addr=127.0.0.1:1 last_status=CONN last_hdshk=<NEVER>
              0x3: id=near(remote,active) addr=127.0.0.1:2 last_status=ESTA last_hdshk=4s
                  0x4 local_id=1 remote_id=1 flags=0x0 remote_data=0x2
                      last_acked=0 last_pushed=3 last_get=0 teaching_origin=0 update=5
                      table:0x5 id=st update=5 localupdate=5 commitupdate=5 refcnt=1
              0x6: id=me(local,inactive) addr=127.0.0.1:3 last_status=NONE last_hdshk=<NEVER>
            """
        let missing = PeerProgress.missing(report(peers), of: [])
        #expect(missing.count == 2, "\(missing)")
        #expect(missing.first?.contains("far of all is not connected") == true)
        #expect(missing.last?.contains("near lacks 2 changes of table st") == true)
        let teaching = peers.replacing("near(remote", with: "near(local")
        #expect(PeerProgress.missing(none, of: [report(teaching)]).count == 1)
        let section = "0x1: [x] id=all disabled=0 flags=0x4001 resync_timeout=4s task_calls=2"
        let learning = PeerProgress.missing(report(section), of: [])
        #expect(learning == ["peers section all still learns"])
        for done in [section.replacing("4001", with: "4003"), section.replacing("=4s", with: "=<PAST>")] {
            #expect(PeerProgress.missing(report(done), of: []).isEmpty)
        }
    }
}
