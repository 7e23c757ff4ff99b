// Files of TLS that are read in ways of their own, beside HAProxy: folders of authorities, those of the system,
// bundles, nothing at all, files without effect, and those of lines that speak no TLS.

import Demo
import Glibc
import RuntimeAPI
import TestSupport
import Testing
import Unix

extension TLSSystemTests {
    @Suite struct TLSFiles {
        private static func frontend(_ bind: String, _ server: String = "") -> String {
            """
            frontend fe
                bind 127.0.0.1:PORT \(bind)
                http-request return status 200 content-type text/plain lf-string "%[ssl_c_s_dn(CN)]"
            backend be
                server s 127.0.0.1:1 \(server)
            """
        }

        /// A folder with what the doors below name.
        private static func folder() throws -> ScratchFolder {
            let files = try Certificates.shared.get()
            let folder = try ScratchFolder("tls-files-")
            for name in ["empty", "authorities", "none"] { mkdir(folder.file(name), 0o755) }
            try folder.write("bundle.pem.rsa", try files.text("rsa.pem"))
            try folder.write("bundle.pem.ecdsa", try files.text("a.pem"))
            // Its first certificate alone counts.
            let two = try files.text("ca.pem") + files.text("other-ca.pem")
            for name in ["two.pem", ".again.crt"] { try folder.write("authorities/\(name)", two) }
            try folder.write("authorities/other-ca.txt", try files.text("other-ca.pem"))
            try folder.write("authorities/noise.cer", "noise\n")
            try folder.write("none/other-ca", try files.text("other-ca.pem"))
            return folder
        }

        private static let doors = [
            "ssl strict-sni", "ssl crt FOLDER/empty strict-sni", "ssl crt FOLDER/bundle.pem",
            "ssl crt CERTS/a.pem verify required ca-file FOLDER/authorities",
            "ssl crt CERTS/a.pem verify optional ca-file FOLDER/none",
            "ssl crt CERTS/a.pem verify required ca-file @system-ca", "crt CERTS/a.pem",
        ]

        private static func visitors(_ files: Certificates) -> [TLSClient.Terms] {
            [
                .init(.v12), .init(.v12, name: "a.test"), .init(.v13),
                .init(.v12, name: "a.test", ciphers: "ECDHE-RSA-AES128-GCM-SHA256"),
                .init(.v12, name: "a.test", ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256"),
                .init(.v12, certificate: files.file("client.pem")),
                .init(.v12, certificate: files.file("stranger.pem")),
            ]
        }

        @Test func whatIsReadIsTheSame() throws {
            let files = try Certificates.shared.get()
            var said: [[String]] = []
            for kind in ProxyKind.allCases {
                for door in Self.doors {
                    let talk = try TLSTalk(kind, Self.frontend(door), in: Self.folder())
                    let outcomes = try Self.visitors(files).map { visitor in
                        try TLSTalk.outcome("/", TLSClient(port: talk.port, visitor))
                    }
                    said.append(["\(door)"] + outcomes)
                }
            }
            let (ours, theirs) = (said.prefix(Self.doors.count), said.suffix(Self.doors.count))
            for (our, their) in zip(ours, theirs) { #expect(our == their) }
            #expect(ours[2].count { $0.contains("HTTP/1.1 200") } == 7)
            #expect(ours[3].count { $0.contains("200 OK: alice") } == 1)
        }

        private static let lines: [(bind: String, server: String, reason: String?)] = [
            ("ssl crt CERTS/a.pem ca-file CERTS/no.pem", "", "CERTS/no.pem': No such file"),
            ("ssl crt CERTS/a.pem crl-file CERTS/no.pem", "", "CERTS/no.pem' : No such file"),
            ("ssl crt CERTS/a.pem ca-file CERTS/ca.pem crl-file CERTS/no.pem", "", "CERTS/no.pem': No such"),
            ("", "ssl verify none ca-file CERTS/no.pem", "CERTS/no.pem': No such file"),
            ("", "ca-file CERTS/no.pem", "CERTS/no.pem': No such file"),
            ("", "ssl verify none ca-file CERTS/48.keys", "CERTS/48.keys': no certificate or crl found"),
            ("crt CERTS/no.pem", "", "CERTS/no.pem' : No such file"),
            ("ca-file CERTS/no.pem", "", "CERTS/no.pem': No such file"),
            ("tls-ticket-keys CERTS/no.keys", "", "CERTS/no.keys' : No such file"),
            ("ssl crt FOLDER/empty", "", "no SSL certificate specified"),
            ("ssl crt FOLDER/empty strict-sni", "", nil), ("", "crt CERTS/no.pem", nil),
            ("", "ssl ca-file FOLDER/authorities", nil), ("", "ssl ca-file @system-ca", nil),
        ]

        /// The verdict is HAProxy's, and the reason says what is wrong with which file.
        @Test func whatIsNamedWithoutNeedIsReadAsWell() throws {
            let talk = try TLSTalk(.mwproxy, Self.frontend("ssl crt CERTS/a.pem"), in: Self.folder())
            for (bind, server, reason) in Self.lines {
                try talk.configure(Self.frontend(bind, server))
                let ours = try checked(.mwproxy, talk.proxy.configurationFile)
                let theirs = try checked(.haproxy, talk.proxy.configurationFile)
                #expect(ours.end == theirs.end, "\(bind) \(server): \(ours.said) \(theirs.said)")
                #expect((ours.end == .exited(0)) == (reason == nil), "\(bind) \(server): \(ours.said)")
                guard let reason else { continue }
                let words = reason.replacing("CERTS", with: talk.files.path)
                #expect(ours.said.contains(words), "\(bind) \(server): \(ours.said)")
            }
        }

        @Test func whatIsNotStapledIsSaid() throws {
            let talk = try TLSTalk(.mwproxy, Self.frontend("ssl crt CERTS/a.pem"))
            let (a, b) = (talk.folder.file("some/a.pem"), talk.folder.file("some/b.pem"))
            mkdir(talk.folder.file("some"), 0o755)
            for name in ["a.pem", "b.pem"] {
                try talk.folder.write("some/\(name)", try talk.files.text(name))
            }
            for name in ["a.pem.ocsp", "a.pem.sctl", "b.pem.ocsp"] {
                try talk.folder.write("some/\(name)", "")
            }
            for bind in [
                "ssl crt FOLDER/some", "ssl crt FOLDER/some/b.pem crt FOLDER/some/a.pem crt FOLDER/some",
            ] {
                try talk.configure(Self.frontend(bind))
                let said = try checked(.mwproxy, talk.proxy.configurationFile)
                let warnings = said.said.split(separator: "\n").filter { $0.contains("[WARNING]") }
                #expect(said.end == .exited(0) && warnings.count == 2, "\(said.said)")
                #expect(said.said.contains("'\(a).ocsp' and '\(a).sctl' have no effect"), "\(said.said)")
                #expect(said.said.contains("'\(b).ocsp' has no effect"), "\(said.said)")
            }
            try talk.proxy.reload()
            #expect(try talk.proxy.ask("show startup-logs").contains("'\(b).ocsp' has no effect"))
        }
    }
}
