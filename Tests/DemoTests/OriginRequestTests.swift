// What the origin understands of a request head.

import Testing

@testable import Demo

@Suite struct OriginRequestTests {
    private func parse(_ text: String) -> OriginRequest? {
        Array(text.utf8).withUnsafeBytes { OriginRequest($0) }
    }

    @Test(arguments: [
        ("/bytes/128", OriginRequest.Action.bytes(128)), ("/bytes/128?x=1", .bytes(128)),
        ("/poll/50", .poll(milliseconds: 50)), ("/slow/10/20", .slow(10, milliseconds: 20)),
        ("/half/9", .half(9)), ("/status/404", .status(404)), ("/status/99", .unknown), ("/ws", .webSocket),
        ("/", .unknown), ("/bytes/-1", .unknown), ("/bytes/99999999999999", .unknown),
    ])
    func readsThePath(path: String, action: OriginRequest.Action) throws {
        let head = "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n"
        let request = try #require(parse(head + "rest"))
        #expect(request.action == action)
        #expect(request.length == head.utf8.count)
        #expect(!request.closes && !request.hasNoBody)
    }

    @Test func readsWhatChangesTheAnswer() throws {
        let request = try #require(
            parse("HEAD /bytes/1 HTTP/1.1\r\nCONNECTION: close\r\ncontent-length: 12\r\n\r\n"))
        #expect(request.closes && request.hasNoBody && request.contentLength == 12)
        #expect(try #require(parse("GET / HTTP/1.0\r\n\r\n")).closes)
    }

    @Test func anIncompleteHeadIsNone() {
        let text = "GET /bytes/1 HTTP/1.1\r\nHost: a\r\n\r\n"
        for count in 0..<text.count { #expect(parse(String(text.prefix(count))) == nil) }
    }
}
