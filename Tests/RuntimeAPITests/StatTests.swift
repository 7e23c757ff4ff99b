import Testing

@testable import RuntimeAPI

@Suite struct StatTests {
    /// The rows of the typed capture, rebuilt value by value.
    private func captured() throws -> [StatRow] {
        var rows: [StatRow] = []
        for line in try Fixture.text("2.6.12-show-stat-typed.txt").split(separator: "\n") {
            let head = line.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
            let path = head[0].split(separator: ".")
            let object = try #require(StatObject.allCases.first { $0.letter == path[0] })
            let (proxy, server) = (try #require(Int(path[1])), try #require(Int(path[2])))
            if path[3] == "0" {
                rows.append(
                    StatRow(
                        object, proxy: "", name: "", proxyID: proxy, serverID: server, processNumber: 1))
            }
            let value = head[3]
            rows[rows.count - 1][String(path[4])] =
                head[2] == "str" ? .text(String(value)) : .integer(try #require(Int(value)))
        }
        return rows
    }

    @Test func columnsAreThoseOf26InTheirOrder() throws {
        let heading = try Fixture.text("2.6.12-show-stat.txt").prefix { $0 != "\n" }
        #expect(StatRow.csvHeading == heading + "\n")
        #expect(StatRow.csvHeading.split(separator: ",", omittingEmptySubsequences: false).count == 129)
    }

    @Test func typedFormIsByteExact() throws {
        let text = try captured().map { $0.typed(processNumber: 1, describing: false) }.joined()
        #expect(text + "\n" == (try Fixture.text("2.6.12-show-stat-typed.txt")))
    }

    @Test func jsonFormIsByteExact() throws {
        let expected = try Fixture.text("2.6.12-show-stat-json.txt")
        var rows = try captured()
        // The JSON capture is of another moment: take its values.
        for (index, row) in try #require(try JSON(parsing: expected.dropLast(2)).array).enumerated() {
            for field in try #require(row.array) {
                let name = try #require(field["field"]?["name"]?.string)
                switch try #require(field["value"]?["value"]) {
                case .integer(let value): rows[index][name] = .integer(Int(value))
                case .string(let value): rows[index][name] = .text(value)
                default: Issue.record("\(name) is no value")
                }
            }
        }
        let text = "[" + rows.map { $0.json(processNumber: 1).text }.joined(separator: ",") + "]\n\n"
        #expect(text == expected)
    }

    @Test func csvFormIsByteExact() throws {
        let lines = try Fixture.text("2.6.12-show-stat.txt").split(separator: "\n")
        for row in try captured() {
            let csv = row.csv
            let start = csv.split(separator: ",").prefix(2).joined(separator: ",")
            let line = try #require(lines.first { $0.hasPrefix(start + ",") })
            // Moments differ, columns do not: compare which are filled, and the text ones.
            let ours = csv.dropLast().split(separator: ",", omittingEmptySubsequences: false)
            let theirs = line.split(separator: ",", omittingEmptySubsequences: false)
            #expect(ours.map(\.isEmpty) == theirs.map(\.isEmpty), "\(start)")
            #expect(ours.filter { Int($0) == nil } == theirs.filter { Int($0) == nil }, "\(start)")
        }
    }

    @Test(arguments: ["2.6.12-show-stat.txt", "3.5-dev5-show-stat.txt"])
    func anyVersionIsReadByItsHeading(file: String) throws {
        let table = try #require(StatTable(parsing: try Fixture.text(file)))
        #expect(table.rows.count == 10)
        let dead = try #require(table.rows.first { $0["svname"] == "dead" })
        #expect(dead["status"] == "DOWN")
        #expect(dead["addr"] == "127.0.0.1:19099")
        #expect(dead.object == .server)
        #expect(dead["slim"] == nil)
        #expect(table.rows.first?.integer("scur") == 0)
        #expect(table.rows.first?["no such column"] == nil)
    }

    @Test func textWithCommasAndQuotesSurvives() throws {
        var row = StatRow(.server, proxy: "be", name: "s,1", proxyID: 3, serverID: 1, processNumber: 1)
        row["last_chk"] = "said \"no\",\nreally"
        let table = try #require(StatTable(parsing: StatRow.csvHeading + row.csv + "\n"))
        #expect(table.rows.first?["svname"] == "s,1")
        #expect(table.rows.first?["last_chk"] == "said \"no\",\nreally")
    }

    @Test func requestsAreRead() {
        #expect(StatRequest(arguments: []).form == .csv)
        let typed = StatRequest(arguments: ["be_app", "4", "-1", "typed", "desc"])
        #expect(typed.proxy == "be_app" && typed.form == .typed && typed.describes)
        #expect(typed.selects(.server, serverID: 7) && !typed.selects(.backend, serverID: 0))
        let one = StatRequest(arguments: ["-1", "-1", "2", "json"])
        #expect(one.proxy == nil && one.form == .json)
        #expect(one.selects(.server, serverID: 2) && !one.selects(.server, serverID: 1))
        #expect(one.selects(.frontend, serverID: 0))
        #expect(StatRequest(arguments: ["be"]).proxy == nil)
        #expect(StatRequest(arguments: ["no-maint", "up"]).countsServers)
        #expect(StatRequest(arguments: ["5", "1", "0"]).selects(proxy: "x", id: 5))
    }

    @Test func brokenTextNeverCrashesTheReader() throws {
        let text = try Fixture.text("3.5-dev5-show-stat.txt")
        for seed in 1...500 {
            var mutations = Mutations(seed: UInt64(seed))
            let table = StatTable(parsing: mutations.mutate(text))
            _ = table?.rows.map { $0.integer("scur") }
        }
        #expect(StatTable(parsing: "Permission denied\n\n") == nil)
    }
}
