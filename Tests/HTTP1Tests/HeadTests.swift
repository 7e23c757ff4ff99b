// Heads as they should be and as attackers write them; each also cut at every byte.

import Testing

@testable import HTTP1

@Suite struct HeadTests {
    private struct Reading<Head: ~Copyable>: ~Copyable {
        let head: Head
        let outcome: HeadOutcome
    }

    private func request(_ text: String) -> Reading<RequestHead> {
        var head = RequestHead()
        let bytes = Array(text.utf8)
        let outcome = head.read(bytes.span)
        return Reading(head: head, outcome: outcome)
    }

    private func response(_ text: String) -> Reading<ResponseHead> {
        var head = ResponseHead()
        let bytes = Array(text.utf8)
        let outcome = head.read(bytes.span)
        return Reading(head: head, outcome: outcome)
    }

    private func keepsAlive(_ text: String) -> Bool { request(text).head.wantsKeepAlive }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", BodyFraming.none),
        ("\r\n\r\nGET / HTTP/1.1\r\n\r\n", .none),
        ("GET / HTTP/1.1\nHost: a\n\n", .none),
        ("POST /p?q=1 HTTP/1.1\r\nContent-Length: 12\r\n\r\n", .length(12)),
        ("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", .none),
        ("POST / HTTP/1.1\r\nContent-Length: 5\r\ncontent-length:5\r\n\r\n", .length(5)),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n", .chunked),
        ("GET http://a/x HTTP/1.1\r\nHost: a:80\r\n\r\n", .none),
        ("OPTIONS * HTTP/1.0\r\n\r\n", .none), ("CONNECT [::1]:80 HTTP/1.1\r\n\r\n", .none),
        ("GET /\"<>\\^`{|}%zz HTTP/1.1\r\n\r\n", .none),
        ("GET / HTTP/1.1\r\nEmpty:\r\nTab:\t a\tb \t\r\nObs: \u{e9}\r\n\r\n", .none),
    ])
    func goodRequestsAreRead(_ text: String, _ framing: BodyFraming) {
        let read = request(text + "rest")
        #expect(read.outcome == .complete(text.utf8.count))
        #expect(read.head.framing == framing)
        for cut in 0..<text.utf8.count {
            #expect(request(String(decoding: text.utf8.prefix(cut), as: UTF8.self)).outcome == .partial)
        }
    }

    @Test(arguments: [
        ("POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", HeadError.framing),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", .framing),
        ("POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", .framing),
        ("POST / HTTP/1.1\r\nContent-Length: 5, 6\r\n\r\n", .framing),
        ("POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n", .framing),
        ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", .framing),
        ("POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", .framing),
        ("POST / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\n", .framing),
        ("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", .framing),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", .framing),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", .framing),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n", .framing),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .coding),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", .coding),
        ("GET /a#b HTTP/1.1\r\n\r\n", .firstLine), ("GET /\u{e9} HTTP/1.1\r\n\r\n", .firstLine),
        ("GET /\u{1} HTTP/1.1\r\n\r\n", .firstLine), ("GET /\u{7f} HTTP/1.1\r\n\r\n", .firstLine),
        ("GET /a\tb HTTP/1.1\r\n\r\n", .firstLine), ("GET a HTTP/1.1\r\n\r\n", .firstLine),
        ("GET a:b HTTP/1.1\r\n\r\n", .firstLine), ("GET 1://b HTTP/1.1\r\n\r\n", .firstLine),
        ("CONNECT a HTTP/1.1\r\n\r\n", .firstLine), ("CONNECT :80 HTTP/1.1\r\n\r\n", .firstLine),
        ("CONNECT /a:80 HTTP/1.1\r\n\r\n", .firstLine), ("CONNECT a: HTTP/1.1\r\n\r\n", .firstLine),
        ("POST / HTTP/1.1\r\nTransfer-Encoding:\r\n\r\n", .framing),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .framing),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", .field),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", .field),
        ("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", .field),
        ("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", .field),
        ("GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", .field),
        ("GET / HTTP/1.1\r\n: b\r\n\r\n", .field),
        ("GET / HTTP/1.1\r\nTransfer-Encoding\u{b}: chunked\r\n\r\n", .field),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", .host),
        ("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", .host),
        ("GET / HTTP/2.0\r\n\r\n", .version), ("GET / HTTP/1.10\r\n\r\n", .version),
        ("GET /\r\n\r\n", .firstLine), ("GET  / HTTP/1.1\r\n\r\n", .firstLine),
        ("GET / HTTP/1.1 \r\n\r\n", .firstLine), ("G(T / HTTP/1.1\r\n\r\n", .firstLine),
        ("GET /a b HTTP/1.1\r\n\r\n", .version),
    ])
    func whatTwoReadersCouldReadDifferentlyIsRefused(_ text: String, _ error: HeadError) {
        let outcome = request(text).outcome
        guard case .invalid = outcome else {
            Issue.record("accepted: \(outcome)")
            return
        }
        if outcome != .invalid(error) {
            // Which of two reasons is named matters less than the refusal, but the first line stays the first line.
            #expect(error == .version || error == .firstLine, "\(outcome)")
        }
    }

    @Test func aLengthMayBeRepeated() {
        for value in ["5", "5, 5", "5,5 ,5", "05, 5"] {
            let read = request("POST / HTTP/1.1\r\nContent-Length: \(value)\r\n\r\n")
            #expect(read.head.framing == .length(5))
            #expect(read.head.section.repeatsContentLength == (value != "5"))
        }
        for value in ["5, 6", "5,", ",5", "5,,5", "5, x", "5 5"] {
            let outcome = request("POST / HTTP/1.1\r\nContent-Length: \(value)\r\n\r\n").outcome
            #expect(outcome == .invalid(.framing), "\(value)")
        }
    }

    @Test func laterMinorVersionsAreReadAs11() {
        let later = request("GET / HTTP/1.2\r\n\r\n")
        #expect(later.head.isVersion11 == true)
        #expect(later.head.isLaterMinor == true)
        #expect(later.head.wantsKeepAlive == true)
        let answer = response("HTTP/1.9 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(answer.head.isVersion11 == true)
        #expect(answer.head.isLaterMinor == true)
        #expect(answer.head.allowsKeepAlive == true)
        let earlier = request("GET / HTTP/1.0\r\n\r\n")
        #expect(earlier.head.isLaterMinor == false)
    }

    @Test func tooManyFieldsAreRefused() {
        let field = "A: b\r\n"
        let most = String(repeating: field, count: FieldSection.mostFields)
        #expect(request("GET / HTTP/1.1\r\n" + most + field + "\r\n").outcome == .invalid(.tooManyFields))
        guard case .complete = request("GET / HTTP/1.1\r\n" + most + "\r\n").outcome else {
            Issue.record("refused the largest head")
            return
        }
    }

    @Test func theConnectionFieldIsAList() {
        let upgrade = request(
            "GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n")
        #expect(upgrade.head.asksForUpgrade == true)
        #expect(upgrade.head.wantsKeepAlive == true)
        #expect(!keepsAlive("GET / HTTP/1.1\r\nConnection: foo,close\r\n\r\n"))
        #expect(!keepsAlive("GET / HTTP/1.0\r\n\r\n"))
        #expect(keepsAlive("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"))
    }

    @Test(arguments: [
        ("/a/b?c", "/a/b"), ("http://h/x?y", "/x"), ("/", "/"), ("*", nil), ("http://h", nil),
    ])
    func thePathIsFound(_ target: String, _ path: String?) {
        let text = "GET \(target) HTTP/1.1\r\n\r\n"
        let bytes = Array(text.utf8)
        let found = request(text).head.path(bytes.span)
        #expect(found.map { String(decoding: bytes[$0], as: UTF8.self) } == path)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", Method.get, BodyFraming.length(3)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", .head, .none),
        ("HTTP/1.1 204\r\n\r\n", .get, .none), ("HTTP/1.1 304 Not Modified\r\n\r\n", .get, .none),
        ("HTTP/1.1 100 Continue\r\n\r\n", .get, .none),
        ("HTTP/1.1 200 OK\r\n\r\n", .get, .untilClose), ("HTTP/1.1 200 OK\r\n\r\n", .connect, .tunnel),
        ("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\n", .connect, .length(2)),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .get, .chunked),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", .get, .chunked),
        ("HTTP/1.1 204 No\r\nTransfer-Encoding: gzip\r\nContent-Length: 3\r\n\r\n", .get, .none),
        ("HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", .get, .none),
    ])
    func responsesEndWhereTheRulesSay(_ text: String, _ method: Method, _ framing: BodyFraming) {
        let read = response(text)
        #expect(read.outcome == .complete(text.utf8.count))
        #expect(read.head.framing(answering: method) == framing)
        for cut in 0..<text.utf8.count {
            #expect(response(String(decoding: text.utf8.prefix(cut), as: UTF8.self)).outcome == .partial)
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", "HTTP/2 200\r\n\r\n\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n", "SSH-2.0-OpenSSH_9\r\n\r\n",
    ])
    func badResponsesAreRefused(_ text: String) {
        guard case .invalid = response(text).outcome else {
            Issue.record("accepted \(text)")
            return
        }
    }
}
