// What the data plane gets to read of TLS.

import Testing

@testable import ConfigLanguage

@Suite struct TLSTests {
    private func load(_ text: String) throws -> Configuration {
        let result = World.parse(text)
        return try #require(result.configuration, "\(result.messages)")
    }

    @Test func linesAreCompletedByGlobal() throws {
        let configuration = try load(
            """
            frontend f
             mode http
             timeout client 1s
             timeout client-handshake 3s
             bind :1 ssl crt a.pem crt /b.pem strict-sni alpn http/1.1,x verify optional ca-file c crl-file /d
             bind :2 ssl crt a no-strict-sni ssl-min-ver TLSv1.1 ciphers L tls-tickets ecdhe P-521 tls-ticket-keys t
             bind :3 ssl crt a ca-file @system-ca force-tlsv13 crt-ignore-err all ca-ignore-err 10,18 no-alpn
             bind :4 name plain
            backend b
             mode http
             timeout server 1s
             timeout connect 1s
             default-server ssl verify none no-tls-tickets
             server a 127.0.0.1:1
             server b 127.0.0.1:2 no-ssl check check-ssl check-sni n check-alpn http/1.0
             server c 127.0.0.1:3 verify required ca-file c crt k sni req.hdr(host) verifyhost h no-ssl-reuse
            global
             crt-base /crt
             ca-base /ca
             maxsslconn 7
             tune.ssl.lifetime 10
             ssl-default-bind-ciphers G
             ssl-default-bind-curves X25519
             ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets prefer-client-ciphers strict-sni
             ssl-default-server-ciphersuites S
             ssl-default-server-options ssl-max-ver TLSv1.2

            """)
        #expect(
            configuration.global.maxTLSConnections == 7 && configuration.global.tlsLifetime == .seconds(10))
        let frontend = try #require(configuration.proxies.first { $0.name == "f" })
        #expect(frontend.settings.timeouts.clientHandshake == .seconds(3))
        let binds = frontend.binds.map(\.options)
        let first = binds[0].tls
        #expect(binds[0].usesTLS && first.certificates == ["/crt/a.pem", "/b.pem"] && first.strictSNI)
        #expect(first.settings.alpn == ["http/1.1", "x"] && first.verify == .optional)
        #expect(first.caFile == "/ca/c" && first.crlFile == "/d" && first.prefersClientCiphers)
        #expect(first.settings.ciphers == "G" && first.settings.curves == "X25519")
        #expect(
            first.settings.minimum == .v13 && first.settings.maximum == nil && !first.settings.usesTickets)
        let second = binds[1].tls
        #expect(!second.strictSNI && second.settings.minimum == .v11 && second.settings.ciphers == "L")
        #expect(second.settings.usesTickets && second.ticketKeyFile == "t")
        let third = binds[2].tls
        #expect(third.caFile == "@system-ca" && third.settings.maximum == nil && third.settings.alpn.isEmpty)
        #expect(third.ignoredErrors == .all && third.ignoredCAErrors == .some([10, 18]))
        #expect(!binds[3].usesTLS)
        let servers = try #require(configuration.proxies.first { $0.name == "b" }).servers.map(\.options)
        #expect(servers[0].usesTLS && servers[0].tls.verify == .none && !servers[0].tls.settings.usesTickets)
        #expect(servers[0].tls.settings.maximum == .v12 && servers[0].tls.settings.minimum == .v12)
        #expect(servers[0].tls.settings.ciphersuites == "S" && servers[0].checkUsesTLS == nil)
        #expect(!servers[1].usesTLS && servers[1].checkUsesTLS == true)
        #expect(servers[1].checkSNI == "n" && servers[1].checkALPN == ["http/1.0"])
        let third2 = servers[2].tls
        #expect(third2.verify == .required && third2.caFile == "/ca/c" && third2.certificate == "/crt/k")
        #expect(third2.sni?.text == "req.hdr(host)" && third2.verifyHost == "h" && !third2.reusesSessions)
    }

    @Test(
        arguments: [
            ("", TLSVersion.v12, nil), ("no-tlsv13", .v12, .v12), ("no-tlsv12", .v13, nil),
            ("force-tlsv11", .v11, .v11),
            ("ssl-max-ver TLSv1.0", .v10, .v10), ("ssl-min-ver SSLv3", .v10, nil),
            ("ssl-max-ver TLSv1.2", .v12, .v12),
            ("ssl-min-ver TLSv1.1 no-tlsv11", .v11, nil),
        ] as [(String, TLSVersion, TLSVersion?)])
    func versionsAreARange(_ words: String, _ minimum: TLSVersion, _ maximum: TLSVersion?) throws {
        let settings = try load("listen f\n bind :1 ssl crt a \(words)\n").proxies[0].binds[0].options.tls
            .settings
        #expect(settings.minimum == minimum && settings.maximum == maximum)
    }

    @Test(
        arguments: [
            ("ssl_fc", Fetch.tls(.used(.client))), ("ssl_bc_is_resumed", .tls(.resumed(.server))),
            ("ssl_c_s_dn", .tls(.certificate(.subject(part: nil, occurrence: 1)))),
            ("ssl_c_i_dn(CN,-1)", .tls(.certificate(.issuer(part: "CN", occurrence: -1)))),
            ("ssl_fc_err", .tls(.handshakeError(.client))), ("ssl_fc_sni_reg", .tls(.serverName)),
            ("req_ssl_sni", .helloServerName), ("req.ssl_hello_type", .helloType),
        ] as [(String, Fetch)])
    func fetchesHaveTheirNames(_ name: String, _ fetch: Fetch) throws {
        let acl = try load("listen f\n bind :1\n acl x \(name) -m found\n").proxies[0].acls[0]
        #expect("\(acl.criteria[0].expression.fetch)" == "\(fetch)")
    }
}
