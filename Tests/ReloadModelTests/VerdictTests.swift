// What a reload did: health before and after, state undone, who was cut, who asked.

import ReloadModel
import Testing

@Suite struct VerdictTests {
    fileprivate let second: Int64 = 1_000_000

    private func counters(
        _ pid: Int32, _ at: Int64, requests: Int, errors: Int = 0, connect: Int = 0, queued: Int = 0,
        down: [String] = []
    ) -> HealthCounters {
        HealthCounters(
            pid: pid, at: at * second, requests: requests, serverErrors: errors, connectErrors: connect,
            queued: queued, downBackends: down)
    }

    /// The new worker starts at zero, the old one goes on: both count.
    @Test func ratesAreAddedOverBothWorkersOwnCounters() throws {
        var timeline = HealthTimeline()
        timeline.take(counters(1, 100, requests: 50_000))
        timeline.take(counters(1, 105, requests: 50_500))
        timeline.take(counters(1, 110, requests: 51_000))
        timeline.handOver(1, at: 110 * second, from: 1, to: 2)
        timeline.take(counters(2, 115, requests: 450))
        timeline.take(counters(1, 120, requests: 51_100))
        timeline.take(counters(2, 120, requests: 900, errors: 40))
        let health = try #require(timeline.comparison(1, thresholds: AlertThresholds())?.value)
        #expect(health.before.requestsPerSecond == 100)
        #expect(health.before.seconds == 10)
        #expect(health.after.requestsPerSecond == 100)
        #expect(health.judgement == .worse)
        #expect(health.reasons == ["5xx 0.0/s → 4.0/s"])
    }

    @Test func withoutTenSecondsBeforeItIsUnknown() {
        var timeline = HealthTimeline()
        timeline.take(counters(1, 109, requests: 5))
        timeline.handOver(1, at: 110 * second, from: 1, to: 2)
        timeline.take(counters(2, 115, requests: 450))
        #expect(timeline.comparison(1, thresholds: AlertThresholds())?.value == nil)
        #expect(timeline.comparison(2, thresholds: AlertThresholds()) == nil)
    }

    @Test func backendsWithoutAServerAndLostRequestsAreWorse() throws {
        let before = HealthRates(
            seconds: 10, requestsPerSecond: 80, serverErrorsPerSecond: 0, connectErrorsPerSecond: 0.1,
            queued: 0, downBackends: ["old"])
        var after = before
        after.downBackends = ["old", "app"]
        after.requestsPerSecond = 30
        let health = HealthComparison(before: before, after: after, thresholds: AlertThresholds())
        #expect(health.judgement == .worse)
        #expect(health.reasons == ["no server left in app", "requests 80.0/s → 30.0/s"])
        #expect(HealthComparison(before: before, after: before, thresholds: .init()).judgement == .same)
        var mended = after
        mended.downBackends = []
        #expect(HealthComparison(before: after, after: mended, thresholds: .init()).judgement == .better)
    }

    @Test func whatWasSetByHandAndIsGoneIsTold() {
        func server(_ admin: Int, _ weight: Int, _ address: String = "10.0.0.1:80") -> RunningState.Server {
            RunningState.Server(adminState: admin, weight: weight, initialWeight: 100, address: address)
        }
        let old = RunningState(
            servers: [
                "app/s1": server(8, 100), "app/s2": server(1, 100), "app/s3": server(0, 10),
                "app/s4": server(0, 100, "10.0.0.9:80"), "app/s5": server(0, 100), "app/gone": server(1, 1),
            ], tables: ["ips": 5000, "empty": 0, "kept": 10], maps: ["/etc/x.map": 5])
        let new = RunningState(
            servers: [
                "app/s1": server(0, 100), "app/s2": server(0, 100), "app/s3": server(0, 100),
                "app/s4": server(0, 100), "app/s5": server(0, 100),
            ], tables: ["ips": 0, "empty": 0, "kept": 9], maps: ["/etc/x.map": 4])
        #expect(
            old.undone(in: new) == [
                "server app/s1 was drained by hand, is UP again",
                "server app/s2 was set to maintenance by hand, is UP again",
                "weight of server app/s3 was 10 by hand, is 100 again",
                "server app/s4 was at 10.0.0.9:80, is at 10.0.0.1:80: set by hand, or another file",
                "map /etc/x.map had 5 entries, has 4: changed by hand, or another file",
            ])
        #expect(old.lostTables(in: new) == ["table ips had 5000 entries, has 0"])
        #expect(new.undone(in: new) == [])
    }

    fileprivate func worker(_ pid: Int32, _ state: WorkerState, generation: Int, connections: Int)
        -> WorkerSample
    {
        WorkerSample(
            pid: pid, state: state, generation: .known(generation), was: nil,
            connections: .known(connections),
            connectionsPerSecond: .known(0), uptime: 9,
            memory: MemorySample(resident: .known(1), proportional: .known(1)), cpuPercent: .known(0),
            killIn: .known(30), holders: .known([]))
    }

    @Test func theOldWorkersEndBelongsToItsReload() throws {
        var book = VerdictBook()
        var record = ReloadRecord(
            at: 100 * second, attempt: 1, result: .success, durationMilliseconds: .known(40),
            source: .processEvents)
        record.id = 7
        #expect(
            book.look([worker(10, .serving, generation: 0, connections: 12)], records: [], now: 99) == nil)
        let handed = book.look(
            [
                worker(20, .serving, generation: 1, connections: 0),
                worker(10, .draining, generation: 0, connections: 9),
            ], records: [record], now: 101 * second)
        #expect(handed?.old == 10)
        #expect(handed?.new == 20)
        var drain = try #require(book.completed(record).verdict.drains.first)
        #expect(drain.atReload.value == 12)
        #expect(drain.left == 9)
        #expect(drain.cut.value == nil)
        book.hardStopped(10, remaining: 2)
        book.hardStopped(10, remaining: 1)
        book.ended(10, at: 130 * second, how: "exit 0", cut: 2)
        drain = try #require(book.completed(record).verdict.drains.first)
        #expect(drain.how == "hard-stop-after")
        #expect(drain.cut.value == 3)
        #expect(drain.finished.value == 9)
        #expect(book.completed(record).verdict.cut == 3)
    }
}

extension VerdictTests {
    /// An idle worker is gone before the next look.
    @Test func aWorkerThatLeftAtOnceHasAVerdictAsWell() throws {
        var book = VerdictBook()
        var record = ReloadRecord(
            at: 100 * second, attempt: 1, result: .success, durationMilliseconds: .known(40),
            source: .processEvents)
        record.id = 7
        _ = book.look([worker(10, .serving, generation: 0, connections: 12)], records: [], now: 99 * second)
        book.ended(10, at: 100 * second, how: "exit 0", cut: 0)
        let handed = book.look(
            [worker(20, .serving, generation: 1, connections: 0)], records: [record], now: 101 * second)
        #expect(handed?.old == 10)
        let drain = try #require(book.completed(record).verdict.drains.first)
        #expect(drain.finished.value == 12)
        #expect(drain.how == "exit 0")
        #expect(drain.moves == .unknown(ConnectionMoves.onlyOurs))
    }

    /// What mwproxy's master tells of the worker that drains in `record`.
    private func told(
        _ record: ReloadRecord, _ moves: ConnectionMoves?, endedAt: Int64? = nil, finished: Int? = nil,
        cut: Int? = nil
    ) -> ReloadRecord {
        let why = Unknown("not told")
        var record = record
        record.verdict.drains = [
            DrainOutcome(
                pid: 10, generation: 0, atReload: .unknown(why), endedAt: endedAt,
                finished: finished.map { .known($0) } ?? .unknown(why),
                cut: cut.map { .known($0) } ?? .unknown(why),
                moves: moves.map { .known($0) } ?? .unknown(why))
        ]
        return record
    }

    /// Most of its connections are its successor's: they neither finished nor were cut.
    @Test func whatHasMovedIsNeitherFinishedNorCut() throws {
        var book = VerdictBook()
        var record = ReloadRecord(
            at: 100 * second, attempt: 1, result: .success, durationMilliseconds: .known(40),
            source: .showReloads)
        record.id = 7
        _ = book.look([worker(10, .serving, generation: 0, connections: 40)], records: [], now: 99 * second)
        // The end comes as a process event, the connections of the last look with it.
        book.ended(10, at: 100 * second, how: "signal 9", cut: 40)
        _ = book.look(
            [worker(20, .serving, generation: 1, connections: 30)], records: [record], now: 101 * second)
        func drain(_ record: ReloadRecord) throws -> DrainOutcome {
            try #require(book.completed(record).verdict.drains.first)
        }
        // The proxy's own account is not there yet: nothing is made up meanwhile.
        #expect(try drain(told(record, nil)).finished.value == nil)
        let moves = ConnectionMoves(idle: 28, tunnels: 2, refused: 4)
        let killed = try drain(told(record, moves, endedAt: 100 * second))
        #expect(killed.cut.value == 6)
        #expect(killed.finished.value == 0)
        #expect(killed.moves.value == moves)
        #expect(killed.generation == 0, "the look after its end does not tell it")
        let full = told(record, moves, endedAt: 100 * second, finished: 5, cut: 1)
        #expect(try drain(full).finished.value == 5)
        #expect(try drain(full).cut.value == 1)
        #expect(book.completed(full).verdict.moves?.moved == 30)
    }
}

@Suite struct ConnectionMovesTests {
    @Test func inWords() {
        let moves = ConnectionMoves(
            idle: 8000, tunnels: 1, refused: 4,
            stayed: [.init("tune.reload.migrate idle", count: 3), .init("no room at maxconn", count: 1)])
        #expect(
            moves.departures == [
                "8000 idle connections and 1 tunnel moved", "4 closed: the new rules reject them",
            ])
        #expect(
            moves.remains(hasEnded: false) == [
                "3 tunnels stay: tune.reload.migrate idle", "1 connection stays: no room at maxconn",
            ])
        #expect(moves.remains(hasEnded: true).first == "3 tunnels stayed: tune.reload.migrate idle")
        let tls = ConnectionMoves.Stayed("its TLS cannot leave the process without kernel TLS", count: 12)
        #expect(
            ConnectionMoves(idle: 0, tunnels: 0, stayed: [tls]).remains(hasEnded: false) == [
                "12 TLS connections stay: its TLS cannot leave the process without kernel TLS"
            ])
        #expect(tls.remedy == nil)
        #expect(ConnectionMoves(idle: 0, tunnels: 0).departures == ["no connection moved"])
        #expect(
            ConnectionMoves(idle: 0, tunnels: 0, refused: 1).departures == [
                "1 closed: the new rules reject it"
            ])
    }

    @Test func onlyWhatASettingWouldMoveHasARemedy() {
        func remedy(_ reason: String) -> String? { ConnectionMoves.Stayed(reason, count: 1).remedy }
        #expect(remedy("tune.reload.migrate idle")?.contains("tune.reload.migrate tunnels") == true)
        #expect(remedy("no room at maxconn")?.contains("maxconn") == true)
        #expect(remedy("its server is gone or elsewhere") == nil)
        #expect(remedy("a reason of a later version") == nil)
    }
}

@Suite struct AuthorTests {
    private let at: Int64 = 50_000_000

    private func start(
        _ command: String, before: Double, chain: [String], uid: UInt32 = 1000, user: String? = "alice",
        terminal: String? = "pts/3"
    ) -> ProgramStart {
        ProgramStart(
            pid: Int32(900 + chain.count), at: at - Int64(before * 1_000_000),
            chain: chain.enumerated().map { ProcessLink(pid: Int32(901 + $0.offset), name: $0.element) },
            command: command, uid: uid, user: user, terminal: terminal)
    }

    @Test func theKillThatNamesTheMasterIsLikely() {
        let author = AuthorGuess.guess(
            [
                start("sh -c reload", before: 0.5, chain: ["sh"]),
                start("kill -USR2 812", before: 0.004, chain: ["ansible-playbook", "sh", "kill"]),
                start("socat - /other", before: 0.002, chain: ["socat"]),
            ], at: at, master: 812, socket: "/run/m.sock")
        #expect(author.certainty == .likely)
        #expect(author.words == "ansible-playbook → sh → kill -USR2 812 (uid 1000 alice, pts/3) - likely")
        #expect(author.why == "it started 4ms before")
    }

    @Test func anAdminClientOfTheMastersSocketIsLikely() {
        let author = AuthorGuess.guess(
            [start("socat - UNIX-CONNECT:/run/m.sock", before: 0.1, chain: ["bash", "socat"])], at: at,
            master: 812, socket: "/run/m.sock")
        #expect(author.words.hasPrefix("bash → socat - UNIX-CONNECT:/run/m.sock (uid 1000 alice"))
    }

    /// It tests the file and asks a person first. The test that it runs asks for nothing.
    @Test func theSafeReloadIsLikelyAlsoAfterAWhile() {
        func words(_ starts: [ProgramStart]) -> String {
            AuthorGuess.guess(starts, at: at, master: 812, socket: "/run/m.sock").words
        }
        func reload(_ before: Double, _ options: String = "") -> ProgramStart {
            start("reloadtop reload\(options) a.cfg", before: before, chain: ["bash", "reloadtop"])
        }
        let test = start(
            "haproxy -c -f /etc/.a.cfg.reloadtop-new", before: 1, chain: ["reloadtop", "haproxy"])
        let told = "bash → reloadtop reload a.cfg (uid 1000 alice, pts/3) - likely"
        #expect(words([reload(4), test]) == told)
        #expect(words([reload(45), test]) == told)
        #expect(words([test]).hasPrefix("unknown: "))
        #expect(words([reload(4, " --dry-run"), reload(700)]).hasPrefix("unknown: "))
        let kill = start("kill -USR2 812", before: 0.1, chain: ["kill"])
        #expect(words([reload(30), kill]) == "kill -USR2 812 (uid 1000 alice, pts/3) - likely")
    }

    @Test func behindSystemdsKillStandsWhoeverAskedSystemd() {
        let kill = ProgramStart(
            pid: 77, at: at - 3000,
            chain: [ProcessLink(pid: 1, name: "systemd"), ProcessLink(pid: 77, name: "kill")],
            command: "/bin/kill -USR2 812", uid: 0, user: "root")
        let author = AuthorGuess.guess(
            [start("systemctl reload haproxy", before: 0.1, chain: ["bash", "systemctl"]), kill], at: at,
            master: 812, socket: nil, unit: "systemd (haproxy.service)")
        #expect(
            author.words
                == "bash → systemctl → systemd → /bin/kill -USR2 812 "
                + "(uid 1000 alice, pts/3, by systemd (haproxy.service)) - likely")
    }

    @Test func nobodyIsBlamedWithoutASign() {
        let author = AuthorGuess.guess(
            [start("kill -USR2 812", before: 30, chain: ["kill"])], at: at, master: 812, socket: nil)
        #expect(author.certainty == .unknown)
        #expect(author.words.hasPrefix("unknown: no kill"))
    }

    @Test func aCoincidenceIsToldButNotBlamed() {
        let author = AuthorGuess.guess(
            [start("/bin/bash build.sh", before: 0.4, chain: ["cron", "bash"])], at: at, master: 812,
            socket: nil)
        #expect(author.certainty == .unknown && author.chain.isEmpty)
        #expect(author.words.hasSuffix("before it; /bin/bash build.sh started 400ms before"))
    }

    @Test func aSenderThatHasGoneIsStillANumber() {
        let author = ReloadAuthor(
            certainty: .seen, chain: [ProcessLink(pid: 12, name: "")], via: "SIGUSR2", uid: 1000,
            user: "alice")
        #expect(author.words == "pid 12 (uid 1000 alice, by SIGUSR2) - seen")
    }
}
