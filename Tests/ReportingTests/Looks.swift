// Looks made by hand: one with everything known, one with nothing.

import ReloadModel

enum Looks {
    /// 2026-03-01 10:24:31 UTC.
    static let now: Int64 = 1_772_360_671_000_000

    static func worker(
        _ pid: Int32, _ state: WorkerState, generation: Int, was: Int? = nil, connections: Int, age: Double,
        killIn: Known<Double>, holders: [Holder] = []
    ) -> WorkerSample {
        WorkerSample(
            pid: pid, state: state, generation: .known(generation), was: was,
            connections: .known(connections), connectionsPerSecond: .known(0), uptime: age,
            memory: MemorySample(resident: .known(25_690_112), proportional: .known(16_777_216)),
            cpuPercent: .known(12.54), killIn: killIn, holders: .known(holders))
    }

    /// A failed reload, an old worker with a client and one that an admin session keeps.
    static var full: Snapshot {
        Snapshot(
            time: now,
            proxy: ProxyIdentity(
                program: .haproxy, version: .known("2.6.12"), masterSocket: .known("/run/master.sock")),
            master: MasterSample(
                pid: 7459, uptime: 352_920.44, reloads: .known(29), failedReloads: .known(1),
                memory: MemorySample(resident: .known(13_008_896), proportional: .known(3_673_088)),
                cpuPercent: .known(0), reloadPending: false),
            workers: [
                worker(
                    20193, .serving, generation: 28, connections: 812, age: 262.1,
                    killIn: .unknown(Unknown("it has no successor"))),
                worker(
                    18970, .draining, generation: 25, was: 1, connections: 31, age: 339,
                    killIn: .known(1461.23), holders: [Holder(kind: .clients, count: 31)]),
                worker(
                    11117, .held, generation: 9, was: 1, connections: 0, age: 546,
                    killIn: .unknown(
                        Unknown("its configuration has no hard-stop-after", remedy: "set hard-stop-after")),
                    holders: [Holder(kind: .adminSession, count: 1, who: "hatop (pid 12186)")]),
            ],
            reloads: [
                ReloadRecord(
                    at: now - 262_000_000, attempt: 28, result: .success,
                    durationMilliseconds: .known(41.26), source: .processEvents,
                    author: ReloadAuthor(
                        certainty: .seen, chain: [ProcessLink(pid: 911, name: "kill")], uid: 0)),
                ReloadRecord(
                    at: now - 12_000_000, attempt: 29, result: .failed,
                    durationMilliseconds: .known(38), source: .journal,
                    reason: "edge.cfg:29: unknown keyword '\u{1b}[31mbogus'"),
            ],
            newLines: [], blindness: [],
            alerts: [
                Alert(
                    kind: .failedReload, severity: .critical,
                    message: "last reload failed 12s ago: edge.cfg:29: unknown keyword '\u{1b}[31mbogus'")
            ])
    }

    /// What an ordinary user may see of somebody else's proxy: that it is there.
    static var blind: Snapshot {
        let why = Unknown("no permission to ask", remedy: "run as root")
        return Snapshot(
            time: now,
            proxy: ProxyIdentity(program: .mwproxy, version: .unknown(why), masterSocket: .unknown(why)),
            master: MasterSample(
                pid: 7459, uptime: 5, reloads: .unknown(why), failedReloads: .unknown(why),
                memory: MemorySample(
                    resident: .known(4096), proportional: .unknown(Unknown("smaps_rollup is not readable"))),
                cpuPercent: .unknown(why), reloadPending: true),
            workers: [
                WorkerSample(
                    pid: 8000, state: .draining, generation: .unknown(why), was: 1,
                    connections: .unknown(Unknown("sock_diag: EPERM")),
                    connectionsPerSecond: .unknown(why), uptime: 0.25,
                    memory: MemorySample(resident: .unknown(why), proportional: .unknown(why)),
                    cpuPercent: .unknown(Unknown("one look only")),
                    killIn: .unknown(Unknown("no -f on the command line of master 7459")),
                    holders: .unknown(why))
            ],
            reloads: [
                ReloadRecord(
                    at: nil, attempt: nil, result: .unknown, durationMilliseconds: .unknown(why),
                    source: .showProc)
            ],
            newLines: [],
            blindness: [
                Blindness(
                    what: "process events",
                    unknown: Unknown("not told in this network namespace", remedy: "use the host's"))
            ],
            alerts: [])
    }
}
