// Conditions and HTTP rules: what they mean to the data plane.

import Testing

@testable import ConfigLanguage

@Suite struct RuleTests {
    private func frontend(_ lines: String) throws -> Proxy {
        let result = World.parse(LineCase(.frontend, lines).text)
        return try #require(result.configuration, "\(result.messages)").proxies[1]
    }

    /// A condition in a few letters: `!path=/a,/b | src~1`.
    private func short(_ condition: Condition?) -> String {
        guard let condition else { return "always" }
        let text = condition.alternatives.map { terms in
            terms.map { term in
                (term.negated ? "!" : "") + term.test.criteria.map { short($0) }.joined(separator: "+")
            }.joined(separator: " & ")
        }.joined(separator: " | ")
        return (condition.unless ? "unless " : "if ") + text
    }

    private func short(_ criterion: ConfigLanguage.Test.Criterion) -> String {
        let source = criterion.patterns
        let match =
            switch source.match {
            case .exact: "="
            case .beginning: "^"
            case .ending: "$"
            case .substring: "~"
            case .found: "?"
            default: ":\(source.match.rawValue):"
            }
        let texts = source.files.flatMap(\.lines).map(\.pattern) + source.written
        let fetch: String
        switch criterion.expression.fetch {
        case .header(let name, .any, false, false): fetch = "hdr(\(String(decoding: name, as: UTF8.self)))"
        case .path: fetch = "path"
        case .method: fetch = "method"
        case .source: fetch = "src"
        case .constant(let value): fetch = "\(value)"
        default: fetch = criterion.expression.text
        }
        let converters = criterion.expression.converters.map { ",\($0)" }.joined()
        return fetch + converters + match + texts.joined(separator: ",") + (source.ignoresCase ? " i" : "")
    }

    @Test(arguments: [
        ("", "always"),
        ("if TRUE", "if true:bool:"),
        ("unless FALSE", "unless false:bool:"),
        ("if { path /a /b }", "if path=/a,/b"),
        ("if { path_beg -i /a }", "if path^/a i"),
        ("if { path_end .js } { method GET HEAD }", "if path$.js & method=GET,HEAD"),
        ("if { path_sub x } || ! { src 10.0.0.0/8 ::1 }", "if path~x | !src:ip:10.0.0.0/8,::1"),
        ("if { path -m sub x } or !METH_POST", "if path~x | !method=POST"),
        ("if !!METH_GET", "if method=GET,HEAD"),
        ("if { hdr(host) -i a.b } LOCALHOST", "if hdr(host)=a.b i & src:ip:127.0.0.1/8,::1"),
        ("if { hdr_beg(host) -- -x }", "if hdr(host)^-x"),
        ("if { hdr(x) -m found }", "if hdr(x)?"),
        ("if { req.hdr(x) 1 }", "if hdr(x)=1"),
        ("if { path -f /lists/paths }", "if path=/a,/b"),
        ("if { path -f /lists/paths /c }", "if path=/a,/b,/c"),
        ("if { src -m ip 1.2.3.4 }", "if src:ip:1.2.3.4"),
        ("if { always_true }", "if true:bool:"),
        ("if { path,lower -m beg /a }", "if path,lower^/a"),
        ("if { path_reg ^/a }", "if path:reg:^/a"),
        ("if { hdr_cnt(x) gt 1 lt 5 7 }", "if hdr_cnt(x):int:2:,:4,:6"),
        ("if { sc_http_req_rate(0) ge 10 }", "if sc_http_req_rate(0):int:10:"),
        ("if { src_port 80 1024: -5 }", "if src_port:int:80,1024:,-5"),
        ("if { path -m len 3 }", "if path:len:3"),
        ("if { int(3),bool }", "if int(3),bool,boolean:bool:"),
        ("if both", "if path=/p+method=PUT"),
        ("if both !both", "if path=/p+method=PUT & !path=/p+method=PUT"),
    ])
    func conditionsAreRead(_ text: String, _ expected: String) throws {
        let proxy = try frontend("acl both path /p\n use_backend b \(text)\n acl both method PUT")
        #expect(short(proxy.useBackend[0].condition) == expected)
    }

    @Test func networksAreRead() {
        #expect(Network("10.1.2.3/8") == .ipv4(10 << 24, prefix: 8))
        #expect(Network("10.1.2.3/255.255.0.0") == .ipv4(10 << 24 | 1 << 16, prefix: 16))
        #expect(Network("1.2.3.4") == .ipv4(0x0102_0304, prefix: 32))
        #expect(Network("0.0.0.0/0") == .ipv4(0, prefix: 0))
        #expect(Network("2001:db8:ffff::1/32") == .ipv6(high: 0x2001_0db8 << 32, low: 0, prefix: 32))
        #expect(Network("::1") == .ipv6(high: 0, low: 1, prefix: 128))
        #expect(Network("::") == .ipv6(high: 0, low: 0, prefix: 128))
        #expect(Network("::ffff:1.2.3.4") == .ipv6(high: 0, low: 0xffff_0102_0304, prefix: 128))
        #expect(Network("1:2:3:4:5:6:7:8/65") == .ipv6(high: 0x1_0002_0003_0004, low: 0, prefix: 65))
        #expect(Network("1::/64") == .ipv6(high: 1 << 48, low: 0, prefix: 64))
        for wrong in [
            "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4/33", "1.2.3.4/",
            "1.2.3.4/255.0.255.0", ":",
            ":::", "1:2", "1::2::3", "1:2:3:4:5:6:7:8:9", "g::", "::/129", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:",
            "12345::", "::1.2.3",
        ] {
            #expect(Network(wrong) == nil, "\(wrong)")
        }
    }

    @Test func rulesAreRead() throws {
        let rules = try frontend(
            """
            http-request deny
             http-request deny deny_status 429 if METH_POST
             http-request return status 404 content-type text/plain string "not % here" hdr X-A "1 %% 2"
             http-request return content-type text/plain file /pages/hello.txt unless METH_GET
             http-request redirect location /new code 301 if { path /old }
             http-request redirect prefix https://x drop-query append-slash set-cookie A=1
             redirect scheme https if TRUE
             http-request set-header X-Forwarded-Proto https
            """
        ).rules[.httpRequest]?.map(\.action)
        let actions = try #require(rules)
        func isDeny(_ action: RuleAction, _ status: Int) -> Bool {
            if case .deny(let answer) = action { answer.status == status } else { false }
        }
        #expect(isDeny(actions[0], 403) && isDeny(actions[1], 429))
        guard case .answer(let page) = actions[2], case .answer(let file) = actions[3],
            case .redirect(let location) = actions[4], case .redirect(let prefix) = actions[5],
            case .redirect(let scheme) = actions[6], case .setHeader(let name, let value) = actions[7],
            case .bytes(let pageBody) = page.body, case .bytes(let fileBody) = file.body
        else {
            Issue.record("other actions: \(actions)")
            return
        }
        #expect(
            page.status == 404 && pageBody == Array("not % here".utf8) && page.contentType == "text/plain")
        #expect(page.headers.map(\.name) == ["X-A"])
        #expect(page.headers.map(\.value.literal) == [Array("1 % 2".utf8)])
        #expect(file.status == 200 && fileBody == Array("hello\n".utf8))
        guard case .location(let to) = location.target, case .prefix(let front) = prefix.target,
            case .scheme(let https) = scheme.target
        else {
            Issue.record("other targets")
            return
        }
        #expect(to.literal == Array("/new".utf8) && front.literal == Array("https://x".utf8))
        #expect(https.literal == Array("https".utf8))
        #expect(location.code == 301 && prefix.code == 302)
        #expect(prefix.dropQuery && prefix.appendSlash && prefix.setCookie == "A=1")
        #expect(name == "X-Forwarded-Proto" && value.literal == Array("https".utf8))
    }

    @Test func optionsAndErrorFilesAreRead() throws {
        let settings = try frontend(
            """
            option forwardfor except 127.0.0.0/8 header X-Client if-none
             option httpclose
             no option httpclose
             option http-server-close
             errorfile 400 /errors/empty
             errorfile 503 /errors/503.http
             monitor-uri /up
             maxconn 0
             backlog 77
             id 12
             description one two
             log-tag t
             disabled
             enabled
            """
        ).settings
        #expect(settings.forwardFor?.header == "X-Client" && settings.forwardFor?.ifNone == true)
        #expect(settings.forwardFor?.except == [.ipv4(127 << 24, prefix: 8)])
        #expect(settings.connectionMode == .serverClose)
        #expect(settings.errorFiles[400]?.bytes == [] && settings.errorFiles[503]?.bytes.isEmpty == false)
        #expect(settings.monitorURI == "/up" && settings.maxconn == nil && settings.backlog == 77)
        #expect(settings.id == 12 && settings.description == "one two" && settings.logTag == "t")
        #expect(!settings.disabled)
    }
}
