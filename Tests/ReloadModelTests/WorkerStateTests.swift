// States, countdowns and alerts, in tables.

import ReloadModel
import Testing

@Suite struct WorkerStateTests {
    private static let session = Holder(kind: .adminSession, count: 1)
    private static let clients = Holder(kind: .clients, count: 3)
    private static let peers = Holder(kind: .peers, count: 1)

    @Test(arguments: [
        // Serving is decided by `Stopping: 0`, wherever `show proc` lists the worker.
        (
            WorkerFacts(isStopping: false, isListedOld: true, isYoungest: true, wasReady: true),
            WorkerState.serving
        ),
        (WorkerFacts(isStopping: false, isListedOld: false, isYoungest: false, wasReady: true), .serving),
        (WorkerFacts(isStopping: true, isListedOld: false, isYoungest: true, wasReady: true), .draining),
        // Silent: the youngest starts or serves, the others drain.
        (WorkerFacts(isStopping: nil, isListedOld: nil, isYoungest: true, wasReady: false), .starting),
        (WorkerFacts(isStopping: nil, isListedOld: true, isYoungest: true, wasReady: true), .serving),
        (WorkerFacts(isStopping: nil, isListedOld: true, isYoungest: false, wasReady: true), .draining),
        (WorkerFacts(isStopping: nil, isListedOld: nil, isYoungest: false, wasReady: true), .draining),
    ])
    func theWorkersOwnWordDecides(facts: WorkerFacts, state: WorkerState) {
        #expect(WorkerState.decide(facts) == state)
    }

    @Test(
        arguments: [
            (nil, [clients], WorkerState.draining),
            (5, [clients], .draining),
            (-0.5, [clients], .draining),
            (-1.5, [clients], .overdue),
            (5, [session], .held),
            (5, [clients, session], .held),
            (-1.5, [session], .overdue),
            (5, [peers], .held),
            (5, [clients, peers], .draining),
            (5, [], .draining),
        ] as [(Double?, [Holder], WorkerState)])
    func inDoubtOverdueThenHeldThenDraining(killIn: Double?, holders: [Holder], state: WorkerState) {
        let facts = WorkerFacts(
            isStopping: true, isListedOld: true, isYoungest: false, wasReady: true, killIn: killIn,
            holders: holders)
        #expect(WorkerState.decide(facts) == state)
    }

    @Test(
        arguments: [
            ("global\n hard-stop-after 30s\n", 30_000),
            ("global\n hard-stop-after 1500\n", 1500),
            ("global\n hard-stop-after 500us\n", 1),
            ("global\n hard-stop-after 2m # two\n", 120_000),
            ("global\n hard-stop-after \"1h\"\n", 3_600_000),
            ("global\n hard-stop-after 30s\n hard-stop-after 1d\n", 86_400_000),
            ("global\n grace 2s\n hard-stop-after 3s\n", 5000),
            ("global\n grace 2s\n hard-stop-after 3s\n hard-stop-after 0\n", nil),
            ("global\n daemon\n#hard-stop-after 3s\n", nil),
            ("defaults\n mode http\nfrontend hard-stop-after\n", nil),
            ("", nil),
        ] as [(String, Int64?)])
    func hardStopAfterIsReadFromTheFile(text: String, milliseconds: Int64?) {
        #expect(HardStopAfter.find(in: [text]) == .known(HardStopAfter(milliseconds: milliseconds)))
    }

    /// A variable, and more than HAProxy's timers hold.
    @Test(arguments: ["\"${STOP}\"", "25d", "999999999999d", "99999999999999999999"])
    func whatIsNoKnownDuration(_ word: String) {
        #expect(HardStopAfter.find(in: ["global\n hard-stop-after \(word)\n"]).value == nil)
    }

    @Test func theLastFileWins() {
        let texts = ["global\n hard-stop-after 30s", "global\n hard-stop-after 10s"]
        #expect(HardStopAfter.find(in: texts).value?.milliseconds == 10_000)
    }

    @Test func theCountdownCountsFromReady() {
        let limit = Known.known(HardStopAfter(milliseconds: 10_000))
        #expect(
            KillCountdown.remaining(readyAt: .known(1_000_000), limit: limit, now: 4_500_000) == .known(6.5))
        #expect(
            KillCountdown.remaining(readyAt: .known(1_000_000), limit: limit, now: 12_000_000) == .known(-1))
    }

    @Test func withoutALimitNothingEndsIt() {
        let none = Known.known(HardStopAfter(milliseconds: nil))
        for readyAt in [Known<Int64>.known(1), .unknown(Unknown("gone"))] {
            guard case .unknown(let why) = KillCountdown.remaining(readyAt: readyAt, limit: none, now: 2)
            else {
                Issue.record("a countdown without a limit")
                continue
            }
            #expect(why.reason.contains("hard-stop-after"))
            #expect(why.remedy != nil)
        }
    }
}
