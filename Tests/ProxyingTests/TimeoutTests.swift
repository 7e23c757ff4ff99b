// Each `timeout` ends what it is for, with the status and the flags that HAProxy logs.

import Glibc
import Testing
import Unix

@testable import Proxying

@Suite struct TimeoutTests {
    /// A proxy that logs its lines to a datagram socket of the test.
    private func rig(_ lines: String, server: String = "server s1 origin1") throws -> (Rig, TestSocket) {
        let address = SocketAddress.ipv4(0x7F00_0001, port: 0)
        let socket = try Socket.datagram(for: address)
        try Socket.bind(socket, to: address)
        let port = try #require(try Socket.localAddress(socket.raw).port)
        let log = TestSocket(owning: socket.release())
        let text =
            "listen fe\n bind front1\n log 127.0.0.1:\(port) format raw local0\n option httplog\n \(lines)\n"
            + " \(server)\n"
        return (try Rig(text: text), log)
    }

    private let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test func httpRequest() throws {
        let (rig, log) = try rig("timeout http-request 30ms")
        let client = try rig.client()
        client.send("GET / HT")
        try rig.expectEnd(of: client)
        #expect(client.text.hasPrefix("HTTP/1.1 408 Request Time-out\r\n"))
        try rig.expect(" 408 0 - - cR-- ", at: log)
    }

    @Test func httpKeepAliveSaysNothing() throws {
        let (rig, log) = try rig("timeout http-keep-alive 30ms")
        let client = try rig.client()
        try rig.exchange(client)
        try rig.expectEnd(of: client)
        #expect(client.text.isEmpty)
        #expect(log.text.split(separator: "\n").count == 1)
    }

    @Test func clientWhileTheBodyIsMissing() throws {
        let (rig, log) = try rig("timeout client 30ms")
        let client = try rig.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
        let server = try rig.acceptAtOrigin()
        try rig.expectEnd(of: server)
        try rig.expect("HTTP/1.1 408 Request Time-out\r\n", at: client)
        try rig.expect(" 408 ", at: log)
        #expect(log.text.contains(" - - cD-- ") || log.text.contains(" - - cH-- "), "\(log.text)")
    }

    @Test func serverBeforeAndWithinTheResponse() throws {
        let (rig, log) = try rig("timeout server 30ms")
        let client = try rig.client()
        client.send(get)
        let server = try rig.acceptAtOrigin()
        try rig.expect("HTTP/1.1 504 Gateway Time-out\r\n", at: client)
        try rig.expectEnd(of: server)
        try rig.expect(" 504 ", at: log)
        #expect(log.take().contains(" - - sH-- "))
        let other = try rig.client()
        let next = try rig.forward(get, of: other, until: "\r\n\r\n")
        next.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        try rig.expectEnd(of: other)
        try rig.expect(" - - sD-- ", at: log)
    }

    @Test func queue() throws {
        let (rig, log) = try rig("timeout queue 30ms", server: "server s1 origin1 maxconn 1")
        let first = try rig.client()
        first.send(get)
        let server = try rig.acceptAtOrigin()
        let second = try rig.client()
        second.send(get)
        try rig.expect("HTTP/1.1 503 Service Unavailable\r\n", at: second)
        try rig.expect(" 503 ", at: log)
        #expect(log.text.contains(" - - sQ-- "))
        server.close()
    }

    @Test func connect() throws {
        // A full queue of connections answers no further SYN.
        let address = SocketAddress.ipv4(0x7F00_0001, port: 0)
        let socket = try Socket.stream(for: address)
        try Socket.bind(socket, to: address)
        try Socket.listen(socket, backlog: 0)
        let full = try Socket.localAddress(socket.raw)
        var fillers: [TestSocket] = []
        for _ in 0..<4 {
            let filler = try Socket.stream(for: full)
            _ = try Socket.connect(filler.raw, to: full)
            fillers.append(TestSocket(owning: filler.release()))
        }
        let (rig, log) = try rig("timeout connect 30ms\n retries 0", server: "server s1 \(full)")
        let client = try rig.client()
        client.send(get)
        try rig.expect("HTTP/1.1 503 Service Unavailable\r\n", at: client)
        try rig.expect(" - - sC-- ", at: log)
        #expect(log.text.contains("/-1/-1/"))
        _ = fillers
    }

    @Test func tunnel() throws {
        let (rig, log) = try rig("timeout tunnel 30ms")
        let client = try rig.client()
        let server = try rig.forward(
            "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", of: client,
            until: "\r\n\r\n")
        server.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        try rig.expect("\r\n\r\n", at: client)
        try rig.expectEnd(of: client)
        try rig.expectEnd(of: server)
        try rig.expect(" 101 ", at: log)
        #expect(log.text.contains(" - - cD-- ") || log.text.contains(" - - sD-- "), "\(log.text)")
    }

    @Test func theHalfClosedSides() throws {
        let rig = try Rig(
            text: "listen fe\n mode tcp\n bind front1\n timeout tunnel 10s\n timeout client-fin 30ms\n"
                + " timeout server-fin 30ms\n server s1 origin1\n")
        // The server ended: a silent client is waited for no longer than client-fin.
        let one = try rig.client()
        let first = try rig.acceptAtOrigin()
        first.endSending()
        try rig.expectEnd(of: one)
        try rig.expectEnd(of: first)
        // The client ended: a silent server no longer than server-fin.
        let two = try rig.client()
        let second = try rig.acceptAtOrigin()
        two.endSending()
        try rig.expectEnd(of: second)
        try rig.expectEnd(of: two)
        #expect(rig.core.streams().isEmpty)
    }
}
