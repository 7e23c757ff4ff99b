// What an HTTP check says, and what it makes of answers: whole, in pieces, and none.

import ConfigLanguage
import Testing

@testable import Proxying

@Suite struct HTTPCheckTests {
    private func check(_ lines: String) throws -> HTTPCheck {
        let text = "backend b\n option httpchk\n\(lines)\n"
        let result = ConfigurationParser.parse(
            [Source(name: "t.cfg", text: text)],
            in: Surroundings(readFile: { _ in .failure(OutsideFailure("no files here")) }))
        let proxy = try #require(result.configuration?.proxies.first, "\(result.diagnostics)")
        return HTTPCheck(proxy.settings.check)
    }

    private func result(_ check: HTTPCheck, _ answer: String, hasEnded: Bool = true) -> CheckResult? {
        check.result(of: Array(answer.utf8), hasEnded: hasEnded)
    }

    @Test func whatIsSent() throws {
        func sent(_ lines: String) throws -> String {
            String(decoding: try check(lines).request, as: UTF8.self)
        }
        #expect(try sent("") == "OPTIONS / HTTP/1.0\r\n\r\n")
        #expect(try sent(" option httpchk /h") == "OPTIONS /h HTTP/1.0\r\n\r\n")
        #expect(
            try sent(" option httpchk GET /h HTTP/1.1") == "GET /h HTTP/1.1\r\nconnection: close\r\n\r\n")
        #expect(
            try sent(" option httpchk HEAD / HTTP/1.1\\r\\nHost:\\ www")
                == "HEAD / HTTP/1.1\r\nhost: www\r\nconnection: close\r\n\r\n")
        #expect(
            try sent(" http-check send meth POST uri /h ver HTTP/1.1 hdr Host a hdr X \"b c %%\" body hello")
                == "POST /h HTTP/1.1\r\nhost: a\r\nx: b c %\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"
        )
    }

    @Test func statuses() throws {
        let usual = try check("")
        #expect(result(usual, "HTTP/1.1 200 OK\r\n\r\n") == .answered(200))
        #expect(result(usual, "HTTP/1.0 399\r\n\r\n") == .answered(399))
        #expect(result(usual, "HTTP/1.1 404 Not here\r\n\r\n") == .unwanted(404, "Not here"))
        #expect(result(usual, "HTTP/1.1 500 \u{1b}[31m\r\n\r\n")?.detail.contains("\u{1b}") != true)
        let listed = try check(" http-check expect status 200-299,404")
        #expect(result(listed, "HTTP/1.1 404 No\r\n\r\n") == .answered(404))
        #expect(result(listed, "HTTP/1.1 302 Found\r\n\r\n") == .unwanted(302, "Found"))
        let pattern = try check(" http-check expect ! rstatus ^5")
        #expect(result(pattern, "HTTP/1.1 500 Oh\r\n\r\n") == .unwanted(500, "Oh"))
        #expect(result(pattern, "HTTP/1.1 404 No\r\n\r\n") == .answered(404))
    }

    @Test func bodies() throws {
        let wanted = try check(" http-check expect string okay")
        #expect(result(wanted, "HTTP/1.1 500 Oh\r\ncontent-length: 6\r\n\r\nxokayx") == .answered(500))
        #expect(
            result(wanted, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnono", hasEnded: false)
                == .misunderstood("HTTP content check did not match"))
        #expect(
            result(wanted, "HTTP/1.1 200 OK\r\n\r\n")
                == .misunderstood("HTTP content check could not find a response body"))
        let chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n2\r\nay\r\n0\r\n\r\n"
        #expect(result(wanted, chunks, hasEnded: false) == .answered(200))
        let unwanted = try check(" http-check expect ! rstring ^a+b")
        #expect(
            result(unwanted, "HTTP/1.1 200 OK\r\n\r\naab", hasEnded: false)
                == .misunderstood("HTTP check matched unwanted content"))
        #expect(result(unwanted, "HTTP/1.1 200 OK\r\n\r\nab?", hasEnded: false)?.passed == false)
        #expect(result(unwanted, "HTTP/1.1 200 OK\r\n\r\nb", hasEnded: true) == .answered(200))
    }

    @Test func whatIsCutIsWaitedFor() throws {
        let check = try check(" http-check expect string okay")
        let answer = "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nokay"
        for count in 0..<answer.utf8.count {
            let part = String(decoding: answer.utf8.prefix(count), as: UTF8.self)
            #expect(result(check, part, hasEnded: false) == nil, "\(count)")
            #expect(result(check, part)?.passed == false, "\(count)")
        }
        #expect(result(check, answer, hasEnded: false) == .answered(200))
    }

    @Test(arguments: ["", "hello\r\n\r\n", "HTTP/1.1 2", "HTTP/1.1 20x OK\r\n\r\n", "HTTP/1.1 200 OK\r\n"])
    func whatIsNoAnswer(_ text: String) throws {
        #expect(result(try check(""), text) == .misunderstood())
    }
}
