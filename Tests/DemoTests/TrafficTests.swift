// Traffic against the origin itself: each kind of load works, and each kind of failure is told apart.

import Polling
import TestSupport
import Testing
import Unix

@testable import Demo

@Suite struct TrafficTests {
    let loop: EventLoop
    let origin: Origin
    let traffic: Traffic
    var address: SocketAddress { .ipv4(0x7f00_0001, port: origin.port) }

    init() throws {
        loop = try EventLoop()
        origin = try Origin(on: loop)
        traffic = Traffic(on: loop)
    }

    /// Runs one load for a while, lets it finish and returns its accounts.
    private func run(_ load: Load, for span: Duration = .milliseconds(300)) throws -> Tally {
        traffic.start(load, to: address, ramp: .milliseconds(20))
        try loop.run(load: span)
        traffic.finish()
        try loop.run(for: "the traffic's end") { traffic.isFinished }
        let tally = try #require(traffic.tally(load.name))
        #expect(tally.isBalanced)
        #expect(tally.underway == 0)
        return tally
    }

    @Test func newConnectionsArriveAtTheirRate() throws {
        let tally = try run(Load("c", .connections(perSecond: 500)))
        #expect(tally.failed == 0, "\(tally.notes)")
        #expect((60...160).contains(tally.started), "\(tally.started)")
        #expect(tally.connections == tally.started && tally.established == tally.started)
        #expect(origin.requests == tally.succeeded)
    }

    @Test func keepAliveClientsKeepTheirConnections() throws {
        let tally = try run(Load("k", .keepAlive(clients: 10, perSecondEach: 50), path: "/bytes/16384"))
        #expect(tally.failed == 0, "\(tally.notes)")
        #expect(tally.succeeded >= 100)
        #expect(tally.connections == 10)
        #expect(tally.bytes > tally.succeeded * 16384)
    }

    @Test func closedLoopsReuseOrReconnect() throws {
        let reusing = try run(Load("reusing", .closedLoop(clients: 4, reuse: true)))
        #expect(reusing.failed == 0 && reusing.connections == 4, "\(reusing.notes)")
        #expect(reusing.succeeded > 200)
        let fresh = Traffic(on: loop)
        fresh.start(Load("fresh", .closedLoop(clients: 4, reuse: false), path: "/bytes/1048576"), to: address)
        try loop.run(load: .milliseconds(200))
        fresh.finish()
        try loop.run(for: "the end") { fresh.isFinished }
        let tally = try #require(fresh.tally("fresh"))
        #expect(tally.failed == 0 && tally.connections == tally.started, "\(tally.notes)")
    }

    @Test func longPollsWaitAndSlowBodiesArrive() throws {
        let polls = try run(Load("p", .longPolls(clients: 5, milliseconds: 100...120)))
        #expect(polls.failed == 0 && polls.succeeded >= 10, "\(polls.notes)")
        let report = try #require(traffic.reports.first)
        #expect(report.all.p50 >= 100)
        let slow = try oneRequest("/slow/1005/100")
        #expect(slow.failed == 0, "\(slow.notes)")
    }

    @Test func webSocketsCountTheirFrames() throws {
        let tally = try run(
            Load(
                "w",
                .webSockets(clients: 5, framesPerSecond: 100, lifetimeMilliseconds: 50...150)))
        #expect(tally.failed == 0 && tally.tunnelsCut == 0, "\(tally.notes)")
        #expect(tally.framesSent > 50 && tally.framesEchoed == tally.framesSent)
        #expect(tally.tunnelsClosed == tally.succeeded)
    }

    @Test(arguments: [
        ("/half/1000", RequestFailure.truncated), ("/reset", .reset), ("/status/503", .badStatus),
        ("/silent", .timeout), ("/nowhere", .badStatus),
    ])
    func failuresAreToldApart(path: String, failure: RequestFailure) throws {
        let tally = try oneRequest(path)
        #expect(tally[failure] == tally.started && tally.started > 0, "\(tally.notes)")
    }

    private func oneRequest(_ path: String) throws -> Tally {
        let traffic = Traffic(on: loop)
        traffic.start(
            Load("one", .idle(clients: 3), path: path, timeout: .milliseconds(400)), to: address)
        try loop.run(for: "three ends") { traffic.tally("one").map { $0.started - $0.underway == 3 } == true }
        traffic.finish()
        return try #require(traffic.tally("one"))
    }

    @Test func aClosedPortRefuses() throws {
        let port = try FreePort.find()
        traffic.start(
            Load("r", .connections(perSecond: 100)), to: .ipv4(0x7f00_0001, port: port))
        try loop.run(for: "refusals") { (traffic.tally("r")?[.refused] ?? 0) >= 5 }
        let tally = try #require(traffic.tally("r"))
        #expect(tally.failed == tally[.refused] && tally.isBalanced)
        traffic.stop()
    }

    @Test func aConnectionClosedAtTheMomentOfSendingIsLostOnReuse() throws {
        traffic.start(Load("l", .keepAlive(clients: 1, perSecondEach: 20)), to: address)
        try loop.run(for: "a response") { traffic.tally("l")?.succeeded == 1 }
        origin.stop()
        try loop.run(for: "the close") { traffic.tally("l")?.closedIdle == 1 }
        let tally = try #require(traffic.tally("l"))
        #expect(tally.failed == 0 && tally.isBalanced)
        traffic.stop()
    }

    @Test func samplesNearMarksAreApart() {
        var tally = Tally()
        let at = { (milliseconds: Int64) in Instant(nanoseconds: milliseconds * 1_000_000) }
        for (moment, micros) in [(0, 1), (899, 2), (900, 30), (1000, 40), (1100, 50), (1101, 3), (5000, 4)] {
            tally.samples.append(.init(start: at(Int64(moment)), microseconds: Int32(micros * 1000)))
        }
        let report = TrafficReport(name: "s", tally: tally, marks: [at(1000), at(9000)])
        #expect(report.quiet.count == 4 && report.quiet.max == 4)
        #expect(report.nearMarks.count == 3 && report.nearMarks.p50 == 40)
        #expect(report.all.count == 7)
    }
}
