import AdminSocket
import RuntimeAPI
import Testing
import Unix

/// What the master's socket does, and how commands reach workers through it; compared with HAProxy 2.6.12.
@Suite struct MasterSessionTests {
    /// A worker with its own stage, and a master whose `@1 …` reaches it.
    final class House {
        let worker: Stage
        let master: Stage

        init(_ workerCommands: [AdminCommand]) throws {
            let worker = try Stage(workerCommands)
            self.worker = worker
            let name = AdminCommand("show version", help: "the master's") { _ in .text("master\n") }
            master = try Stage([name]) { request in Self.route(request, to: worker) }
        }

        private static func route(_ request: AdminRequest, to worker: Stage) -> AdminReply? {
            var text = request.text
            if let first = request.words.first, first.hasPrefix("@") {
                guard ["@1", "@!77", "@master"].contains(first) else {
                    return .farewell(Refusal.noTarget(prefix: first))
                }
                text = request.words.dropFirst().joined(separator: " ")
                if request.words.count == 1 {
                    request.session.target = first == "@master" ? nil : first
                    request.session.promptName = first == "@master" ? nil : "77"
                    return .nothing
                }
            } else if request.session.target == nil || ["prompt", "quit"].contains(request.words.first) {
                return nil
            }
            guard let pair = try? Socket.streamPair(), let ours = try? pair.one.duplicate(),
                let theirs = try? pair.other.duplicate()
            else { return .text("no pair\n") }
            let settings = SessionSettings(style: .worker, level: request.session.level, timeout: nil)
            _ = try? worker.server.adopt(theirs, settings: settings)
            return .relay(AdminUpstream(owning: ours, request: text + "\n"))
        }

        func run(until condition: () -> Bool) throws {
            try master.run(until: {
                try? worker.loop.runOnce(longestWait: .zero)
                return condition()
            })
        }

        func exchange(_ client: Client, _ text: String, until ending: String) throws -> String {
            try client.send(text)
            try run(until: {
                _ = client.receive()
                return client.text.hasSuffix(ending)
            })
            defer { client.received = [] }
            return client.text
        }
    }

    @Test func theConnectionStaysOpenUntilHalfClose() throws {
        let house = try House([version])
        let client = try house.master.client(.master)
        #expect(try house.exchange(client, "show version\n", until: "\n\n") == "master\n\n")
        #expect(try house.exchange(client, "@1 show version\n", until: "\n\n") == "1.2.3\n\n")
        #expect(
            try house.exchange(client, "@1 show version;show version\n", until: "r\n\n")
                == "1.2.3\n\nmaster\n\n")
        client.endSending()
        try house.run(until: { client.receive() })
        #expect(client.text == "")
    }

    @Test func promptsNameWhoIsAsked() throws {
        let house = try House([version])
        let client = try house.master.client(.master)
        #expect(try house.exchange(client, "prompt\n", until: "> ") == "master> ")
        #expect(try house.exchange(client, "show version\n", until: "> ") == "master\n\nmaster> ")
        #expect(try house.exchange(client, "@1\n", until: "> ") == "77> ")
        #expect(try house.exchange(client, "show version\n", until: "> ") == "1.2.3\n\n77> ")
        #expect(try house.exchange(client, "@master\n", until: "> ") == "master> ")
        #expect(try house.exchange(client, "user\n", until: "> ") == "master> ")
        #expect(try house.exchange(client, "@!77 show cli level\n", until: "> ") == "user\n\nmaster> ")
        try client.send("quit\n")
        try house.run(until: { client.receive() })
    }

    @Test func aTargetThatIsGoneEndsTheConnection() throws {
        let house = try House([version])
        let client = try house.master.client(.master)
        try client.send("@!999999 show info\nshow version\n")
        try house.run(until: { client.receive() })
        #expect(client.text == "Can't find the target PID matching the prefix '@!999999'\n")
    }

    @Test func aRelayGoesNoFasterThanTheClientReads() throws {
        let lines = LongReplyTests.Lines(10_000)
        let house = try House([lines.command])
        let client = try house.master.client(.master)
        try client.send("@1 show lines\n")
        try house.run(until: { lines.made > 0 })
        for _ in 0..<50 { try house.run(until: { true }) }
        #expect(lines.made < 8000)
        var size = 0
        try house.run(until: {
            _ = client.receive(atMost: 65536)
            size = client.received.count
            return size == 2_000_001
        })
        // The session goes on.
        client.received = []
        #expect(try house.exchange(client, "show version\n", until: "\n\n") == "master\n\n")
    }

    @Test func aClientThatLeavesEndsTheRelay() throws {
        let lines = LongReplyTests.Lines(10_000)
        let house = try House([lines.command])
        let client = try house.master.client(.master)
        try client.send("@1 show lines\n")
        try house.run(until: { lines.made > 0 })
        client.close()
        try house.run(until: {
            house.master.server.sessionCount == 0 && house.worker.server.sessionCount == 0
        })
        #expect(lines.made < 10_000)
    }

    @Test func aWorkerThatDiesEndsTheRelay() throws {
        var waiting: PendingReply?
        let house = try House([AdminCommand("wait", help: "") { _ in .later { waiting = $0 } }])
        let client = try house.master.client(.master)
        try client.send("@1 wait\n")
        try house.run(until: { waiting != nil })
        waiting?.append("half")
        for session in house.worker.server.sessions { session.end() }
        #expect(try house.exchange(client, "show version\n", until: "r\n\n").hasSuffix("master\n\n"))
    }
}
