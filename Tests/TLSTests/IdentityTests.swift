// PEM files: which are taken, which are refused and in what words, and which certificate a name is shown.

import TestSupport
import Testing
import Unix

@testable import TLS

@Suite struct IdentityTests {
    private let files = Certificates.shared

    private func identity(_ name: String) throws -> Identity {
        let files = try files.get()
        return try Identity(text: File.read(files.file(name))) {
            (try? File.read(files.file(name + ".key"))).flatMap { try? PrivateKey.first(inPEM: $0) }
        }
    }

    @Test func goodFiles() throws {
        let names = [
            ("a.pem", ["a.test", "www.a.test", "a.test"]), ("wild.pem", ["*.w.test", "wild"]),
            ("client.pem", ["alice"]), ("split.pem", ["b.test", "b.test"]),
        ]
        for (file, expected) in names { #expect(try identity(file).names == expected) }
        let facts = try identity("a.pem").leaf.facts
        #expect(facts.subject == "/O=Reload/CN=a.test" && facts.issuer == "/CN=ca")
        #expect(facts.algorithm == "EC256" && facts.commonName == "a.test")
        #expect(facts.alternativeNames == ["a.test", "www.a.test"])
        let days = (facts.notAfter - facts.notBefore) / 86400
        #expect(days == 30 && facts.notAfterText.hasSuffix(" GMT"))
        #expect(try identity("rsa.pem").leaf.facts.algorithm == "RSA2048")
        // The chain stands behind the certificate.
        let chain = try files.get().text("a.pem") + files.get().text("ca.pem")
        #expect(try Identity(text: Array(chain.utf8)) { nil }.certificates.count == 2)
    }

    @Test func badFiles() throws {
        for (file, reason) in [
            ("mismatched.pem", "inconsistencies between private key and certificate"),
            ("keyless.pem", "no private key"), ("encrypted.pem", "encrypted"), ("48.keys", "no certificate"),
            ("a.test.key", "no certificate"),
        ] {
            let text = (try? files.get().text(file)) ?? "nothing"
            let fault = #expect(throws: TLSFault.self, "\(file)") {
                try Identity(text: Array(text.utf8)) { nil }
            }
            #expect(fault?.reason.contains(reason) == true, "\(file): \(fault?.reason ?? "")")
        }
        #expect(throws: TLSFault.self) { try identity("garbage.pem") }
        #expect(throws: TLSFault.self) { try Identity(text: []) { nil } }
    }

    /// Cut anywhere, a file is refused, or is what it was.
    @Test func filesThatAreCut() throws {
        let text = Array(try files.get().text("a.pem").utf8)
        for count in stride(from: 0, to: text.count - 2, by: 7) {
            #expect(throws: TLSFault.self, "\(count)") { try Identity(text: Array(text[..<count])) { nil } }
        }
    }

    @Test func namesChooseCertificates() throws {
        let identities = try ["b.pem", "a.pem", "rsa.pem", "wild.pem"].map(identity)
        // Which of them is shown, by its subject and kind of key; nil: nobody.
        let choices: [(name: String?, isStrict: Bool, ciphers: String?, shown: String?)] = [
            (nil, false, nil, "/CN=b.test"), ("b.test", false, nil, "/CN=b.test"),
            ("a.test", false, nil, "/O=Reload/CN=a.test"), ("A.Test", false, nil, "/O=Reload/CN=a.test"),
            ("www.a.test", false, nil, "/O=Reload/CN=a.test"),
            ("a.test", false, "ECDHE-RSA-AES128-GCM-SHA256", "/CN=a.test"),
            ("x.w.test", false, nil, "/CN=wild"), ("x.y.w.test", false, nil, "/CN=b.test"),
            ("w.test", false, nil, "/CN=b.test"), (".w.test", false, nil, "/CN=wild"),
            ("nobody", false, nil, "/CN=b.test"),
            (nil, true, nil, nil), ("nobody", true, nil, nil), ("b.test", true, nil, "/CN=b.test"),
            ("x.w.test", true, nil, "/CN=wild"),
        ]
        for (name, isStrict, ciphers, shown) in choices {
            var terms = TLSAcceptor.Terms()
            terms.isStrict = isStrict
            let acceptor = try TLSAcceptor(identities, terms, tickets: try TicketKeys())
            var limits = ProtocolTerms()
            limits.maximum = .v12
            limits.ciphers = ciphers
            let line = try Line(acceptor, limits, name: name)
            #expect(try line.shakeHands() == (shown != nil), "\(choices)")
            if let shown {
                #expect(line.client.peerCertificate?.facts.subject == shown, "\(name ?? "no name")")
            }
        }
    }
}
