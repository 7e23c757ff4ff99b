// `tcp-request inspect-delay`: TCP rules that wait for what the client says. HAProxy beside.

import Demo
import TestSupport
import Testing
import Unix

@Suite(.serialized, .timeLimit(.minutes(5))) struct InspectionSystemTests {
    private static let origin = """
        frontend origin
            bind 127.0.0.1:ORIGIN
            http-request return status 200 content-type text/plain lf-string "%[path] %[hdr(from)]"

        """

    @Test func rulesWaitForARequest() throws {
        try Conversation.same(
            Self.origin + """
                frontend fe
                    mode tcp
                    bind 127.0.0.1:PORT
                    tcp-request inspect-delay 20s
                    tcp-request content reject if { path_beg /cut }
                    tcp-request content track-sc0 hdr(user) table users if HTTP
                    tcp-request content accept if HTTP
                    use_backend other if { path /other }
                    use_backend none if { hdr(from) nowhere }
                    default_backend be
                backend be
                    mode tcp
                    tcp-request inspect-delay 20s
                    tcp-request content reject if { path_end .exe }
                    server s1 127.0.0.1:ORIGIN
                backend other
                    mode tcp
                    tcp-request content reject
                    server s1 127.0.0.1:ORIGIN
                backend none
                    mode tcp
                backend users
                    stick-table type string size 1k store conn_cnt
                """
        ) { talk in
            for path in ["/", "/cut/x", "/other", "/a.exe"] { try talk.request("GET \(path)", ["User: u"]) }
            try talk.request("GET /", ["From: nowhere"])
            // In pieces: half a head decides nothing.
            for (first, rest) in [
                ("GET /pie", "ces HTTP/1.1\r\nHost: h\r\nUser: v\r\nConnection: close\r\n\r\n"),
                ("GET /cut HTTP/1.1\r\nHost: h", "\r\n\r\n"),
            ] {
                let client = try Connection(port: talk.port)
                try client.send(first)
                // Both have seen it when another client was served.
                try talk.request("GET /between")
                try? client.send(rest)
                talk.note(
                    "in pieces: \(first)",
                    (try? client.readToEnd()).map { $0.isEmpty ? "cut" : "served" } ?? "cut")
            }
            // What cannot be HTTP any more is not waited for.
            let client = try Connection(port: talk.port)
            try client.send("\u{1}\u{2}\u{3}\r\n")
            talk.note("no HTTP", (try? client.readToEnd()) == nil ? "cut" : "answered")
            try talk.askForTable("users")
        }
    }

    @Test func theDelayEndsTheWait() throws {
        try Conversation.same(
            Self.origin + """
                frontend fe
                    mode tcp
                    bind 127.0.0.1:PORT
                    tcp-request inspect-delay 1s
                    tcp-request content accept if HTTP
                    tcp-request content accept if { req.len ge 5 } { req.len le 7 }
                    tcp-request content reject if WAIT_END !REQ_CONTENT
                    tcp-request content reject if WAIT_END
                    default_backend be
                backend be
                    mode tcp
                    server s1 127.0.0.1:ORIGIN
                """
        ) { talk in
            let silent = try Connection(port: talk.port)
            talk.note("silent", (try? silent.readToEnd()) ?? "cut")
            let short = try Connection(port: talk.port)
            try short.send("GET")
            talk.note("three bytes", (try? short.readToEnd()) ?? "cut")
            try talk.request("GET /whole")
            let enough = try Connection(port: talk.port)
            try enough.send("GET / ")
            try talk.request("GET /between")
            try enough.send("HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            talk.note("six bytes, then the rest", (try enough.readToEnd()).isEmpty ? "cut" : "served")
        }
    }
}
