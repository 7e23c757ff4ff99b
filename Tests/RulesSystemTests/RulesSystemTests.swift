// Rules, tables, expressions and maps as a user writes them: a configuration, requests, answers, and HAProxy beside.

import Demo
import Glibc
import TestSupport
import Testing
import Unix

@Suite(.serialized, .timeLimit(.minutes(5))) struct RulesSystemTests {
    @Test func aRateLimitAndItsTable() throws {
        try Conversation.same(
            """
            frontend fe
                bind 127.0.0.1:PORT
                stick-table type ip size 100k expire 30s store http_req_rate(10s),http_req_cnt,conn_cnt,gpc0,gpt0,http_err_cnt
                http-request track-sc0 src
                http-request sc-inc-gpc0(0) if { path /gpc }
                http-request sc-set-gpt0(0) 7 if { path /gpt }
                http-request track-sc1 path table words
                http-request deny deny_status 429 if { sc_http_req_rate(0) gt 10 }
                http-request return status 200 content-type text/plain lf-string "rate %[sc_http_req_rate(0)]"
            backend words
                stick-table type string len 20 size 30 store http_req_cnt
            backend ints
                stick-table type integer size 10 nopurge store gpc0 expire 10s
            backend six
                stick-table type ipv6 size 1m store gpc0 expire 10s
            """
        ) { talk in
            try talk.get("/a%20b", "/gpc", "/gpt", "/a=b", "/x\\y", "/")
            try talk.ask("show table")
            for table in ["fe", "words", "ints", "six", "nope"] { try talk.ask("show table \(table)") }
            for filter in [
                "data.http_req_rate gt 2", "data.http_req_cnt gt 2 data.gpc0 eq 0", "data.nope gt 2",
                "data.gpc1 gt 1", "data.gpc0 xx 1", "data.gpc0 eq", "data.gpc0 eq z", "key 127.0.0.1",
                "key 127.0.0.2", "key", "key zz", "foo", "data.gpc0 eq 1 foo",
                "data.gpc0 le 1 data.gpc0 ne 5",
            ] {
                try talk.ask("show table fe \(filter)")
            }
            for change in [
                "fe key 10.0.0.1 data.gpc0 5 data.http_req_rate 12", "fe key 10.0.0.1 data.gpc1 5",
                "fe key 10.0.0.1 data.gpc0", "fe key 10.0.0.2 data.gpc0 abc", "fe key 10.0.0.3 foo 1",
                "six key ::1 data.gpc0 1", "six key 10.0.0.1 data.gpc0 1", "ints key -7 data.gpc0 1",
                "ints key 4294967295 data.gpc0 1", "ints key abc data.gpc0 1", "nope key 1 data.gpc0 1", "",
            ] {
                try talk.ask("set table \(change)")
            }
            for table in ["fe", "ints", "six"] { try talk.ask("show table \(table)") }
            for selection in [
                "fe key 10.0.0.1", "fe key 10.9.9.9", "fe data.gpc0 gt 4", "", "nope", "ints", "fe foo",
            ] {
                try talk.ask("clear table \(selection)")
            }
            try talk.ask("show table fe")
            try talk.ask("show table ints")
            for _ in 0..<8 { try talk.status("GET /again") }
            try talk.ask("show table fe")
        }
    }

    @Test func expressions() throws {
        try Conversation.same(
            """
            frontend fe
                bind 127.0.0.1:PORT
                acl api path_beg /api /v1
                acl api path -i /API2
                acl img path_end .png .JPG
                acl some hdr(x-some) -m found
                http-request set-var(txn.up) path,upper
                http-request set-var(req.n) int(7)
                http-request return status 201 content-type text/plain lf-string "1 %[path] %[query] %[url] %[base] %[method]" if api img
                http-request return status 202 content-type text/plain lf-string "2 %[hdr(x)] %[hdr(x,1)] %[hdr(x,-2)] %[hdr_cnt(x)] %[req.fhdr(x)] %[req.fhdr_cnt(x)]" if some !api or { path /two }
                http-request return status 203 content-type text/plain lf-string "3 %[url_param(a)] %[urlp(b)] %[cook(k)] %[cook(none)] %[hdr_ip(fwd)]" if { path_dir three }
                http-request return status 404 content-type text/plain lf-string "4 %[path,word(2,/)] %[path,field(3,/)] %[path,word(-1,/)] %[path,lower,length] %[path,field(2,/,2)] %[path,bytes(1,3)]" if { path_sub four }
                http-request return status 405 content-type text/plain lf-string "5 %[int(5),add(3),mul(2),sub(1),div(4),mod(3)] %[bool(true)] %[str(x),concat(y)] %[src,ipmask(8)] %[str(%41b),url_dec] %[str(a),hex] %[int(255),hex] %[src,hex] %[bool(true),hex] %[path,base64] %[str(ab),base64] %[int(255),base64] %[src,base64] %[str(YWI=),b64dec] %[str(YWI),b64dec] %[str(/gAB),b64dec,hex] %[var(txn.up)] %[var(req.n),add(req.n)]" if { path_reg ^/five[0-9]{2}$ }
                http-request return status 501 content-type text/plain lf-string "6 %HM %HP %HQ %HU %HV %f %b %s %{+Q}r %%" if { path -m dom six.com }
                http-request return status 502 content-type text/plain string len if { path -m len gt 20 } { hdr_cnt(n) 2: }
                http-request return status 503 content-type text/plain string int if { hdr(n) -m int gt 4 le 2 } || { url_param(q) -m int 7 }
                http-request return status 504 content-type text/plain string ip if { hdr_ip(fwd) 10.0.0.0/8 192.168.1.1 }
                http-request return status 410 content-type text/plain string unless unless { path /known } { method GET HEAD }
                http-request return status 200 content-type text/plain lf-string "7 %[nbsrv(be)] %[be_conn(be)] %[fe_conn,bool] %[fe_name] %[req.ver]"
            backend be
                server s1 127.0.0.1:9 weight 1
                server s2 127.0.0.1:9 disabled
            """
        ) { talk in
            try talk.get("/api/x.png?q=1&r", "/API2")
            try talk.request("GET /api2x.JPG", ["X-Some: 1"])
            try talk.request("GET /other", ["X-Some: 1", "X: a, b", "x: c,d"])
            try talk.request("GET /two", ["X: one"])
            try talk.request(
                "GET /x/three/y?a=1&b=%20&a=2", ["Cookie: a=1; k=v; k=w", "Fwd: 1.2.3.4, 5.6.7.8"])
            try talk.request("GET /three/", ["Fwd: bad"])
            try talk.get("/a/four//B/c", "/five12", "/five123", "/x/six.com/y?q")
            try talk.request("GET /a-very-long-path-of-many-bytes", ["N: 1", "N: 2, 3"])
            try talk.request("GET /i", ["N: 9"])
            try talk.request("GET /i", ["N: 1"])
            try talk.request("GET /i", ["N: 3"])
            try talk.get("/i?q=7")
            try talk.request("GET /i", ["Fwd: 10.1.1.1"])
            try talk.request("GET /i", ["Fwd: 11.1.1.1"])
            try talk.request("POST /known")
            try talk.get("/known")
        }
    }

    @Test func rarerExpressions() throws {
        try Conversation.same(
            """
            frontend fe
                bind 127.0.0.1:PORT
                stick-table type ip size 10k expire 1h store conn_cnt,gpc0
                acl listed path -M -f FOLDER/p.map
                acl bytes path -m bin 2f62696e 2F42
                http-request return status 201 content-type text/plain lf-string "1 %[url_param(a)] %[url_param(a,;)] %[urlp(b,@)] %[urlp_val(n)] %[url_param(c)]" if { path_beg /params }
                http-request return status 202 content-type text/plain lf-string "2 %[cook_cnt(k)] %[cook_val(k)] %[req.cook(k)] %[cook_cnt(none)]" if { path /cookies }
                http-request return status 203 content-type text/plain lf-string "3 %[src_updt_conn_cnt] %[src_updt_conn_cnt] %[src_conn_cnt]" if { path /updates }
                http-request return status 404 content-type text/plain lf-string "4 %[str(10.9.9.9),table_expire(fe)] %[str(10.9.9.9),table_expire(fe,-7)] %[str(10.9.9.9),table_idle(fe,12)] %[str(10.9.9.9),table_gpc0(fe)]" if { path /expire }
                http-request track-sc0 src if { path /tracked }
                http-request return status 405 content-type text/plain string 5 if { path /tracked } { src,table_expire(fe) gt 3000000 } { src,table_idle(fe) lt 600000 } { sc_trackers(0) eq 1 } { table_cnt(fe) 1 }
                http-request return status 406 content-type text/plain string 6 if listed
                http-request return status 407 content-type text/plain string 7 if bytes
                http-request return status 408 content-type text/plain string 8 if { path_beg -i -f FOLDER/p.lst /own }
                http-request return status 410 content-type text/plain lf-string "9 %[path,map_beg(FOLDER/many.map,none)]" if { path_beg /many }
                http-request return status 200 content-type text/plain lf-string "%[req.proto_http] %[rand(1)]"
            """,
            files: [
                "p.map": "/one value\n/two  other value\n", "p.lst": "# none\n/LISTED\n\n/more\n",
                "many.map": (0..<300).map { "/many/\($0) value-\($0)" }.joined(separator: "\n")
                    + "\n/many short\n/many/29 again\n/many/299/deep deepest\n",
            ]
        ) { talk in
            for path in [
                "/params?a=1&b=2;c=3?n=4", "/params;a=x?a=y&c=", "/params@b=7&n=12abc?n=x", "/params?n=-5&a",
                "/updates", "/expire", "/tracked", "/one", "/two", "/three", "/bin", "/B", "/b", "/listed/x",
                "/more", "/own", "/many", "/many/7", "/many/77/x", "/many/299/deep/x", "/many/29", "/manyx",
                "/many/3000", "/other",
            ] {
                try talk.request("GET \(path)")
            }
            try talk.request("GET /cookies", ["Cookie: k=1; x=2; k=33", "Cookie: k=4"])
        }
    }

    @Test func whatRulesChangeTheServerAndTheClientSee() throws {
        try Conversation.same(
            """
            frontend origin
                bind 127.0.0.1:ORIGIN
                http-request return status 404 content-type text/plain string gone hdr x-err 1 if { path_end /gone }
                http-request return status 200 content-type text/plain hdr x-one a hdr x-two b hdr etag e lf-string "%[method] %[url] x=%[req.fhdr(x)] y=%[req.fhdr(y)] z=%[req.fhdr(z)] n=%[req.fhdr(new)] c=%[req.fhdr(cookie)] h=%[hdr(host)]"
            frontend fe
                bind 127.0.0.1:PORT
                http-request set-header new "%[src] %[hdr(x)]"
                http-request add-header new more if { hdr(new) -m found }
                http-request del-header z
                http-request replace-header x (.*)2 \\1-two
                http-request replace-value y ^a$ b
                http-request set-path /n%[path] if { path_beg /set }
                http-request set-query q=%[hdr(x)] if { path_beg /n/set }
                http-request set-uri /whole?uri if { path /uri }
                http-request replace-path (.*)/q(.*) /r\\1\\2 if { path_sub /q }
                http-request set-pathq /pq?x%[query] if { path /pathq }
                http-request set-header host other.example if { path /host }
                http-request allow if { path /allowed }
                http-request deny if { path /denied } { req.hdr(new) -m found }
                http-request deny deny_status 429 content-type text/plain string slow hdr X-A b if { path /slow }
                http-request deny hdr X-A b if { path /bare }
                http-request redirect location /to/%[path] if { path /from }
                http-request redirect prefix http://p%[src] code 301 drop-query if { path /pre }
                default_backend be
            backend be
                http-request deny if { path /allowed } { always_false }
                http-response set-header r "%[status] %[res.hdr(x-one)]"
                http-response del-header x-one
                http-response add-header x-ci %ci
                http-response replace-header x-two b c
                http-response set-status 502 reason Lost if { status 404 }
                http-response deny if { res.hdr(x-err) 1 } { status 200 }
                cookie SRV insert indirect nocache httponly secure domain .example.com
                server s1 127.0.0.1:ORIGIN cookie one
            """
        ) { talk in
            try talk.request("GET /set?old=1", ["X: 12", "Y: a", "Z: 1"])
            try talk.request("GET /set", ["X: 1", "Cookie: a=b; SRV=one; c=d"])
            try talk.request("GET /uri", ["Cookie: SRV=one"])
            try talk.request("GET /a/q/r", ["Cookie: SRV=two"])
            try talk.get(
                "/pathq?1", "/host", "/allowed", "/denied", "/slow", "/bare", "/from", "/pre?x=1", "/gone")
        }
    }

    @Test func mapsAndLists() throws {
        try Conversation.same(
            """
            frontend fe
                bind 127.0.0.1:PORT
                acl bad src -f FOLDER/ip.lst
                acl word path_beg /x /y
                acl word path /z
                http-request return status 200 content-type text/plain lf-string "%[path,map(FOLDER/p.map,none)] %[path,map_beg(FOLDER/p.map,none)] %[src,map_ip(FOLDER/net.map)] %[path,length,map_int(FOLDER/n.map,other)]" unless bad
                http-request deny if word
                http-request return status 404
            """,
            files: [
                "p.map": "# c\n/a alpha\n/b beta two\n\n/b/longer  3\n", "ip.lst": "10.0.0.0/8\n",
                "n.map": "2 two\n3:5 some\n",
                "net.map": "0.0.0.0/0 world\n127.0.0.0/8 loop\n",
            ]
        ) { talk in
            try talk.get("/a", "/b", "/b/x", "/b/longer/y", "/c")
            for command in [
                "show acl", "show map FOLDER/p.map", "show acl FOLDER/ip.lst", "show acl #0", "show map #0",
                "show acl #99", "show map nope", "add map FOLDER/p.map /zz late", "show map FOLDER/p.map",
            ] {
                try talk.ask(command.replacingFolder(talk))
            }
            try talk.get("/zz")
            for command in [
                "set map FOLDER/p.map /zz changed", "get map FOLDER/p.map /zz", "get map FOLDER/p.map /nope",
                "del map FOLDER/p.map /zz", "del map FOLDER/p.map /nope", "clear map FOLDER/p.map",
                "show map FOLDER/p.map",
                "add acl FOLDER/ip.lst 127.0.0.1", "show acl FOLDER/ip.lst", "get acl FOLDER/ip.lst 10.2.3.4",
                "add map",
                "add acl", "add acl FOLDER/ip.lst zz", "add map FOLDER/p.map x", "del map", "clear acl",
                "set map #0 a",
                "clear acl #99",
            ] {
                try talk.ask(command.replacingFolder(talk))
            }
            try talk.get("/x", "/z", "/other")
        }
    }

    @Test func connectionsAreCountedAndRefused() throws {
        try Conversation.same(
            """
            frontend fe
                bind 127.0.0.1:PORT
                stick-table type ip size 1k expire 30s store conn_cnt,conn_cur,conn_rate(20s),sess_cnt,sess_rate(20s),http_req_cnt,http_err_cnt,gpc0,gpc0_rate(1m)
                tcp-request connection track-sc0 src
                tcp-request connection reject if { src_conn_rate gt 5 }
                tcp-request session sc-inc-gpc0(0)
                tcp-request content reject if { path /cut }
                tcp-request content track-sc1 hdr(user) table users
                http-request reject if { path /reject }
                http-request return status 200 content-type text/plain lf-string "%[sc0_conn_cnt] %[sc_sess_cnt(0)] %[sc0_get_gpc0] %[sc_tracked(1)] %[src_conn_cnt] %[sc_http_req_cnt(1)]" unless { path /deny }
                http-request deny
            backend users
                stick-table type string size 1k store http_req_cnt,conn_cnt
            """
        ) { talk in
            try talk.request("GET /one", ["User: u"])
            try talk.get("/two")
            try talk.request("GET /deny", ["User: u"])
            try talk.get("/cut", "/reject")
            try talk.ask("show table fe")
            try talk.ask("show table users")
            try talk.get("/six")
            try talk.ask("show table fe")
        }
    }

    @Test func aTarpitHoldsTheClient() throws {
        try Conversation.same(
            """
            frontend fe
                bind 127.0.0.1:PORT
                timeout tarpit 400ms
                http-request tarpit if { path /default }
                http-request tarpit deny_status 429 content-type text/plain string late if { path /late }
                http-request return status 200
            """
        ) { talk in
            for path in ["/default", "/late"] {
                let start = Instant.now()
                try talk.get(path)
                let held = (Instant.now() - start).milliseconds
                #expect((390...3000).contains(held))
            }
        }
    }

    @Test func aClientSticksToItsServer() throws {
        try Conversation.same(
            """
            frontend one
                bind 127.0.0.1:ORIGIN
                http-request return status 200 content-type text/plain lf-string "%[hdr(server)]"
            frontend fe
                bind 127.0.0.1:PORT
                default_backend be
            backend be
                stick-table type string len 30 size 10k expire 30m store gpc0
                stick on url_param(user) if { path_beg /s }
                stick match hdr(other) table more
                stick store-request hdr(other) table more
                http-request set-header server any
                server s1 127.0.0.1:ORIGIN
                server s2 127.0.0.1:ORIGIN
                server s3 127.0.0.1:ORIGIN
            backend more
                stick-table type string size 10k
            """
        ) { talk in
            for user in ["a", "b", "a", "c", "a"] { try talk.request("GET /s?user=\(user)") }
            try talk.get("/none?user=d")
            try talk.request("GET /none", ["Other: x"])
            try talk.ask("show table be")
            try talk.ask("show table more")
        }
    }

    @Test func logLinesInTheUsersFormat() throws {
        let conversations = try ProxyKind.allCases.map { kind in
            let talk = try Conversation(
                kind,
                """
                frontend fe
                    bind 127.0.0.1:PORT
                    log stdout format raw local0
                    log-format "line %ci %f %ft %b/%s %ST %tsc %rc %sq/%bq %HM %HP %HQ %HV %{+Q}r %{+Q}[src] %[var(txn.a)] %[int(7)] 100%%"
                    http-request set-var(txn.a) path,upper if { path /set }
                    http-request deny if { path /no }
                    http-request return status 200 content-type text/plain string x
                """)
            for (count, line) in ["GET /set?q=1", "GET /no", "POST /\"x"].enumerated() {
                try talk.request(line)
                // A request's line may come after the next one's.
                try wait(for: "a line of \(kind)") { talk.logLines.count == count + 1 }
            }
            return talk
        }
        #expect(conversations[0].logLines == conversations[1].logLines)
    }

    /// Between quotes stand texts, there or not, but no numbers, dates and flags, and in headers no expressions.
    @Test func quotesInTexts() throws {
        let values = ["var(txn.none)", "var(txn.empty)", "var(txn.full)"].map { "[\($0)]" }
        let variables = "sslv ID CC s si sp ci fi f ft b H HM HP HPO HU HQ HV r tsc ts hr rc sq bq"
            .split(separator: " ")
        let expressions = ["", "{+Q}", "{+E}", "{+Q,+E}"].flatMap { options in
            values.map { "%\(options)\($0)" }
        }
        let flags = ["{+Q}", "{+E}", ""].flatMap { options in variables.map { "%\(options)\($0)" } }
        let formats = [
            (expressions + flags).joined(separator: "|"),
            "x  %{+Q}o a  %[var(txn.none)] %s%{-Q}o  %[var(txn.full)]   b %{+E}o %[var(txn.full)] %HU",
        ]
        for format in formats {
            var logs: [[String]] = []
            try Conversation.same(
                """
                frontend fe
                    bind 127.0.0.1:PORT
                    log stdout format raw local0
                    log-format "line %{+Q}ST \(format)"
                    http-request set-var(txn.empty) req.hdr(empty)
                    http-request set-var(txn.full) path
                    http-request set-header x "\(format)"
                    http-request return status 200 content-type text/plain lf-string "\(format)%[req.fhdr(x)]"
                """
            ) { talk in
                let lines = ["GET /a\\]b?", "GET /?c=d", "GET http://h/e/f?g", "OPTIONS *", "BAD"]
                for (count, line) in lines.enumerated() {
                    try talk.request(line, ["Empty:"])
                    try wait(for: "a line of \(talk.kind)") { talk.logLines.count == count + 1 }
                }
                logs.append(talk.logLines)
            }
            for (our, their) in zip(logs[0], logs[1]) { #expect(our == their) }
        }
    }

    @Test func noValueOfAClientBecomesAFieldOfItsOwn() throws {
        let talk = try Conversation(
            .mwproxy,
            """
            frontend origin
                bind 127.0.0.1:ORIGIN
                http-request return status 200 content-type text/plain lf-string "%[req.hdr_cnt(evil)] %[req.fhdr(x)]"
            frontend fe
                bind 127.0.0.1:PORT
                http-request set-header x %[url_param(a),url_dec]
                default_backend be
            backend be
                server s1 127.0.0.1:ORIGIN
            """)
        let answer = try talk.request("GET /?a=1%0d%0aEvil:%20yes%00")
        #expect(answer.hasSuffix("0 1  Evil: yes"))
    }

    @Test func aFullTableDropsTheOldestOrTakesNoMore() throws {
        try Conversation.same(
            """
            frontend fe
                bind 127.0.0.1:PORT
                http-request track-sc0 path table few
                http-request track-sc1 path table closed
                http-request return status 200 content-type text/plain lf-string "%[sc_http_req_cnt(0)] %[sc_tracked(1)]"
            backend few
                stick-table type string size 3 expire 1h store http_req_cnt
            backend closed
                stick-table type string size 3 expire 1h nopurge store http_req_cnt
            """
        ) { talk in
            for path in ["/1", "/2", "/3", "/1", "/4", "/2", "/5"] {
                try talk.get(path)
                try talk.waitUntilEntriesAge(in: "few", expire: .seconds(3600))
            }
            try talk.ask("show table few")
            try talk.ask("show table closed")
        }
    }

    @Test func theCheckWarnsOfALimitThatAReloadResets() throws {
        let folder = try ScratchFolder()
        let file = try folder.write(
            "m.cfg",
            """
            defaults
                mode http
                timeout client 1s
            frontend fe
                bind 127.0.0.1:\(try FreePort.find())
                stick-table type ip size 1k expire 30s store http_req_rate(10s)
                http-request track-sc0 src
                http-request deny if { sc_http_req_rate(0) gt 10 }
                http-request deny if { src_http_req_rate(fe) gt 10 } { path /x }
                http-request deny if { path /y }
                http-request return status 200

            """)
        let result = try Program.run(try Program.ours("mwproxy"), ["-c", "-f", file])
        let words = "each reload resets this rate limit: table 'fe' starts empty"
        #expect(result.end == .exited(0))
        for line in [8, 9] { #expect(result.errors.contains("parsing [\(file):\(line)] : \(words)")) }
        #expect(!result.errors.contains("[\(file):10]"))
    }
}

extension String {
    fileprivate func replacingFolder(_ talk: Conversation) -> String {
        split(separator: " ", omittingEmptySubsequences: false).map { word in
            word.hasPrefix("FOLDER") ? talk.proxy.folder.path + word.dropFirst(6) : String(word)
        }.joined(separator: " ")
    }
}
