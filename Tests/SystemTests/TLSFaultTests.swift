// What goes wrong with TLS: files with faults at a reload, and handshakes that are none. Beside HAProxy where it has
// an opinion.

import Demo
import Glibc
import Polling
import RuntimeAPI
import TestSupport
import Testing
import Unix

extension TLSSystemTests {
    @Suite struct TLSFaults {
        private static let good = frontend("crt CERTS/a.pem tls-ticket-keys CERTS/48.keys")

        private static func frontend(_ options: String, _ server: String = "") -> String {
            """
            frontend fe
                bind 127.0.0.1:PORT ssl \(options)
                http-request return status 200 content-type text/plain string "fine"
            backend be
                server s 127.0.0.1:1 \(server)
            """
        }

        // MARK: Files

        /// Options of `bind`, or of `server`, and the file that its message names.
        private static let faults: [(bind: String, server: String, file: String)] = [
            ("crt CERTS/mismatched.pem", "", "mismatched.pem"), ("crt CERTS/keyless.pem", "", "keyless.pem"),
            ("crt CERTS/encrypted.pem", "", "encrypted.pem"), ("crt CERTS/garbage.pem", "", "garbage.pem"),
            ("crt CERTS/nowhere.pem", "", "nowhere.pem"), ("crt FOLDER/ring.pem", "", "ring.pem"),
            ("crt CERTS/48.keys", "", "48.keys"), ("crt FOLDER/cut.pem", "", "cut.pem"),
            ("crt CERTS/a.pem crt CERTS/mismatched.pem", "", "mismatched.pem"),
            ("crt CERTS/a.pem tls-ticket-keys CERTS/nowhere.keys", "", "nowhere.keys"),
            ("crt CERTS/a.pem tls-ticket-keys FOLDER/two.keys", "", "two.keys"),
            ("crt CERTS/a.pem tls-ticket-keys FOLDER/odd.keys", "", "odd.keys"),
            ("crt CERTS/a.pem tls-ticket-keys FOLDER/mixed.keys", "", "mixed.keys"),
            ("crt CERTS/a.pem tls-ticket-keys CERTS/a.pem", "", "a.pem"),
            ("crt CERTS/a.pem verify required ca-file CERTS/nowhere.pem", "", "nowhere.pem"),
            ("crt CERTS/a.pem verify required ca-file CERTS/garbage.pem", "", "garbage.pem"),
            ("crt CERTS/a.pem", "ssl verify required ca-file CERTS/nowhere.pem", "nowhere.pem"),
            ("crt CERTS/a.pem", "ssl verify none crt CERTS/mismatched.pem", "mismatched.pem"),
            ("crt CERTS/a.pem", "ssl verify none crt CERTS/encrypted.pem", "encrypted.pem"),
        ]

        @Test func filesWithFaultsFailTheReloadAndNothingElse() throws {
            let files = try Certificates.shared.get()
            let keys = try files.secrets(of: "48.keys")
            let certificate = try files.text("a.pem")
            let content = [
                "two.keys": keys[..<2].joined(separator: "\n") + "\n",
                "odd.keys": (keys + ["short"]).joined(separator: "\n") + "\n",
                "mixed.keys": (keys[..<2] + [try files.secrets(of: "80.keys")[0]]).joined(separator: "\n")
                    + "\n",
                "cut.pem": String(certificate.dropLast(80)),
            ]
            let talk = try TLSTalk(.mwproxy, Self.good, content: content)
            symlink("ring.pem", talk.folder.file("ring.pem"))
            let secrets =
                keys
                + (try ["a.pem", "mismatched.pem", "encrypted.pem", "80.keys"].flatMap {
                    try files.secrets(of: $0)
                })
                + [Certificates.passphrase]
            func expectNoSecret(in text: String, _ where: String) {
                for secret in secrets { #expect(!text.contains(secret), "\(`where`): \(text)") }
            }
            let serving = try talk.proxy.serving()
            let kept = try talk.get().client
            for (bind, server, file) in Self.faults {
                try talk.configure(Self.frontend(bind, server))
                let ours = try checked(.mwproxy, talk.proxy.configurationFile)
                let theirs = try checked(.haproxy, talk.proxy.configurationFile)
                #expect(ours.end == theirs.end && ours.end != .exited(0), "\(bind) \(server): \(theirs.said)")
                #expect(ours.said.contains(file), "\(bind) \(server): \(ours.said)")
                expectNoSecret(in: ours.said, "-c of \(bind) \(server)")
                let failed = try Self.failures(talk)
                talk.proxy.program.signal(SIGUSR2)
                try wait(for: "the failure of \(bind) \(server)") { try Self.failures(talk) > failed }
                let log = try talk.proxy.ask("show startup-logs")
                #expect(log.contains(file), "\(log)")
                expectNoSecret(in: log, "show startup-logs")
                #expect(try kept.get("/").hasSuffix("fine"), "\(bind) \(server)")
                #expect(try talk.get().body == "fine", "\(bind) \(server)")
            }
            #expect(try talk.proxy.serving() == serving)
            try talk.configure(Self.good)
            try talk.proxy.reload()
            #expect(try talk.get().body == "fine")
            for command in [
                "show ssl cert", "show ssl cert \(files.file("a.pem"))", "show tls-keys", "show tls-keys *",
                "show info", "show errors", "show env",
            ] {
                expectNoSecret(in: try talk.proxy.ask("@1 \(command)"), command)
            }
            expectNoSecret(in: talk.proxy.program.output + talk.proxy.program.errors, "messages")
        }

        private static func failures(_ talk: TLSTalk) throws -> Int {
            try #require(try ReloadLog(parsing: try talk.proxy.ask("show reloads json"))).failed
        }

        // MARK: Handshakes

        @Test(arguments: ProxyKind.allCases)
        func aHelloByteByByteBehindAnotherProxy(_ kind: ProxyKind) throws {
            let talk = try TLSTalk(
                kind,
                """
                frontend fe
                    bind 127.0.0.1:PORT ssl crt CERTS/a.pem accept-proxy
                    http-request return status 200 content-type text/plain lf-string "%[src] %[ssl_fc_sni]"
                """)
            for version in [TLSClient.Version.v12, .v13] {
                let client = try talk.client(.init(version, name: "a.test"))
                let hello = client.takeHello()
                try client.sendRaw(Array("PROXY TCP4 10.1.2.3 10.4.5.6 1111 80\r\n".utf8))
                for byte in hello { try client.sendRaw([byte]) }
                #expect(try client.shakeHands())
                #expect(try client.get("/").hasSuffix("10.1.2.3 a.test"), "\(version)")
                // The hello and its record together with the header.
                let other = try talk.client(.init(version, name: "b.test"))
                try other.sendRaw(Array("PROXY TCP4 10.1.2.4 10.4.5.6 1111 80\r\n".utf8) + other.takeHello())
                #expect(try other.shakeHands())
                #expect(try other.get("/").hasSuffix("10.1.2.4 b.test"), "\(version)")
            }
        }

        @Test(arguments: ProxyKind.allCases)
        func renegotiationAndEarlyDataAreRefused(_ kind: ProxyKind) throws {
            let talk = try TLSTalk(kind, Self.good)
            let client = try talk.client(.init(.v12))
            try client.shakeHands()
            #expect(try client.get("/").hasSuffix("fine"))
            #expect(try client.renegotiate() == false)
            let ticket = try #require(try talk.get("/", .init(.v13)).client.ticket)
            #expect(ticket.mostEarlyData == 0)
            #expect(try talk.get("/", .init(.v13, ticket: ticket)).client.isResumed)
        }

        @Test func aThousandWhoStopAfterTheirHelloCostOthersTheirTurnOnly() throws {
            let talk = try TLSTalk(
                .mwproxy,
                """
                frontend fe
                    timeout client-handshake 30s
                    bind 127.0.0.1:PORT ssl crt CERTS/a.pem crt CERTS/rsa.pem
                    http-request return status 200 content-type text/plain string "fine"
                """)
            let hello = try talk.client(.init(.v12, name: "a.test")).takeHello()
            let early = try talk.get().client
            var stuck: [Connection] = []
            for number in 1...1000 {
                let connection = try Connection(port: talk.port)
                try connection.send(hello)
                stuck.append(connection)
                if number % 50 == 0 {
                    #expect(try talk.get().body == "fine")
                    #expect(try early.get("/").hasSuffix("fine"))
                }
            }
            try wait(for: "a thousand connections") { try talk.stat("fe", "FRONTEND", "scur") == "1001" }
            #expect(try talk.get().body == "fine")
            let serving = try talk.proxy.serving()
            stuck.removeAll()
            try wait(for: "their end") { try talk.stat("fe", "FRONTEND", "scur") == "1" }
            #expect(try talk.proxy.serving() == serving)
        }

        // MARK: Reloads

        @Test func keptConnectionsLoseNothingOverFiftyReloads() throws {
            let talk = try TLSTalk(.mwproxy, Self.good)
            let versions = [TLSClient.Version.v12, .v13]
            func connect(_ number: Int) throws -> TLSClient {
                let client = try talk.client(.init(versions[number % 2]))
                #expect(try client.shakeHands())
                return client
            }
            var clients = try (0..<20).map(connect)
            var (answered, closed, lost, next) = (0, 0, 0, 0)
            func ask(_ numbers: Range<Int>) throws {
                for number in numbers {
                    let client = clients[number]
                    let answer = (try? client.get("/")) ?? ""
                    let isAnswered = answer.hasPrefix("HTTP/1.1 200") && answer.hasSuffix("fine")
                    if isAnswered { answered += 1 } else { lost += 1 }
                    guard !isAnswered || answer.lowercased().contains("connection: close") else { continue }
                    if isAnswered { closed += 1 }
                    client.goodbye()
                    clients[number] = try connect(number)
                }
            }
            for _ in 0..<50 {
                try talk.proxy.reload {
                    next = (next + 1) % clients.count
                    try ask(next..<next + 1)
                }
                try ask(0..<clients.count)
            }
            #expect(lost == 0, "\(lost) lost beside \(answered)")
            #expect(answered > 50 * 20 && closed > 20)
            try ask(0..<clients.count)
            try wait(for: "the old workers' end") { talk.proxy.children.count == 1 }
        }

        /// How many connections stay for their TLS.
        private static func staying(_ talk: TLSTalk) throws -> Int {
            let log = try #require(try ReloadLog(parsing: try talk.proxy.ask("show reloads json")))
            return log.attempts.flatMap(\.drains).flatMap { $0.moves?.stayed ?? [] }
                .filter { $0.reason.contains("TLS") }.map(\.count).reduce(0, +)
        }

        @Test func anIdleConnectionStaysForItsLastRequest() throws {
            let talk = try TLSTalk(.mwproxy, Self.good)
            let clients = try [TLSClient.Version.v12, .v13].map { try talk.get("/", .init($0)).client }
            let old = try #require(try talk.proxy.serving().first)
            try talk.proxy.reload()
            try wait(for: "two that stay") { try Self.staying(talk) == 2 }
            #expect(kill(old, 0) == 0)
            for client in clients {
                let answer = try client.get("/")
                #expect(answer.hasSuffix("fine") && answer.lowercased().contains("connection: close"))
                _ = try client.readToEnd()
                #expect(client.ending == .goodbye)
            }
            try wait(for: "the old worker's end") { kill(old, 0) != 0 }
        }

        /// Whether tunnels are moved at all, or not: its TLS keeps it.
        @Test(arguments: ["idle", "tunnels"])
        func aTunnelThatStaysIsCounted(_ moves: String) throws {
            let talk = try TLSTalk(
                .mwproxy,
                """
                frontend fe
                    mode tcp
                    bind 127.0.0.1:PORT ssl crt CERTS/a.pem
                    default_backend be
                backend be
                    mode tcp
                    server s 127.0.0.1:OTHER
                frontend inner
                    bind 127.0.0.1:OTHER
                    http-request return status 200 content-type text/plain string "fine"
                global
                    tune.reload.migrate \(moves)
                """)
            let tunnel = try talk.get().client
            let beginner = try talk.client()
            try beginner.sendRaw(Array(beginner.takeHello().prefix(50)))
            try talk.proxy.reload()
            try wait(for: "what stays") { try Self.staying(talk) == 1 }
            #expect(
                talk.proxy.program.errors.contains(
                    "idle TLS connections that stay until their next request: 0, TLS tunnels that stay: 1;"))
            #expect(try tunnel.get("/").hasSuffix("fine"))
        }

        // MARK: Handshakes that are none

        private enum End { case stays, half, whole }

        private static let garbage: [(name: String, bytes: [UInt8], end: End)] = [
            ("silence", [], .stays), ("an end", [], .whole), ("a half end", [], .half),
            ("plain HTTP", Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), .stays),
            ("noise", [UInt8](repeating: 0x5a, count: 300), .stays), ("zeros", [0, 0, 0, 0, 0, 0], .stays),
            ("a record of nothing", [22, 3, 1, 0, 0], .stays), ("an alert", [21, 3, 1, 0, 2, 2, 40], .stays),
            ("application data", [23, 3, 3, 0, 4, 1, 2, 3, 4], .stays),
            ("a record that is too long", [22, 3, 1, 255, 255, 1, 0, 1, 0], .stays),
            ("SSL 2", [0x80, 46, 1, 0, 2, 0, 21, 0, 0, 0, 16], .half),
        ]

        /// What is told of handshakes that are none, without addresses and dates.
        private static func complaints(_ talk: TLSTalk) -> [String] {
            talk.logLines(with: "] fe/").filter { !$0.contains("GET") }
        }

        @Test func handshakesThatAreNone() throws {
            for option in ["no option dontlognull", "option dontlognull"] {
                var said: [[String]] = []
                for kind in ProxyKind.allCases {
                    let talk = try TLSTalk(
                        kind,
                        """
                        frontend fe
                            timeout client\(kind == .mwproxy ? "-handshake" : "") 1s
                            bind 127.0.0.1:PORT ssl crt CERTS/a.pem
                            log stdout format raw local0
                            option httplog
                            \(option)
                            http-request return status 200 content-type text/plain string "fine"
                        """)
                    let hello = try talk.client(.init(.v13, name: "a.test")).takeHello()
                    let halves: [(String, [UInt8], End)] = [
                        ("half a hello", Array(hello[..<100]), .stays),
                        ("half and an end", Array(hello[..<100]), .half),
                        ("half and a close", Array(hello[..<9]), .whole),
                        ("a hello and no more", hello, .stays),
                        ("a hello and an end", hello, .half),
                    ]
                    var record: [String] = []
                    // A look at two is enough where most are not told.
                    let probes = (Self.garbage + halves).filter {
                        option.hasPrefix("no") || ["silence", "half and an end"].contains($0.0)
                    }
                    for (name, bytes, end) in probes {
                        let before = Self.complaints(talk).count
                        let client = try Connection(port: talk.port)
                        if !bytes.isEmpty { try client.send(bytes) }
                        switch end {
                        case .stays: _ = try client.readToEnd()
                        case .half:
                            client.endSending()
                            _ = try client.readToEnd()
                        case .whole: client.close()
                        }
                        // What is logged of the next one tells that this one was dealt with.
                        let marker = talk.logLines(with: "GET").count
                        #expect(try talk.get().body == "fine")
                        try wait(for: "the line of \(kind) after \(name)") {
                            talk.logLines(with: "GET").count > marker
                        }
                        record.append("\(name): \(Self.complaints(talk).dropFirst(before).suffix(1))")
                    }
                    said.append(record)
                }
                for (our, their) in zip(said[0], said[1]) { #expect(our == their, "\(option)") }
                let tells = said[0].contains { $0.contains("Timeout during SSL handshake") }
                #expect(tells == option.hasPrefix("no"))
            }
        }
    }
}
