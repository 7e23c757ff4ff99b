// Which server connections serve which client: `http-reuse` and the modes that close, by counting connections.

import Testing

@testable import Proxying

@Suite struct ReuseTests {
    private func rig(_ lines: String) throws -> Rig {
        try Rig(text: "listen fe\n bind front1\n \(lines)\n server s1 origin1\n")
    }

    @Test(arguments: ["never", "safe", "aggressive", "always"])
    func aClientKeepsItsConnection(_ mode: String) throws {
        let rig = try rig("http-reuse \(mode)")
        let client = try rig.client()
        let server = try rig.exchange(client)
        try rig.exchange(client, over: server)
        try rig.exchange(client, over: server)
        #expect(try !rig.hasNewConnection())
    }

    @Test(arguments: [("never", false), ("safe", false), ("aggressive", false), ("always", true)])
    func aFirstRequestOverAConnectionThatServedOnce(_ mode: String, _ isShared: Bool) throws {
        let rig = try rig("http-reuse \(mode)")
        let first = try rig.client()
        let server = try rig.exchange(first)
        let second = try rig.client()
        try rig.exchange(second, over: isShared ? server : nil)
        #expect(try !rig.hasNewConnection())
    }

    @Test(arguments: [("never", false), ("safe", false), ("aggressive", true), ("always", true)])
    func aFirstRequestOverAConnectionThatWasReusedBefore(_ mode: String, _ isShared: Bool) throws {
        let rig = try rig("http-reuse \(mode)")
        let first = try rig.client()
        let server = try rig.exchange(first)
        try rig.exchange(first, over: server)
        let second = try rig.client()
        try rig.exchange(second, over: isShared ? server : nil)
        #expect(try !rig.hasNewConnection())
    }

    @Test func aSecondRequestMayUseAnothersConnection() throws {
        let rig = try rig("http-reuse safe")
        let first = try rig.client()
        let second = try rig.client()
        let one = try rig.exchange(first)
        _ = try rig.exchange(second)
        first.close()
        try rig.settle()
        #expect(rig.core.backends[0].servers[0].idleConnections > 0)
        second.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try !rig.hasNewConnection())
        _ = one
    }

    @Test func aPrivateConnectionEndsWithItsClient() throws {
        let rig = try rig("http-reuse never")
        let client = try rig.client()
        let server = try rig.exchange(client)
        client.close()
        try rig.expectEnd(of: server)
    }

    @Test func httpServerCloseEndsTheServersSideOnly() throws {
        let rig = try rig("option http-server-close")
        let client = try rig.client()
        try rig.expectEnd(of: rig.exchange(client))
        try rig.expectEnd(of: rig.exchange(client))
        #expect(!client.hasEnded)
    }

    @Test func httpCloseEndsBothSides() throws {
        let rig = try rig("option httpclose")
        let client = try rig.client()
        let server = try rig.forward(
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n", of: client, until: "connection: close\r\n\r\n")
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        try rig.expectEnd(of: client)
        try rig.expectEnd(of: server)
        #expect(client.text == "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nconnection: close\r\n\r\nok")
    }
}
