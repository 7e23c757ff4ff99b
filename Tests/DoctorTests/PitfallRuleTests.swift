// The pitfalls of the field by their facts: what the checklist says of each, and what it does not take for one.

import ConfigLanguage
import ReloadModel
import Testing

@testable import Doctor

@Suite struct PitfallRuleTests {
    private func report(_ text: String = Facts.good, _ change: (inout SystemFacts) -> Void) -> HealthReport {
        Checklist.report(Facts.of(text, change: change))
    }

    private func record(
        _ result: ReloadRecord.Result, at: Int64, reason: String? = nil, author: ReloadAuthor? = nil
    ) -> ReloadRecord {
        ReloadRecord(
            at: at, attempt: nil, result: result, durationMilliseconds: .known(40), source: .journal,
            reason: reason, author: author)
    }

    @Test func aRestartIsNamedWithWhoAndHowLongAgo() throws {
        let author = ReloadAuthor(
            certainty: .likely, chain: [.init(pid: 4, name: "systemctl")], command: "systemctl restart lb",
            uid: 0)
        let restarted = report { facts in
            facts.now = 200_000_000
            facts.reloads = [
                record(.restart, at: 80_000_000, reason: "master 1 gave way to 7", author: author)
            ]
        }
        let finding = try #require(restarted.finding("restarts"))
        #expect(
            finding.what
                == "the proxy was restarted 2m00s ago, not reloaded: master 1 gave way to 7; by systemctl restart lb "
                + "(uid 0) - likely")
        #expect(finding.lines == ["reloadtop reload", "kill -USR2 7"])
        // Two days ago it was somebody else's shift.
        let old = report { facts in
            facts.now = 200_000_000_000
            facts.reloads = [record(.restart, at: 0)]
        }
        #expect(old.examination("restarts")?.findings == [])
        let audited = report { facts in
            facts.masterUptime = 60
            facts.past.formerMaster =
                "the last 'reloadtop reload' of this file was of master 5, which has gone"
        }
        #expect(
            audited.finding("restarts")?.what.hasPrefix("master 7 started 1m00s ago, and the last 'reloadtop")
                == true)
        // A young master of which no log tells.
        let young = report { facts in
            facts.masterUptime = 60
            facts.lacksPast = Unknown("no journal can be read here")
        }
        #expect(
            young.examination("restarts")?.outcome
                == .notConcerned(
                    "master 7 started 1m00s ago; whether another ran before it is not known: no journal can be read here"
                ))
    }

    @Test func reloadsThatComeFasterThanWorkersDrain() throws {
        let serving = Facts.old(20, age: 1)
        func rate(_ result: ReloadRecord.Result) -> ReloadRate? {
            ReloadRate(
                Snapshot(
                    time: 100_000_000,
                    proxy: ProxyIdentity(
                        program: .haproxy, version: .known("2.6"), masterSocket: .known("/m")),
                    master: MasterSample(
                        pid: 7, uptime: 9000, reloads: .known(900), failedReloads: .known(0),
                        memory: serving.memory, cpuPercent: .known(0), reloadPending: false),
                    workers: [Facts.old(21, age: 12), Facts.old(20, age: 31)],
                    reloads: (0..<12).map { number in
                        record(
                            result, at: 80_000_000 + Int64(number) * 1_500_000,
                            author: ReloadAuthor(
                                certainty: .likely,
                                chain: [
                                    .init(pid: 90, name: "loop.sh"),
                                    .init(pid: 100 + Int32(number), name: "kill"),
                                ], uid: 0, user: "root"))
                    }, newLines: [], blindness: [], alerts: []))
        }
        let finding = try #require(report { $0.reloadRate = rate(.success) }.finding("reload-rate"))
        #expect(
            finding.what
                == "12 reloads in 10 minutes > limit 10, one every 1.5s, 12 of them by kill ← loop.sh (pid 90) "
                + "(uid 0 root); old workers drain for 12s: 8 (8 B) at a time")
        #expect(finding.place.contains("merge its changes"))
        // A load that fails leaves nobody behind.
        let failing = try #require(report { $0.reloadRate = rate(.failed) }.finding("reload-rate"))
        #expect(failing.what.hasSuffix("(uid 0 root)"), "\(failing.what)")
    }

    @Test func aFileThatWasMovedIntoPlaceIsNotWhatRuns() throws {
        let moved = report { $0.past.drift = "a.cfg was put there after this worker had read it" }
        let finding = try #require(moved.finding("config-changed"))
        #expect(finding.certainty == .likely && finding.what.hasPrefix("a.cfg was put there"))
    }

    @Test func aTableWithoutPeersSaysWhatItWouldLose() throws {
        let text = Facts.good.replacing(
            "default_backend app",
            with: "stick-table type ip size 1k expire 1h store gpc0\n    http-request track-sc0 src\n"
                + "    default_backend app")
        let full = report(text) { $0.tableEntries = .known(["web": 12_431]) }
        #expect(full.finding("peers")?.what.hasSuffix(": the next reload loses its 12431 entries") == true)
        #expect(report(text) { _ in }.finding("peers")?.what.contains("loses") == false)
    }

    @Test(
        arguments: [
            (
                "-D -sf 8", "", "process 9 replaced process 8 with -sf and without -x",
                Finding.Severity.warning
            ),
            ("-D -st 8", "", "process 9 replaced process 8 with -st and without -x", .warning),
            ("-D -sf 8", "expose-fd listeners", "process 9 replaced process 8", .warning),
            ("-D -x /a.sock -sf 8 7", "", "process 9 gives its listening sockets to nobody", .warning),
            ("-D", "", "process 9 gives its listening sockets to nobody", .notice),
            ("-D -x /a.sock -sf 8", "expose-fd listeners", nil, .notice),
        ] as [(String, String, String?, Finding.Severity)])
    func processesThatReplaceEachOther(
        _ options: String, _ socket: String, _ what: String?, _ severity: Finding.Severity
    ) throws {
        let text = Facts.good.replacing("level admin", with: "level admin \(socket)")
        let process = LoneProcess(
            pid: 9, arguments: "haproxy -f x \(options)".split(separator: " ").map(String.init),
            configuration: .known(ConfigurationOutline([("/etc/haproxy/haproxy.cfg", Array(text.utf8))])))
        let report = HealthReport(time: 0, examinations: Checklist.withoutMaster([process]))
        #expect(report.finding("master-worker")?.severity == .critical)
        guard let what else {
            #expect(report.examination("expose-fd")?.findings == [])
            return
        }
        let finding = try #require(report.finding("expose-fd"))
        #expect(finding.what.hasPrefix(what) && finding.severity == severity)
        #expect(finding.lines.last == "-x /run/haproxy/admin.sock -sf $(cat /run/haproxy.pid)")
        #expect(finding.lines.count == (socket.isEmpty ? 2 : 1))
    }
}
