// What HAProxy 2.6.12 tells of ticket keys and certificates, read and written again.

import RuntimeAPI
import Testing

@Suite struct CertificateTests {
    /// Stands for SHA-256: the first 32 bytes, which tell the keys of the capture apart.
    private func digest(_ key: [UInt8]) -> [UInt8] { Array(key.prefix(32)) }

    /// Each without the blank line that ends it.
    private func replies() throws -> [String: String] {
        Dictionary(
            try Fixture.moments("2.6.12-show-ssl.txt").map {
                ($0.moment, $0.text.split(separator: "\n").map { $0 + "\n" }.joined())
            }, uniquingKeysWith: { first, _ in first })
    }

    @Test func listsAreByteExact() throws {
        let replies = try replies()
        let keys = try #require(replies["show tls-keys"])
        let table = try #require(TicketKeyTable(parsing: keys, sha256: digest))
        #expect(table.sets.map(\.file) == ["/srv/lb/t80.keys", "/srv/lb/t.keys"])
        #expect(table.sets.map(\.id) == [0, 1] && table.list == keys)
        let files = try #require(replies["show ssl cert"])
        let list = try #require(CertificateList(parsing: files))
        #expect(list.transactions == ["/srv/lb/a.pem"] && list.files == ["/srv/lb/a.pem", "/srv/lb/b.pem"])
        #expect(list.text == files)
        // A worker without TLS, both replies in one.
        let none = "# id secret\n\n\n# filename\n\n"
        #expect(TicketKeyTable(parsing: none, sha256: digest)?.sets == [])
        #expect(CertificateList(parsing: none)?.files == [])
        #expect(CertificateList(parsing: "Unknown command: 'show ssl'\n") == nil)
    }

    @Test func aSecretIsReadAsItsFingerprintAlone() throws {
        let text = try #require(replies()["show tls-keys /srv/lb/t.keys"])
        let table = try #require(TicketKeyTable(parsing: text, sha256: digest))
        let set = try #require(table.sets.first)
        #expect(set.keys.map(\.text).allSatisfy { $0 == "sha256:6b6579206e756d62" } && set.keys.count == 3)
        #expect(!table.text.contains("a2V5"))
        // What mwproxy prints is read as it is.
        #expect(TicketKeyTable(parsing: table.text, sha256: { _ in [] }) == table)
        for line in ["1.0 a2V", "1.0 ????", "2.0 a2V5", "1.0", "nothing"] {
            #expect(TicketKeyTable(parsing: "# id secret\n# 1 (f)\n\(line)\n", sha256: digest) == nil)
        }
    }

    @Test func certificatesAreByteExact() throws {
        for (command, text) in try replies() where command.hasPrefix("show ssl cert ") {
            let report = try #require(CertificateReport(parsing: text))
            #expect(report.text == text)
        }
        let changing = try #require(replies()["show ssl cert */srv/lb/a.pem"])
        let report = try #require(CertificateReport(parsing: changing))
        #expect(report.status == .unused && report.leaf?.notBefore == 1_795_411_101)
        #expect(report.leaf?.notAfter == 1_829_971_101 && report.chain.count == 1)
        #expect(CertificateReport(parsing: "Can't display the certificate: Not found\n\n") == nil)
    }

    @Test(arguments: [
        (0, "Jan  1 00:00:00 1970 GMT"), (951_827_696, "Feb 29 12:34:56 2000 GMT"),
        (253_402_300_799, "Dec 31 23:59:59 9999 GMT"), (-1, "Dec 31 23:59:59 1969 GMT"),
    ])
    func dates(seconds: Int64, text: String) {
        #expect(CivilTime.certificateText(ofSeconds: seconds) == text)
        #expect(CivilTime.seconds(ofCertificateText: text) == seconds)
    }

    @Test func base64() {
        #expect(Base64.bytes("") == [] && Base64.bytes("TWE=") == [77, 97] && Base64.bytes("TQ==") == [77])
        #expect(Base64.bytes("+/+/") == [0xFB, 0xFF, 0xBF])
        for wrong in ["TQ", "TQ=", "T===", "T=Q=", "TW\u{e4}", "TWE \n"] {
            #expect(Base64.bytes(wrong) == nil)
        }
        for (count, text) in [(0, ""), (1, "+w=="), (2, "+/8="), (3, "+/+/"), (4, "+/+/AA==")] {
            let bytes = Array([0xFB, 0xFF, 0xBF, 0].prefix(count)) as [UInt8]
            var written = [UInt8](repeating: 0, count: Base64.length(of: count))
            bytes.withUnsafeBytes { bytes in
                written.withUnsafeMutableBytes { Base64.write(bytes, to: $0) }
            }
            #expect(written == Array(text.utf8))
        }
    }
}
