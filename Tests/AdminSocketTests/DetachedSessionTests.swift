import AdminSocket
import Glibc
import RuntimeAPI
import Testing
import Unix

/// Sessions that go from one server to another, as over the master's exec.
@Suite struct DetachedSessionTests {
    private func moved(_ stage: Stage, to other: Stage) throws -> [(AdminSession, PendingReply?)] {
        try stage.server.detachAll().map { try other.server.attach($0) }
    }

    @Test func aLaterReplyArrivesFromTheSuccessor() throws {
        let reload = AdminCommand("reload", help: "later") { _ in .later { _ in } }
        let before = try Stage([reload, version])
        let after = try Stage([reload, version])
        let client = try before.client(.master, level: .operator)
        try client.send("reload;show version\nshow cli level\n")
        for _ in 0..<3 { try before.loop.runOnce(longestWait: .milliseconds(1)) }
        let attached = try moved(before, to: after)
        #expect(before.server.sessionCount == 0 && after.server.sessionCount == 1)
        let pending = try #require(attached.first?.1)
        pending.finish("Success=1\n--\n")
        client.endSending()
        try after.run(until: { client.receive() })
        #expect(client.text == "Success=1\n--\n\n1.2.3\n\noperator\n\n")
    }

    @Test func promptsTimeoutsAndTargetsSurvive() throws {
        let before = try Stage([version])
        let after = try Stage([version])
        let client = try before.client(.master, level: .user, timeout: .seconds(7))
        _ = try before.exchange(client, "prompt\n", until: "> ")
        before.server.sessions.first?.target = "@!5"
        before.server.sessions.first?.promptName = "5"
        let (session, pending) = try #require(try moved(before, to: after).first)
        #expect(pending == nil)
        #expect(session.target == "@!5" && session.promptName == "5")
        #expect(session.timeout == .seconds(7) && session.level == .user && session.style == .master)
        #expect(try after.exchange(client, "show version\n", until: "> ") == "1.2.3\n\n5> ")
    }

    @Test func halfAReplyAndHalfALineSurvive() throws {
        let lines = LongReplyTests.Lines(10_000)
        let before = try Stage([lines.command])
        let after = try Stage([lines.command, version])
        let client = try before.client(.master)
        try client.send("show lines\nshow ver")
        try before.run(until: { lines.made > 0 })
        _ = try moved(before, to: after)
        try client.send("sion\n")
        client.endSending()
        try after.run(until: { client.receive() })
        #expect(client.received.count == 2_000_001 + 7)
        #expect(client.text.hasSuffix(".\n\n1.2.3\n\n"))
    }

    @Test func aRelaySurvives() throws {
        let lines = LongReplyTests.Lines(10_000)
        let house = try MasterSessionTests.House([lines.command])
        let after = try Stage([version])
        let client = try house.master.client(.master)
        try client.send("@1 show lines\n")
        try house.run(until: { lines.made > 0 })
        _ = try moved(house.master, to: after)
        var size = 0
        try after.run(until: {
            try? house.worker.loop.runOnce(longestWait: .zero)
            _ = client.receive()
            size = client.received.count
            return size == 2_000_001
        })
        client.received = []
        #expect(try after.exchange(client, "show version\n", until: "\n\n") == "1.2.3\n\n")
    }

    @Test func brokenStatesAreRefused() throws {
        let stage = try Stage([version])
        let client = try stage.client(.master)
        _ = try stage.exchange(client, "prompt\n", until: "> ")
        let whole = try #require(stage.server.detachAll().first)
        for length in 0..<whole.state.count {
            let copy = try #require(fcntlDuplicate(whole.descriptor))
            let cut = DetachedSession(
                descriptor: copy, upstream: nil, state: Array(whole.state.prefix(length)))
            #expect(throws: DetachedStateError.self) { try stage.server.attach(cut) }
        }
        #expect(stage.server.sessionCount == 0)
        _ = try stage.server.attach(whole)
        #expect(try stage.exchange(client, "show version\n", until: "> ") == "1.2.3\n\nmaster> ")
    }

    private func fcntlDuplicate(_ descriptor: Int32) -> Int32? {
        let copy = dup(descriptor)
        return copy < 0 ? nil : copy
    }
}
