// What rules do with responses: answers in their place, redirects, and what of them tables remember. HAProxy beside.

import Demo
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(5))) struct ResponseSystemTests {
    @Test func aRuleAnswersInPlaceOfTheServer() throws {
        try Conversation.same(
            """
            frontend origin
                bind 127.0.0.1:ORIGIN
                http-request return status 200 content-type text/plain hdr x-one a string hello
            frontend fe
                bind 127.0.0.1:PORT
                http-request set-var(txn.path) path
                http-response return status 404 default-errorfiles if { var(txn.path) -m str /page } { res.hdr(x-two) -m found }
                http-response set-header never seen if { var(txn.path) -m str /page }
                default_backend be
            backend be
                http-response add-header x-two b
                http-response return status 201 content-type text/plain lf-string "%[var(txn.path)] %b" hdr x-made yes if { res.hdr(x-one) a } { var(txn.path) -m str /return }
                http-response return if { var(txn.path) -m str /empty }
                http-response redirect location /to%[var(txn.path)] code 303 if { var(txn.path) -m str /redirect }
                http-response redirect location /plain set-cookie A=1 if { var(txn.path) -m str /cookie }
                http-response deny deny_status 410 content-type text/plain string x if { var(txn.path) -m str /deny }
                server s1 127.0.0.1:ORIGIN
            """
        ) { talk in
            for path in ["/return", "/empty", "/redirect", "/cookie", "/deny", "/page", "/none"] {
                try talk.request("GET \(path)")
            }
            try talk.request("HEAD /return")
            try talk.request("POST /return", ["Content-Length: 0"])
        }
    }

    @Test func aTableRemembersWhatTheServerSaid() throws {
        try Conversation.same(
            """
            frontend origin
                bind 127.0.0.1:ORIGIN
                http-request return status 200 hdr set-cookie "session=%[url_param(user)]; path=/" hdr x-server %[hdr(server)]
            frontend fe
                bind 127.0.0.1:PORT
                default_backend be
            backend be
                stick-table type string len 30 size 10k expire 30m
                stick store-response res.cook(session) unless { res.hdr(x-server) -m str none }
                stick match req.cook(session)
                http-request set-header server none if { path /none }
                server s1 127.0.0.1:ORIGIN
                server s2 127.0.0.1:ORIGIN
                server s3 127.0.0.1:ORIGIN
            """
        ) { talk in
            for user in ["a", "b", "c"] { try talk.request("GET /login?user=\(user)") }
            for user in ["c", "a", "b", "a"] { try talk.request("GET /", ["Cookie: session=\(user)"]) }
            try talk.request("GET /none?user=d")
            try talk.askForTable("be")
        }
    }

    @Test func countersOfAResponse() throws {
        try Conversation.same(
            """
            frontend origin
                bind 127.0.0.1:ORIGIN
                http-request return status 404 hdr x-user %[path] if { path_beg /bad }
                http-request return status 200 hdr x-user %[path]
            frontend fe
                bind 127.0.0.1:PORT
                default_backend be
            backend be
                stick-table type string len 30 size 10k expire 30m store gpc0,gpc1,gpt0,http_err_cnt
                http-response track-sc0 res.hdr(x-user)
                http-response sc-inc-gpc0(0)
                http-response sc-inc-gpc1(0) if { status 404 }
                http-response sc-set-gpt0(0) int(3)
                http-response set-header seen %[sc_get_gpc0(0)]
                server s1 127.0.0.1:ORIGIN
            """
        ) { talk in
            for path in ["/good", "/bad", "/good", "/bad", "/bad"] { try talk.request("GET \(path)") }
            try talk.askForTable("be")
        }
    }
}
