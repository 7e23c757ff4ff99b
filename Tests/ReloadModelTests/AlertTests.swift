// Alerts: what is said, how bad it is, in which order.

import ReloadModel
import Testing

@Suite struct AlertTests {
    private static let unknown = Unknown("not asked")
    private let now: Int64 = 1_000_000_000

    private func worker(
        _ pid: Int32, _ state: WorkerState, connections: Int? = 1, killIn: Double? = nil,
        holders: [Holder] = []
    ) -> WorkerSample {
        WorkerSample(
            pid: pid, state: state, generation: .known(Int(pid)), was: state == .serving ? nil : 1,
            connections: connections.map { .known($0) } ?? .unknown(Self.unknown),
            connectionsPerSecond: .known(0), uptime: 90,
            memory: MemorySample(resident: .known(9 << 20), proportional: .known(1 << 20)),
            cpuPercent: .known(0), killIn: killIn.map { .known($0) } ?? .unknown(Self.unknown),
            holders: .known(holders))
    }

    private func master(failed: Int = 0) -> MasterSample {
        MasterSample(
            pid: 1, uptime: 100, reloads: .known(9), failedReloads: .known(failed),
            memory: MemorySample(resident: .known(1), proportional: .known(1)), cpuPercent: .known(0),
            reloadPending: false)
    }

    private func record(_ result: ReloadRecord.Result, reason: String? = nil) -> ReloadRecord {
        ReloadRecord(
            at: now - 12_000_000, attempt: 3, result: result, durationMilliseconds: .known(40),
            source: .processEvents, reason: reason)
    }

    private func look(
        _ workers: [WorkerSample], _ reloads: [ReloadRecord] = [], master: MasterSample? = nil,
        at time: Int64? = nil
    ) -> Snapshot {
        Snapshot(
            time: time ?? now,
            proxy: ProxyIdentity(
                program: .haproxy, version: .known("2.6.12"), masterSocket: .known("/run/m.sock")),
            master: master ?? self.master(), workers: workers, reloads: reloads, newLines: [], blindness: [],
            alerts: [])
    }

    private func alerts(
        _ workers: [WorkerSample], _ reloads: [ReloadRecord] = [], failed: Int = 0, limit: Int = 4
    ) -> [Alert] {
        var judge = AlertJudge(thresholds: AlertThresholds(stackLimit: limit))
        return judge.alerts(for: look(workers, reloads, master: master(failed: failed)))
    }

    /// Without a file every reload loses the tickets: that is the doctor's to say.
    @Test func ticketsThatWereMeantToSurviveAndDidNot() throws {
        var record = record(.success)
        record.verdict.tickets = .known(.lost(["the new worker does not have the old one's key 2 of a"]))
        let alert = try #require(alerts([worker(9, .serving)], [record]).first { $0.kind == .ticketsLost })
        #expect(alert.severity == .warning && alert.message.hasSuffix("the old one's key 2 of a"))
        record.verdict.tickets = .known(
            .lost(["no tls-ticket-keys file: every worker makes its own key"]))
        #expect(!alerts([worker(9, .serving)], [record]).contains { $0.kind == .ticketsLost })
    }

    @Test func workersWithinTheLimitDoNotStack() {
        let workers = [worker(9, .serving)] + (1...4).map { worker($0, .draining, killIn: 5) }
        #expect(alerts(workers).isEmpty)
    }

    @Test func stackingTellsAgeConnectionsAndMemory() throws {
        let workers = [worker(9, .serving)] + (1...5).map { worker($0, .draining) }
        let alert = try #require(alerts(workers).first)
        #expect(alert.kind == .stacking)
        #expect(alert.severity == .warning)
        #expect(
            alert.message
                == "5 draining workers > limit 4: no known end, oldest 1m30s, 5 connections, 5.0 MiB")
        #expect(alert.remedy?.contains("hard-stop-after") == true)
    }

    @Test func whatIsUnknownIsNotCountedAsZero() throws {
        let workers = [worker(1, .draining, connections: nil), worker(2, .draining, connections: 2)]
        let alert = try #require(alerts(workers, limit: 1).first)
        #expect(alert.message.contains("at least 2 connections"))
        #expect(alert.message.contains("no known end"))
    }

    @Test func aFailureIsToldWithReasonAndWhoServes() throws {
        let found = alerts(
            [worker(7, .serving)],
            [record(.success), record(.failed, reason: "a"), record(.failed, reason: "x.cfg:3: no")],
            failed: 2)
        let alert = try #require(found.first)
        #expect(alert.kind == .failedReload)
        #expect(alert.severity == .critical)
        #expect(
            alert.message
                == "last reload failed 12s ago: x.cfg:3: no (2 in a row); generation 7, pid 7 still serves")
    }

    @Test func aSuccessEndsTheFailure() {
        #expect(alerts([worker(7, .serving)], [record(.failed), record(.success)]).isEmpty)
    }

    @Test func theMastersFigureAloneIsAFailure() {
        #expect(alerts([worker(7, .serving)], [], failed: 1).map(\.kind) == [.failedReload])
    }

    @Test func theWorstComesFirst() {
        let session = Holder(kind: .adminSession, count: 1, who: "socat (pid 5)")
        let found = alerts(
            [
                worker(9, .serving), worker(3, .held, holders: [session]), worker(2, .overdue, killIn: -62),
                worker(1, .overdue, killIn: -64, holders: [Holder(kind: .clients, count: 9)]),
            ], [record(.restart, reason: "master 1 → 2, 4 connections lost")])
        #expect(found.map(\.kind) == [.restart, .overdue, .overdue, .held])
        #expect(found[0].message.contains("4 connections lost"))
        #expect(found[1].message == "worker 2 (generation 2) is past its hard-stop-after by 1m02s")
        #expect(found[2].message.hasSuffix("past its hard-stop-after by 1m04s, kept by 9 clients"))
        #expect(found[3].message == "worker 3 (generation 3) is held by an admin session of socat (pid 5)")
    }

    @Test func aStoppedMasterIsToldAtOnceWithWhatWaitsForIt() throws {
        var judge = AlertJudge(thresholds: AlertThresholds())
        var stopped = master()
        (stopped.processState, stopped.pendingSignal) = ("T", "SIGUSR2")
        _ = judge.alerts(for: look([worker(7, .serving)], master: stopped))
        let later = judge.alerts(for: look([worker(7, .serving)], master: stopped, at: now + 4_000_000))
        let alert = try #require(later.first)
        #expect(alert.kind == .stuckMaster)
        #expect(alert.severity == .critical)
        #expect(alert.message.contains("SIGUSR2 has been pending for 4s"))
        #expect(alert.remedy == "kill -CONT 1")
    }

    @Test func aSignalThatWaitsForAMomentIsOnItsWay() {
        var judge = AlertJudge(thresholds: AlertThresholds())
        var busy = master()
        (busy.processState, busy.pendingSignal) = ("R", "SIGUSR2")
        func kinds(_ at: Int64, _ master: MasterSample) -> [Alert.Kind] {
            judge.alerts(for: look([worker(7, .serving)], master: master, at: at)).map(\.kind)
        }
        #expect(kinds(now, busy) == [])
        #expect(kinds(now + 2_000_000, busy) == [])
        #expect(kinds(now + 2_500_000, master()) == [])
        #expect(kinds(now + 4_000_000, busy) == [])
        #expect(kinds(now + 8_000_000, busy) == [.stuckMaster])
    }

    @Test func aWorkerSpinsWhenNothingMovesOverSeveralLooks() throws {
        var judge = AlertJudge(thresholds: AlertThresholds())
        func kinds(_ percent: Double, requests: Int, _ step: Int64) -> [Alert] {
            var busy = worker(3, .draining, killIn: 60)
            busy.cpuPercent = .known(percent)
            busy.traffic = .known(
                WorkerTraffic(connections: 1, requests: requests, bytesOut: requests * 1200))
            return judge.alerts(for: look([worker(9, .serving), busy], at: now + step * 1_000_000))
        }
        // Traffic explains a full CPU; our own questions are no traffic.
        for step in Int64(0)..<4 { #expect(kinds(99, requests: Int(step) * 900, step).isEmpty) }
        #expect(kinds(99, requests: 2701, 4).isEmpty)
        #expect(kinds(99, requests: 2702, 5).isEmpty)
        let alert = try #require(kinds(99, requests: 2703, 6).first)
        #expect(alert.kind == .spinning)
        #expect(alert.message.contains("99 % CPU (>= 95 %) over 3 looks and moves no traffic"))
        #expect(kinds(20, requests: 2704, 7).isEmpty)
    }

    @Test func aListenerThatIsStillHeldIsStranded() throws {
        var judge = AlertJudge(thresholds: AlertThresholds())
        func found(_ places: [String], _ step: Int64) -> Alert? {
            var serving = worker(9, .serving)
            serving.listening = .known(["127.0.0.1:80"])
            var old = worker(3, .draining, killIn: 60)
            old.listening = .known(places)
            return judge.alerts(for: look([serving, old], at: now + step * 1_000_000)).first
        }
        #expect(found(["127.0.0.1:80"], 0) == nil)
        #expect(found(["127.0.0.1:80"], 4)?.severity == .warning)
        let removed = try #require(found(["127.0.0.1:81"], 5))
        #expect(removed.kind == .strandedListener)
        #expect(removed.severity == .critical)
        #expect(removed.message.contains("the only one that listens on 127.0.0.1:81"))
        #expect(found([], 6) == nil)
    }

    @Test func tooManyReloadsAreTold() {
        let many = (0..<11).map { number in
            ReloadRecord(
                at: now - Int64(number + 100) * 1_000_000, attempt: number, result: .success,
                durationMilliseconds: .known(40), source: .processEvents)
        }
        #expect(alerts([worker(9, .serving)], many).map(\.kind) == [.reloadRate])
        #expect(alerts([worker(9, .serving)], many.dropLast()).isEmpty)
    }

    @Test func aWorkerThatNothingWillEndIsTold() throws {
        var old = worker(3, .draining, connections: 5, holders: [Holder(kind: .clients, count: 5)])
        old.uptime = 4000
        old.hardStopAfter = .known(HardStopAfter(milliseconds: nil))
        var serving = worker(9, .serving)
        serving.uptime = 700
        let alert = try #require(alerts([serving, old]).first)
        #expect(alert.kind == .endless && alert.severity == .warning)
        #expect(
            alert.message
                == "worker 3 (generation 3) drains for 11m40s, kept by 5 clients, and no hard-stop-after will ever end it"
        )
        #expect(alert.remedy?.contains("kill -TERM 3 cuts 5 connections") == true)
        serving.uptime = 500
        #expect(alerts([serving, old]).isEmpty)
        old.hardStopAfter = .unknown(Self.unknown)
        serving.uptime = 700
        #expect(alerts([serving, old]).isEmpty)
        // Many of them are a stack.
        old.hardStopAfter = .known(HardStopAfter(milliseconds: nil))
        #expect(alerts([serving, old], limit: 0).map(\.kind) == [.stacking])
    }

    @Test func anEditThatNobodyLoadedIsTold() throws {
        func found(_ edit: ConfigurationRecord.Edit?, _ reloads: [ReloadRecord] = []) -> Alert? {
            var look = look([worker(9, .serving)], reloads)
            look.configuration.edit = edit
            var judge = AlertJudge(thresholds: AlertThresholds())
            return judge.alerts(for: look).first { $0.kind == .drift }
        }
        let edit = ConfigurationRecord.Edit(names: ["lb.cfg"], at: now - 301_000_000, isCompared: true)
        #expect(found(edit)?.message == "lb.cfg is not what runs: edited 5m01s ago and never loaded")
        #expect(found(edit)?.remedy?.contains("reloadtop reload --dry-run") == true)
        var young = edit
        young.at = now - 299_000_000
        #expect(found(young) == nil && found(nil) == nil)
        // Somebody has tried to load it: that is another alert.
        #expect(found(edit, [record(.failed)]) == nil)
        let seen = ConfigurationRecord.Edit(names: ["a", "b"], at: now - 301_000_000, isCompared: false)
        #expect(
            found(seen)?.message.contains("a, b were edited 5m01s ago, after this worker had read") == true)
    }

    @Test(arguments: [
        (0.041, "41ms"), (12, "12s"), (262, "4m22s"), (1862, "31m02s"), (18180, "5h03m"),
        (352_800, "4d02h"), (-62, "-1m02s"),
    ])
    func spansAreShort(seconds: Double, text: String) {
        #expect(Wording.span(seconds: seconds) == text)
    }

    @Test(arguments: [(0, "0 B"), (1023, "1023 B"), (8_808_038, "8.4 MiB"), (1 << 30, "1.0 GiB")])
    func sizesAreShort(bytes: Int, text: String) {
        #expect(Wording.size(bytes: bytes) == text)
    }
}
