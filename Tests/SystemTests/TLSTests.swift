// TLS as clients and operators see it, beside real HAProxy: tickets over reloads, names and client certificates,
// servers that speak it, files with faults, and handshakes that go wrong.

import Demo
import Glibc
import Polling
import RuntimeAPI
import TestSupport
import Testing
import Unix

extension TLSSystemTests {
    @Suite struct TLS {
        private static let answers = """
            frontend fe
                bind 127.0.0.1:PORT ssl crt CERTS/a.pem BIND
                http-request return status 200 content-type text/plain lf-string "%[ssl_fc_is_resumed]"
            """

        private static func serving(_ options: String = "") -> String {
            answers.replacing("BIND", with: options)
        }

        private static let withKeys = serving("tls-ticket-keys FOLDER/t.keys")
        private static let versions: [TLSClient.Version] = [.v12, .v13]

        // MARK: Tickets

        @Test func ticketsOutliveFiftyReloadsAndARestart() throws {
            let keys = try Certificates.shared.get().text("80.keys")
            let first = try TLSTalk(.mwproxy, Self.withKeys, content: ["t.keys": keys])
            var kept: [TLSClient.Version: TLSTicket] = [:]
            for version in Self.versions {
                let (body, client) = try first.get("/", .init(version))
                #expect(body == "0" && !client.isResumed)
                kept[version] = client.ticket
                #expect(kept[version] != nil, "\(version)")
            }
            func resume(_ talk: TLSTalk, _ what: String) throws {
                for version in Self.versions {
                    let (body, client) = try talk.get("/", .init(version, ticket: kept[version]))
                    #expect(body == "1" && client.isResumed, "\(what), \(version)")
                    if version == .v13 { kept[version] = client.ticket }
                }
            }
            try resume(first, "before")
            for number in 1...50 {
                try first.proxy.reload()
                try resume(first, "reload \(number)")
            }
            first.proxy.program.stop()
            let second = try TLSTalk(.mwproxy, Self.withKeys, content: ["t.keys": keys])
            try resume(second, "after a restart")
        }

        /// Either gives tickets, and the other takes them.
        @Test(arguments: ["48.keys", "80.keys"])
        func oneTakesTheTicketsOfTheOther(_ name: String) throws {
            let keys = try Certificates.shared.get().text(name)
            let talks = try ProxyKind.allCases.map { kind in
                try TLSTalk(kind, Self.withKeys, content: ["t.keys": keys])
            }
            for (giver, taker) in [(0, 1), (1, 0)] {
                for version in Self.versions {
                    let ticket = try talks[giver].get("/", .init(version)).client.ticket
                    let (body, client) = try talks[taker].get(
                        "/", .init(version, ticket: ticket))
                    #expect(
                        body == "1" && client.isResumed,
                        "\(version): \(talks[giver].kind) gave it, \(talks[taker].kind) has it")
                }
            }
        }

        /// The same with a program that knows nothing of these tests.
        @Test func opensslResumesAfterAReload() throws {
            let talk = try TLSTalk(
                .mwproxy, Self.withKeys, content: ["t.keys": try Certificates.shared.get().text("48.keys")])
            for (name, option) in [("12", "-tls1_2"), ("13", "-tls1_3")] {
                func said(_ options: String) throws -> String {
                    let file = talk.folder.file("session.\(name)")
                    return try Program.shell(
                        """
                        printf 'GET / HTTP/1.0\\r\\n\\r\\n' | openssl s_client -connect 127.0.0.1:\(talk.port) \
                        \(option) -ign_eof \(options) \(file)
                        """
                    ).output
                }
                #expect(try said("-sess_out").contains("New, TLSv1."))
                try talk.proxy.reload()
                #expect(try said("-sess_in").contains("Reused, TLSv1."))
            }
        }

        @Test func withoutAFileTheyEndWithTheWorker() throws {
            let talk = try TLSTalk(.mwproxy, Self.serving())
            for version in Self.versions {
                let ticket = try talk.get("/", .init(version)).client.ticket
                let again = try talk.get("/", .init(version, ticket: ticket))
                #expect(again.body == "1" && again.client.isResumed)
                try talk.proxy.reload()
                let after = try talk.get("/", .init(version, ticket: again.client.ticket ?? ticket))
                #expect(after.body == "0" && !after.client.isResumed)
            }
        }

        @Test(arguments: ProxyKind.allCases)
        func keysThatRotateInTheFile(_ kind: ProxyKind) throws {
            let given = try Certificates.shared.get()
            var keys = try given.text("80.keys").split(separator: "\n").map(String.init)
            for _ in 0..<2 {
                let made = try Program.run(try Program.system("openssl"), ["rand", "-base64", "80"])
                keys.append(made.output.filter { $0 != "\n" })
            }
            func file(_ first: Int) -> String { keys[first..<first + 3].joined(separator: "\n") + "\n" }
            let talk = try TLSTalk(kind, Self.withKeys, content: ["t.keys": file(0)])
            // Sealed with the second of the five, the third, the fourth.
            var tickets: [[TLSClient.Version: TLSTicket]] = []
            for first in 0..<3 {
                if first > 0 {
                    try talk.folder.write("t.keys", file(first))
                    try talk.proxy.reload()
                }
                var made: [TLSClient.Version: TLSTicket] = [:]
                for version in Self.versions {
                    made[version] = try talk.get("/", .init(version)).client.ticket
                }
                tickets.append(made)
                for (age, old) in tickets.enumerated() {
                    for version in Self.versions {
                        let client = try talk.get("/", .init(version, ticket: old[version])).client
                        // The file begins with key number `first`; a ticket of age `age` has number `age + 1`.
                        #expect(client.isResumed == (age + 1 >= first), "\(first), \(age), \(version)")
                    }
                }
            }
        }

        /// The last key but one seals; the ones before it still open, and an old one leaves for each that comes.
        @Test(arguments: ProxyKind.allCases)
        func keysThatRotateByCommand(_ kind: ProxyKind) throws {
            let talk = try TLSTalk(
                kind, Self.withKeys, content: ["t.keys": try Certificates.shared.get().text("48.keys")])
            func resumes(_ ticket: TLSTicket?, _ version: TLSClient.Version) throws -> Bool {
                let ticket = try #require(ticket, "\(kind), \(version)")
                return try talk.get("/", .init(version, ticket: ticket)).client.isResumed
            }
            var kept: [TLSClient.Version: TLSTicket] = [:]
            for version in Self.versions { kept[version] = try talk.get("/", .init(version)).client.ticket }
            for remaining in [true, false] {
                let made = try Program.run(try Program.system("openssl"), ["rand", "-base64", "48"])
                let key = made.output.filter { $0 != "\n" }
                let reply = try AdminClient.ask(
                    talk.folder.file("worker.sock"), "set ssl tls-key \(talk.folder.file("t.keys")) \(key)")
                #expect(reply.contains("TLS ticket key updated!"), "\(kind): \(reply)")
                for version in Self.versions {
                    #expect(try resumes(kept[version], version) == remaining, "\(kind), \(version)")
                    #expect(try resumes(talk.get("/", .init(version)).client.ticket, version))
                }
            }
        }

        // MARK: Names, versions, client certificates

        /// `bind` options, and clients, whose every outcome is the same with HAProxy.
        private static let doors: [String] = [
            "crt CERTS/a.pem crt CERTS/b.pem crt CERTS/wild.pem",
            "crt CERTS/b.pem crt CERTS/rsa.pem crt CERTS/a.pem crt CERTS/wild.pem strict-sni",
            "crt FOLDER/several", "crt FOLDER/several alpn http/1.1",
            "crt CERTS/a.pem ssl-min-ver TLSv1.3", "crt CERTS/a.pem ssl-max-ver TLSv1.2 alpn http/1.1",
            "crt CERTS/a.pem ssl-max-ver TLSv1.2 ciphers ECDHE-ECDSA-AES256-GCM-SHA384",
            "crt CERTS/a.pem ciphersuites TLS_CHACHA20_POLY1305_SHA256", "crt CERTS/split.pem",
            "crt CERTS/a.pem ca-file CERTS/ca.pem verify optional",
            "crt CERTS/a.pem ca-file CERTS/ca.pem verify required",
            "crt CERTS/a.pem ca-file CERTS/ca.pem verify required crt-ignore-err all ca-ignore-err all",
            "crt CERTS/a.pem ca-file CERTS/ca.pem verify none", "crt CERTS/a.pem no-tls-tickets",
        ]

        private static func visitors(_ files: Certificates) -> [TLSClient.Terms] {
            [
                .init(.v11), .init(.v12), .init(.v13), .init(.v12, name: "a.test"),
                .init(.v13, name: "B.test"),
                .init(.v12, name: "www.a.test"), .init(.v13, name: "x.w.test"),
                .init(.v12, name: "x.y.w.test"),
                .init(.v12, name: "w.test"), .init(.v13, name: "nobody.test"),
                .init(.v12, name: "nobody.test"),
                .init(.v12, name: "a.test", ciphers: "ECDHE-RSA-AES128-GCM-SHA256"),
                .init(.v12, name: "a.test", ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256"),
                .init(.v13, name: "b.test", alpn: ["h2", "http/1.1"]), .init(.v12, alpn: ["h2"]),
                .init(.v12, certificate: files.file("client.pem")),
                .init(.v13, certificate: files.file("client.pem")),
                .init(.v12, certificate: files.file("stranger.pem")),
                .init(.v13, certificate: files.file("stranger.pem")),
            ]
        }

        @Test func clientsAreShownAndToldTheSame() throws {
            let values = [
                "ssl_fc", "ssl_fc_sni", "ssl_fc_has_sni", "ssl_fc_protocol", "ssl_fc_cipher", "ssl_fc_alpn",
                "ssl_fc_use_keysize", "ssl_fc_alg_keysize", "ssl_fc_has_crt", "ssl_c_used", "ssl_c_verify",
                "ssl_c_err", "ssl_c_ca_err", "ssl_c_ca_err_depth", "ssl_c_s_dn", "ssl_c_s_dn(CN)",
                "ssl_c_i_dn(CN)",
                "ssl_c_version", "ssl_c_key_alg", "ssl_c_sig_alg", "ssl_c_serial,hex", "ssl_c_sha1,hex",
                "ssl_c_der,base64",
                "ssl_c_notbefore", "ssl_c_notafter",
            ].map { "%[\($0)]" }.joined(separator: " ")
            let files = try Certificates.shared.get()
            var outcomes: [[String]] = []
            var logs: [[String]] = []
            for kind in ProxyKind.allCases {
                let several = try ScratchFolder("several-")
                for name in ["a.pem", "b.pem", "wild.pem"] { try several.write(name, files.text(name)) }
                let ports = try Self.doors.map { _ in try FreePort.find() }
                let frontends = Self.doors.enumerated().map { number, options in
                    """
                    frontend f\(number)
                        bind 127.0.0.1:\(ports[number]) ssl \(options.replacing("FOLDER/several", with: several.path))
                        log stdout format raw local0
                        log-format "line %ft %sslv %sslc %ST %[ssl_fc_sni] %[ssl_c_verify] %[ssl_c_s_dn(CN)]"
                        http-request return status 200 content-type text/plain lf-string "\(values)"
                    """
                }
                let talk = try TLSTalk(kind, frontends.joined(separator: "\n"))
                var said: [String] = []
                for (number, port) in ports.enumerated() {
                    for (place, visitor) in Self.visitors(files).enumerated() {
                        let outcome = try TLSTalk.outcome("/", TLSClient(port: port, visitor))
                        // Which of two reasons for a refusal is told first is left to each.
                        let told = visitor.version == .v11 ? String(outcome.prefix(6)) : outcome
                        said.append("\(Self.doors[number]) for visitor \(place): \(told)")
                    }
                }
                outcomes.append(said)
                let answered = said.count { $0.contains("HTTP/1.1 200") }
                #expect(answered > 100 && answered < said.count - 40)
                try wait(for: "\(answered) lines of \(kind)") {
                    talk.logLines(with: "line f").count >= answered
                }
                logs.append(talk.logLines(with: "line f").sorted())
            }
            for (our, their) in zip(outcomes[0], outcomes[1]) { #expect(our == their) }
            #expect(logs[0] == logs[1])
        }

        /// The rule is asked before the handshake, when of `ssl_fc…` only `ssl_fc` has something to say.
        @Test(arguments: ProxyKind.allCases)
        func whoSpeaksTLSIsKnownAtOnce(_ kind: ProxyKind) throws {
            let rules = """
                    tcp-request connection reject if !{ ssl_fc }
                    tcp-request connection reject if { ssl_c_used -m found }
                    http-request return status 200 content-type text/plain string in
                """
            let talk = try TLSTalk(
                kind,
                """
                frontend secure
                    bind 127.0.0.1:PORT ssl crt CERTS/a.pem
                \(rules)
                frontend plain
                    bind 127.0.0.1:OTHER
                \(rules)
                """)
            for version in Self.versions { #expect(try talk.get("/", .init(version)).body == "in") }
            // It may be closed at once, or before or after the request has come.
            let plain = try? Connection(port: talk.otherPort)
            try? plain?.send("GET / HTTP/1.0\r\n\r\n")
            #expect(((try? plain?.readToEnd()) ?? "").isEmpty)
        }
    }
}
