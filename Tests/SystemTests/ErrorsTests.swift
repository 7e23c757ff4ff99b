// `show errors` beside real HAProxy: the same messages are kept, and told in the same way.

import Glibc
import TestSupport
import Testing
import Unix

extension OperatorSystemTests {
    @Suite struct Errors {
        private static let requests = [
            "GET /x HTTP/1.1\r\nHost: a\r\nX Y: bad\r\n\r\nbody\u{1}\"\\ rest",
            "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /e HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 100))\r\nBad Name: b\r\n\r\n",
        ]

        @Test(.enabled(if: ProxyKind.available.count == 2), arguments: requests)
        func invalidRequestsAreKept(_ request: String) throws {
            let ours = try errors(of: .mwproxy, after: request)
            let theirs = try errors(of: .haproxy, after: request)
            #expect(ours == theirs, "\(ours) \(theirs)")
        }

        private func errors(of kind: ProxyKind, after request: String) throws -> [String] {
            var path = ""
            let proxy = try RunningProxy(kind) { folder in
                path = folder.file("web.sock")
                return """
                    global
                        stats socket \(folder.file("admin.sock")) level admin
                    defaults
                        mode http
                        timeout client 5s
                        timeout server 5s
                        timeout connect 1s
                    frontend fe
                        bind \(path)
                        default_backend be
                    backend be
                        server s \(folder.file("nobody.sock"))

                    """
            }
            #expect(try proxy.ask("@1 show errors").split(separator: "\n").count == 1)
            let client = try Connection(to: .unix(path: path))
            try client.send(request)
            #expect(try client.readToEnd().hasPrefix("HTTP/1.1 400 Bad request\r\n"))
            let text = try proxy.ask("@1 show errors fe request")
            #expect(try proxy.ask("@1 show errors be response").split(separator: "\n").count == 1)
            #expect(try proxy.ask("@1 show errors nobody").contains("No such proxy.\n"))
            // Dates, HAProxy's own parser and the size of the buffer.
            return text.split(separator: "\n").filter { !$0.contains("  H1 ") }.map { line in
                String(
                    line.replacing(/\[[^\]]*\]/, with: "[date]").replacing(/\d+ free/, with: "N free")
                        .replacing(/wraps at \d+/, with: "wraps at N")
                        .replacing(/src unix:\d/, with: "src unix"))
            }
        }
    }
}
