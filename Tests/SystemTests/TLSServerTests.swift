// TLS towards servers: whom a proxy trusts, and that every byte passes through two proxies that speak it to each other.

import Demo
import Polling
import TestSupport
import Testing
import Unix

extension TLSSystemTests {
    @Suite struct TLSServers {
        /// What a `server` line says, and whether the server is believed, by the certificate that it shows.
        private static let lines: [String] = [
            "ssl verify none", "ssl verify required ca-file CERTS/ca.pem",
            "ssl verify required ca-file CERTS/other-ca.pem",
            "ssl verify required ca-file CERTS/ca.pem verifyhost a.test",
            "ssl verify required ca-file CERTS/ca.pem verifyhost nobody.test",
            "ssl verify required ca-file CERTS/ca.pem sni str(b.test)",
            "ssl verify required ca-file CERTS/ca.pem sni str(nobody.test)",
            "ssl verify required ca-file CERTS/ca.pem sni str(b.test) verifyhost a.test",
            "ssl verify required ca-file CERTS/ca.pem sni req.hdr(host)",
            "ssl verify required ca-file CERTS/ca.pem sni str(x.w.test)",
            "ssl verify none sni str(strict)", "ssl verify none ssl-max-ver TLSv1.2",
            "ssl verify none crt CERTS/client.pem",
            // In TLS 1.3 the refusal of a certificate comes after the handshake, before or after the request.
            "ssl verify none ssl-max-ver TLSv1.2 crt CERTS/stranger.pem", "",
        ]

        /// A server that shows `b.pem` to who asks for it, and `a.pem` to others, and says what it was asked.
        @Test func theSameServersAreBelieved() throws {
            var said: [[String]] = []
            for kind in ProxyKind.allCases {
                let ports = try Self.lines.map { _ in try FreePort.find() }
                let others = try Self.lines.map { _ in try FreePort.find() }
                let frontends = Self.lines.enumerated().map { number, options in
                    let client = options.contains("crt CERTS") ? "ca-file CERTS/ca.pem verify optional" : ""
                    return """
                        frontend in\(number)
                            bind 127.0.0.1:\(others[number])
                            default_backend out\(number)
                        backend out\(number)
                            retries 0
                            server s 127.0.0.1:\(ports[number]) \(options)
                        frontend tls\(number)
                            bind 127.0.0.1:\(ports[number]) ssl crt CERTS/a.pem crt CERTS/b.pem crt CERTS/wild.pem \(client)
                            http-request return status 200 content-type text/plain lf-string "%[ssl_fc_sni] %[ssl_fc_protocol] %[ssl_c_s_dn(CN)]"
                        """
                }
                // The servers are always HAProxy's, so that only one thing differs.
                let servers = try TLSTalk(
                    .haproxy, frontends.map { $0.drop(before: "frontend tls") }.joined(separator: "\n"))
                let asking = try TLSTalk(
                    kind, frontends.map { $0.drop(from: "frontend tls") }.joined(separator: "\n"))
                said.append(
                    try others.enumerated().map { number, port in
                        let client = try Connection(port: port)
                        try client.send("GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
                        let answer = try client.readToEnd()
                        let body = answer.split(separator: "\r\n").last ?? ""
                        return "\(Self.lines[number]): \(answer.prefix { $0 != "\r\n" }) \(body)"
                    })
                #expect(servers.proxy.program.isRunning && asking.proxy.program.isRunning)
            }
            for (our, their) in zip(said[0], said[1]) { #expect(our == their) }
            #expect(
                said[0].count { $0.contains(" 503 ") } >= 3 && said[0].count { $0.contains(" 200 ") } >= 6)
        }

        /// The log asks about the server's connection when it is gone, or in use by somebody else.
        @Test func theLogTellsOfTheServersTLS() throws {
            let server = try TLSTalk(
                .haproxy,
                """
                frontend secure
                    bind 127.0.0.1:PORT ssl crt CERTS/a.pem
                    http-request return status 200
                frontend plain
                    bind 127.0.0.1:OTHER
                    http-request return status 200
                """)
            let format = [
                "ssl_bc", "ssl_bc_protocol", "ssl_bc_cipher", "ssl_bc_alpn", "ssl_bc_is_resumed",
                "ssl_bc_use_keysize", "ssl_bc_alg_keysize", "ssl_bc_err", "ssl_bc_err_str",
            ].map { "%[\($0)]" }.joined(separator: " ")
            var logs: [[String]] = []
            for kind in ProxyKind.allCases {
                let talk = try TLSTalk(
                    kind,
                    """
                        retries 0
                        log stdout format raw local0
                    frontend fe
                        bind 127.0.0.1:PORT
                        log-format "line %HP %ST %ts \(format)"
                        http-request return status 200 if { path /own }
                        BACKENDS
                    backend good
                        server s 127.0.0.1:\(server.port) ssl verify none
                    backend old
                        server s 127.0.0.1:\(server.port) ssl verify none ssl-max-ver TLSv1.2
                    backend closing
                        option httpclose
                        server s 127.0.0.1:\(server.port) ssl verify none
                    backend plain
                        server s 127.0.0.1:\(server.otherPort)
                    backend deaf
                        server s 127.0.0.1:\(server.otherPort) ssl verify none
                    backend stranger
                        server s 127.0.0.1:\(server.port) ssl verify required ca-file CERTS/other-ca.pem
                    listen tcp
                        mode tcp
                        bind 127.0.0.1:OTHER
                        log-format "line tcp %ts \(format)"
                        server s 127.0.0.1:\(server.otherPort) ssl verify none
                    """.replacing(
                        "BACKENDS",
                        with: ["good", "old", "closing", "plain", "deaf", "stranger"].map {
                            "use_backend \($0) if { path /\($0) }"
                        }.joined(separator: "\n    ")))
                var asked = 0
                func ask(_ path: String, _ port: UInt16) throws {
                    let client = try Connection(port: port)
                    try client.send("GET /\(path) HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                    _ = try client.readToEnd()
                    asked += 1
                    try wait(for: "line \(asked) of \(kind)") {
                        talk.logLines(with: "line ").count == asked
                    }
                }
                for path in ["good", "good", "old", "closing", "closing", "plain", "deaf", "stranger", "own"]
                {
                    try ask(path, talk.port)
                }
                try ask("", talk.otherPort)
                logs.append(talk.logLines(with: "line "))
            }
            for (our, their) in zip(logs[0], logs[1]) { #expect(our == their) }
            #expect(logs[0].contains { $0.contains("certificate verify failed") })
            #expect(logs[0].contains { $0.contains("200 -- 1 TLSv1.3 TLS_") })
        }

        // MARK: Bytes

        private static let bytes: [UInt8] = (0..<(1 << 20)).map {
            UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 9)
        }

        /// Client to front over TLS, front to back over TLS, back to the origin.
        private struct Chain {
            let loop: EventLoop
            let origin: EchoOrigin
            let raw: EchoOrigin
            let front: TLSTalk
            let back: TLSTalk

            init(_ front: ProxyKind, _ back: ProxyKind) throws {
                loop = try EventLoop()
                origin = try EchoOrigin(on: loop)
                raw = try EchoOrigin(on: loop, isRaw: true)
                self.back = try TLSTalk(
                    back,
                    """
                        timeout tunnel 1m
                    listen http
                        bind 127.0.0.1:PORT ssl crt CERTS/a.pem
                        server s 127.0.0.1:\(origin.port)
                    listen raw
                        mode tcp
                        bind 127.0.0.1:OTHER ssl crt CERTS/a.pem
                        server s 127.0.0.1:\(raw.port)
                    """)
                self.front = try TLSTalk(
                    front,
                    """
                        timeout tunnel 1m
                    listen http
                        bind 127.0.0.1:PORT ssl crt CERTS/b.pem
                        server s 127.0.0.1:\(self.back.port) ssl verify required ca-file CERTS/ca.pem sni str(a.test)
                    listen raw
                        mode tcp
                        bind 127.0.0.1:OTHER ssl crt CERTS/b.pem
                        server s 127.0.0.1:\(self.back.otherPort) ssl verify required ca-file CERTS/ca.pem
                    """)
            }

            func client(_ version: TLSClient.Version, raw: Bool = false) throws -> TLSClient {
                let client = try TLSClient(
                    port: raw ? front.otherPort : front.port, .init(version),
                    idle: { [loop] in try loop.runOnce(longestWait: .milliseconds(1)) })
                #expect(try client.shakeHands())
                return client
            }
        }

        private static func chunked(_ bytes: [UInt8]) -> [UInt8] {
            var result: [UInt8] = []
            for start in stride(from: 0, to: bytes.count, by: 30_011) {
                let part = bytes[start..<min(start + 30_011, bytes.count)]
                result += Array("\(String(part.count, radix: 16))\r\n".utf8) + part + [13, 10]
            }
            return result + Array("0\r\n\r\n".utf8)
        }

        @Test(arguments: [(ProxyKind.mwproxy, ProxyKind.haproxy), (.haproxy, .mwproxy), (.mwproxy, .mwproxy)])
        func everyByteArrives(_ front: ProxyKind, _ back: ProxyKind) throws {
            let chain = try Chain(front, back)
            let bytes = Self.bytes
            let end = Array("\r\n\r\n".utf8)
            for version in [TLSClient.Version.v12, .v13] {
                let name = Comment(rawValue: "\(front) before \(back), \(version)")
                // A length.
                var client = try chain.client(version)
                try client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: \(bytes.count)\r\n\r\n")
                try client.exchange(bytes) { got in
                    got.count > bytes.count && got.suffix(bytes.count).elementsEqual(bytes)
                }
                #expect(client.received.count < bytes.count + 300 && client.ending == nil, name)
                // Chunks; the proxies may cut them anew.
                client = try chain.client(version)
                try client.send("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
                try client.exchange(Self.chunked(bytes)) { $0.suffix(7).elementsEqual([13, 10, 48] + end) }
                let body = client.received.drop(through: end)
                #expect(body.flatMap { Dechunked($0).bytes } == bytes, name)
                // A tunnel after an Upgrade, and one from the beginning, read slowly.
                for isRaw in [false, true] {
                    client = try chain.client(version, raw: isRaw)
                    if !isRaw {
                        try client.send(
                            "GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
                        #expect(try client.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 101"), name)
                    }
                    try client.send("first")
                    #expect(try client.read(until: "first") == "first", name)
                    try client.sendLazily(bytes)
                    // The client takes nothing until everything stands still.
                    try chain.loop.run(load: .milliseconds(50))
                    try client.read(for: "the tunnel", limit: 3001) { $0.count >= bytes.count }
                    #expect(client.received == bytes, name)
                    client.goodbye()
                }
            }
        }
    }
}

/// The bytes of a chunked body; nil where it is none.
private struct Dechunked {
    var bytes: [UInt8]?

    init(_ body: ArraySlice<UInt8>) {
        var rest = body
        var all: [UInt8] = []
        while let line = rest.firstIndex(of: 13) {
            guard let count = Int(String(decoding: rest[..<line], as: UTF8.self), radix: 16),
                rest.count >= count + 2
            else { return }
            if count == 0 {
                bytes = all
                return
            }
            let start = line + 2
            guard rest.endIndex >= start + count + 2 else { return }
            all += rest[start..<start + count]
            rest = rest[(start + count + 2)...]
        }
    }
}

extension [UInt8] {
    /// What follows the first `mark`; nil without one.
    fileprivate func drop(through mark: [UInt8]) -> ArraySlice<UInt8>? {
        firstRange(of: mark).map { self[$0.upperBound...] }
    }
}

extension String {
    fileprivate func drop(before mark: String) -> String {
        firstRange(of: mark).map { String(self[$0.lowerBound...]) } ?? self
    }

    fileprivate func drop(from mark: String) -> String {
        firstRange(of: mark).map { String(self[..<$0.lowerBound]) } ?? self
    }
}
