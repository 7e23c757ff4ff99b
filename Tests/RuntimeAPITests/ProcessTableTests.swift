import Testing

@testable import RuntimeAPI

@Suite struct ProcessTableTests {
    @Test func layoutOf22IsReadAndWrittenByteForByte() throws {
        let text = try Fixture.text("2.2-show-proc.txt")
        let table = try #require(ProcessTable(parsing: text))
        #expect(table.isComplete)
        #expect(table.master?.pid == 11640)
        #expect(table.workers.map(\.relativePID) == [.number(1), .number(2)])
        #expect(table.oldWorkers.first?.relativePID == .was(1))
        #expect(table.oldWorkers.first?.uptime == 6)
        #expect(table.formatted(alwaysPrograms: true) + "\n" == text)
    }

    @Test func ourLayoutHasFailedInTheMastersRow() {
        let table = ProcessTable(rows: [
            .init(
                pid: 100, kind: .master, section: .master, relativePID: .number(0), reloads: 3, failed: 1,
                uptime: 90_061, version: "0.1.0"),
            .init(
                pid: 103, kind: .worker, section: .workers, relativePID: .number(1), reloads: 1, uptime: 61,
                version: "0.1.0"),
            .init(
                pid: 101, kind: .worker, section: .oldWorkers, relativePID: .was(1), reloads: 2, uptime: 3661,
                version: "0.1.0"),
        ])
        // The trailing blanks are HAProxy's.
        let expected = [
            "#<PID>          <type>          <relative PID>  <reloads>       <uptime>        <version>      ",
            "100             master          0               3 [failed: 1]   1d01h01m01s     0.1.0          ",
            "# workers",
            "103             worker          1               1               0d00h01m01s     0.1.0          ",
            "# old workers",
            "101             worker          [was: 1]        2               0d01h01m01s     0.1.0          ",
            "",
        ].joined(separator: "\n")
        #expect(table.formatted() == expected)
        #expect(ProcessTable(parsing: expected + "\n") == table)
    }

    @Test(arguments: ["2.6.12-show-proc.txt", "3.5-dev5-show-proc.txt"])
    func everyCapturedTableIsRead(file: String) throws {
        var tables = 0
        for (moment, text) in try Fixture.moments(file) where !text.hasPrefix("dead") {
            let table = try #require(ProcessTable(parsing: text), "\(moment)")
            #expect(table.isComplete, "\(moment)")
            let rows = text.split(separator: "\n").count { $0.first?.isNumber == true }
            #expect(table.rows.count == rows, "\(moment)")
            #expect(table.master?.failed != nil, "\(moment)")
            tables += 1
        }
        #expect(tables > 12)
    }

    @Test func stackedWorkersStandFromYoungToOld() throws {
        let moments = try Fixture.moments("2.6.12-show-proc.txt")
        let stacked = try #require(moments.first { $0.moment.hasPrefix("stacked") })
        let table = try #require(ProcessTable(parsing: stacked.text))
        #expect(table.oldWorkers.map(\.pid) == [2448, 2444, 2440, 2435])
        #expect(table.oldWorkers.map(\.reloads) == [1, 2, 3, 4])
        #expect(table.master?.reloads == 12)
        #expect(table.oldWorkers.first?.version == "2.6.12-1+deb12u4")
        #expect(table.oldWorkers.first?.relativePID == nil)
    }

    @Test func programsAreRows() throws {
        let moments = try Fixture.moments("2.6.12-show-proc.txt")
        let programs = try #require(moments.first { $0.moment == "with a program section" })
        let table = try #require(ProcessTable(parsing: programs.text))
        #expect(table.programs.map(\.kind) == [.program(name: "ticker")])
        #expect(table.programs.first?.version == nil)
        #expect(table.workers.count == 1)
    }

    @Test func afterAFailedReloadNewVersionsListTheServingWorkerAsOld() throws {
        let table = try #require(ProcessTable(parsing: try Fixture.text("3.2-show-proc-failed.txt")))
        #expect(table.workers.isEmpty)
        #expect(table.oldWorkers.map(\.pid) == [20575])
        #expect(table.master?.failed == 1)
    }

    @Test func debugColumnsDoNotDisturb() throws {
        let table = try #require(ProcessTable(parsing: try Fixture.text("3.5-dev5-show-proc-debug.txt")))
        #expect(table.rows.count == 6)
        #expect(table.oldWorkers.last?.version == "3.5-dev5-50872daa6")
    }

    @Test func aCutReplyKeepsItsWholeRows() throws {
        let text = try Fixture.text("2.2-show-proc.txt")
        let whole = try #require(ProcessTable(parsing: text))
        for length in 0..<text.utf8.count {
            let cut = String(decoding: text.utf8.prefix(length), as: UTF8.self)
            guard let table = ProcessTable(parsing: cut) else { continue }
            #expect(!table.isComplete)
            #expect(whole.rows.starts(with: table.rows))
        }
        #expect(ProcessTable(parsing: "Unknown command: 'show'\n\n") == nil)
        #expect(ProcessTable(parsing: "") == nil)
    }

    @Test func brokenTextNeverCrashesTheReader() throws {
        let text = try Fixture.text("2.2-show-proc.txt")
        for seed in 1...3000 {
            var mutations = Mutations(seed: UInt64(seed))
            let table = ProcessTable(parsing: mutations.mutate(text))
            #expect(table?.rows.allSatisfy { $0.pid > 0 && $0.reloads >= 0 } ?? true)
        }
    }

    @Test func uptimes() {
        #expect(ProcessTable.seconds(ofUptime: "0d00h00m06s") == 6)
        #expect(ProcessTable.seconds(ofUptime: "12d03h04m05s") == 12 * 86400 + 3 * 3600 + 245)
        #expect(ProcessTable.seconds(ofUptime: "6s") == nil)
        #expect(ProcessTable.seconds(ofUptime: "0d00h00m06") == nil)
        #expect(ProcessTable.seconds(ofUptime: "99999999999999999999d00h00m06s") == nil)
    }
}
