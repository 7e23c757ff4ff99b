// Requests and responses over real sockets: what arrives at the origin, and what comes back.

import ConfigLanguage
import Testing
import Unix

@testable import Proxying

private let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

@Suite struct HTTPExchangeTests {
    @Test func aConnectionIsKeptOnBothSides() throws {
        let rig = try Rig()
        let client = try rig.client()
        let server = try rig.forward(get, of: client, until: "\r\n\r\n")
        #expect(server.take() == get)
        server.send(ok)
        try rig.expect("ok", at: client)
        #expect(client.take() == ok)
        client.send(get)
        try rig.expect("\r\n\r\n", at: server)
        server.send(ok)
        try rig.expect("ok", at: client)
        #expect(rig.core.backends[0].servers[0].load.traffic.reuses == 1)
        #expect(rig.core.frontends[0].load.traffic.requests == 2)
        #expect(rig.core.frontends[0].load.traffic.status2xx == 2)
        #expect(rig.core.streams().isEmpty)
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() throws {
        let rig = try Rig()
        let client = try rig.client()
        client.send(get + get.replacing("/a", with: "/b") + get.replacing("/a", with: "/c"))
        let first = try rig.acceptAtOrigin()
        for name in ["/a", "/b", "/c"] {
            try rig.expect("GET \(name) ", at: first)
            #expect(!first.take().contains(name == "/a" ? "/b" : "/a"))
            first.send(ok.replacing("ok", with: String(name.last ?? "?") + "!"))
        }
        try rig.expect("c!", at: client)
        let text = client.text
        let places = ["a!", "b!", "c!"].compactMap { text.firstRange(of: $0)?.lowerBound }
        #expect(places.count == 3 && places == places.sorted())
    }

    @Test func aHeadMayComeByteByByte() throws {
        let rig = try Rig()
        let client = try rig.client()
        for byte in get.utf8 {
            client.send([byte])
            try rig.loop.runOnce(longestWait: .milliseconds(1))
        }
        let server = try rig.acceptAtOrigin()
        try rig.expect("\r\n\r\n", at: server)
        #expect(server.take() == get)
        for byte in ok.utf8 {
            server.send([byte])
            try rig.loop.runOnce(longestWait: .milliseconds(1))
        }
        try rig.expect("ok", at: client)
        #expect(client.text == ok)
    }

    @Test func chunkedBodiesPassBothWaysWithTrailers() throws {
        let rig = try Rig()
        let client = try rig.client()
        let chunks = "5;x=y\r\nhello\r\n0\r\nDigest: z\r\n\r\n"
        let server = try rig.forward(
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", of: client,
            until: "chunked\r\n\r\n")
        for byte in chunks.utf8 {
            client.send([byte])
            try rig.loop.runOnce(longestWait: .milliseconds(1))
        }
        try rig.expect("Digest: z\r\n\r\n", at: server)
        #expect(server.take().hasSuffix(chunks))
        server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
        try rig.expect("Digest: z\r\n\r\n", at: client)
        #expect(client.take().hasSuffix(chunks))
        client.send(get)
        try rig.expect("GET /a", at: server)
    }

    @Test func anOldClientGetsChunksWithoutTheirFraming() throws {
        let rig = try Rig()
        let client = try rig.client()
        let server = try rig.forward(
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", of: client,
            until: "connection: keep-alive\r\n\r\n")
        server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")
        try rig.expectEnd(of: client)
        #expect(client.text == "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabcdef")
    }

    @Test func theServerDecidesAboutContinue() throws {
        let rig = try Rig()
        let client = try rig.client()
        let server = try rig.forward(
            "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n", of: client,
            until: "100-continue")
        server.send("HTTP/1.1 100 Continue\r\n\r\n")
        try rig.expect("100 Continue\r\n\r\n", at: client)
        client.send("body")
        try rig.expect("body", at: server)
        server.send(ok)
        try rig.expect("ok", at: client)
        #expect(client.text == "HTTP/1.1 100 Continue\r\n\r\n" + ok)
    }

    @Test func responsesWithoutBodyEndWithTheirHead() throws {
        let rig = try Rig()
        let client = try rig.client()
        let server = try rig.forward("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", of: client, until: "HEAD")
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
        try rig.expect("500\r\n\r\n", at: client)
        for status in ["204 No Content", "304 Not Modified"] {
            _ = server.take()
            client.send(get)
            try rig.expect("GET", at: server)
            server.send("HTTP/1.1 \(status)\r\n\r\n")
            try rig.expect(status, at: client)
        }
        try rig.settle()
        #expect(!client.hasEnded && rig.core.streams().isEmpty)
    }

    @Test func aBodyThatEndsWithTheConnectionEndsTheClientsToo() throws {
        let rig = try Rig()
        let client = try rig.client()
        let server = try rig.forward(get, of: client)
        server.send("HTTP/1.1 200 OK\r\n\r\nall of it")
        try rig.expect("all of it", at: client)
        server.close()
        try rig.expectEnd(of: client)
        #expect(client.text.contains("connection: close\r\n"))
    }

    @Test func anUpgradeBecomesATunnelWithHalfClose() throws {
        let rig = try Rig()
        let client = try rig.client()
        let server = try rig.forward(
            "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", of: client,
            until: "Upgrade: websocket")
        #expect(server.text.contains("connection: Upgrade\r\n"))
        server.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
        try rig.expect("hello", at: client)
        client.send("ping")
        try rig.expect("ping", at: server)
        client.endSending()
        try rig.expectEnd(of: server)
        server.send("last words")
        server.close()
        try rig.expect("last words", at: client)
        try rig.expectEnd(of: client)
        #expect(rig.core.streams().isEmpty)
    }

    @Test func connectBecomesATunnel() throws {
        let rig = try Rig()
        let client = try rig.client()
        let server = try rig.forward(
            "CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\nearly", of: client, until: "CONNECT")
        server.send("HTTP/1.1 200 Connected\r\n\r\n")
        try rig.expect("Connected\r\n\r\n", at: client)
        try rig.expect("early", at: server)
    }

    @Test(arguments: [
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n", "NONSENSE\r\n\r\n", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
    ])
    func whatIsAmbiguousIsRefused(_ request: String) throws {
        let rig = try Rig()
        let client = try rig.client()
        client.send(request)
        try rig.expectEnd(of: client)
        #expect(client.text.hasPrefix("HTTP/1.1 400 Bad request\r\n"))
        #expect(rig.core.frontends[0].load.traffic.requestErrors == 1)
    }

    @Test func forwardForAndCloseModesChangeTheHead() throws {
        let rig = try Rig { frontend, backend in
            frontend.settings.forwardFor = ForwardFor()
            backend.settings.connectionMode = .serverClose
        }
        let client = try rig.client()
        let server = try rig.forward(get, of: client, until: "\r\n\r\n")
        #expect(
            server.text
                == "GET /a HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 127.0.0.1\r\nconnection: close\r\n\r\n")
        server.send(ok)
        try rig.expect("ok", at: client)
        try rig.expectEnd(of: server)
        #expect(!client.hasEnded)
    }

    @Test(arguments: [1 << 20, 5_000_000])
    func largeBodiesArriveUnchanged(_ size: Int) throws {
        let rig = try Rig()
        let client = try rig.client()
        var body = [UInt8](repeating: 0, count: size)
        for index in body.indices { body[index] = UInt8(truncatingIfNeeded: index &* 2_654_435_761 >> 7) }
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(size)\r\n\r\n")
        let server = try rig.acceptAtOrigin()
        var sent = 0
        try rig.pump("the upload") {
            sent += client.send(body[sent...])
            server.read()
            return server.received.count > size
        }
        #expect(Array(server.received.suffix(size)) == body)
        server.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
        sent = 0
        try rig.pump("the download") {
            sent += server.send(body[sent...])
            client.read()
            return client.received.count > size
        }
        #expect(Array(client.received.suffix(size)) == body)
        try rig.settle()
        #expect(rig.core.streams().isEmpty && !client.hasEnded)
    }
}
