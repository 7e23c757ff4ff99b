// Peers of our own kind: lessons, news, a peer that dies, and callers that are not what they should be.

import ConfigLanguage
import Demo
import PeersProtocol
import Polling
import StickTables
import TestSupport
import Testing
import Unix

@testable import Peering

@Suite(.serialized) struct SectionTests {
    private func pair(_ loop: EventLoop) throws -> (Member, Member) {
        let (one, other) = (try FreePort.find(), try FreePort.find())
        return (
            try Member("a", port: one, others: [("b", other)], tables: [table()], on: loop),
            try Member("b", port: other, others: [("a", one)], tables: [table()], on: loop)
        )
    }

    @Test func whatWasThereAndWhatChangesReachesTheOther() throws {
        let loop = try EventLoop()
        let (a, b) = try pair(loop)
        for number in 0..<3000 { a.tables[0].change(.ip(UInt32(number)), gpc0: UInt64(number), loop) }
        try a.start()
        try loop.run(load: .milliseconds(50))
        try b.start()
        try loop.run(for: "the lesson") { b.tables[0].used == 3000 }
        #expect(b.tables[0].gpc0(.ip(2999), loop) == 2999)
        try loop.run(for: "both to talk") { a.isTalking(with: "b") && b.isTalking(with: "a") }
        a.tables[0].change(.ip(7000), gpc0: 70, loop)
        b.tables[0].change(.ip(8000), gpc0: 80, loop)
        try loop.run(for: "news") {
            b.tables[0].gpc0(.ip(7000), loop) == 70 && a.tables[0].gpc0(.ip(8000), loop) == 80
        }
        #expect(a.log.isEmpty && b.log.isEmpty)
    }

    @Test func aPeerThatComesBackIsTaughtAgain() throws {
        let loop = try EventLoop()
        let (a, b) = try pair(loop)
        a.tables[0].change(.ip(1), gpc0: 1, loop)
        try a.start()
        try b.start()
        try loop.run(for: "the lesson") { b.tables[0].used == 1 }
        let port = b.port
        b.peering.stop()
        try loop.run(for: "a to see it leave") { !a.isTalking(with: "b") }
        let again = try Member(
            "b", port: try FreePort.find(), others: [("a", a.port)], tables: [table()], on: loop)
        #expect(again.port != port)
        try again.start()
        try loop.run(for: "the second lesson") { again.tables[0].used == 1 }
    }

    /// What it had acknowledged is not told again: it may have changed it since.
    @Test func afterABreakOnlyNewsIsTold() throws {
        let loop = try EventLoop()
        let (a, b) = try pair(loop)
        a.tables[0].change(.ip(1), gpc0: 1, loop)
        try a.start()
        try b.start()
        try loop.run(for: "the lesson") { b.tables[0].gpc0(.ip(1), loop) == 1 }
        try loop.run(for: "its acknowledgement") { a.peer("b")?.session?.flows[0].lastConfirmed != 0 }
        a.peer("b")?.connection?.close()
        a.tables[0].change(.ip(2), gpc0: 2, loop)
        try loop.run(for: "the break to be mended") {
            b.tables[0].gpc0(.ip(2), loop) == 2
        }
        #expect(a.peer("b")?.session?.flows[0].told == 1)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "501\n", "expected 'HAProxyS 2.1', found 'GET / HTTP/1.1'"),
        ("HAProxyS 9.0\na\nb 1 1\n", "502\n", "expected version 2.0 or 2.1"),
        ("HAProxyS 2.1\nsomebody\nb 1 1\n", "503\n", "wants the peer 'somebody', expected 'a'"),
        ("HAProxyS 2.1\na\nstranger 1 1\n", "504\n", "is no peer of this section: 'stranger'"),
    ])
    func callersThatDoNotBelongHere(_ greeting: String, _ status: String, _ line: String) throws {
        let loop = try EventLoop()
        let (a, b) = try pair(loop)
        a.tables[0].change(.ip(1), gpc0: 1, loop)
        try a.start()
        try b.start()
        try loop.run(for: "both to talk") { a.isTalking(with: "b") && b.tables[0].used == 1 }
        let caller = try Connection(port: a.port)
        try caller.send(greeting)
        try loop.run(for: "a line") { a.log.contains { $0.contains(line) } }
        #expect(try caller.readToEnd() == status)
        #expect(a.isTalking(with: "b"))
    }

    @Test func aHostilePeerLosesItsConnectionAndNothingElse() throws {
        let loop = try EventLoop()
        let (a, b) = try pair(loop)
        a.tables[0].change(.ip(1), gpc0: 1, loop)
        try a.start()
        let hostile = try Connection(port: a.port)
        try hostile.send("HAProxyS 2.1\na\nb 1 1\n")
        try hostile.send([10, 130, 3, 1, 100, 65])
        try loop.run(for: "a line") { !a.log.isEmpty }
        #expect(
            a.log[0]
                == "peers 'mp': peer 'b': malformed message 130: expected 100 bytes of a table's name, found 1; the "
                + "connection is closed.")
        #expect(a.peer("b")?.faults == 1)
        #expect(a.tables[0].used == 1)
        // The true one is served.
        try b.start()
        try loop.run(for: "the lesson") { b.tables[0].used == 1 }
    }

    @Test func aFloodOfCallersIsBounded() throws {
        let loop = try EventLoop()
        let (a, _) = try pair(loop)
        try a.start()
        var callers: [Connection] = []
        for _ in 0..<200 { callers.append(try Connection(port: a.port)) }
        try loop.run(for: "the first to be dropped") {
            callers[0].takeText().isEmpty
        }
        for caller in callers.suffix(40) { try caller.send("nonsense\n\n\n") }
        try loop.run(load: .milliseconds(100))
        #expect(a.log.count <= 11)
    }
}
