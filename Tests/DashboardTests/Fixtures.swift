// Looks made by hand, one for each thing that the screen must show.

import ReloadModel
import TextUI

@testable import Dashboard

enum Fixture {
    /// 2026-03-01 10:24:31 UTC.
    static let now: Int64 = 1_772_360_671_000_000

    static let noPSS = Unknown(
        "smaps_rollup of other users needs CAP_SYS_PTRACE", remedy: "run reloadtop as root or as user haproxy"
    )

    static func worker(
        _ pid: Int32, _ state: WorkerState, generation: Int, was: Int? = nil, connections: Int,
        change: Double = 0, age: Double, mebibytes: Double, cpu: Double = 0, killIn: Double? = nil,
        holders: [Holder] = []
    ) -> WorkerSample {
        let bytes = Int(mebibytes * 1_048_576)
        return WorkerSample(
            pid: pid, state: state, generation: .known(generation), was: was,
            connections: .known(connections), connectionsPerSecond: .known(change), uptime: age,
            memory: MemorySample(resident: .known(bytes * 2), proportional: .known(bytes)),
            cpuPercent: .known(cpu),
            killIn: killIn.map { .known($0) }
                ?? .unknown(Unknown("hard-stop-after is not set", remedy: "set hard-stop-after in global")),
            holders: .known(holders))
    }

    static func snapshot(_ workers: [WorkerSample], at time: Int64 = now) -> Snapshot {
        Snapshot(
            time: time,
            proxy: ProxyIdentity(
                program: .haproxy, version: .known("2.6.12-1+deb12u4"),
                masterSocket: .known("/run/haproxy-master.sock")),
            master: MasterSample(
                pid: 7459, uptime: 4 * 86400 + 2 * 3600 + 120, reloads: .known(29), failedReloads: .known(1),
                memory: MemorySample(resident: .known(13_002_342), proportional: .known(4_802_342)),
                cpuPercent: .known(0.1), reloadPending: false),
            workers: workers, reloads: [], newLines: [], blindness: [], alerts: [])
    }

    /// One worker of each state.
    static var workers: [WorkerSample] {
        [
            worker(
                20193, .serving, generation: 29, connections: 812, change: 14, age: 262, mebibytes: 88,
                cpu: 3.1),
            worker(20377, .starting, generation: 30, connections: 0, age: 0.4, mebibytes: 9.5, cpu: 97),
            worker(
                18970, .draining, generation: 25, was: 1, connections: 31, change: -2, age: 339,
                mebibytes: 24.5, killIn: 1461, holders: [Holder(kind: .clients, count: 31)]),
            worker(
                11117, .held, generation: 9, was: 1, connections: 0, age: 546, mebibytes: 8.4, killIn: 1254,
                holders: [Holder(kind: .adminSession, count: 1, who: "hatop (pid 12186)")]),
            worker(
                7882, .overdue, generation: 3, was: 1, connections: 1, age: 1862, mebibytes: 8.4, cpu: 99.4,
                killIn: -62, holders: [Holder(kind: .clients, count: 1)]),
        ]
    }

    static func author(_ pid: Int32) -> ReloadAuthor {
        ReloadAuthor(certainty: .seen, chain: [ProcessLink(pid: pid, name: "kill")], uid: 0)
    }

    static var reloads: [ReloadRecord] {
        [
            ReloadRecord(
                at: now - 7_200_000_000, attempt: 26, result: .success, durationMilliseconds: .known(44),
                source: .journal),
            ReloadRecord(
                at: now - 1_200_000_000, attempt: 27, result: .failed, durationMilliseconds: .known(38.2),
                source: .processEvents, reason: "edge.cfg:29: unknown keyword 'bogus'",
                author: author(812)),
            ReloadRecord(
                at: now - 262_000_000, attempt: 29, result: .success, durationMilliseconds: .known(41),
                source: .processEvents, author: author(911)),
        ]
    }

    /// The reloads with everything that can be known of the last one.
    static var judgedReloads: [ReloadRecord] {
        var reloads = reloads
        for index in reloads.indices { reloads[index].id = index + 1 }
        var last = reloads[2]
        last.author = ReloadAuthor(
            certainty: .likely,
            chain: ["ansible-playbook", "sh", "kill"].enumerated().map {
                ProcessLink(pid: Int32(909 + $0.offset), name: $0.element)
            }, command: "kill -USR2 7459", uid: 1000, user: "alice", terminal: "pts/3",
            why: "it started 4ms before")
        var verdict = ReloadVerdict()
        verdict.steps = [
            ReloadStep(name: "load", milliseconds: 22), ReloadStep(name: "start", milliseconds: 19),
            ReloadStep(name: "old listeners closed", milliseconds: 12, isBound: true),
        ]
        let before = HealthRates(
            seconds: 10, requestsPerSecond: 812, serverErrorsPerSecond: 0, connectErrorsPerSecond: 0.1,
            queued: 0, downBackends: [])
        let after = HealthRates(
            seconds: 10.1, requestsPerSecond: 801.2, serverErrorsPerSecond: 14.2, connectErrorsPerSecond: 9,
            queued: 12, downBackends: ["app"])
        verdict.health = .known(HealthComparison(before: before, after: after, thresholds: AlertThresholds()))
        verdict.undone = .known(["server app/s2 was drained by hand, is UP again"])
        verdict.lostTables = .known([])
        verdict.tickets = .known(.survived(["sha256:7dc1d38f9e7c3c5a"]))
        verdict.countersReset = 120_331
        verdict.drains = [
            DrainOutcome(
                pid: 18970, generation: 25, atReload: .known(812), endedAt: now - 202_000_000,
                finished: .known(811), cut: .known(1), how: "hard-stop-after"),
            DrainOutcome(
                pid: 18682, generation: 24, atReload: .known(40), left: 31, finished: .unknown(noPSS),
                cut: .unknown(noPSS)),
        ]
        verdict.log = [
            LogLine(
                at: now - 262_000_000, severity: .info, source: .journal,
                text: "[NOTICE]   (7459) : Reloading HAProxy"),
            LogLine(
                at: now - 261_950_000, severity: .info, source: .journal,
                text: "[NOTICE]   (7459) : Loading \u{1b}[31msuccess."),
        ]
        last.verdict = verdict
        reloads[2] = last
        return reloads
    }

    /// A reload of mwproxy: the worker before is gone, an older one drains what its successor did not take.
    static var moved: Snapshot {
        var snapshot = busy
        snapshot.proxy.program = .mwproxy
        var reloads = reloads
        reloads[0].verdict.drains = [
            DrainOutcome(
                pid: 18970, generation: 25, atReload: .known(8043), left: 31,
                finished: .unknown(Unknown("it still drains")), cut: .unknown(Unknown("it still drains")),
                moves: .known(
                    ConnectionMoves(
                        idle: 8012, tunnels: 0,
                        stayed: [
                            .init("tune.reload.migrate idle", count: 20),
                            .init("its listener is gone", count: 1),
                        ])))
        ]
        reloads[2].verdict.drains = [
            DrainOutcome(
                pid: 19001, generation: 28, atReload: .known(8040), endedAt: now - 259_000_000,
                finished: .known(12), cut: .known(0), how: "exit 0",
                moves: .known(
                    ConnectionMoves(
                        idle: 8000, tunnels: 20, refused: 4,
                        stayed: [.init("its server is gone or elsewhere", count: 3)])))
        ]
        for index in reloads.indices { reloads[index].id = index + 1 }
        snapshot.reloads = reloads
        return snapshot
    }

    static var lines: [LogLine] {
        [
            LogLine(
                at: now - 62_000_000, severity: .critical, source: .process,
                text: "worker 7882 (gen 3) is past its hard-stop-after by 0s"),
            LogLine(
                at: now - 12_000_000, severity: .info, source: .journal,
                text: "[NOTICE]   (7459) : New worker (20377) forked"),
            LogLine(
                at: now - 11_000_000, severity: .warning, source: .journal,
                text: "[WARNING]  (18970) : Proxy \u{1b}[31mweb\u{202e} stopped"),
        ]
    }

    static var alerts: [Alert] {
        [
            Alert(
                kind: .held, severity: .info,
                message: "worker 11117 (gen 9) has no client; an admin session of hatop keeps it"),
            Alert(
                kind: .stacking, severity: .critical,
                message: "5 draining > limit 4, oldest 31m02s, 62 connections, 57.8M"),
            Alert(
                kind: .failedReload, severity: .warning,
                message: "20m00s ago: edge.cfg:29: unknown keyword 'bogus'; gen 26 serves on"),
        ]
    }

    /// Everything at once.
    static var busy: Snapshot {
        var snapshot = snapshot(workers)
        snapshot.reloads = reloads
        snapshot.newLines = lines
        snapshot.alerts = alerts
        return snapshot
    }

    static func state(
        _ snapshot: Snapshot, _ columns: Int = 80, _ rows: Int = 24, _ repertoire: Repertoire = .unicode,
        demo: Bool = false
    ) -> State {
        var state = State(
            size: Size(columns: columns, rows: rows), settings: Settings(repertoire: repertoire, demo: demo))
        _ = update(&state, .looked(snapshot))
        return state
    }
}

extension State {
    /// Presses keys one after the other; what they asked for.
    @discardableResult
    mutating func press(_ keys: Key...) -> [Effect] {
        keys.flatMap { update(&self, .key($0)) }
    }

    @discardableResult
    mutating func type(_ text: String) -> [Effect] {
        text.unicodeScalars.flatMap { update(&self, .key(.character($0))) }
    }
}
