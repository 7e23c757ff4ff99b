// What HAProxy 2.6.12 strips, refuses and passes on, seen beside it with the same bytes.

import Testing

@testable import Proxying

private let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

@Suite struct FramingTests {
    @Test(arguments: [
        (
            "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\nX: y\r\n\r\n",
            "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"
        ),
        (
            "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n\r\n"
        ),
        (
            "HTTP/1.1 103 Early\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nLink: y\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 103 Early\r\nLink: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        ),
        (
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\nX: y\r\n\r\na",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nX: y\r\n\r\na"
        ),
        (
            "HTTP/1.2 200 OK\r\nContent-Length: 1\r\n\r\na",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
        ),
    ])
    func fieldsThatMustNotBeThereAreStripped(_ response: String, _ passed: String) throws {
        let rig = try Rig()
        let client = try rig.client()
        let server = try rig.forward(get, of: client, until: "\r\n\r\n")
        server.send(response)
        try rig.expect(passed, at: client)
        #expect(client.text == passed)
        // The connection goes on.
        _ = server.take()
        client.send(get)
        let isReused = !response.contains("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n1")
        let next = isReused ? server : try rig.acceptAtOrigin()
        try rig.expect("\r\n\r\n", at: next)
    }

    @Test(arguments: [
        ("GET /a HTTP/1.2\r\nHost: x\r\n\r\n", "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"),
        (
            "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na",
            "POST /a HTTP/1.1\r\nHost: x\r\ncontent-length: 1\r\n\r\na"
        ),
    ])
    func requestsArePassedOnAsEveryReaderReadsThem(_ request: String, _ passed: String) throws {
        let rig = try Rig()
        let client = try rig.client()
        client.send(request)
        let server = try rig.acceptAtOrigin()
        try rig.expect(passed, at: server)
        #expect(server.text == passed)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    ])
    func responsesThatCannotBePassedOnAreABadGateway(_ response: String) throws {
        let rig = try Rig()
        let client = try rig.client()
        let server = try rig.forward(get, of: client, until: "\r\n\r\n")
        server.send(response)
        try rig.expect("HTTP/1.1 502 Bad Gateway\r\n", at: client)
        try rig.expectEnd(of: server)
    }

    @Test(arguments: ["/a#b", "/\u{e9}", "/\u{1}", "/\u{7f}", "a", "http://x#f", "/a b"])
    func badTargetsAreBadRequests(_ target: String) throws {
        let rig = try Rig()
        let client = try rig.client()
        client.send("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
        try rig.expectEnd(of: client)
        #expect(client.text.hasPrefix("HTTP/1.1 400 Bad request\r\n"))
    }

    @Test(arguments: ["gzip, chunked", "identity, chunked", "deflate,chunked"])
    func codingsInsideChunksAreUnprocessable(_ codings: String) throws {
        let rig = try Rig()
        let client = try rig.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \(codings)\r\n\r\n0\r\n\r\n")
        try rig.expectEnd(of: client)
        #expect(client.text.hasPrefix("HTTP/1.1 422 Unprocessable Content\r\ncontent-length: 116\r\n"))
    }
}
