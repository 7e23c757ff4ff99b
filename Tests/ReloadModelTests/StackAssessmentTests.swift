// Stacks: many that are fine, few that are not.

import ReloadModel
import Testing

@Suite struct StackAssessmentTests {
    private let start: Int64 = 10_000_000_000
    private let mebibyte = 1 << 20

    private func worker(
        _ pid: Int32, _ state: WorkerState, age: Double, mebibytes: Int, connections: Int = 4,
        killIn: Double? = nil, hardStop: Int64? = nil, descriptors: Int = 50
    ) -> WorkerSample {
        var sample = WorkerSample(
            pid: pid, state: state, generation: .known(Int(pid)), was: state == .serving ? nil : 1,
            connections: .known(connections), connectionsPerSecond: .known(0), uptime: age,
            memory: MemorySample(
                resident: .known(mebibytes * 2 << 20), proportional: .known(mebibytes << 20)),
            cpuPercent: .known(0),
            killIn: killIn.map { .known($0) } ?? .unknown(Unknown("no hard-stop-after")),
            holders: .known([]))
        sample.hardStopAfter = .known(HardStopAfter(milliseconds: hardStop.map { $0 * 1000 }))
        sample.descriptors = .known(ResourceUse(used: descriptors, limit: 1024, scope: "the process"))
        return sample
    }

    private func look(
        _ workers: [WorkerSample], at: Int64, memory: ResourceUse?, reloads: [ReloadRecord] = []
    ) -> Snapshot {
        let unknown = Unknown("not here")
        return Snapshot(
            time: at,
            proxy: ProxyIdentity(program: .haproxy, version: .known("2.6"), masterSocket: .known("/m")),
            master: MasterSample(
                pid: 1, uptime: 9, reloads: .known(1), failedReloads: .known(0),
                memory: MemorySample(resident: .known(1), proportional: .known(1)), cpuPercent: .known(0),
                reloadPending: false),
            workers: workers, reloads: reloads, newLines: [], blindness: [], alerts: [],
            resources: Resources(
                memory: memory.map { .known($0) } ?? .unknown(unknown), descriptors: .unknown(unknown),
                processes: .unknown(unknown)))
    }

    private func successes(every seconds: Int64, count: Int, until end: Int64) -> [ReloadRecord] {
        (0..<count).reversed().map { index in
            ReloadRecord(
                at: end - Int64(index) * seconds * 1_000_000, attempt: nil, result: .success,
                durationMilliseconds: .known(40), source: .processEvents)
        }
    }

    /// Long polls come and go: each reload leaves one worker, and hard-stop-after takes one away.
    @Test func fourteenThatEndInTimeAreFine() throws {
        var judge = AlertJudge(thresholds: AlertThresholds())
        var last: [Alert] = []
        for step in 0..<6 {
            let now = start + Int64(step) * 120_000_000
            let pids = (1...14).map { Int32(100 + step - $0) }
            let old = pids.enumerated().map { index, pid in
                worker(
                    pid, .draining, age: Double(index + 2) * 120, mebibytes: 9,
                    killIn: 1800 - Double(index + 1) * 120, hardStop: 1800)
            }
            let serving = worker(Int32(100 + step), .serving, age: 100, mebibytes: 30)
            last = judge.alerts(
                for: look(
                    [serving] + old, at: now,
                    memory: ResourceUse(used: 400 * mebibyte, limit: 2048 * mebibyte, scope: "cgroup /lb"),
                    reloads: successes(every: 120, count: 5, until: now)))
        }
        let alert = try #require(last.first)
        #expect(last.count == 1)
        #expect(alert.kind == .stacking)
        #expect(alert.severity == .info)
        #expect(
            alert.message.hasPrefix("14 draining workers > limit 4, fine: the last ends within 28m00s of "))
        #expect(alert.message.contains("hard-stop-after 30m00s, they come and go (+0.0 a reload)"))
        #expect(alert.message.contains("memory 20 % of cgroup /lb, oldest 30m00s, 56 connections, 126 MiB"))
    }

    /// Three old workers, fewer than any limit of their number, that will not fit.
    @Test func threeThatGrowTowardsTheLimitAreAnIncident() throws {
        var judge = AlertJudge(thresholds: AlertThresholds())
        var last: [Alert] = []
        for step in 0...3 {
            let now = start + Int64(step) * 60_000_000
            let old = (0..<step).map { index in
                worker(Int32(10 + index), .draining, age: Double(step - index + 1) * 60, mebibytes: 120)
            }
            let serving = worker(Int32(10 + step), .serving, age: 5, mebibytes: 120)
            last = judge.alerts(
                for: look(
                    [serving] + old, at: now,
                    memory: ResourceUse(
                        used: (120 * (step + 1) + 20) * mebibyte, limit: 768 * mebibyte, scope: "cgroup /lb"))
            )
            if step < 3 { #expect(last.isEmpty, "a slope needs three reloads") }
        }
        let alert = try #require(last.first)
        #expect(alert.kind == .stacking)
        #expect(alert.severity == .critical)
        #expect(
            alert.message.hasPrefix(
                "3 draining workers: the memory limit is reached in 2m14s (< 15m00s) at +120 MiB a reload over 3 "
                    + "reloads: memory 500 MiB of 768 MiB (cgroup /lb)"))
        #expect(alert.remedy?.contains("kill -TERM 10 cuts 4 connections") == true)
    }

    /// The same slope is nothing to act on when hard-stop-after ends them all before.
    @Test func growthThatEndsBeforeTheLimitIsNoAlert() {
        var judge = AlertJudge(thresholds: AlertThresholds())
        for step in 0...3 {
            let now = start + Int64(step) * 60_000_000
            let old = (0..<step).map { index in
                let age = Double(step - index)
                return worker(
                    Int32(10 + index), .draining, age: age * 60 + 60, mebibytes: 120, killIn: 90 - age * 20,
                    hardStop: 90)
            }
            let alerts = judge.alerts(
                for: look(
                    [worker(Int32(10 + step), .serving, age: 5, mebibytes: 120)] + old, at: now,
                    memory: ResourceUse(
                        used: (120 * (step + 1) + 20) * mebibyte, limit: 768 * mebibyte, scope: "cgroup /lb"))
            )
            #expect(alerts.isEmpty)
        }
    }

    /// Nobody ends them, and a script reloads once a second.
    @Test func reloadsWithoutAnEndAreProjected() throws {
        var judge = AlertJudge(thresholds: AlertThresholds())
        let old = (0..<5).map { worker(Int32(20 - $0), .draining, age: Double($0 + 2), mebibytes: 8) }
        let alerts = judge.alerts(
            for: look(
                [worker(21, .serving, age: 1, mebibytes: 8)] + old, at: start, memory: nil,
                reloads: successes(every: 1, count: 5, until: start)))
        let alert = try #require(alerts.first { $0.kind == .stacking })
        #expect(
            alert.message.hasPrefix(
                "5 draining workers > limit 4: no known end, a reload every 1s: up to +28.1 GiB an hour, oldest 6s"
            ))
    }

    /// Who comes late sees the stack as well: the workers that are here tell of the reloads that left them.
    @Test func oneLookIsEnoughWhereTheWorkersTellTheirAges() throws {
        var judge = AlertJudge(thresholds: AlertThresholds())
        let old = (0..<4).map { worker(Int32(20 - $0), .draining, age: 60 * Double($0 + 2), mebibytes: 200) }
        let alert = try #require(
            judge.alerts(
                for: look(
                    [worker(21, .serving, age: 60, mebibytes: 200)] + old, at: start,
                    memory: ResourceUse(used: 1100 * mebibyte, limit: 1300 * mebibyte, scope: "the host"))
            ).first)
        #expect(alert.severity == .critical)
        #expect(alert.message.contains("is reached in"))
    }

    @Test func hardStopAfterThatDoesNotFitTheRateIsAWarning() throws {
        var judge = AlertJudge(thresholds: AlertThresholds())
        let old = (0..<3).map {
            worker(
                Int32(20 - $0), .draining, age: 20 * Double($0 + 2), mebibytes: 50, killIn: 3500,
                hardStop: 3600)
        }
        let alert = try #require(
            judge.alerts(
                for: look(
                    [worker(21, .serving, age: 2, mebibytes: 50)] + old, at: start,
                    memory: ResourceUse(used: 1000 * mebibyte, limit: 8192 * mebibyte, scope: "the host"),
                    reloads: successes(every: 20, count: 4, until: start))
            ).first)
        #expect(alert.severity == .warning)
        #expect(alert.message.contains("hard-stop-after 1h00m does not fit a reload every 20s: 180 workers"))
    }

    @Test func aWorkersOwnDescriptorsCount() throws {
        var judge = AlertJudge(thresholds: AlertThresholds())
        let alert = try #require(
            judge.alerts(
                for: look(
                    [
                        worker(9, .serving, age: 5, mebibytes: 9),
                        worker(8, .draining, age: 50, mebibytes: 9, killIn: 50, descriptors: 1000),
                    ], at: start, memory: nil)
            ).first)
        #expect(alert.severity == .critical)
        #expect(alert.message.contains("worker 8 has 1000 of its 1024 descriptors open"))
    }

    @Test func aFullHostIsNotTheFaultOfOneSmallWorker() {
        var judge = AlertJudge(thresholds: AlertThresholds())
        let alerts = judge.alerts(
            for: look(
                [
                    worker(9, .serving, age: 5, mebibytes: 9),
                    worker(8, .draining, age: 50, mebibytes: 9, killIn: 50),
                ], at: start,
                memory: ResourceUse(used: 990 * mebibyte, limit: 1000 * mebibyte, scope: "the host")))
        #expect(alerts.isEmpty)
    }
}
