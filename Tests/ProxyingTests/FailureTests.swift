// What clients see, and what is counted, when servers fail, are full or are slow.

import ConfigLanguage
import Testing
import Unix

@testable import Proxying

private let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

@Suite struct FailureTests {
    @Test func aStaleConnectionIsReplacedWithoutTheClientNoticing() throws {
        let rig = try Rig { _, backend in backend.settings.httpReuse = .always }
        let client = try rig.client()
        let server = try rig.forward(get, of: client)
        server.send(ok)
        try rig.expect("ok", at: client)
        _ = client.take()
        // The request reaches the idle connection before its end does.
        client.send(get)
        try rig.expect("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET", at: server)
        server.close()
        let second = try rig.acceptAtOrigin()
        try rig.expect("GET", at: second)
        second.send(ok)
        try rig.expect("ok", at: client)
        #expect(client.text == ok)
    }

    @Test func aServerThatClosesWithoutAnswerIsABadGateway() throws {
        let rig = try Rig()
        let client = try rig.client()
        let server = try rig.forward(get, of: client)
        server.close()
        try rig.expect("502 Bad Gateway", at: client)
        #expect(rig.core.backends[0].load.traffic.responseErrors == 1)
    }

    @Test func theLastInvalidMessagesAreKept() throws {
        let rig = try Rig()
        let bad = try rig.client()
        bad.send("GET / HTTP/1.1\r\nX Y: z\r\n\r\n")
        try rig.expectEnd(of: bad)
        let request = try #require(rig.core.frontends[0].invalidRequest)
        #expect(request.position == 17 && request.bytes.count == 26 && request.start == 0)
        #expect(request.backend == nil && request.event == 0)
        for (reply, position) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", 35), ("hello\r\n\r\n", 0),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nz\r\n", 55),
        ] {
            let client = try rig.client()
            let server = try rig.forward(get, of: client)
            server.send(reply)
            try rig.expectEnd(of: client)
            let response = try #require(rig.core.backends[0].invalidResponse)
            #expect(String(decoding: response.bytes, as: UTF8.self) == reply)
            #expect(response.position == position, "\(reply)")
            #expect(response.server?.name == "s1" && response.frontend.name == "fe")
        }
        #expect(rig.core.capturedMessages == 4)
        // No more is kept than fits, with the fault in it.
        let long = try rig.client()
        long.send(
            "GET / HTTP/1.1\r\n" + String(repeating: "X: y\r\n", count: 20)
                + String(repeating: "a", count: 20_000))
        try rig.expectEnd(of: long)
        #expect(rig.core.frontends[0].invalidRequest?.bytes.count ?? .max <= 16384)
    }

    @Test func nonsenseFromTheServerIsABadGateway() throws {
        let rig = try Rig()
        let client = try rig.client()
        let server = try rig.forward(get, of: client)
        server.send("SSH-2.0-OpenSSH\r\n")
        try rig.expect("502 Bad Gateway", at: client)
    }

    @Test func aSlowServerIsAGatewayTimeout() throws {
        let rig = try Rig { _, backend in backend.settings.timeouts.server = .milliseconds(30) }
        let client = try rig.client()
        client.send(get)
        let server = try rig.acceptAtOrigin()
        try rig.expect("504 Gateway Time-out", at: client)
        try rig.expectEnd(of: server)
    }

    @Test func aRequestThatStopsHalfwayTimesOut() throws {
        let rig = try Rig { frontend, _ in frontend.settings.timeouts.httpRequest = .milliseconds(30) }
        let client = try rig.client()
        client.send("GET / HT")
        try rig.expect("408 Request Time-out", at: client)
        try rig.expectEnd(of: client)
    }

    @Test func aSilentKeepAliveConnectionIsClosedQuietly() throws {
        let rig = try Rig { frontend, _ in frontend.settings.timeouts.httpKeepAlive = .milliseconds(30) }
        let client = try rig.client()
        let server = try rig.forward(get, of: client)
        server.send(ok)
        try rig.expectEnd(of: client)
        #expect(client.text == ok)
    }

    @Test func noServerIsServiceUnavailable() throws {
        let rig = try Rig { _, backend in backend.servers[0].options.disabled = true }
        let client = try rig.client()
        client.send(get)
        try rig.expect("503 Service Unavailable", at: client)
        client.send(get)
        try rig.pump("a second answer on the same connection") {
            client.text.ranges(of: "503 Service").count == 2
        }
    }

    @Test func aFailedConnectMovesToAnotherServer() throws {
        let rig = try Rig(origins: 2) { _, backend in
            backend.settings.retries = 1
            backend.settings.redispatch = true
            // Nobody listens on port 1.
            backend.servers[0].endpoint = .tcp(host: "127.0.0.1", family: nil, port: .number(1))
        }
        let client = try rig.client()
        client.send(get)
        let server = try rig.acceptAtOrigin(1)
        try rig.expect("GET", at: server)
        server.send(ok)
        try rig.expect("ok", at: client)
        #expect(rig.core.backends[0].load.traffic.redispatches == 1)
    }

    @Test func thoseWhoFindNoPlaceWaitForOne() throws {
        let rig = try Rig { _, backend in backend.servers[0].options.maxconn = 1 }
        let first = try rig.client()
        let server = try rig.forward(get, of: first)
        let second = try rig.client()
        second.send(get)
        try rig.pump("the second to wait") { rig.core.backends[0].waits.queued.current == 1 }
        server.send(ok)
        try rig.expect("ok", at: first)
        let next = try rig.acceptAtOrigin()
        try rig.expect("GET", at: next)
        next.send(ok)
        try rig.expect("ok", at: second)
        #expect(rig.core.backends[0].waits.queued.current == 0)
        #expect(rig.core.backends[0].waits.queued.max == 1)
    }

    @Test func waitingHasAnEnd() throws {
        let rig = try Rig { _, backend in
            backend.servers[0].options.maxconn = 1
            backend.settings.timeouts.queue = .milliseconds(30)
        }
        let first = try rig.client()
        first.send(get)
        let server = try rig.acceptAtOrigin()
        defer { server.close() }
        let second = try rig.client()
        second.send(get)
        try rig.expect("503 Service Unavailable", at: second)
        #expect(rig.core.backends[0].waits.queued.current == 0)
    }

    @Test func atItsLimitTheWorkerStopsAcceptingSaysSoAndRecovers() throws {
        let rig = try Rig(global: { $0.maxconn = 2 })
        var clients = [try rig.client(), try rig.client(), try rig.client()]
        for client in clients { client.send(get) }
        let one = try rig.acceptAtOrigin()
        let two = try rig.acceptAtOrigin()
        try rig.settle()
        #expect(rig.core.counters.clients.current == 2)
        #expect(rig.reports.count { $0.contains("maxconn 2") } == 1)
        one.send(ok)
        two.send(ok)
        try rig.settle()
        clients[0].close()
        clients[1].close()
        let three = try rig.acceptAtOrigin()
        try rig.expect("GET", at: three)
        three.send(ok)
        try rig.expect("ok", at: clients[2])
        clients.removeAll()
    }

    @Test func aClientThatGoesAwayTakesItsServerConnectionWithIt() throws {
        let rig = try Rig()
        let client = try rig.client()
        let server = try rig.forward(get, of: client)
        client.reset()
        try rig.expectEnd(of: server)
        #expect(rig.core.streams().isEmpty)
        #expect(rig.core.frontends[0].load.traffic.clientAborts == 1)
    }
}
