// Servers that go and come: checks, the admin, weights and backups, with HAProxy's words in the log.

import ConfigLanguage
import Glibc
import Testing
import Unix

@testable import Proxying

@Suite struct ServerChangeTests {
    @Test func aCheckedServerGoesDownAndComesUpAgain() throws {
        let address = SocketAddress.ipv4(0x7F00_0001, port: 0)
        let socket = try Socket.stream(for: address)
        try Socket.bind(socket, to: address)
        let place = try Socket.localAddress(socket.raw)
        try Socket.listen(socket, backlog: 64)
        var origin: TestSocket? = TestSocket(owning: socket.release())
        let rig = try Rig(
            text: "listen be\n bind front1\n server s1 \(place) check inter 20ms rise 2 fall 2\n", origins: 0)
        let server = rig.core.backends[0].servers[0]
        try rig.pump("a check that passed") { server.check.result == .connected }
        #expect(server.isUp && rig.reports.isEmpty)
        origin = nil
        try rig.pump("the server to go down") { !server.isUp }
        #expect(
            rig.reports.map(\.timeless) == [
                "Server be/s1 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check "
                    + "duration: Nms. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 "
                    + "remaining in queue.", "backend 'be' has no server available!",
            ])
        #expect(!rig.core.backends[0].isUp && rig.core.backends[0].timesDown == 1)
        let client = try rig.client()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try rig.expect("HTTP/1.1 503 Service Unavailable\r\n", at: client)
        let again = try Socket.stream(for: place)
        try Socket.setOption(again.raw, SOL_SOCKET, SO_REUSEADDR, 1)
        try Socket.bind(again, to: place)
        try Socket.listen(again, backlog: 64)
        origin = TestSocket(owning: again.release())
        try rig.pump("the server to come up") { server.isUp }
        #expect(
            rig.reports.last?.timeless
                == "Server be/s1 is UP, reason: Layer4 check passed, check duration: Nms. 1 active and 0 backup "
                + "servers online. 0 sessions requeued, 0 total in queue.")
        #expect(rig.core.backends[0].isUp && server.check.timesDown == 1)
        _ = origin
    }

    @Test func aServerThatComesBackStartsSlowly() throws {
        let rig = try Rig(
            text: "listen be\n bind front1\n server a origin1 weight 16 maxconn 32 slowstart 320ms\n"
                + " server b origin2 weight 16\n", origins: 2)
        let server = rig.core.backends[0].servers[0]
        #expect(!server.isStarting && server.effectiveWeight == 16, "the first start is no slow one")
        rig.core.disable(server)
        rig.core.enable(server)
        #expect(server.isStarting && server.effectiveWeight == 1 && server.limit == 2)
        var weights: Set<Int> = []
        try rig.pump("its whole weight") {
            weights.insert(server.effectiveWeight)
            return !server.isStarting
        }
        #expect(weights.count > 4 && server.effectiveWeight == 16 && server.limit == 32)
        #expect(
            rig.reports.suffix(2) == [
                "Server be/a is UP/READY (leaving forced maintenance).",
                "Server be/a is UP. 2 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.",
            ])
        rig.core.disable(server)
        rig.core.enable(server)
        rig.core.setWeight(32, of: server)
        #expect(server.effectiveWeight == 2)
        rig.core.disable(server)
        #expect(!server.isStarting)
    }

    @Test func anAdminTakesAServerOutAndBringsItBack() throws {
        let rig = try Rig(
            text: "listen be\n bind front1\n server a origin1\n server b origin2\n", origins: 2)
        let backend = rig.core.backends[0]
        rig.core.disable(backend.servers[0])
        #expect(
            rig.reports.last?.timeless
                == "Server be/a is going DOWN for maintenance. 1 active and 0 backup servers left. 0 sessions "
                + "active, 0 requeued, 0 remaining in queue.")
        for _ in 0..<3 { try rig.exchange(rig.client(), origin: 1) }
        #expect(backend.servers[0].load.traffic.sessions == 0)
        rig.core.enable(backend.servers[0])
        #expect(rig.reports.last == "Server be/a is UP/READY (leaving forced maintenance).")
        rig.core.disable(backend.servers[1])
        try rig.exchange(rig.client(), origin: 0)
    }

    @Test func weightsAndBackupsDecideWhoServes() throws {
        let rig = try Rig(
            text: "listen be\n bind front1\n balance roundrobin\n server a origin1 weight 3\n"
                + " server b origin2 weight 1\n server c origin3 backup\n", origins: 3)
        let servers = rig.core.backends[0].servers
        var clients: [TestSocket] = []
        func send(_ count: Int) throws {
            for _ in 0..<count {
                let client = try rig.client()
                client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                clients.append(client)
            }
            try rig.pump("every request to be assigned") {
                rig.core.streams().allSatisfy { $0.server != nil }
            }
            try rig.settle()
        }
        try send(8)
        #expect(servers.map(\.load.traffic.sessions) == [6, 2, 0])
        rig.core.setWeight(0, of: servers[0])
        try send(4)
        #expect(servers.map(\.load.traffic.sessions) == [6, 6, 0])
        rig.core.disable(servers[1])
        try send(2)
        #expect(servers.map(\.load.traffic.sessions) == [6, 6, 2])
        _ = clients
    }

    @Test func theLeastConnectionsServeNext() throws {
        let rig = try Rig(
            text: "listen be\n bind front1\n balance leastconn\n server a origin1\n server b origin2\n",
            origins: 2)
        let servers = rig.core.backends[0].servers
        var clients: [TestSocket] = []
        for _ in 0..<4 {
            let client = try rig.client()
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            clients.append(client)
            try rig.settle()
        }
        #expect(servers.map(\.load.sessions.current) == [2, 2])
        // Both streams of one server end: the next two go there.
        for origin in 0..<2 {
            let connection = try rig.acceptAtOrigin(0)
            try rig.expect("GET", at: connection)
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            try rig.settle()
            _ = origin
        }
        #expect(servers.map(\.load.sessions.current) == [0, 2])
        for _ in 0..<2 {
            let client = try rig.client()
            client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            clients.append(client)
            try rig.settle()
        }
        #expect(servers.map(\.load.sessions.current) == [2, 2])
    }

    @Test func minconnGrowsToMaxconnWithTheLoad() throws {
        let rig = try Rig(
            text: "backend be\n fullconn 10\n server a origin1 minconn 2 maxconn 10\n"
                + "frontend fe\n bind front1\n default_backend be\n")
        let backend = rig.core.backends[0]
        #expect(backend.servers[0].limit == 2)
        for _ in 0..<5 { backend.load.sessions.rise() }
        #expect(backend.servers[0].limit == 5)
        for _ in 0..<7 { backend.load.sessions.rise() }
        #expect(backend.servers[0].limit == 10)
        for _ in 0..<12 { backend.load.sessions.fall() }
    }

    @Test func withoutDescriptorsAcceptingPausesIsSaidOnceAndGoesOn() throws {
        let rig = try Rig()
        rig.core.descriptorsExhausted(.tooManyOpenFiles)
        rig.core.descriptorsExhausted(.tooManyOpenFiles)
        #expect(rig.reports.count == 1)
        #expect(rig.core.listeners[0].isPaused && rig.core.frontends[0].state == .full)
        // It tries again by itself.
        let client = try rig.client()
        try rig.exchange(client)
        #expect(!rig.core.listeners[0].isPaused && rig.core.frontends[0].state == .open)
    }
}
