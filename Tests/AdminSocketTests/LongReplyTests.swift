import AdminSocket
import RuntimeAPI
import Testing
import Unix

/// Replies that are long, slow, late, or that nobody reads.
@Suite struct LongReplyTests {
    /// `count` lines of 200 bytes, in pieces of about 16 KiB; counts what was made.
    final class Lines {
        var made = 0
        let count: Int
        init(_ count: Int) { self.count = count }

        var command: AdminCommand {
            AdminCommand("show lines", help: "many") { _ in
                self.made = 0
                return .pieces {
                    guard self.made < self.count else { return nil }
                    var text = ""
                    while text.utf8.count < 16384, self.made < self.count {
                        let number = String(self.made)
                        text += number + String(repeating: ".", count: 199 - number.utf8.count) + "\n"
                        self.made += 1
                    }
                    return Array(text.utf8)
                }
            }
        }
    }

    @Test func tenThousandLinesArriveWhole() throws {
        let lines = Lines(10_000)
        let stage = try Stage([lines.command])
        let answer = try stage.ask(stage.client(), "show lines\n")
        #expect(answer.utf8.count == 2_000_001)
        #expect(answer.split(separator: "\n").count == 10_000)
        #expect(answer.hasSuffix(".\n\n"))
    }

    @Test func aSlowClientHoldsUpOnlyItself() throws {
        let lines = Lines(10_000)
        let stage = try Stage([lines.command, version])
        let slow = try stage.client()
        try slow.send("show lines\n")
        try stage.run(until: { lines.made > 0 })
        // It reads nothing: the reply stops where the socket is full.
        for _ in 0..<50 {
            #expect(try stage.ask(stage.client(), "show version\n") == "1.2.3\n\n")
        }
        let stopped = lines.made
        #expect(stopped < 5000)
        // It reads what has come: the reply goes on a little.
        _ = slow.receive()
        try stage.run(until: { lines.made > stopped })
        #expect(lines.made < 10_000)
        try stage.run(until: { slow.receive() })
        #expect(slow.received.count == 2_000_001)
    }

    @Test func oneRoundMakesOnlyAFewPieces() throws {
        let lines = Lines(100_000)
        let stage = try Stage([lines.command])
        let client = try stage.client()
        try client.send("show lines\n")
        var before = 0
        var most = 0
        try stage.run(until: {
            most = max(most, lines.made - before)
            before = lines.made
            return client.receive()
        })
        // 8 pieces of 82 lines, and those that the socket let through before.
        #expect(most < 2000)
        #expect(client.received.count == 20_000_001)
    }

    @Test func aClientThatReadsNothingTimesOut() throws {
        let lines = Lines(10_000)
        let stage = try Stage([lines.command])
        let client = try stage.client(timeout: .milliseconds(40))
        try client.send("show lines\n")
        try stage.run(until: { stage.server.sessionCount == 0 })
        #expect(lines.made < 10_000)
    }

    @Test func aClientThatLeavesEndsTheReply() throws {
        let lines = Lines(10_000)
        let stage = try Stage([lines.command])
        let client = try stage.client()
        try client.send("show lines\n")
        try stage.run(until: { lines.made > 0 })
        client.close()
        try stage.run(until: { stage.server.sessionCount == 0 })
        #expect(lines.made < 10_000)
    }

    @Test func laterRepliesComeWhenTheyCome() throws {
        var waiting: PendingReply?
        let stage = try Stage([
            AdminCommand("reload", help: "later") { _ in .later { waiting = $0 } }, version,
        ])
        let client = try stage.client(timeout: .milliseconds(20))
        try client.send("reload;show version\n")
        try stage.run(until: { waiting != nil })
        // Who waits for us is not silent.
        let later = Instant.now() + .milliseconds(60)
        try stage.run(until: { Instant.now() > later })
        #expect(!client.receive())
        waiting?.append("Success=1\n")
        waiting?.finish("--\nlog\n")
        try stage.run(until: { client.receive() })
        #expect(client.text == "Success=1\n--\nlog\n\n1.2.3\n\n")
        #expect(waiting?.isAbandoned == true)
    }

    @Test func nobodyWaitsForAnAnswerAnyMore() throws {
        var waiting: PendingReply?
        let stage = try Stage([AdminCommand("reload", help: "later") { _ in .later { waiting = $0 } }])
        let client = try stage.client()
        try client.send("reload\n")
        try stage.run(until: { waiting != nil })
        client.close()
        try stage.run(until: { stage.server.sessionCount == 0 })
        #expect(waiting?.isAbandoned == true)
        waiting?.finish("too late\n")
    }

    @Test func manySilentClientsMakeRoom() throws {
        let stage = try Stage([version])
        var clients: [Client] = []
        for _ in 0..<1005 { clients.append(try stage.client()) }
        #expect(stage.server.sessionCount == 1000)
        #expect(clients[0].receive() && clients[4].receive() && !clients[5].receive())
        #expect(try stage.ask(clients[1004], "show version\n") == "1.2.3\n\n")
    }
}
