// The PROXY protocol beside real HAProxy: what each takes and refuses, and one behind the other in both orders.

import Demo
import Glibc
import TestSupport
import Testing
import Unix

@Suite(.serialized, .timeLimit(.minutes(5))) struct ProxyProtocolTests {
    // MARK: Headers that come

    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10] + Array("QUIT".utf8) + [10]
    private static let ipv4: [UInt8] = [10, 1, 2, 3, 10, 4, 5, 6, 0x04, 0x57, 0, 80]
    private static let ipv6: [UInt8] =
        ([0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1])
        + ([0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [2]) + [0x04, 0x57, 0, 80]

    private static func binary(_ command: UInt8, _ family: UInt8, _ content: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(content.count >> 8), UInt8(content.count & 0xff)] + content
    }

    private static let headers: [(name: String, bytes: [UInt8])] = [
        ("1 of IPv4", Array("PROXY TCP4 10.1.2.3 10.4.5.6 1111 80\r\n".utf8)),
        ("1 of IPv6", Array("PROXY TCP6 2001:db8::1 2001:db8::2 1111 80\r\n".utf8)),
        ("1 of nothing", Array("PROXY UNKNOWN\r\n".utf8)),
        ("1 of another family", Array("PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n".utf8)),
        ("1 without a port", Array("PROXY TCP4 1.2.3.4 5.6.7.8 80\r\n".utf8)),
        ("1 with two blanks", Array("PROXY TCP4  1.2.3.4 5.6.7.8 80 80\r\n".utf8)),
        ("1 with more behind", Array("PROXY TCP4 1.2.3.4 5.6.7.8 80 80x\r\n".utf8)),
        ("1 with a bare newline", Array("PROXY TCP4 1.2.3.4 5.6.7.8 80 80\n".utf8)),
        ("1 in lower case", Array("proxy TCP4 1.2.3.4 5.6.7.8 80 80\r\n".utf8)),
        ("none", []),
        ("TLS", [0x16, 3, 1, 2, 0, 1, 0, 1]),
        ("2 of IPv4", binary(0x21, 0x11, ipv4)), ("2 of IPv6", binary(0x21, 0x21, ipv6)),
        ("2 of a check", binary(0x20, 0, [])), ("2 of a check with addresses", binary(0x20, 0x11, ipv4)),
        ("2 with more", binary(0x21, 0x11, ipv4 + [4, 0, 2, 1, 2, 0xea, 0, 1, 0x78])),
        ("2 with much more", binary(0x21, 0x11, ipv4 + [4, 0x0f, 0] + [UInt8](repeating: 7, count: 0xf00))),
        ("2 with more that is cut", binary(0x21, 0x11, ipv4 + [4, 0, 255, 1])),
        ("2 of datagrams", binary(0x21, 0x12, ipv4)), ("2 of another family", binary(0x21, 0x41, ipv4)),
        ("2 too short", binary(0x21, 0x11, Array(ipv4[..<8]))),
        ("2 of another command", binary(0x22, 0x11, ipv4)),
        ("3", binary(0x31, 0x11, ipv4)),
    ]

    /// What is logged of headers, without addresses and dates.
    private func complaints(_ talk: Conversation) -> [String] {
        talk.proxy.program.output.split(separator: "\n").filter { $0.contains("PROXY protocol header") }
            .compactMap { $0.split(separator: "]", maxSplits: 1).last.map(String.init) }
    }

    @Test(arguments: [
        "accept-proxy",
        "name in\n    tcp-request connection expect-proxy layer4 if { src 127.0.0.0/8 }",
    ])
    func headersThatCome(_ bind: String) throws {
        var logs: [[String]] = []
        try Conversation.same(
            """
            frontend origin
                bind 127.0.0.1:ORIGIN
                http-request return status 200 content-type text/plain lf-string "%[req.hdr(x-forwarded-for)]"
            frontend fe
                bind 127.0.0.1:PORT \(bind)
                log stdout format raw local0
                log-format "line %ci %fi %ST %r"
                stick-table type ipv6 size 1k expire 1h store http_req_cnt,conn_cnt
                option forwardfor
                tcp-request connection reject if { src 10.1.2.3 }
                tcp-request session track-sc0 src
                http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] %[dst]:%[dst_port]" if { dst_port 80 }
                http-request return status 200 content-type text/plain lf-string "%[src] %[dst]" if { path /own }
                default_backend be
            backend be
                server s1 127.0.0.1:ORIGIN
            """
        ) { talk in
            for (name, bytes) in Self.headers {
                for path in ["/own", "/through"] {
                    try talk.request("GET \(path)", ["X: \(name)"], behind: bytes)
                }
            }
            // One that was sent nothing, and one whose header ends within.
            let silent = try Connection(port: talk.port)
            silent.endSending()
            _ = try silent.readToEnd()
            let half = try Connection(port: talk.port)
            try half.send("PROXY TC")
            half.endSending()
            _ = try half.readToEnd()
            try talk.ask("show table fe")
            let refused = Self.headers.count { !$0.name.isGood } * 2 + 2
            try wait(for: "the complaints of \(talk.kind)") { complaints(talk).count == refused }
            logs.append(complaints(talk) + talk.logLines)
        }
        #expect(logs[0] == logs[1])
    }

    /// `timeout client` bounds the wait, and `option dontlognull` keeps those who sent nothing out of the log.
    @Test func silenceIsBounded() throws {
        for (option, lines) in [("no option dontlognull", 1), ("option dontlognull", 0)] {
            var logs: [[String]] = []
            try Conversation.same(
                """
                frontend fe
                    timeout client 200ms
                    bind 127.0.0.1:PORT accept-proxy
                    log stdout format raw local0
                    log-format "line %ci %ST"
                    \(option)
                    http-request return status 200
                """
            ) { talk in
                let client = try Connection(port: talk.port)
                _ = try client.readToEnd()
                // What is logged of the next one tells that this one was dealt with.
                try talk.request("GET /", behind: Self.headers[0].bytes)
                try wait(for: "the line of \(talk.kind)") { talk.logLines.count == 1 }
                #expect(complaints(talk).count == lines)
                logs.append(complaints(talk) + talk.logLines)
            }
            #expect(logs[0] == logs[1])
        }
    }

    /// HAProxy wants a header in one piece; here it may come in as many as there are bytes.
    @Test func aHeaderInPieces() throws {
        let talk = try Conversation(
            .mwproxy,
            """
            frontend fe
                bind 127.0.0.1:PORT accept-proxy
                http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port]"
            """)
        let request = Array("GET / HTTP/1.0\r\n\r\n".utf8)
        for (_, bytes) in Self.headers.filter({ $0.name.hasSuffix("of IPv4") }) {
            let client = try Connection(port: talk.port)
            for byte in bytes + request { try client.send([byte]) }
            #expect(try client.readToEnd().hasSuffix("10.1.2.3:1111"))
        }
        // What the protocol allows beyond HAProxy: no addresses, and those of unix sockets. An IPv4 address within an
        // IPv6 one is shown as itself, as everywhere.
        let path = Array("/a".utf8) + [UInt8](repeating: 0, count: 106)
        for (header, source) in [
            (Array("PROXY UNKNOWN ffff:f::1 ffff:f::2 65535 65535\r\n".utf8), "127.0.0.1:"),
            (Self.binary(0x21, 0, []), "127.0.0.1:"), (Self.binary(0x21, 0x31, path + path), ":"),
            (Array("PROXY TCP6 ::ffff:1.2.3.4 ::ffff:5.6.7.8 1111 80\r\n".utf8), "1.2.3.4:1111"),
        ] {
            #expect(try talk.request("GET /", behind: header).contains("\n\n\(source)"))
        }
    }

    // MARK: One behind the other

    /// A proxy that announces its clients, and one behind it that believes it.
    private struct Chain {
        let front: RunningProxy
        let back: RunningProxy
        let ports: (http: UInt16, tcp: UInt16)

        init(_ front: ProxyKind, _ back: ProxyKind, _ option: String, backKeepAlive: String = "10s") throws {
            let believing = try FreePort.find()
            self.back = try RunningProxy(back) { folder in
                """
                global
                    stats socket \(folder.file("worker.sock")) level admin
                defaults
                    mode http
                    timeout client 10s
                    timeout http-keep-alive \(backKeepAlive)
                frontend fe
                    bind 127.0.0.1:\(believing) accept-proxy
                    log stdout format raw local0
                    http-request return status 200 content-type text/plain lf-string "<%[src] %[src_port] %[dst] %[dst_port]>"

                """
            }
            let ports = (http: try FreePort.find(), tcp: try FreePort.find())
            self.ports = ports
            self.front = try RunningProxy(front) { folder in
                """
                global
                    stats socket \(folder.file("worker.sock")) level admin
                defaults
                    timeout client 10s
                    timeout server 10s
                    timeout connect 5s
                frontend http
                    mode http
                    bind 127.0.0.1:\(ports.http)
                    bind \(folder.file("http.sock"))
                    \(Self.hasIPv6 ? "bind [::1]:\(ports.http)" : "")
                    default_backend http-be
                backend http-be
                    mode http
                    http-reuse always
                    server s1 127.0.0.1:\(believing) \(option) check inter 100ms
                frontend tcp
                    mode tcp
                    bind 127.0.0.1:\(ports.tcp)
                    default_backend tcp-be
                backend tcp-be
                    mode tcp
                    server s1 127.0.0.1:\(believing) \(option)

                """
            }
        }

        static let hasIPv6: Bool = {
            guard let loopback = SocketAddress(numeric: "::1", port: 0),
                let socket = try? Socket.stream(for: loopback)
            else { return false }
            return (try? Socket.bind(socket, to: loopback)) != nil
        }()
    }

    /// What the proxy at the back says of the client of a request.
    private func asked(_ client: Connection) throws -> String {
        try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        let answer = try client.read(until: ">")
        return answer.split(separator: "<").last.map(String.init) ?? answer
    }

    @Test(arguments: [ProxyKind.haproxy, .mwproxy], ["send-proxy", "send-proxy-v2"])
    func oneBehindTheOther(_ back: ProxyKind, _ option: String) throws {
        let chain = try Chain(back == .haproxy ? .mwproxy : .haproxy, back, option)
        // Two at a time and by turns: a connection to the server is never another client's.
        let clients = try (0..<2).map { _ in try Connection(port: chain.ports.http) }
        for _ in 0..<3 {
            for client in clients {
                let said = "127.0.0.1 \(client.localPort) 127.0.0.1 \(chain.ports.http)>"
                #expect(try asked(client) == said)
            }
        }
        let tunnel = try Connection(port: chain.ports.tcp)
        for _ in 0..<2 {
            #expect(
                try asked(tunnel) == "127.0.0.1 \(tunnel.localPort) 127.0.0.1 \(chain.ports.tcp)>")
        }
        // Without addresses of the internet, the proxy in front speaks for itself.
        let local = try Connection(to: .unix(path: chain.front.folder.file("http.sock")))
        #expect(try asked(local).hasPrefix("127.0.0.1 "))
        if Chain.hasIPv6, let address = SocketAddress(numeric: "::1", port: chain.ports.http) {
            let client = try Connection(to: address)
            for _ in 0..<2 {
                #expect(try asked(client) == "::1 \(client.localPort) ::1 \(chain.ports.http)>")
            }
        }
        // Checks announce themselves as well.
        try wait(for: "a check") { try chain.front.ask("@1 show stat").contains("L4OK") }
        #expect(!chain.back.program.output.contains("PROXY protocol header"))
    }

    /// `scur` of the frontend `fe`.
    private func currentSessions(_ proxy: RunningProxy) throws -> String? {
        try proxy.ask("@1 show stat").split(separator: "\n").first { $0.hasPrefix("fe,FRONTEND,") }
            .map { String($0.split(separator: ",", omittingEmptySubsequences: false)[4]) }
    }

    /// A client's own server connection that the server has closed while the client was silent.
    @Test(arguments: ["send-proxy", "send-proxy-v2"])
    func aConnectionThatTheServerClosed(_ option: String) throws {
        let chain = try Chain(.mwproxy, .haproxy, option, backKeepAlive: "50ms")
        let client = try Connection(port: chain.ports.http)
        for _ in 0..<3 {
            let said = "127.0.0.1 \(client.localPort) 127.0.0.1 \(chain.ports.http)>"
            #expect(try asked(client) == said)
            try wait(for: "the server to close") { try currentSessions(chain.back) == "0" }
        }
    }
}

extension String {
    /// Of the names of headers: both take it.
    fileprivate var isGood: Bool {
        [
            "1 of IPv4", "1 of IPv6", "1 of nothing", "2 of IPv4", "2 of IPv6", "2 of a check",
            "2 of a check with addresses", "2 with more", "2 with much more",
        ].contains(self)
    }
}
