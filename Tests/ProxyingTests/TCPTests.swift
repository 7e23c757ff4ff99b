// TCP, CONNECT and WebSocket tunnels: large bodies both ways at once, half-close, splice and its cap.

import Testing
import Unix

@testable import Proxying

@Suite struct TCPTests {
    private func pattern(_ size: Int, _ seed: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 2_654_435_761 >> 9) }
    }

    /// Sends both bodies at once; each side ends its direction when it has sent all.
    private func exchangeBothWays(_ rig: Rig, _ client: TestSocket, _ server: TestSocket, size: Int) throws {
        let up = pattern(size, 1)
        let down = pattern(size + 4711, 2)
        var sentUp = 0
        var sentDown = 0
        try rig.pump("both bodies and both ends") {
            if sentUp < up.count {
                sentUp += client.send(up[sentUp..<min(sentUp + 262_144, up.count)])
                if sentUp == up.count { client.endSending() }
            }
            if sentDown < down.count {
                sentDown += server.send(down[sentDown..<min(sentDown + 262_144, down.count)])
                if sentDown == down.count { server.endSending() }
            }
            client.read()
            server.read()
            return client.hasEnded && server.hasEnded
        }
        #expect(server.received == up)
        #expect(client.received == down)
        try rig.settle()
        #expect(rig.core.streams().isEmpty)
        #expect(rig.core.counters.clients.current == 0)
    }

    @Test func bothDirectionsAtOnce() throws {
        let rig = try Rig(text: "listen fe\n mode tcp\n bind front1\n server s1 origin1\n")
        let client = try rig.client()
        let server = try rig.acceptAtOrigin()
        try exchangeBothWays(rig, client, server, size: 800_000)
        #expect(rig.core.counters.splicedBytes > 0)
        let counters = rig.core.backends[0].servers[0].load.traffic
        #expect(counters.bytesIn == 800_000 && counters.bytesOut == 804_711)
        #expect(rig.core.pipes.inUse == 0)
    }

    @Test func eitherSideMayEndFirst() throws {
        let rig = try Rig(text: "listen fe\n mode tcp\n bind front1\n server s1 origin1\n")
        for clientFirst in [true, false] {
            let client = try rig.client()
            let server = try rig.acceptAtOrigin()
            let (first, second) = clientFirst ? (client, server) : (server, client)
            first.send("one")
            first.endSending()
            try rig.expectEnd(of: second)
            #expect(second.take() == "one")
            second.send("two")
            try rig.expect("two", at: first)
            #expect(!first.hasEnded)
            second.endSending()
            try rig.expectEnd(of: first)
            try rig.settle()
            #expect(rig.core.streams().isEmpty)
        }
    }

    @Test func aWebSocketCarriesMuchBothWays() throws {
        let rig = try Rig(text: "listen fe\n bind front1\n server s1 origin1\n")
        let client = try rig.client()
        let server = try rig.forward(
            "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", of: client,
            until: "\r\n\r\n")
        _ = server.take()
        server.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        try rig.expect("\r\n\r\n", at: client)
        #expect(client.take().contains("Upgrade: websocket\r\n"))
        try exchangeBothWays(rig, client, server, size: 800_000)
        #expect(rig.core.counters.splicedBytes > 0)
    }

    @Test func aConnectTunnelTakesWhatCameWithItsHead() throws {
        let rig = try Rig(text: "listen fe\n bind front1\n server s1 origin1\n")
        let client = try rig.client()
        let server = try rig.forward(
            "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\nearly", of: client, until: "\r\n\r\n")
        server.send("HTTP/1.1 200 OK\r\n\r\nhello")
        try rig.expect("hello", at: client)
        try rig.expect("early", at: server)
        _ = client.take()
        _ = server.take()
        try exchangeBothWays(rig, client, server, size: 400_000)
    }

    @Test func withoutAPipeBytesAreCopied() throws {
        let rig = try Rig(text: "listen fe\n mode tcp\n bind front1\n server s1 origin1\n")
        let taken = (0..<rig.core.pipes.most).compactMap { _ in rig.core.pipes.take() }
        #expect(taken.count == 25 && rig.core.pipes.take() == nil)
        let client = try rig.client()
        let server = try rig.acceptAtOrigin()
        try exchangeBothWays(rig, client, server, size: 800_000)
        #expect(rig.core.counters.splicedBytes == 0)
        for pipe in taken { rig.core.pipes.putBack(pipe, isEmpty: true) }
    }
}
