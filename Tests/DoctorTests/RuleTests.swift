// Each rule of the checklist: silent on a good system, and right about the one thing that is spoilt.

import ReloadModel
import Testing
import Unix

@testable import Doctor

@Suite struct RuleTests {
    private func report(_ text: String = Facts.good, _ change: (inout SystemFacts) -> Void = { _ in })
        -> HealthReport
    {
        Checklist.report(Facts.of(text, change: change))
    }

    private func replaced(_ old: String, _ new: String) -> String {
        Facts.good.replacing(old, with: new)
    }

    @Test func aGoodSystemHasNoFinding() {
        let report = report()
        #expect(report.examinations.flatMap(\.findings) == [])
        #expect(report.unknowns == 0)
        #expect(report.examinations.count == Checklist.rules.count)
        #expect(Set(report.examinations.map(\.id)).count == report.examinations.count)
    }

    @Test func whatCannotBeReadIsUnknown() {
        let report = report { facts in
            facts.inForce = .unknown(Facts.unseen)
            facts.onDisk = .unknown(Facts.unseen)
            facts.test = .unknown(Facts.unseen)
            facts.listeners = .unknown(Facts.unseen)
            facts.limits = .unknown(Facts.unseen)
            facts.changedFiles = .unknown(Facts.unseen)
            facts.unit = .unknown(Facts.unseen)
            facts.tls = .unknown(Facts.unseen)
        }
        let known = report.examinations.filter { $0.outcome != .unknown(Facts.unseen) }.map(\.id)
        #expect(known == ["master-worker", "restarts", "reload-rate"])
    }

    // MARK: Draining

    @Test func aMissingHardStopAfter() throws {
        let without = replaced("    hard-stop-after 30m\n", "")
        let finding = try #require(report(without).finding("hard-stop-after"))
        #expect(finding.severity == .warning)
        #expect(finding.lines == ["hard-stop-after 30m"])
        #expect(finding.place == "/etc/haproxy/haproxy.cfg, section global")
        #expect(finding.why.contains("ends none of those that run now"))
        let stacked = report(without) { $0.workers = [Facts.old(3, age: 7300), Facts.old(4, age: 60)] }
        let worse = try #require(stacked.finding("hard-stop-after"))
        #expect(worse.severity == .critical)
        #expect(worse.what.contains("2 old workers, the oldest of 2h01m"))
        #expect(report(without).finding("mworker-max-reloads")?.lines == ["mworker-max-reloads 20"])
        #expect(report(without) { $0.program = .mwproxy }.finding("mworker-max-reloads") == nil)
    }

    @Test func aHardStopAfterThatCutsOrNeverComes() throws {
        // It is as good as none.
        let never = report(replaced("hard-stop-after 30m", "hard-stop-after 0"))
        let words = try #require(never.finding("hard-stop-after")?.what)
        #expect(words.hasPrefix("'hard-stop-after 0' (haproxy.cfg:"), "\(words)")
        #expect(never.finding("mworker-max-reloads") != nil)
        let long = report(replaced("30m", "3d"))
        #expect(long.finding("hard-stop-after")?.what.contains("longer than a day") == true)
        let cutting = report { facts in
            facts.sessions = .known(
                [10, 20, 4000, 30].map { SessionFact(worker: 1, frontend: "web", age: $0) })
        }
        let finding = try #require(cutting.finding("hard-stop-after"))
        #expect(finding.severity == .warning)
        #expect(
            finding.what.contains(
                "1 of 4 connections are older than hard-stop-after 30m, the oldest 1h06m (web)"))
        #expect(finding.lines == ["hard-stop-after 2h"])
        // The last setting holds.
        let twice = report(Facts.good + "global\n    hard-stop-after 5d\n")
        #expect(twice.finding("hard-stop-after")?.what.contains("5d") == true)
    }

    @Test func reloadsThatOutrunTheHardStop() throws {
        let report = report { facts in
            facts.reloadsInLastHour = 30
            facts.workers = (1...3).map { Facts.old($0, age: 100) }
        }
        let finding = try #require(report.finding("hard-stop-after"))
        #expect(finding.what.contains("let 15 old workers stack; 3 drain now"))
        #expect(finding.lines == ["hard-stop-after 16m"])
    }

    @Test func maxReloadsAgainstTheTraffic() throws {
        let text = replaced("hard-stop-after 30m", "mworker-max-reloads 2")
        let report = report(text) { facts in
            facts.reloadsInLastHour = 12
            facts.sessions = .known([SessionFact(worker: 1, frontend: "web", age: 3000)])
        }
        #expect(report.finding("mworker-max-reloads")?.what.contains("ends a worker after 10m00s") == true)
    }

    // MARK: Timeouts

    @Test func missingTimeouts() throws {
        let none = Facts.good.split(separator: "\n").filter { !$0.contains("timeout") }
            .joined(separator: "\n")
        let report = report(none)
        let basic = try #require(report.examination("timeouts")).findings
        #expect(
            basic.map(\.what) == [
                "no 'timeout client' in frontend 'web'", "no 'timeout server' in backend 'app'",
                "no 'timeout connect' in backend 'app'",
            ])
        #expect(report.finding("timeout-http-request")?.severity == .warning)
        #expect(report.finding("timeout-http-keep-alive")?.severity == .notice)
        #expect(report.finding("timeout-tunnel")?.lines == ["timeout tunnel 10m", "timeout client-fin 30s"])
    }

    @Test func timeoutsOfNamedDefaultsHold() {
        let text = """
            global
                hard-stop-after 1m
            defaults slow
                mode http
                timeout client 1m
                timeout http-request 5s
            defaults empty
                mode http
            frontend web from slow
                bind :80
            listen bare
                bind :81
                mode tcp
                timeout client 1s
                timeout server 1s
                timeout connect 1s
                timeout tunnel 1s
                timeout client-fin 1s
                server s 127.0.0.1:1
            """
        let report = report(text) { $0.listeners = .known([]) }
        #expect(report.examination("timeouts")?.findings == [])
        #expect(report.examination("timeout-http-request")?.findings == [])
    }

    @Test func anEndlessTunnel() {
        let text = replaced("timeout tunnel 10m", "timeout tunnel 24h").replacing(
            "    hard-stop-after 30m\n", with: "")
        #expect(
            report(text).examination("timeout-tunnel")?.findings.first?.what
                .contains("of an hour or more without hard-stop-after in backend 'app'") == true)
    }

    // MARK: Tables and tickets

    private let table = """

            stick-table type ip size 1m expire 10m store http_req_rate(10s)
            http-request track-sc0 src
        """

    @Test func aTableWithoutPeers() throws {
        let text = replaced("    default_backend app", "    default_backend app" + table)
        let finding = try #require(report(text).finding("peers"))
        #expect(finding.what == "table 'web' has no peers (haproxy.cfg:16)")
        #expect(finding.lines.first == "peers reloads")
        #expect(finding.lines[1] == "    peer lb-3 127.0.0.1:10000")
        #expect(finding.lines.last?.hasSuffix("store http_req_rate(10s) peers reloads") == true)
        // Nobody reads it.
        let unused = replaced(
            "    default_backend app", "    default_backend app\n    stick-table type ip size 1m")
        #expect(report(unused).examination("peers")?.findings == [])
        // Somebody else does.
        let read = unused.replacing(
            "server s1", with: "http-request deny if { src_conn_rate(web) gt 5 }\n    server s1")
        #expect(report(read).finding("peers") != nil)
    }

    @Test func peersWithoutThisHost() throws {
        let text =
            replaced(
                "    default_backend app",
                "    default_backend app" + table.replacing("1m expire", with: "1m peers mates expire"))
        let others = text + "\npeers mates\n    peer lb-1 10.0.0.1:1024\n    peer lb-2 10.0.0.2:1024\n"
        let finding = try #require(report(others).finding("peers"))
        #expect(finding.severity == .critical)
        #expect(finding.what == "peers 'mates' has lb-1 and lb-2, but this host is 'lb-3'")
        #expect(report(others) { $0.localPeer = "lb-1" }.examination("peers")?.findings == [])
        #expect(report(others) { $0.arguments += ["-L", "lb-2"] }.examination("peers")?.findings == [])
        #expect(report(text).finding("peers")?.what.contains("which no file has") == true)
    }

    @Test func ticketKeys() throws {
        let tls = replaced("bind 127.0.0.1:8000", "bind 127.0.0.1:8000 ssl crt /etc/x.pem")
        let finding = try #require(report(tls).finding("tls-tickets"))
        #expect(finding.severity == .notice)
        #expect(
            finding.lines.last
                == "bind 127.0.0.1:8000 ssl crt /etc/x.pem tls-ticket-keys /etc/haproxy/tickets.keys")
        #expect(report(tls.replacing("x.pem", with: "x.pem no-tls-tickets")).finding("tls-tickets") == nil)
        let global = tls.replacing("defaults", with: "    ssl-default-bind-options no-tls-tickets\ndefaults")
        #expect(report(global).finding("tls-tickets") == nil)
    }

    // MARK: Sockets and ports

    @Test func adminSockets() throws {
        let open = report {
            $0.adminSockets = [AdminSocketFact(path: "/run/haproxy/admin.sock", isOpenToAll: true)]
        }
        let finding = try #require(open.finding("admin-rights"))
        #expect(finding.severity == .critical)
        #expect(finding.lines == ["stats socket /run/haproxy/admin.sock mode 660 group haproxy level admin"])
        let network = replaced("stats socket /run/haproxy/admin.sock mode 660", "stats socket ipv4@*:9999")
        #expect(report(network).finding("admin-rights")?.severity == .critical)
        let local = replaced("stats socket /run/haproxy/admin.sock mode 660", "stats socket 127.0.0.1:9999")
        #expect(report(local).finding("admin-rights")?.severity == .warning)
        let master = report { $0.arguments = ["haproxy", "-Ws", "-S", "10.0.0.1:1234"] }
        #expect(master.finding("admin-rights")?.what.contains("-S of the master") == true)
    }

    @Test func exposedDescriptors() throws {
        let exposed = replaced("level admin", "level admin expose-fd listeners")
        let finding = try #require(report(exposed).finding("expose-fd"))
        #expect(finding.severity == .notice)
        #expect(finding.lines == ["stats socket /run/haproxy/admin.sock mode 660 level admin"])
        for farewell in ["-sf", "-st"] {
            let reload = "ExecReload=/usr/sbin/haproxy -x /s \(farewell) $MAINPID"
            let used = report(exposed) { facts in
                facts.unit = .known(
                    Facts.unit("[Service]\nType=notify\nExecReload=/usr/sbin/haproxy -c\n\(reload)\n"))
            }
            #expect(used.finding("expose-fd") == nil)
        }
    }

    @Test func portsOfTheNextLoad() throws {
        let text = replaced("127.0.0.1:8000", "127.0.0.1:8000,127.0.0.1:8080-8081")
        let free = report(text)
        #expect(free.examination("bind-ports")?.outcome == .good("2 new ports, and nobody has them"))
        let taken = report(text) { facts in
            facts.listeners = .known([
                ListenerFact(address: .ipv4(0x7f00_0001, port: 8000), isOurs: true),
                ListenerFact(address: .ipv4(0, port: 8081), isOurs: false, owner: "nginx (pid 9)"),
                ListenerFact(address: .ipv4(0x0a00_0001, port: 8080), isOurs: false),
            ])
        }
        let finding = try #require(taken.finding("bind-ports"))
        #expect(finding.what == "nginx (pid 9) listens on 0.0.0.0:8081, which haproxy.cfg:14 wants")
        #expect(taken.examination("port-strangers")?.findings == [])
    }

    @Test(arguments: [
        (":::8081", true), ("ipv6@:8081", true), (":::8081 v6only", false), ("::1:8081", false),
    ])
    func aPortOfIPv4ThatIPv6Wants(_ bind: String, isTaken: Bool) {
        let taken = report(replaced("bind 127.0.0.1:8000", "bind \(bind)")) { facts in
            facts.listeners = .known([
                ListenerFact(address: .ipv4(0x7f00_0001, port: 8081), isOurs: false, owner: "nginx (pid 9)")
            ])
        }
        #expect((taken.finding("bind-ports") != nil) == isTaken)
    }

    @Test(arguments: [
        ("127.0.0.1:8081", false, true), ("127.0.0.1:8081", true, false), ("::1:8081", true, true),
    ])
    func aPortThatIPv6HasForAll(_ bind: String, isIPv6Only: Bool, isTaken: Bool) {
        let taken = report(replaced("bind 127.0.0.1:8000", "bind \(bind)")) { facts in
            facts.listeners = .known([
                ListenerFact(
                    address: .ipv6(high: 0, low: 0, port: 8081, scope: 0), isIPv6Only: isIPv6Only,
                    isOurs: false)
            ])
        }
        #expect((taken.finding("bind-ports") != nil) == isTaken)
    }

    @Test func strangersOnOurPort() throws {
        let report = report { facts in
            facts.listeners = .known([
                ListenerFact(address: .ipv4(0x7f00_0001, port: 8000), isOurs: true),
                ListenerFact(
                    address: .ipv4(0x7f00_0001, port: 8000), isOurs: false, owner: "haproxy (pid 9)"),
            ])
        }
        #expect(report.finding("port-strangers")?.what == "haproxy (pid 9) listens on 127.0.0.1:8000 as well")
    }

    // MARK: Units, files, processes

    @Test func theUnit() throws {
        func report(_ text: String) -> HealthReport { self.report { $0.unit = .known(Facts.unit(text)) } }
        let good = report(
            """
            [Service]
            Type=notify
            KillMode=mixed
            ExecStart=/usr/sbin/haproxy -Ws -f $CONFIG -p $PIDFILE
            ExecReload=/usr/sbin/haproxy -Ws -f $CONFIG -c
            ExecReload=/bin/kill -USR2 $MAINPID
            Restart=always
            SuccessExitStatus=143
            OOMPolicy=continue
            LimitNOFILE=1024
            """)
        for id in ["unit-type", "unit-reload", "unit-kill-mode", "unit-stop", "unit-restart", "unit-limits"] {
            #expect(good.examination(id)?.findings == [], "\(id)")
        }
        let restarting = report(
            "[Service]\nExecStart=/usr/sbin/haproxy -W -f /x.cfg\nExecReload=systemctl restart haproxy\n")
        #expect(restarting.finding("unit-reload")?.severity == .critical)
        #expect(
            restarting.finding("unit-reload")?.lines == [
                "[Service]", "ExecReload=", "ExecReload=/usr/sbin/haproxy -Ws -f /x.cfg -c",
                "ExecReload=/bin/kill -USR2 $MAINPID",
            ])
        #expect(restarting.finding("unit-type")?.lines == ["[Service]", "Type=notify"])
        #expect(restarting.finding("unit-type")?.place == "/etc/systemd/system/haproxy.service.d/reload.conf")
        #expect(restarting.finding("unit-kill-mode") != nil)
        #expect(
            report("[Service]\nType=notify\n").finding("unit-reload")?.what.contains("no ExecReload") == true)
        let silent = report("[Service]\nType=notify\nExecReload=/bin/true\n")
        #expect(silent.finding("unit-reload")?.what.contains("does not reach the master") == true)
        let untested = report("[Service]\nType=notify\nExecReload=/bin/kill -s USR2 $MAINPID\n")
        #expect(untested.finding("unit-reload")?.severity == .notice)
        let neverReady = self.report { facts in
            facts.unit = .known(
                Facts.unit("[Service]\nType=notify\nExecStart=/usr/sbin/haproxy -W -f /x.cfg\n"))
            facts.arguments = ["haproxy", "-W", "-f", "/x.cfg"]
        }
        #expect(neverReady.finding("unit-type")?.severity == .critical)
        #expect(
            neverReady.finding("unit-type")?.lines
                == ["[Service]", "ExecStart=", "ExecStart=/usr/sbin/haproxy -Ws -f /x.cfg"])
    }

    /// A unit that is good but for what is added, and the point that finds it.
    @Test(arguments: [
        (
            "ExecStart=/usr/sbin/haproxy -Ws -D -f /x.cfg", "unit-type",
            "into the background (-D of /lib/systemd"
        ),
        ("Type=simple", "unit-type", "Type=simple (/lib/systemd/system/haproxy.service:10)"),
        (
            "Type=forking", "unit-type",
            "Type=forking (/lib/systemd/system/haproxy.service:10), but the proxy stays"
        ),
        ("ExecReload=\nExecReload=/bin/kill -USR2 $MAINPID", "unit-reload", "without a configuration test"),
        (
            "ExecReload=\nExecReload=/bin/sh -c 'haproxy -c -f /x.cfg && kill -s USR2 $MAINPID'",
            "unit-reload", nil
        ),
        ("ExecReload=\nExecReload=/bin/sh -c 'kill -15 $MAINPID'", "unit-reload", "restarts: kill -15"),
        (
            "ExecReload=\nExecReload=-/usr/sbin/haproxy -c -f /x.cfg\nExecReload=/bin/kill -USR2 $MAINPID",
            "unit-reload", "whatever the configuration test finds (/lib/systemd/system/haproxy.service:11)"
        ),
        (
            "ExecReload=\nExecReload=/usr/sbin/haproxy -c -q -f /x.cfg ; /bin/kill -USR2 $MAINPID",
            "unit-reload", "says nothing (-q,"
        ),
        ("KillMode=control-group", "unit-kill-mode", "KillMode=control-group ("),
        ("KillMode=none", "unit-kill-mode", "'systemctl stop' ends nothing"),
        ("SuccessExitStatus=", "unit-stop", "no SuccessExitStatus= (/lib/systemd/system/haproxy.service)"),
        ("ExecStop=/bin/kill -USR1 $MAINPID", "unit-stop", "only asks for a drain"),
        ("KillSignal=SIGUSR1", "unit-stop", "after 1m30s (no TimeoutStopSec="),
        ("KillSignal=SIGUSR1\nTimeoutStopSec=29min 59s", "unit-stop", "before hard-stop-after (30m"),
        ("KillSignal=SIGUSR1\nTimeoutStopSec=1h", "unit-stop", nil),
        ("KillSignal=SIGUSR1\nTimeoutStopSec=0", "unit-stop", nil),
        ("Restart=on-abnormal", "unit-restart", "Restart=on-abnormal"),
        ("OOMPolicy=stop", "unit-restart", "OOMPolicy=stop"),
        ("User=haproxy\nLimitNOFILE=1024:2048", "unit-limits", "'maxconn 2000' of haproxy.cfg:"),
        (
            "CapabilityBoundingSet=~CAP_SYS_RESOURCE\nLimitNOFILE=2048", "unit-limits",
            "needs 4100 descriptors"
        ),
        ("LimitNOFILE=2048", "unit-limits", nil),
    ])
    func aUnitWithOneFault(added: String, point: String, what: String?) {
        let text = """
            [Service]
            Type=notify
            KillMode=mixed
            ExecStart=/usr/sbin/haproxy -Ws -f /x.cfg
            ExecReload=/usr/sbin/haproxy -Ws -f /x.cfg -c
            ExecReload=/bin/kill -USR2 $MAINPID
            Restart=always
            SuccessExitStatus=143
            OOMPolicy=continue

            """
        let found = report(replaced("global\n", "global\n    maxconn 2000\n")) { facts in
            facts.unit = .known(Facts.unit(text + added + "\n"))
        }
        let units = found.examinations.filter { $0.id.hasPrefix("unit-") }
        #expect(units.filter { !$0.findings.isEmpty }.map(\.id) == (what == nil ? [] : [point]))
        guard let what else { return }
        let finding = found.finding(point)
        #expect(finding?.what.contains(what) == true, "\(finding?.what ?? "nothing")")
        #expect(finding?.place == "/etc/systemd/system/haproxy.service.d/reload.conf")
        #expect(finding?.lines.first == "[Service]")
    }

    /// `no strict-limits` makes a warning of it.
    @Test(arguments: ["", "no strict-limits", "no strict-limits\n    strict-limits"])
    func aLimitThatHAProxyMayForgive(_ line: String) {
        let small = report(replaced("global\n", "global\n    maxconn 2000\n    \(line)\n")) { facts in
            facts.unit = .known(Facts.unit("[Service]\nUser=haproxy\nLimitNOFILE=2048\n"))
        }
        #expect(
            small.finding("unit-limits")?.why.hasPrefix("HAProxy refuses to load it")
                == (line != "no strict-limits"))
    }

    @Test func theFiles() {
        let broken = report { facts in
            facts.test = .known(
                ConfigurationTest(
                    command: "haproxy -c -f x", exitCode: 1,
                    lines: ["[ALERT]    (9) : config : parsing [/etc/x.cfg:3] : unknown keyword 'bogus'"]))
        }
        #expect(broken.finding("config-test")?.severity == .critical)
        #expect(broken.finding("config-test")?.what.contains("x.cfg:3: unknown keyword 'bogus'") == true)
        let changed = report { $0.changedFiles = .known(["/etc/haproxy/haproxy.cfg"]) }
        #expect(changed.finding("config-changed")?.lines == ["kill -USR2 7"])
        let guessed = report { $0.inForceIsGuessed = Unknown("x.cfg has changed since") }
        #expect(guessed.finding("config-changed")?.certainty == .likely)
    }

    @Test func theProcesses() {
        let full = report { $0.limits = .known([LimitFact(worker: 5, allowed: 100, used: 90, needed: 80)]) }
        #expect(full.finding("descriptors")?.severity == .critical)
        let small = report { $0.limits = .known([LimitFact(worker: 5, allowed: 100, used: 9, needed: 4000)]) }
        #expect(small.finding("descriptors")?.lines == ["[Service]", "LimitNOFILE=4000"])
        #expect(report(replaced("global", "global\n    nbproc 4")).finding("nbproc")?.severity == .warning)
    }
}
