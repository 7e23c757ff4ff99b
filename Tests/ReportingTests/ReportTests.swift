// The two reports word for word, and docs/json.md held against what is written.

import ReloadModel
import Reporting
import RuntimeAPI
import TestSupport
import Testing
import Unix

@Suite struct ReportTests {
    @Test func theTextOfAFullLook() {
        #expect(
            ReportText.table(Looks.full) == """
                haproxy 2.6.12  master 7459  up 4d02h  reloads 29, failed 1  /run/master.sock  2026-03-01T10:24:31.000000Z
                !! critical failed_reload: last reload failed 12s ago: edge.cfg:29: unknown keyword '^[[31mbogus'

                PID    STATE     WAS       GEN  AGE    CONNS  RSS       PSS       CPU%  KILL IN  KEPT BY
                7459   master    -         -    4d02h  -      12.4 MiB  3.5 MiB   0.0   -        -
                20193  serving   -         28   4m22s  812    24.5 MiB  16.0 MiB  12.5  -        -
                18970  draining  [was: 1]  25   5m39s  31     24.5 MiB  16.0 MiB  12.5  24m21s   31 clients
                11117  held      [was: 1]  9    9m06s  0      24.5 MiB  16.0 MiB  12.5  ?        an admin session of hatop (pid 12186)

                RELOADS
                2026-03-01T10:20:09.000000Z  #28  success  41ms  from process events  by kill (pid 911, uid 0) - seen
                2026-03-01T10:24:19.000000Z  #29  failed   38ms  from journal                                          edge.cfg:29: unknown keyword '^[[31mbogus'

                """)
    }

    @Test func theTextOfABlindLookHasNoZeros() {
        #expect(
            ReportText.table(Looks.blind) == """
                mwproxy  master 7459  up 5s  reloads ?, failed ?  no master socket  2026-03-01T10:24:31.000000Z  A RELOAD SIGNAL IS PENDING

                PID   STATE     WAS       GEN  AGE    CONNS  RSS      PSS  CPU%  KILL IN  KEPT BY
                7459  master    -         -    5s     -      4.0 KiB  ?    ?     -        -
                8000  draining  [was: 1]  ?    250ms  ?      ?        ?    ?     ?        ?

                RELOADS
                time unknown  -  unknown  -  from show proc

                """)
    }

    @Test func whatIsUnknownIsTold() {
        #expect(
            ReportText.notes(Looks.blind) == """
                reloadtop: process events: not told in this network namespace (use the host's)
                reloadtop: version: no permission to ask (run as root)
                reloadtop: memory of the master: smaps_rollup is not readable
                reloadtop: connections of worker 8000: sock_diag: EPERM
                reloadtop: cpu of worker 8000: one look only
                reloadtop: kill in of worker 8000: no -f on the command line of master 7459

                """)
        #expect(
            ReportText.notes(Looks.full)
                == "reloadtop: kill in of worker 11117: its configuration has no hard-stop-after (set hard-stop-after)\n"
        )
    }

    @Test func theListToChooseFrom() {
        let masters = [
            RunningMaster(
                pid: 12, program: .haproxy, commandLine: "haproxy -W", masterSocket: .known("/run/a")),
            RunningMaster(
                pid: 3456, program: .mwproxy, commandLine: "mwproxy -f \u{9b}x",
                masterSocket: .unknown(Unknown("no -S"))),
        ]
        #expect(
            ReportText.choice(masters) == """
                PID   PROGRAM  MASTER SOCKET  COMMAND
                12    haproxy  /run/a         haproxy -W
                3456  mwproxy  ?              mwproxy -f <9b>x

                """)
    }

    @Test func theJSONOfAFullLook() {
        #expect(
            ReportJSON.object(Looks.full) == #"""
                {"schema":1,"time":"2026-03-01T10:24:31.000000Z","proxy":{"program":"haproxy","version":"2.6.12","master_socket":"/run/master.sock"},"master":{"pid":7459,"uptime_s":352920.4,"reloads":29,"failed_reloads":1,"rss_bytes":13008896,"pss_bytes":3673088},"workers":[{"pid":20193,"state":"serving","generation":28,"was":null,"connections":812,"uptime_s":262.1,"rss_bytes":25690112,"pss_bytes":16777216,"cpu_percent":12.5,"kill_in_s":null,"descriptors":null,"descriptor_limit":null,"listening":null},{"pid":18970,"state":"draining","generation":25,"was":1,"connections":31,"uptime_s":339.0,"rss_bytes":25690112,"pss_bytes":16777216,"cpu_percent":12.5,"kill_in_s":1461.2,"descriptors":null,"descriptor_limit":null,"listening":null},{"pid":11117,"state":"held","generation":9,"was":1,"connections":0,"uptime_s":546.0,"rss_bytes":25690112,"pss_bytes":16777216,"cpu_percent":12.5,"kill_in_s":null,"descriptors":null,"descriptor_limit":null,"listening":null}],"alerts":[{"kind":"failed_reload","severity":"critical","message":"last reload failed 12s ago: edge.cfg:29: unknown keyword '\u001b[31mbogus'","remedy":null}],"reloads":[{"at":"2026-03-01T10:20:09.000000Z","result":"success","duration_ms":41.3,"source":"process events","attempt":28,"reason":null,"author":{"certainty":"seen","words":"kill (pid 911, uid 0) - seen","pid":911,"uid":0,"user":null,"terminal":null,"via":null,"why":null},"steps":[],"finished":null,"cut":null,"moved":null,"health":null,"undone":null,"lost_tables":null,"tickets":null},{"at":"2026-03-01T10:24:19.000000Z","result":"failed","duration_ms":38.0,"source":"journal","attempt":29,"reason":"edge.cfg:29: unknown keyword '\u001b[31mbogus'","author":null,"steps":[],"finished":null,"cut":null,"moved":null,"health":null,"undone":null,"lost_tables":null,"tickets":null}],"limits":{"memory_bytes":null,"descriptors":null,"processes":null}}

                """#)
    }

    @Test func whatMovedAndWhatStayed() throws {
        var look = Looks.full
        look.reloads[0].verdict.drains = [
            DrainOutcome(
                pid: 18001, atReload: .known(8040), endedAt: Looks.now, finished: .known(12), cut: .known(0),
                moves: .known(
                    ConnectionMoves(
                        idle: 8000, tunnels: 20, refused: 4, stayed: [.init("late\u{1b}[2J", count: 3)])))
        ]
        let reload = try #require(
            try JSON(parsing: ReportJSON.object(look))["reloads"]?.array?.first)
        #expect(
            reload["moved"]?.text
                == #"{"idle":8000,"tunnels":20,"refused":4,"stayed":[{"reason":"late\u001b[2J","count":3}]}"#)
        #expect(reload["finished"]?.integer == 12)
        let line = ReportText.table(look).split(separator: "\n").first { $0.contains("#28") }
        #expect(
            line?.hasSuffix(
                "8000 idle connections and 20 tunnels moved; 4 closed: the new rules reject them; "
                    + "12 requests finished; 0 cut; 3 connections stayed: late^[[2J") == true)
    }

    @Test func unknownIsNull() throws {
        let json = try JSON(parsing: ReportJSON.object(Looks.blind))
        for path in [
            ["proxy", "version"], ["proxy", "master_socket"], ["master", "reloads"],
            ["master", "failed_reloads"], ["master", "pss_bytes"],
        ] {
            #expect(json[path[0]]?[path[1]] == .null, "\(path)")
        }
        let worker = try #require(json["workers"]?.array?.first)
        for name in ["generation", "connections", "rss_bytes", "pss_bytes", "cpu_percent", "kill_in_s"] {
            #expect(worker[name] == .null, "\(name)")
        }
        let reload = try #require(json["reloads"]?.array?.first)
        for name in ["at", "result", "duration_ms"] { #expect(reload[name] == .null, "\(name)") }
        #expect(reload["source"]?.string == "show proc")
    }

    /// Every field that is written stands in the example of docs/json.md, in the same order, and the other way round.
    @Test func theDocumentHasEveryField() throws {
        let text = try File.readText(Program.packageRoot + "/docs/json.md")
        let fenced = text.components(between: "```json\n", and: "```")
        let example = try JSON(parsing: fenced)
        let written = try JSON(parsing: ReportJSON.object(Looks.full))
        #expect(names(example) == names(written))
        for part in ["proxy", "master", "limits"] {
            #expect(names(example[part]) == names(written[part]), "\(part)")
        }
        for part in ["workers", "alerts", "reloads"] {
            #expect(names(example[part]?.array?.first) == names(written[part]?.array?.first), "\(part)")
        }
    }

    private func names(_ value: JSON?) -> [String] {
        guard case .object(let members)? = value else { return [] }
        return members.map(\.name)
    }
}

extension String {
    /// What stands between the first `start` and the next `end`.
    fileprivate func components(between start: String, and end: String) -> String {
        guard let from = firstRange(of: start)?.upperBound,
            let to = self[from...].firstRange(of: end)?.lowerBound
        else { return "" }
        return String(self[from..<to])
    }
}
