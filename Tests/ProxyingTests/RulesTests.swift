// `http-request`, `use_backend`, `monitor-uri`, `errorfile` and `forwardfor` over real sockets, from real lines.
// The answers are those that HAProxy 2.6.12 gave to the same requests.

import ConfigLanguage
import Glibc
import Testing
import Unix

@testable import Proxying

private let rules = """
    frontend fe
     bind front1
     monitor-uri /mon
     acl admin path_beg /adm
     acl local src 127.0.0.0/8
     http-request deny if admin !{ hdr(x-key) secret }
     http-request deny deny_status 429 if { path /many } or { method BREW }
     http-request return status 200 content-type text/plain string "hi" hdr X-A b if { path /ret }
     http-request return status 204 if { path /empty }
     http-request redirect location /else if { path /old }
     http-request redirect code 301 prefix https://a.b if { path /pre }
     http-request redirect scheme https unless local
     http-request redirect scheme https if { path /sch }
     http-request set-header X-Set yes if { path_beg /set }
     use_backend second if { path_beg /two } { hdr(host) -i Two.Example }
     use_backend second unless local
     default_backend first
    backend first
     server s1 origin1
    backend second
     server s1 origin2

    """

private let denied =
    "content-length: 93\r\ncache-control: no-cache\r\ncontent-type: text/html\r\n\r\n<html><body><h1>403 Forbidden"
    + "</h1>\nRequest forbidden by administrative rules.\n</body></html>\n"

@Suite struct RulesTests {
    @Test(arguments: [
        ("GET /adm", "HTTP/1.1 403 Forbidden\r\n" + denied),
        ("HEAD /adm", "HTTP/1.1 403 Forbidden\r\ncontent-length: 93\r\ncache-control: no-cache\r\n"),
        ("GET /many", "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 117\r\n"),
        ("BREW /", "HTTP/1.1 429 Too Many Requests\r\n"),
        ("GET /ret", "HTTP/1.1 200 OK\r\nX-A: b\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nhi"),
        ("GET /empty", "HTTP/1.1 204 No Content\r\n\r\n"),
        (
            "GET /old",
            "HTTP/1.1 302 Found\r\ncontent-length: 0\r\nlocation: /else\r\ncache-control: no-cache\r\n\r\n"
        ),
        (
            "GET /pre?q",
            "HTTP/1.1 301 Moved Permanently\r\ncontent-length: 0\r\nlocation: https://a.b/pre?q\r\n\r\n"
        ),
        (
            "GET /sch",
            "HTTP/1.1 302 Found\r\ncontent-length: 0\r\nlocation: https://x/sch\r\ncache-control: no-cache\r\n\r\n"
        ),
        (
            "GET /mon",
            "HTTP/1.1 200 OK\r\ncontent-length: 58\r\ncache-control: no-cache\r\ncontent-type: text/html\r\n\r\n"
                + "<html><body><h1>200 OK</h1>\nService ready.\n</body></html>\n"
        ),
    ])
    func theProxyAnswersItselfAndKeepsTheConnection(_ request: String, _ answer: String) throws {
        let rig = try Rig(text: rules, origins: 2)
        let client = try rig.client()
        client.send("\(request) HTTP/1.1\r\nHost: x\r\n\r\n")
        try rig.expect(answer, at: client)
        try rig.settle()
        #expect(client.take().hasPrefix(answer))
        #expect(try !rig.hasNewConnection())
        try rig.exchange(client)
    }

    @Test func conditionsChooseTheBackend() throws {
        let rig = try Rig(text: rules, origins: 2)
        let client = try rig.client()
        client.send("GET /two HTTP/1.1\r\nHost: two.example\r\n\r\n")
        let second = try rig.acceptAtOrigin(1)
        try rig.expect("GET /two ", at: second)
        let other = try rig.client()
        other.send("GET /two HTTP/1.1\r\nHost: one.example\r\n\r\n")
        let first = try rig.acceptAtOrigin(0)
        try rig.expect("GET /two ", at: first)
        let admin = try rig.client()
        admin.send("GET /adm HTTP/1.1\r\nHost: x\r\nX-Key: secret\r\n\r\n")
        let third = try rig.acceptAtOrigin(0)
        try rig.expect("GET /adm ", at: third)
    }

    @Test func aHeaderIsSetOnceWhateverTheClientSaid() throws {
        let rig = try Rig(text: rules, origins: 2)
        let client = try rig.client()
        let server = try rig.forward(
            "GET /set HTTP/1.1\r\nHost: x\r\nx-set: no\r\nX-SET: no\r\n\r\n", of: client, until: "\r\n\r\n")
        #expect(server.text == "GET /set HTTP/1.1\r\nHost: x\r\nX-Set: yes\r\n\r\n")
    }

    @Test func aRequestWithABodyThatIsDeniedDoesNotDisturbTheNext() throws {
        let rig = try Rig(text: rules, origins: 2)
        let client = try rig.client()
        client.send("POST /adm HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /mon HTTP/1.1\r\n\r\n")
        try rig.expect("Service ready.", at: client)
        #expect(client.text.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
    }

    @Test func anErrorFileIsSentAsItIs() throws {
        let path = "/tmp/proxying-\(getpid())-503.http"
        let page = "HTTP/1.0 503 Service Unavailable\r\nContent-Type: text/plain\r\n\r\nout of order\n"
        try File.write(path, page)
        defer { unlink(path) }
        let rig = try Rig(
            text: "listen fe\n bind front1\n errorfile 503 \(path)\n server s1 origin1 disabled\n")
        let client = try rig.client()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try rig.expectEnd(of: client)
        #expect(client.text == page)
    }

    @Test(arguments: [
        ("", "", "X-Forwarded-For: 127.0.0.1\r\n"), ("header X-Client", "", "X-Client: 127.0.0.1\r\n"),
        ("except 127.0.0.0/8", "", ""), ("if-none", "X-Forwarded-For: 1.1.1.1\r\n", ""),
        ("if-none", "", "X-Forwarded-For: 127.0.0.1\r\n"),
        ("", "X-Forwarded-For: 1.1.1.1\r\n", "X-Forwarded-For: 127.0.0.1\r\n"),
    ])
    func forwardForAddsTheClient(_ option: String, _ field: String, _ added: String) throws {
        let rig = try Rig(
            text: "listen fe\n bind front1\n option forwardfor \(option)\n server s1 origin1\n")
        let client = try rig.client()
        let server = try rig.forward(
            "GET / HTTP/1.1\r\nHost: x\r\n\(field)\r\n", of: client, until: "\r\n\r\n")
        #expect(server.text == "GET / HTTP/1.1\r\nHost: x\r\n\(field)\(added)\r\n")
    }
}
