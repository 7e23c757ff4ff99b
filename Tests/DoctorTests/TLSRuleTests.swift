// What the doctor says of certificates and ticket keys: each rule by itself, then a real proxy with real files.

import Glibc
import Observing
import ReloadModel
import TestSupport
import Testing
import Unix

@testable import Doctor

@Suite struct TLSRuleTests {
    private static let day: Int64 = 86400
    private static let start: Int64 = 1_000_000 * 1_000_000

    private func report(_ tls: TLSFacts) -> HealthReport {
        Checklist.report(
            Facts.of { facts in
                facts.now = 1_000_100 * 1_000_000
                var serving = Facts.old(5, age: 100)
                serving.state = .serving
                facts.workers = [serving]
                facts.tls = .known(tls)
            })
    }

    private static func leaf(_ name: String, days: Int64 = 300) -> CertificateFact.Leaf {
        CertificateFact.Leaf(
            serial: name, sha1Fingerprint: name, notBefore: 0, notAfter: 1_000_100 + days * day)
    }

    struct Certificate: CustomStringConvertible, Sendable {
        let description: String
        var running: CertificateFact.Leaf?
        let disk: CertificateFact.Disk
        /// Severity and the beginning of the sentence; nil: good.
        var difference: (Finding.Severity, String)?
        var expiry: (Finding.Severity, String)?
        var isUsed = true
    }

    @Test(arguments: [
        Certificate(description: "good", running: leaf("A"), disk: .leaf(leaf("A"), changedAt: start)),
        Certificate(
            description: "renewed on disk", running: leaf("A"), disk: .leaf(leaf("B"), changedAt: start + 1),
            difference: (.warning, "x.pem was changed and is not loaded: serial A until ")),
        Certificate(
            description: "set by command", running: leaf("A"), disk: .leaf(leaf("B"), changedAt: start - 1),
            difference: (.warning, "x.pem was replaced by command, not on disk")),
        Certificate(
            description: "gone", running: leaf("A"), disk: .missing,
            difference: (.warning, "x.pem runs and is not on disk")),
        Certificate(
            description: "spoilt", running: leaf("A"), disk: .noCertificate("no certificate in it"),
            difference: (.critical, "x.pem on disk is no certificate: no certificate in it")),
        Certificate(
            description: "29 days", running: leaf("A", days: 29),
            disk: .leaf(leaf("A", days: 29), changedAt: 0),
            expiry: (.warning, "x.pem ends in ")),
        Certificate(
            description: "6 days, renewed on disk", running: leaf("A", days: 6),
            disk: .leaf(leaf("B"), changedAt: start + 1),
            difference: (.warning, "x.pem was changed"), expiry: (.critical, "x.pem ends in ")),
        Certificate(
            description: "over", running: leaf("A", days: -1), disk: .leaf(leaf("A", days: -1), changedAt: 0),
            expiry: (.critical, "x.pem ended on 1970-01-11")),
        Certificate(
            description: "not loaded, nearly over", disk: .leaf(leaf("A", days: 8), changedAt: 0),
            expiry: (.warning, "the certificate in x.pem, which the next load reads, ends in "), isUsed: false
        ),
        Certificate(
            description: "loaded and not used", running: leaf("A", days: 8), disk: .missing,
            difference: (.warning, "x.pem runs and is not on disk"), isUsed: false),
    ])
    func certificates(certificate: Certificate) {
        let fact = CertificateFact(
            file: "x.pem", running: certificate.running, isUsed: certificate.isUsed,
            disk: .known(certificate.disk))
        let report = report(TLSFacts(certificates: [fact]))
        for (id, expected) in [
            ("tls-certificates", certificate.difference), ("tls-expiry", certificate.expiry),
        ] {
            let findings = report.examination(id)?.findings ?? []
            #expect(findings.map(\.severity) == (expected.map { [$0.0] } ?? []), "\(id): \(findings)")
            if let expected { #expect(findings.first?.what.hasPrefix(expected.1) == true, "\(findings)") }
        }
    }

    @Test func aRenewedFileOnlyHasToBeLoaded() {
        let fact = CertificateFact(
            file: "x.pem", running: Self.leaf("A", days: 6), isUsed: true,
            disk: .known(.leaf(Self.leaf("B"), changedAt: Self.start + 1)))
        #expect(report(TLSFacts(certificates: [fact])).finding("tls-expiry")?.lines == ["kill -USR2 7"])
    }

    struct Keys: Sendable {
        let running: String
        let disk: String
        var mode: UInt32 = 0o600
        let expected: [String]
    }

    @Test(arguments: [
        Keys(running: "1 2 3", disk: "1 2 3", expected: []),
        Keys(running: "1 2 3", disk: "2 3 4", expected: ["notice: f has other keys than run"]),
        Keys(running: "1 2 3", disk: "4 5 6", expected: ["warning: f has other keys than run"]),
        Keys(running: "2 3 4", disk: "1 2 3", expected: ["warning: f does not have the key 4"]),
        Keys(
            running: "1 2 3", disk: "1 2 3", mode: 0o640,
            expected: ["notice: f can be read by its group (mode 640)"]),
        Keys(
            running: "1 2 3", disk: "1 2 3", mode: 0o644,
            expected: ["warning: f can be read by everybody (mode 644)"]),
    ])
    func ticketKeys(keys: Keys) {
        func list(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
        let (running, disk, mode, expected) = (
            list(keys.running), list(keys.disk), keys.mode, keys.expected
        )
        let fact = TicketFileFact(file: "f", running: running, disk: .known(.keys(disk, mode: mode)))
        let found = report(TLSFacts(ticketFiles: [fact])).examination("tls-ticket-keys")?.findings ?? []
        #expect(found.count == expected.count)
        for (finding, beginning) in zip(found, expected) {
            #expect("\(finding.severity.word): \(finding.what)".hasPrefix(beginning))
        }
    }

    @Test func filesOfAConfiguration() {
        let text = """
            global
              crt-base /etc/certs
            frontend web
              bind :443 ssl crt a.pem crt /srv/b.pem crt-list /etc/list
            backend app
              server s1 10.0.0.1:443 ssl crt client.pem
              server-template t 1-2 10.0.0.1:443 ssl crt /srv/other.pem
            """
        let words = CertificateWords(Facts.of(text).onDisk.value ?? .init([]))
        #expect(
            words.certificates == [
                "/etc/certs/a.pem", "/srv/b.pem", "/etc/certs/client.pem", "/srv/other.pem",
            ])
        #expect(words.lists == ["/etc/list"])
        let list = "# comment\n/x/y.pem [alpn h2] y.example\n  z.pem\n\n"
        #expect(words.files(inList: list) == ["/x/y.pem", "/etc/certs/z.pem"])
    }
}

@Suite struct TLSExaminationTests {
    private func openssl(_ arguments: [String]) throws -> String {
        try Program.run(Program.system("openssl"), arguments).output
    }

    private func certificate(_ name: String, days: Int) throws -> String {
        try openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
            "\(days)", "-subj", "/CN=\(name)", "-keyout", "-", "-out", "-",
        ])
    }

    private func examine(_ proxy: RunningProxy) throws -> HealthReport {
        let master = try Observer.find(pid: proxy.master)
        let snapshot = Observer(master).sample()
        let visit = Consultation(master)
        return try wait(for: "the report") { () -> HealthReport? in
            if let report = visit.proceed({ snapshot }) { return report }
            var polled = visit.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            poll(&polled, nfds_t(polled.count), Int32(max(0, (visit.deadline - .now()).milliseconds)))
            return nil
        }
    }

    /// What is shown to servers.
    @Test(arguments: ProxyKind.allCases)
    func aCertificateForServersEndsAsWell(_ kind: ProxyKind) throws {
        let folder = try ScratchFolder("tls-")
        let file = try folder.write("client.pem", try certificate("client", days: 3))
        let proxy = try RunningProxy(kind, in: folder) { folder in
            AskedProxy.text(
                folder,
                """
                frontend web
                    bind unix@\(folder.file("web.sock"))
                    default_backend app
                backend app
                    server s 127.0.0.1:1 ssl verify none crt \(file)

                """)
        }
        let finding = try examine(proxy).finding("tls-expiry")
        #expect(finding?.severity == .critical && finding?.what.hasPrefix("\(file) ends in ") == true)
    }

    @Test func whatRunsBesideItsFiles() throws {
        let folder = try ScratchFolder("tls-")
        for (name, days) in [("a.pem", 20), ("b.pem", 400)] {
            _ = try folder.write(name, try certificate(name, days: days))
        }
        var keys = try (0..<4).map { _ in try openssl(["rand", "-base64", "48"]) }
        let keyFile = try folder.write("keys", keys[..<3].joined())
        #expect(chmod(keyFile, 0o600) == 0)
        let proxy = try RunningProxy(.haproxy, in: folder) { folder in
            AskedProxy.text(
                folder,
                """
                frontend web
                    bind unix@\(folder.file("web.sock")) ssl crt \(folder.file("a.pem")) crt \(folder.file("b.pem")) tls-ticket-keys \(keyFile)
                    http-request return status 200

                """)
        }
        let first = try examine(proxy)
        #expect(first.examination("tls-ticket-keys")?.findings == [])
        #expect(
            first.examination("tls-certificates")?.outcome == .good("2 certificates, each as its file has it")
        )
        #expect(first.finding("tls-expiry")?.what.hasPrefix("\(folder.file("a.pem")) ends in ") == true)

        // A renewed certificate and a new key on disk; another certificate by command.
        let socket = folder.file("worker.sock")
        let renewed = try certificate("a.pem", days: 500)
        _ = try AdminClient.ask(
            socket, "set ssl cert \(folder.file("b.pem")) <<\n\(try certificate("b.pem", days: 300))\n")
        _ = try AdminClient.ask(socket, "commit ssl cert \(folder.file("b.pem"))")
        _ = try folder.write("a.pem", renewed)
        keys.removeFirst()
        _ = try folder.write("keys", keys.joined())
        let second = try examine(proxy)
        let differences = second.examination("tls-certificates")?.findings ?? []
        #expect(differences.count == 2)
        #expect(differences.contains { $0.what.hasPrefix("\(folder.file("a.pem")) was changed") })
        #expect(differences.contains { $0.what.hasPrefix("\(folder.file("b.pem")) was replaced by command") })
        #expect(second.finding("tls-ticket-keys")?.what.hasPrefix("\(keyFile) has other keys") == true)
        #expect(second.finding("tls-expiry")?.place == "reload")
    }
}
