import Testing

@testable import RuntimeAPI

@Suite struct InfoTests {
    /// The values of the capture, field by field.
    private func captured() throws -> InfoReply {
        var info = InfoReply()
        for line in try Fixture.text("2.6.12-show-info-typed.txt").split(separator: "\n") {
            let head = line.split(separator: ":", maxSplits: 3)
            let name = head[0].drop { $0 != "." }.dropFirst().dropLast(2)
            info[String(name)] =
                head[2] == "str" ? .text(String(head[3])) : .integer(try #require(Int(head[3])))
        }
        return info
    }

    @Test func everyFieldOf26StandsInItsPlace() throws {
        let typed = try Fixture.text("2.6.12-show-info-typed.txt")
        #expect(try captured().typed(processNumber: 1) + "\n" == typed)
        #expect(InfoField.all.count == 70)
    }

    @Test func jsonIsByteExact() throws {
        let json = try Fixture.text("2.6.12-show-info-json.txt")
        let parsed = try JSON(parsing: json.dropLast(2))
        // The JSON capture is of another moment: take its values.
        var info = try captured()
        for field in try #require(parsed.array) {
            let name = try #require(field["field"]?["name"]?.string)
            switch try #require(field["value"]?["value"]) {
            case .integer(let value): info[name] = .integer(Int(value))
            case .string(let value): info[name] = .text(value)
            default: Issue.record("\(name) is no value")
            }
        }
        #expect(info.json(processNumber: 1) + "\n" == json)
    }

    @Test func plainFormIsReadAndWritten() throws {
        let text = try Fixture.text("2.6.12-show-info.txt")
        let info = try #require(InfoReply(parsing: text))
        #expect(info.plain() + "\n" == text)
        #expect(info.integer("Stopping") == 0)
        #expect(info.integer("Unstoppable Jobs") == 1)
        #expect(info.text("Version") == "2.6.12-1+deb12u4")
        #expect(info.text("Uptime") == "0d 0h00m00s")
        #expect(info.integer("TotalSplicdedBytesOut") == 0)
        #expect(info.integer("no such field") == nil)
    }

    @Test func newerVersionsAreRead() throws {
        let info = try #require(InfoReply(parsing: try Fixture.text("3.5-dev5-show-info.txt")))
        #expect(info.integer("TotalSplicedBytesOut") == 0)
        #expect(info.integer("NbThreadGroups") == 1)
        #expect(info.names.count == 81)
    }

    @Test func describedFormHasQuotedDescriptions() throws {
        let lines = try captured().plain(describing: true).split(separator: "\n")
        #expect(lines.allSatisfy { $0.hasSuffix("\"") && $0.contains(":\"") })
        #expect(lines.first?.hasPrefix("Name: HAProxy:\"") == true)
        let typed = try captured().typed(processNumber: 3, describing: true)
        #expect(typed.hasPrefix("0.Name.3:POS:str:HAProxy:\""))
    }

    @Test func processNumberStandsInEveryForm() throws {
        var info = InfoReply()
        info["Process_num"] = 4
        #expect(info.plain() == "Process_num: 4\n")
        #expect(info.typed(processNumber: 4) == "5.Process_num.4:KGP:u32:4\n")
        #expect(info.json(processNumber: 4).contains("\"processNum\":4"))
    }

    @Test func noReplyIsNoInfo() {
        #expect(InfoReply(parsing: "Permission denied\n\n") == nil)
        #expect(InfoReply(parsing: "") == nil)
        #expect(InfoReply(parsing: "Can't find the target PID matching the prefix '@9'\n") == nil)
    }

    @Test func brokenTextNeverCrashesTheReader() throws {
        let text = try Fixture.text("2.6.12-show-info.txt")
        for seed in 1...1000 {
            var mutations = Mutations(seed: UInt64(seed))
            let info = InfoReply(parsing: mutations.mutate(text))
            #expect((info?.names.count ?? 0) <= 120)
        }
    }

    @Test func uptime() {
        #expect(InfoReply.uptime(ofSeconds: 0) == "0d 0h00m00s")
        #expect(InfoReply.uptime(ofSeconds: 93_784) == "1d 2h03m04s")
    }
}
