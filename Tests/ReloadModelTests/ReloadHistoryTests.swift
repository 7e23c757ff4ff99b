// The list of reloads, from each source alone and from all together. Times in milliseconds.

import ReloadModel
import Testing

@Suite struct ReloadHistoryTests {
    private func at(_ milliseconds: Int64) -> Int64 { 1_000_000_000_000 + milliseconds * 1000 }

    private func table(_ reloads: Int, failed: Int = 0, _ workers: [(Int32, Int, Bool)]) -> LoadTable {
        LoadTable(
            reloads: reloads, failed: failed,
            workers: workers.map { pid, generation, wasReady in
                LoadTable.Worker(
                    pid: pid, generation: generation, startedAt: at(Int64(pid)), wasReady: wasReady)
            })
    }

    private func summary(_ history: ReloadHistory) -> [String] {
        history.records.map { record in
            let number = record.attempt.map { "#\($0) " } ?? ""
            let took = record.durationMilliseconds.value.map { " \(Int($0))ms" } ?? ""
            return "\(number)\(record.result.rawValue)\(took) \(record.source.rawValue)"
        }
    }

    @Test func aReloadBefore31IsTwoExecutionsAroundAWorker() {
        var history = ReloadHistory(executesAfterLoad: true)
        history.observe(table(0, [(10, 0, true)]), at: at(0))
        history.masterExecuted(at: at(100), source: .processEvents)
        #expect(history.isLoading)
        history.workerStarted(20, at: at(130), source: .processEvents, canBegin: false)
        history.masterExecuted(at: at(141), source: .processEvents)
        #expect(summary(history) == ["success 41ms process events"])
        history.observe(table(1, [(10, 0, true), (20, 1, true)]), at: at(500))
        #expect(summary(history) == ["#1 success 41ms process events"])
    }

    /// The master answers, or writes its line, before the event of its second execution is read.
    @Test(arguments: [true, false]) func anAnswerMayOvertakeTheSecondExecution(isAnswer: Bool) {
        var history = ReloadHistory(executesAfterLoad: true)
        history.observe(table(0, [(10, 0, true)]), at: at(0))
        history.masterExecuted(at: at(100), source: .processEvents)
        history.workerStarted(20, at: at(130), source: .processEvents, canBegin: false)
        if isAnswer {
            history.observe(table(1, [(10, 0, true), (20, 1, true)]), at: at(142))
        } else {
            history.read(ProxyLine("[NOTICE]   (1) : Reloading HAProxy"), at: at(99), source: .logFile)
            history.read(ProxyLine("[NOTICE]   (1) : Loading success."), at: at(142), source: .logFile)
        }
        history.masterExecuted(at: at(141), source: .processEvents)
        #expect(!history.isLoading)
        history.masterExecuted(at: at(400), source: .processEvents)
        #expect(history.isLoading)
        history.workerStarted(30, at: at(430), source: .processEvents, canBegin: false)
        history.masterExecuted(at: at(441), source: .processEvents)
        #expect(history.records.map(\.result) == [.success, .success])
    }

    @Test func aFailureBefore31HasNoWorker() {
        var history = ReloadHistory(executesAfterLoad: true)
        history.observe(table(3, [(10, 3, true)]), at: at(0))
        history.masterExecuted(at: at(100), source: .processEvents)
        history.masterExecuted(at: at(112), source: .processEvents)
        history.observe(table(4, failed: 1, [(10, 3, true)]), at: at(500))
        #expect(summary(history).last == "#4 failed 12ms process events")
        #expect(history.lacksReason)
        history.read(
            ProxyLine("[ALERT]    (1) : config : parsing [/a/b.cfg:29] : unknown keyword 'bogus'"),
            at: at(110),
            source: .journal)
        #expect(history.records.last?.reason == "b.cfg:29: unknown keyword 'bogus'")
        #expect(!history.lacksReason)
    }

    @Test func aWorkerThatDiesWhileLoadingIsAFailure() {
        var history = ReloadHistory(executesAfterLoad: false)
        history.observe(table(0, [(10, 0, true)]), at: at(0))
        history.masterExecuted(at: at(100), source: .processEvents)
        history.workerStarted(20, at: at(103), source: .processEvents, canBegin: false)
        history.workerExited(20, at: at(150))
        #expect(summary(history) == ["failed 50ms process events"])
        history.observe(table(1, failed: 1, [(10, 0, true)]), at: at(200))
        #expect(summary(history) == ["#1 failed 50ms process events"])
    }

    @Test func aReadyWorkerEndsTheLoadOf31() {
        var history = ReloadHistory(executesAfterLoad: false)
        history.observe(table(0, [(10, 0, true)]), at: at(0))
        history.masterExecuted(at: at(100), source: .processEvents)
        history.workerStarted(20, at: at(103), source: .processEvents, canBegin: false)
        history.observe(table(1, [(10, 0, true), (20, 1, false)]), at: at(120))
        #expect(history.isLoading)
        history.observe(table(1, [(10, 0, true), (20, 1, true)]), at: at(160))
        #expect(summary(history) == ["#1 success 60ms process events"])
    }

    /// Whether the log tells of the reload before that, or the master itself.
    @Test(arguments: [false, true])
    func aProgramThatIsTriedBeforeTheExecutionIsNoWorker(masterTells: Bool) {
        var history = ReloadHistory(executesAfterLoad: false)
        history.observe(table(0, [(10, 0, true)]), at: at(0))
        if masterTells {
            history.learn([
                ReloadRecord(
                    at: at(100), attempt: 1, result: .running,
                    durationMilliseconds: .unknown(Unknown("it still loads")), source: .showReloads)
            ])
        } else {
            history.read(ProxyLine("[NOTICE]   (1) : Reloading HAProxy"), at: at(100), source: .journal)
        }
        let isTried = !history.workerStarted(20, at: at(101), source: .processEvents, canBegin: false)
        history.workerExited(20, at: at(108))
        #expect(history.isLoading)
        history.masterExecuted(at: at(110), source: .processEvents)
        let isLoaded = history.workerStarted(21, at: at(115), source: .processEvents, canBegin: false)
        #expect(isTried && isLoaded)
        history.workerExited(21, at: at(150))
        #expect(summary(history) == [masterTells ? "#1 failed 50ms show reloads" : "failed 50ms journal"])
    }

    /// On a busy machine the kernel's events come behind the lines of the log; without an admin socket nobody else tells.
    @Test(arguments: [false, true], ["Loading success.", "Loading failure!"])
    func executionsThatAreToldLaterBeginNothing(executesAfterLoad: Bool, ending: String) {
        var history = ReloadHistory(executesAfterLoad: executesAfterLoad)
        for (text, milliseconds) in [("Reloading HAProxy", Int64(100)), (ending, 131)] {
            history.read(
                ProxyLine("[NOTICE]   (1) : \(text)"), at: at(milliseconds), source: .logFile)
        }
        let result = ending == "Loading success." ? "success" : "failed"
        for _ in 0..<(executesAfterLoad ? 2 : 1) {
            history.masterExecuted(at: at(135), source: .processEvents)
            #expect(summary(history) == ["\(result) 31ms log file"])
        }
        // The next one is another.
        history.masterExecuted(at: at(900), source: .processEvents)
        #expect(history.records.count == 2 && history.isLoading)
    }

    @Test func countersAloneTellWhatRanBetweenTwoLooks() {
        var history = ReloadHistory(executesAfterLoad: true)
        history.observe(table(0, [(10, 0, true)]), at: at(0))
        history.observe(table(3, failed: 1, [(10, 0, true), (20, 2, true)]), at: at(1000))
        #expect(summary(history) == ["#1 unknown show proc", "#2 success show proc", "#3 failed show proc"])
    }

    @Test func theFirstLookFillsThePast() {
        var history = ReloadHistory(executesAfterLoad: true)
        history.observe(table(6, failed: 2, [(10, 1, true), (20, 4, true)]), at: at(0))
        #expect(
            summary(history) == [
                "#1 success show proc", "#4 success show proc", "#5 failed show proc", "#6 failed show proc",
            ])
        #expect(history.records[0].at == at(10))
        #expect(history.records[2].at == nil)
    }

    @Test func theJournalsPastIsNumberedByTheCounters() {
        var history = ReloadHistory(executesAfterLoad: true)
        for (start, line) in [
            (0, "[NOTICE]   (1) : Reloading HAProxy"), (41, "[NOTICE]   (1) : Loading success."),
            (9000, "[NOTICE]   (1) : Reloading HAProxy"),
            (9008, "[ALERT]    (1) : config : parsing [/a/b.cfg:3] : no"),
            (9009, "[WARNING]  (1) : Loading failure!"),
        ] as [(Int64, String)] {
            history.read(ProxyLine(line), at: at(start), source: .journal, isPast: true)
        }
        history.observe(table(2, failed: 1, [(20, 1, true)]), at: at(20_000))
        #expect(summary(history) == ["#1 success 41ms journal", "#2 failed 9ms journal"])
        #expect(history.records[1].reason == "b.cfg:3: no")
    }

    @Test func aLateJournalLineIsTheSameReload() {
        var history = ReloadHistory(executesAfterLoad: true)
        history.observe(table(0, [(10, 0, true)]), at: at(0))
        history.masterExecuted(at: at(135), source: .processEvents)
        history.workerStarted(20, at: at(136), source: .processEvents, canBegin: false)
        history.masterExecuted(at: at(141), source: .processEvents)
        // HAProxy writes this line before it executes itself: the reload began then.
        history.read(ProxyLine("[NOTICE]   (1) : Reloading HAProxy"), at: at(100), source: .journal)
        history.read(ProxyLine("[NOTICE]   (1) : New worker (20) forked"), at: at(137), source: .journal)
        history.read(ProxyLine("[NOTICE]   (1) : Loading success."), at: at(140), source: .journal)
        history.observe(table(1, [(10, 0, true), (20, 1, true)]), at: at(500))
        #expect(summary(history) == ["#1 success 41ms process events"])
    }

    @Test func childrenOfOtherKindsAreNoReload() {
        var history = ReloadHistory(executesAfterLoad: true)
        history.observe(table(0, [(10, 0, true)]), at: at(0))
        history.workerStarted(77, at: at(100), source: .processEvents, canBegin: true)
        history.observe(table(0, [(10, 0, true)]), at: at(5000))
        #expect(history.records.isEmpty)
    }

    @Test func aChildOutsideALoadIsNoReloadWhereExecutionsAreSeen() {
        var history = ReloadHistory(executesAfterLoad: false)
        history.observe(table(0, [(10, 0, true)]), at: at(0))
        history.workerStarted(77, at: at(100), source: .processEvents, canBegin: false)
        history.workerExited(77, at: at(106))
        #expect(history.records.isEmpty)
    }

    @Test func linesOfAnEarlierLoadDoNotEndThisOne() {
        var history = ReloadHistory(executesAfterLoad: true)
        history.observe(table(0, [(10, 0, true)]), at: at(0))
        history.masterExecuted(at: at(100), source: .processEvents)
        history.read(ProxyLine("[NOTICE]   (1) : Loading success."), at: at(101), source: .logFile)
        #expect(history.isLoading)
    }

    @Test func aRestartStartsTheNumbersAgain() {
        var history = ReloadHistory(executesAfterLoad: true)
        history.observe(table(1, [(10, 1, true)]), at: at(0))
        history.restarted(at: at(100), source: .proc, lost: "2 connections lost")
        history.observe(table(0, [(30, 0, true)]), at: at(200))
        history.masterExecuted(at: at(300), source: .processEvents)
        history.workerStarted(40, at: at(310), source: .processEvents, canBegin: false)
        history.masterExecuted(at: at(320), source: .processEvents)
        history.observe(table(1, [(30, 0, true), (40, 1, true)]), at: at(400))
        #expect(summary(history) == ["success show proc", "restart /proc", "#1 success 20ms process events"])
    }

    @Test func theMastersOwnLogKnowsBetter() {
        var history = ReloadHistory(executesAfterLoad: false)
        history.observe(table(0, [(10, 0, true)]), at: at(0))
        history.masterExecuted(at: at(100), source: .processEvents)
        var row = ReloadRecord(
            at: at(95), attempt: 1, result: .success, durationMilliseconds: .known(12), source: .showReloads,
            author: ReloadAuthor(
                certainty: .seen, chain: [ProcessLink(pid: 5, name: "kill")], via: "SIGUSR2", uid: 0))
        history.learn([row])
        row.id = 1
        history.observe(table(1, [(10, 0, true), (20, 1, true)]), at: at(160))
        #expect(history.records == [row])
    }

    /// Its lines are read after it was asked for, as it happens when a look comes at the same moment.
    @Test func aLogThatComesLaterTellsOfTheSameLoads() {
        var history = ReloadHistory(executesAfterLoad: false)
        history.observe(table(0, [(10, 0, true)]), at: at(0))
        let rows = [
            ReloadRecord(
                at: at(95), attempt: 1, result: .failed, durationMilliseconds: .known(12),
                source: .showReloads, reason: "a.cfg:3: no"),
            ReloadRecord(
                at: at(1200), attempt: 2, result: .success, durationMilliseconds: .known(40),
                source: .showReloads),
        ]
        history.learn(Array(rows.prefix(1)))
        func read(_ line: String, _ moment: Int64) {
            history.read(ProxyLine(line), at: at(moment), source: .logFile)
        }
        read("[NOTICE]   (1) : Reloading HAProxy", 90)
        read("[ALERT]    (1) : config : parsing [a.cfg:3] : no", 92)
        read("[WARNING]  (1) : Loading failure!", 93)
        history.learn(rows)
        read("[NOTICE]   (1) : Reloading HAProxy", 1200)
        read("[NOTICE]   (1) : New worker (20) forked", 1230)
        read("[NOTICE]   (1) : Loading success.", 1240)
        #expect(summary(history) == ["#1 failed 12ms show reloads", "#2 success 40ms show reloads"])
        #expect(!history.isLoading)
    }
}
