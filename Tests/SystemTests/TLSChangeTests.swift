// A certificate that changes while it is in use: who connects sees the new one, nobody is refused meanwhile, and a
// reload goes back to the file.

import Demo
import TestSupport
import Testing
import Unix

extension TLSSystemTests {
    @Suite struct TLSChanges {
        @Test func aCertificateThatIsInUse() throws {
            let files = try Certificates.shared.get()
            let (first, second) = (try files.text("a.pem"), try files.text("renewed.pem"))
            let secrets = try ["a.pem", "renewed.pem", "mismatched.pem"].flatMap { try files.secrets(of: $0) }
            var records: [[String]] = []
            for kind in ProxyKind.allCases {
                let talk = try TLSTalk(
                    kind,
                    """
                    frontend fe
                        bind 127.0.0.1:PORT ssl crt FOLDER/live.pem
                        http-request return status 200 content-type text/plain string "fine"
                    """, content: ["live.pem": first])
                let path = talk.folder.file("live.pem")
                let kept = try talk.get().client
                var record: [String] = []
                func ask(_ command: String, _ payload: String? = nil) throws {
                    let line = "\(command) ssl cert \(path)" + (payload.map { " <<\n\($0)" } ?? "")
                    let reply = try AdminClient.ask(talk.folder.file("worker.sock"), line)
                    #expect(secrets.allSatisfy { !reply.contains($0) }, "\(kind): \(reply)")
                    let client = try talk.get().client
                    record.append(
                        "\(command): \(reply.replacing(talk.folder.path, with: "FOLDER"))\(client.peer)")
                }
                func commit(_ text: String) throws {
                    try ask("set", text)
                    try ask("commit")
                }
                try ask("commit")
                try ask("abort")
                try ask("set", second)
                try ask("abort")
                // HAProxy takes a key that does not fit, and refuses it at the commit.
                let comparable = record
                for bad in [try files.text("mismatched.pem"), "nonsense\n"] {
                    try commit(bad)
                    #expect(record.last?.hasSuffix("/O=Reload/CN=a.test") == true, "\(kind)")
                    try ask("abort")
                }
                record = comparable
                try commit(second)
                #expect(record.last?.hasSuffix("/O=Renewed/CN=a.test") == true, "\(kind)")
                #expect(try kept.get("/").hasSuffix("fine"))
                // Handshakes that are under way while it changes see one or the other.
                for number in 0..<20 {
                    let clients = try (0..<6).map { number in
                        try talk.client(.init(number % 2 == 0 ? .v12 : .v13))
                    }
                    for client in clients.prefix(3) { try client.sendRaw(client.takeHello()) }
                    try commit(number % 2 == 0 ? first : second)
                    for client in clients {
                        #expect(try client.shakeHands())
                        #expect(try client.get("/").hasSuffix("fine"))
                    }
                    let name = number % 2 == 0 ? "/O=Reload/CN=a.test" : "/O=Renewed/CN=a.test"
                    #expect(record.last?.hasSuffix(name) == true, "\(kind)")
                }
                try talk.proxy.reload()
                #expect(try talk.get().client.peer == "/O=Reload/CN=a.test", "\(kind)")
                records.append(record)
            }
            for (our, their) in zip(records[0], records[1]) { #expect(our == their) }
        }

        /// What is shown to a server.
        @Test func aCertificateOfAServer() throws {
            let files = try Certificates.shared.get()
            var records: [[String]] = []
            for kind in ProxyKind.allCases {
                let talk = try TLSTalk(
                    kind,
                    """
                    frontend fe
                        bind 127.0.0.1:PORT ssl crt CERTS/b.pem
                        default_backend be
                    backend be
                        option httpclose
                        server s 127.0.0.1:OTHER ssl verify none crt FOLDER/live.pem
                    frontend inner
                        bind 127.0.0.1:OTHER ssl crt CERTS/b.pem ca-file CERTS/ca.pem verify optional
                        http-request return status 200 content-type text/plain lf-string "%[ssl_c_s_dn(CN)]"
                    """, content: ["live.pem": try files.text("client.pem")])
                let path = talk.folder.file("live.pem")
                var record: [String] = []
                func ask(_ command: String, _ payload: String? = nil) throws {
                    let line = "\(command) ssl cert" + (payload.map { " \(path) <<\n\($0)" } ?? "")
                    let reply = try AdminClient.ask(talk.folder.file("worker.sock"), line)
                    record.append(
                        "\(command): \(reply.replacing(talk.folder.path, with: "FOLDER")) \(try talk.get().body)"
                    )
                }
                try ask("show")
                try ask("set", try files.text("a.pem"))
                try ask("show")
                let reply = try AdminClient.ask(talk.folder.file("worker.sock"), "commit ssl cert \(path)")
                record.append("\(reply.replacing(talk.folder.path, with: "FOLDER")) \(try talk.get().body)")
                #expect(record.last?.hasSuffix(" a.test") == true, "\(kind): \(record)")
                try ask("show")
                try talk.proxy.reload()
                record.append(try talk.get().body)
                #expect(record.last == "alice", "\(kind)")
                records.append(record)
            }
            for (our, their) in zip(records[0], records[1]) { #expect(our == their) }
        }
    }
}
