import Testing

@testable import RuntimeAPI

@Suite struct ReloadLogTests {
    private let log = ReloadLog(
        master: 100, reloads: 2, failed: 1,
        attempts: [
            ReloadAttempt(
                attempt: 0, at: 1_795_343_618_000_001, result: .success, worker: 101,
                phases: [ReloadPhase(name: "load", milliseconds: 4.25)]),
            ReloadAttempt(
                attempt: 1, at: 1_795_343_620_123_456,
                requests: [
                    ReloadRequest(via: "SIGUSR2", at: 1_795_343_620_100_000, pid: 812, uid: 0),
                    ReloadRequest(via: "cli", at: 1_795_343_620_110_000, pid: nil, uid: nil),
                ],
                result: .success, worker: 107,
                phases: [
                    ReloadPhase(name: "exec", milliseconds: 3), ReloadPhase(name: "load", milliseconds: 9.5),
                ],
                readyDeadline: 1_795_343_650_123_456,
                drains: [
                    WorkerDrain(
                        pid: 101, hardStop: 1_795_343_680_000_000, ended: 1_795_343_622_000_000, finished: 12,
                        cut: 0, exitCode: 0)
                ]),
            ReloadAttempt(
                attempt: 2, at: 1_795_343_700_000_000, result: .failed,
                reason: "a.cfg:3 : unknown keyword 'bögus\"' \u{1}", drains: []),
        ])

    @Test func whatIsWrittenIsRead() throws {
        #expect(try ReloadLog(parsing: log.json) == log)
        #expect(log.attempts[1].milliseconds == 12.5)
    }

    @Test func theSchemaIsAsDocumented() throws {
        let json = try JSON(parsing: log.json)
        #expect(json["schema"] == .integer(1))
        let attempt = try #require(json["attempts"]?.array?[1])
        #expect(attempt["time"] == .string("2026-11-22T10:33:40.123456Z"))
        #expect(attempt["phases_ms"]?["exec"]?.double == 3)
        #expect(attempt["requests"]?.array?[0]["uid"] == .integer(0))
        #expect(attempt["drains"]?.array?[0]["cut"] == .integer(0))
        #expect(json["attempts"]?.array?[2]["worker"] == .null)
    }

    @Test func otherRepliesAreNoLog() throws {
        #expect(throws: JSONError.self) { try ReloadLog(parsing: "Unknown command: 'show'\n") }
        #expect(try ReloadLog(parsing: "{}") == nil)
        #expect(try ReloadLog(parsing: "[1,2]") == nil)
    }

    /// `number` in the place of every time and every count.
    private func parsed(number: String) throws -> ReloadLog? {
        let stayed = "{\"reason\":\"r\",\"count\":\(number)}"
        let moved = "{\"idle\":\(number),\"tunnels\":0,\"refused\":0,\"stayed\":[\(stayed)]}"
        let drain =
            "{\"pid\":1,\"hard_stop\":\(number),\"ended\":\(number),\"finished\":\(number),\"cut\":\(number),"
            + "\"moved\":\(moved)}"
        return try ReloadLog(
            parsing: "{\"master\":1,\"reloads\":1,\"failed\":0,\"attempts\":[{\"attempt\":1,\"at\":1,"
                + "\"result\":\"success\",\"phases_ms\":{\"load\":\(number)},\"drains\":[\(drain)]}]}")
    }

    @Test(arguments: ["9223372036854775807", "-9223372036854775808", "1e300", "-1"])
    func numbersThatNothingCouldHaveAreUnknown(_ number: String) throws {
        let attempt = try #require(try parsed(number: number)?.attempts.first)
        #expect(attempt.drains == [WorkerDrain(pid: 1, hardStop: nil)])
        #expect(attempt.readyAt.map { $0 < 2 } ?? true)
    }

    @Test func numbersThatSomethingCouldHaveAreKept() throws {
        let attempt = try #require(try parsed(number: "2147483647")?.attempts.first)
        #expect(attempt.drains.first?.moves?.stayed.first?.count == 2_147_483_647)
        #expect(attempt.readyAt == 2_147_483_647_001)
    }

    @Test func moreReasonsThanAWorkerHasAreUnknown() throws {
        for (count, isKnown) in [(100, true), (101, false)] {
            let moves = DrainMoves(
                idle: 1, tunnels: 0,
                stayed: (0..<count).map { DrainMoves.Stayed(reason: "\($0)", count: 1) })
            let drain = WorkerDrain(pid: 1, hardStop: nil, moves: moves)
            let log = ReloadLog(
                master: 1, reloads: 1, failed: 0,
                attempts: [ReloadAttempt(attempt: 1, at: 1, drains: [drain])])
            let read = try #require(try ReloadLog(parsing: log.json))
            #expect((read.attempts.first?.drains.first?.moves != nil) == isKnown)
        }
    }

    @Test func brokenTextNeverCrashesTheReader() {
        for seed in 1...3000 {
            var mutations = Mutations(seed: UInt64(seed))
            _ = try? ReloadLog(parsing: mutations.mutate(log.json))
        }
    }
}

@Suite struct JSONTests {
    @Test(arguments: [
        "null", "true", "[]", "{}", "[1,-2,3.5]", "{\"a\":[{\"b\":null}],\"c\":\"d\"}",
        "\"\\\"\\\\\\n\\u0001é😀\"", "18446744073709551615", "-9223372036854775808",
    ])
    func valuesComeBackAsTheyWere(text: String) throws {
        #expect(try JSON(parsing: text).text == text)
    }

    @Test func escapesAreRead() throws {
        #expect(try JSON(parsing: " \"\\u00e9\\ud83d\\ude00\\/\\b\\f\" ") == .string("é😀/\u{8}\u{C}"))
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\"}", "01", "1.", "-", "nul", "\"\\x\"", "\"\\ud83d\"", "1 2", "[1 2]",
        "\"a\nb\"",
        "1e999",
    ])
    func whatIsNoJSONIsRefused(text: String) {
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    @Test func depthIsBounded() {
        let deep = String(repeating: "[", count: 10_000)
        #expect(throws: JSONError.self) { try JSON(parsing: deep) }
    }
}
