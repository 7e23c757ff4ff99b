import Testing

@testable import RuntimeAPI

@Suite struct LineTests {
    @Test(arguments: ["2.6.12-show-sess.txt", "3.5-dev5-show-sess.txt"])
    func sessionsOfAnyVersionAreRead(file: String) throws {
        let sessions = SessionLine.parse(try Fixture.text(file))
        #expect(sessions.count == 4)
        #expect(sessions.count(where: \.isAdminSession) == 1)
        let clients = sessions.filter { !$0.isAdminSession }
        #expect(clients.allSatisfy { $0.transport == "tcpv4" && $0.frontend == "fe_main" })
        #expect(clients.count { $0.backend == "be_app" && $0.server == "s1" } == 2)
        #expect(clients.allSatisfy { $0.clientDescriptor > 0 })
    }

    @Test func aSessionLineIsReadAsWritten() throws {
        let session = SessionLine(
            id: "0x2a", transport: "tcpv6", source: "[::1]:4242", frontend: "web", backend: "app",
            server: "s1",
            age: 3723, expires: 59, retries: 3, clientDescriptor: 12, serverDescriptor: 13, phase: "response")
        let read = try #require(SessionLine(parsing: session.line.dropLast()))
        // Spans have two units: the seconds of an hour are gone.
        #expect(read.age == 3720)
        #expect(read.expires == 59 && read.server == "s1" && read.phase == "response")
        #expect(read.serverDescriptor == 13)
        #expect(SessionLine(parsing: "Session not found.") == nil)
    }

    @Test func spans() {
        for (seconds, text) in [(0, "0s"), (61, "1m1s"), (3660, "1h1m"), (90_000, "1d1h")] {
            #expect(SessionLine.span(ofSeconds: seconds) == text)
            #expect(SessionLine.seconds(ofSpan: text) == seconds)
        }
        #expect(SessionLine.seconds(ofSpan: "") == nil)
        #expect(SessionLine.seconds(ofSpan: "5x") == nil)
    }

    @Test func serverStateIsByteExact() throws {
        let text = try Fixture.text("2.6.12-show-servers-state.txt")
        func line(_ backend: Int, _ name: String, _ id: Int, _ server: String, up: Bool, port: Int) -> String
        {
            ServerStateLine(
                backendID: backend, backend: name, serverID: id, server: server, address: "127.0.0.1",
                operationalState: up ? 2 : 0, adminState: 0, weight: 1, initialWeight: 1, sinceChange: 1,
                checkStatus: up ? 6 : 8, checkResult: up ? 3 : 2, checkHealth: up ? 4 : 0, checkState: 6,
                backendIDIsForced: false, serverIDIsForced: false, hostName: nil, port: port, checkPort: 0
            ).line
        }
        let ours =
            ServerStateLine.heading + line(5, "be_app", 1, "s1", up: true, port: 19001)
            + line(5, "be_app", 2, "s2", up: true, port: 19002)
            + line(6, "be_empty", 1, "dead", up: false, port: 19099) + "\n"
        // HAProxy counts a server that was never up as down by check 8 2 0.
        #expect(ours == text)
    }

    @Test func serverConnectionsHaveTheSameColumns() throws {
        let lines = try Fixture.text("2.6.12-show-servers-conn.txt").split(separator: "\n")
        let ours = ServerConnectionLine(
            backend: "be_app", server: "s1", backendID: 5, serverID: 1, address: "127.0.0.1", port: 19001,
            purgeDelay: 5000, used: 0, usedMax: 1, needed: 1, idle: 0, idleLimit: -1)
        // Two threads there, one here.
        #expect(ours.line == lines[1].dropLast(2) + "\n")
        #expect(ServerConnectionLine.heading.dropLast(3) == lines[0].dropLast(2))
    }

    @Test func adminSockets() {
        let text =
            AdminSocketLine.heading
            + AdminSocketLine(address: "unix@/run/admin.sock", level: .admin).line
            + "sockpair@4 admin all\n\n"
        #expect(AdminSocketLine.parse(text).map(\.address) == ["unix@/run/admin.sock", "sockpair@4"])
    }
}

@Suite struct SessionActivityTests {
    typealias Deadline = SessionLine.Deadline

    /// One stream of each kind, as 2.6.12 listed them while it drained; by the port that its client used.
    @Test(arguments: [
        (
            39132, SessionLine.Activity.tunnel,
            [Deadline.clientRead: 3589, .clientWrite: 3589, .serverRead: 3589, .serverWrite: 3589]
        ),
        (39138, .waiting, [.serverRead: 189]),
        (39154, .waiting, [.serverRead: 189]),
        (39176, .tunnel, [.serverRead: 3589]),
        (39184, .response, [.clientWrite: 98]),
        (39194, .response, [.serverRead: 190]),
        (39196, .request, [.serverRead: 190]),
        (39210, .connect, [.connect: 50]),
        (39216, .tarpit, [.request: 290]),
        (39230, .queue, [.connect: 60]),
        (60658, .tunnel, [.clientRead: 3590, .serverRead: 3590]),
    ])
    func haproxysStreams(port: Int, activity: SessionLine.Activity, deadlines: [Deadline: Int]) throws {
        let lines = SessionLine.parse(try Fixture.text("2.6.12-show-sess-draining.txt"))
        #expect(lines.count == 19)
        let line = try #require(lines.first { $0.source.hasSuffix(":\(port)") })
        #expect(line.activity == activity)
        #expect(line.inner?.deadlines == deadlines)
    }

    @Test func streamsOf3xHaveTheirDeadlinesAtTheirEnds() throws {
        let lines = SessionLine.parse(try Fixture.text("3.5-dev5-show-sess.txt")).filter {
            !$0.isAdminSession
        }
        #expect(lines.map(\.activity) == [.waiting, .response, .tarpit])
        #expect(lines.map { $0.inner?.deadlines } == [[.serverRead: 59], [.serverRead: 59], [.request: 19]])
        #expect(lines.map(\.clientDescriptor) == [15, 19, 21])
        #expect(lines.map(\.serverDescriptor) == [20, 26, -1])
    }

    @Test(arguments: [
        ("request", SessionLine.Activity.request), ("queue", .queue), ("connect", .connect),
        ("response", .waiting), ("data", .response), ("tunnel", .tunnel), ("reply", .reply),
    ])
    func mwproxysPhases(word: String, activity: SessionLine.Activity) throws {
        let line = SessionLine(
            id: "0x1", transport: "tcpv4", source: "10.0.0.7:1", frontend: "web", age: 1, phase: word)
        let read = try #require(SessionLine(parsing: line.line.dropLast()))
        #expect(read.activity == activity)
        #expect(read.inner == nil)
    }

    @Test func peersSessionsOfBothDirections() throws {
        let lines = SessionLine.parse(try Fixture.text("2.6.12-show-sess-peers.txt"))
        #expect(lines.map(\.activity) == [.peers, .peers])
        #expect(lines.map(\.clientDescriptor) == [14, -1])
        #expect(lines.map(\.serverDescriptor) == [-1, 14])
    }
}
