// The master's decisions, without a process: inputs in, actions out, time as an argument.

import Glibc
import Handover
import RuntimeAPI
import Testing
import Unix

@testable import MasterWorker

/// A master that a test talks to; collects what it wants done.
struct Scene {
    var state = MasterState(pid: 100, startedAt: Instant(nanoseconds: 0), version: "0.1.0")
    var milliseconds: Int64 = 0
    var nextPID: Int32 = 201

    var now: Moment {
        Moment(
            monotonic: Instant(nanoseconds: milliseconds * 1_000_000),
            wall: WallClock(microseconds: milliseconds * 1000))
    }

    static func facts(
        hardStop: Duration? = nil, maxReloads: Int = 50, exitOnFailure: Bool = true,
        listeners: [String] = ["tcp@127.0.0.1:80"]
    ) -> WorkerFacts {
        WorkerFacts(
            hardStopAfter: hardStop?.nanoseconds, maxReloads: maxReloads,
            readyTimeout: Duration.seconds(30).nanoseconds, pidFile: nil, exitOnFailure: exitOnFailure,
            listeners: listeners.map { ListenerKey($0) })
    }

    mutating func take(_ input: MasterInput, after span: Int64 = 0) -> [MasterAction] {
        milliseconds += span
        return state.handle(input, at: now)
    }

    /// A running master whose first worker, 201, serves.
    static func serving(_ facts: WorkerFacts = facts()) -> Scene {
        var scene = Scene()
        _ = scene.state.start(at: scene.now)
        _ = scene.take(.spawned(pid: 201))
        _ = scene.take(.workerSaid(pid: 201, .ready(facts)))
        scene.nextPID = 202
        return scene
    }

    static func asker(_ token: Int? = nil) -> ReloadAsker {
        ReloadAsker(
            request: ReloadRequest(via: token == nil ? "SIGUSR2" : "cli", at: 0, pid: 7, uid: 0), token: token
        )
    }

    /// From the request to the running load of a new worker, whose pid is returned.
    mutating func load(_ token: Int? = nil) -> Int32 {
        _ = take(.reloadRequested(Self.asker(token)))
        return loadAgain()
    }

    /// The load that has been begun goes on to its worker.
    mutating func loadAgain() -> Int32 {
        _ = take(.probed(failure: nil))
        _ = take(.executed)
        let pid = nextPID
        nextPID += 1
        _ = take(.spawned(pid: pid))
        return pid
    }

    /// A whole reload; the older serving worker answers at once.
    mutating func reload(_ facts: WorkerFacts = facts()) -> [MasterAction] {
        let old = state.serving!.pid
        let pid = load()
        return take(.workerSaid(pid: pid, .ready(facts))) + take(.workerSaid(pid: old, .draining))
    }
}

@Suite struct MasterStateTests {
    @Test func theFirstWorkerIsAnnounced() {
        var scene = Scene()
        #expect(
            scene.state.start(at: scene.now)
                == [.spawn(Assignment(attempt: 0, processNumber: 1, olderWorkers: []))])
        #expect(scene.take(.spawned(pid: 201)) == [])
        #expect(
            scene.take(.workerSaid(pid: 201, .ready(Scene.facts()))) == [
                .adoptListeners(from: 201), .log(.notice, "New worker (201) forked"),
                .log(.notice, "Loading success."), .writePIDFile(configured: nil), .notify(.ready), .started,
            ])
        #expect(scene.state.nextDeadline == .never)
    }

    @Test func aFirstLoadThatFailsEndsTheMasterWithItsCode() {
        var scene = Scene()
        _ = scene.state.start(at: scene.now)
        _ = scene.take(.spawned(pid: 201))
        _ = scene.take(.workerSaid(pid: 201, .log(.alert, "config : nonsense")))
        let actions = scene.take(.workerEnded(pid: 201, .exited(2)))
        #expect(actions == [.forget(pid: 201), .exit(2)])
    }

    /// The socket of a worker that exits closes before its end is known: the exit code must not get lost.
    @Test func aBrokenChannelWaitsForTheExitCode() {
        var scene = Scene.serving()
        let pid = scene.load()
        #expect(scene.take(.workerUnreachable(pid: pid)) == [])
        #expect(scene.take(.clock, after: 1000).contains(.signal(pid: pid, SIGKILL)))
        #expect(scene.take(.workerEnded(pid: pid, .exited(2))).contains(.log(.warning, "Loading failure!")))
    }

    @Test func aReloadTouchesTheOldWorkerOnlyAfterReady() {
        var scene = Scene.serving()
        #expect(
            scene.take(.reloadRequested(Scene.asker(5)))
                == [.log(.notice, "Reloading HAProxy"), .notify(.reloading), .probe])
        #expect(scene.take(.probed(failure: nil)) == [.execute])
        #expect(
            scene.take(.executed)
                == [.spawn(Assignment(attempt: 1, processNumber: 2, olderWorkers: [201]))])
        #expect(scene.take(.spawned(pid: 202)) == [])
        #expect(
            scene.take(.workerSaid(pid: 202, .ready(Scene.facts())))
                == [
                    .adoptListeners(from: 202), .connect(draining: 201, serving: 202),
                    .send(pid: 201, .drain(removed: [])),
                ])
        let announced = scene.take(.workerSaid(pid: 201, .draining))
        #expect(
            announced == [
                .log(.notice, "New worker (202) forked"), .log(.notice, "Loading success."),
                .writePIDFile(configured: nil), .notify(.ready),
                .answer(
                    token: 5, success: true,
                    log: """
                        [NOTICE]   (100) : Reloading HAProxy
                        [NOTICE]   (100) : New worker (202) forked
                        [NOTICE]   (100) : Loading success.

                        """),
            ])
        #expect(
            scene.take(.workerEnded(pid: 201, .exited(0))).contains(
                .log(.warning, "Former worker (201) exited with code 0 (Exit)")))
    }

    @Test func anOldWorkerThatDoesNotAnswerHoldsTheAnnouncementUpForASecond() {
        var scene = Scene.serving()
        let pid = scene.load()
        _ = scene.take(.workerSaid(pid: pid, .ready(Scene.facts())))
        #expect(scene.take(.clock, after: 999) == [])
        #expect(scene.take(.clock, after: 1).contains(.log(.notice, "Loading success.")))
    }

    /// Every way in which a load can fail, and what each leaves in force.
    @Test(arguments: [
        MasterInput.probed(failure: "x cannot run"),
        .executeFailed(.noMemory),
        .spawnFailed(.noMemory),
        .workerEnded(pid: 202, .exited(1)),
        .workerEnded(pid: 202, .killed(signal: SIGSEGV)),
        .listenersLost(pid: 202),
        .clock,
    ])
    func aFailedReloadChangesNothing(_ failure: MasterInput) {
        var scene = Scene.serving()
        let before = scene.state
        _ = scene.take(.reloadRequested(Scene.asker(1)))
        switch failure {
        case .probed: break
        case .executeFailed: _ = scene.take(.probed(failure: nil))
        case .spawnFailed:
            _ = scene.take(.probed(failure: nil))
            _ = scene.take(.executed)
        default: _ = scene.loadAgain()
        }
        let actions = scene.take(failure, after: 30_000)
        #expect(actions.contains(.log(.warning, "Loading failure!")))
        #expect(actions.contains(.log(.warning, "reload 1 failed; worker 201 stays current")))
        #expect(actions.contains(.notify(.reloadFailed)))
        #expect(
            actions.contains {
                if case .answer(token: 1, success: false, _) = $0 { true } else { false }
            })
        for action in actions {
            switch action {
            case .send(pid: 201, _), .signal(pid: 201, _), .closeListeners, .adoptListeners, .exit:
                Issue.record("\(action) touches what serves")
            default: break
            }
        }
        #expect(scene.state.serving == before.serving)
        #expect(scene.state.held == before.held)
        #expect(scene.state.processNumber == before.processNumber)
        #expect(scene.state.reloads == 1)
        #expect(scene.state.failed == 1)
        #expect(scene.state.history.last?.result == .failed)
        _ = scene.take(.workerEnded(pid: 202, .killed(signal: SIGKILL)))
        _ = scene.reload()
        #expect(scene.state.failed == 0)
    }

    @Test func aProbeThatHangsIsEnded() {
        var scene = Scene.serving()
        _ = scene.take(.reloadRequested(Scene.asker(1)))
        #expect(scene.take(.clock, after: 4_999) == [])
        let actions = scene.take(.clock, after: 1)
        #expect(actions.first == .endProbe)
        #expect(actions.contains(.notify(.reloadFailed)))
    }

    @Test func aWorkerThatIsNotReadyInTimeIsKilled() {
        var scene = Scene.serving()
        let pid = scene.load()
        #expect(scene.state.nextDeadline == Instant(nanoseconds: 30_000_000_000))
        #expect(scene.take(.clock, after: 30_000).contains(.signal(pid: pid, SIGKILL)))
        // It says READY all the same: nobody believes it any more.
        #expect(scene.take(.workerSaid(pid: pid, .ready(Scene.facts()))) == [])
        #expect(scene.state.serving?.pid == 201)
        #expect(scene.take(.workerEnded(pid: pid, .killed(signal: SIGKILL))) == [.forget(pid: pid)])
    }

    @Test func reloadsDuringAReloadBecomeOneThatFollows() {
        var scene = Scene.serving()
        let first = scene.load(1)
        for token in 2...4 { #expect(scene.take(.reloadRequested(Scene.asker(token))) == []) }
        _ = scene.take(.workerSaid(pid: first, .ready(Scene.facts())))
        let announced = scene.take(.workerSaid(pid: 201, .draining))
        #expect(
            announced.contains {
                if case .answer(token: 1, success: true, _) = $0 { true } else { false }
            })
        // The second begins at once, and answers for the three.
        #expect(announced.last == .probe)
        let second = scene.loadAgain()
        let failed = scene.take(.workerEnded(pid: second, .exited(1)))
        for token in 2...4 {
            #expect(
                failed.contains {
                    if case .answer(token: token, success: false, _) = $0 { true } else { false }
                })
        }
        #expect(scene.state.reloads == 2)
        #expect(scene.state.load == nil)
        #expect(scene.state.serving?.pid == first)
    }

    @Test func aHardStopCountsFromTheSuccessorsReady() {
        var scene = Scene.serving(Scene.facts(hardStop: .seconds(4)))
        scene.milliseconds = 10_000
        _ = scene.reload(Scene.facts(hardStop: .seconds(60)))
        #expect(scene.state.nextDeadline == Instant(nanoseconds: 15_000_000_000))
        // A later reload does not move it.
        scene.milliseconds = 12_000
        _ = scene.reload()
        #expect(scene.state.nextDeadline == Instant(nanoseconds: 15_000_000_000))
        #expect(scene.take(.clock, after: 2_999) == [])
        #expect(scene.take(.clock, after: 1).contains(.signal(pid: 201, SIGKILL)))
        #expect(scene.state.nextDeadline == Instant(nanoseconds: 73_000_000_000))
    }

    @Test func removedListenersAreClosedEverywhere() {
        var scene = Scene.serving(Scene.facts(listeners: ["tcp@127.0.0.1:80", "tcp@127.0.0.1:81"]))
        let actions = scene.reload(Scene.facts(listeners: ["tcp@127.0.0.1:80"]))
        let removed = [ListenerKey("tcp@127.0.0.1:81")]
        #expect(actions.contains(.send(pid: 201, .drain(removed: removed))))
        #expect(actions.contains(.closeListeners(removed)))
        #expect(scene.state.held == [ListenerKey("tcp@127.0.0.1:80")])
    }

    @Test func maxReloadsEndsTheOldestButNeverTheServing() {
        var scene = Scene.serving(Scene.facts(maxReloads: 2))
        #expect(!scene.reload(Scene.facts(maxReloads: 2)).contains(.signal(pid: 201, SIGTERM)))
        #expect(!scene.reload(Scene.facts(maxReloads: 2)).contains(.signal(pid: 201, SIGTERM)))
        for _ in 0..<4 {
            let pid = scene.load()
            _ = scene.take(.workerEnded(pid: pid, .exited(1)))
        }
        #expect(scene.state.workers.map(\.pid) == [201, 202, 203])
        let actions = scene.reload(Scene.facts(maxReloads: 2))
        #expect(actions.contains(.signal(pid: 201, SIGTERM)))
        #expect(actions.contains(.signal(pid: 202, SIGTERM)))
    }

    @Test func theServingWorkersCrashEndsEverything() {
        var scene = Scene.serving()
        _ = scene.reload()
        let actions = scene.take(.workerEnded(pid: 202, .killed(signal: SIGKILL)))
        #expect(actions.contains(.log(.alert, "Current worker (202) exited with code 137 (Killed)")))
        #expect(
            actions.contains(.log(.alert, "exit-on-failure: killing every processes with SIGTERM")))
        #expect(actions.contains(.signal(pid: 201, SIGTERM)))
        #expect(
            scene.take(.workerEnded(pid: 201, .killed(signal: SIGTERM))) == [
                .forget(pid: 201), .log(.warning, "Former worker (201) exited with code 143 (Terminated)"),
                .log(.warning, "All workers exited. Exiting... (137)"), .exit(137),
            ])
    }

    /// Before READY its successor is waited for, at whichever step the load is.
    @Test(arguments: [Load.Step.probing, .executing, .loading], [true, false])
    func theServingWorkersDeathDuringALoadIsOutlived(_ step: Load.Step, _ comesUp: Bool) {
        var scene = Scene.serving()
        _ = scene.take(.reloadRequested(Scene.asker(1)))
        if step != .probing { _ = scene.take(.probed(failure: nil)) }
        if step == .loading { _ = (scene.take(.executed), scene.take(.spawned(pid: 202))) }
        let actions = scene.take(.workerEnded(pid: 201, .killed(signal: SIGSEGV)))
        #expect(actions.contains(.log(.warning, "reload 1 goes on; new connections wait for its worker")))
        #expect(scene.state.stop == nil)
        #expect(actions.contains(.endProbe) == (step == .probing))
        if step == .executing { _ = scene.take(.executed) }
        if step != .loading { _ = scene.take(.spawned(pid: 202)) }
        if comesUp {
            let announced = scene.take(.workerSaid(pid: 202, .ready(Scene.facts())))
            #expect(announced.contains(.log(.notice, "Loading success.")))
            #expect(scene.state.serving?.pid == 202)
        } else {
            let failed = scene.take(.workerEnded(pid: 202, .exited(1)))
            #expect(
                failed.contains { if case .answer(token: 1, success: false, _) = $0 { true } else { false } })
            #expect(failed.filter { $0 == .exit(139) } == [.exit(139)])
        }
    }

    @Test func aFirstWorkerThatCannotBeStartedEndsTheMaster() {
        var scene = Scene()
        _ = scene.state.start(at: scene.now)
        #expect(scene.take(.spawnFailed(.resourceTemporarilyUnavailable)).last == .exit(1))
    }

    @Test func noExitOnFailureKeepsTheMaster() {
        var scene = Scene.serving(Scene.facts(exitOnFailure: false))
        let actions = scene.take(.workerEnded(pid: 201, .killed(signal: SIGKILL)))
        #expect(!actions.contains(.exit(137)))
        let pid = scene.load()
        _ = scene.take(.workerSaid(pid: pid, .ready(Scene.facts())))
        #expect(scene.state.serving?.pid == pid)
    }

    @Test(arguments: zip([SIGTERM, SIGINT, SIGUSR1], [Int32(0), 130, 0]))
    func signalsEndTheMaster(signal: Int32, code: Int32) {
        var scene = Scene.serving()
        let actions = scene.take(.stopRequested(signal: signal))
        #expect(
            actions == [
                .log(.warning, "Exiting Master process..."), .notify(.stopping), .signal(pid: 201, signal),
                .closeListeners([ListenerKey("tcp@127.0.0.1:80")]),
            ])
        let end: ProcessEnd = signal == SIGUSR1 ? .exited(0) : .killed(signal: signal)
        #expect(scene.take(.workerEnded(pid: 201, end)).last == .exit(code))
    }

    @Test func aStopDuringALoadAnswersWhoWaits() {
        var scene = Scene.serving()
        let pid = scene.load(9)
        let actions = scene.take(.stopRequested(signal: SIGTERM))
        #expect(actions.contains(.signal(pid: pid, SIGKILL)))
        #expect(actions.contains(.answer(token: 9, success: false, log: "The master is leaving.\n")))
        _ = scene.take(.workerEnded(pid: pid, .killed(signal: SIGKILL)))
        #expect(scene.take(.workerEnded(pid: 201, .killed(signal: SIGTERM))).last == .exit(0))
    }

    @Test func theStateReturnsFromItsBytes() throws {
        var scene = Scene.serving(Scene.facts(hardStop: .seconds(4), listeners: ["tcp@a", "unix@/b"]))
        _ = scene.reload()
        _ = scene.take(.reloadRequested(Scene.asker(3)))
        _ = scene.take(.reloadRequested(Scene.asker(4)))
        _ = scene.take(.probed(failure: nil))
        var writer = FieldWriter(kind: 1)
        scene.state.write(to: &writer, as: .newest)
        var reader = try FieldReader(writer.bytes)
        let state = try MasterState(from: &reader, as: .newest, version: "0.1.0")
        try reader.end()
        #expect(state == scene.state)
    }

    @Test func showProcListsTheServingWorkerFirst() {
        var scene = Scene.serving()
        _ = scene.reload()
        let pid = scene.load()
        _ = scene.take(.workerEnded(pid: pid, .exited(1)))
        scene.milliseconds = 61_000
        let table = ProcessTable(of: scene.state, at: scene.now.monotonic)
        #expect(
            table.formatted().split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
                == [
                    "#<PID> <type> <relative PID> <reloads> <uptime> <version>",
                    "100 master 0 2 [failed: 1] 0d00h01m01s 0.1.0",
                    "# workers", "202 worker 1 1 0d00h01m01s 0.1.0",
                    "# old workers", "201 worker [was: 1] 2 0d00h01m01s 0.1.0",
                ])
    }
}
