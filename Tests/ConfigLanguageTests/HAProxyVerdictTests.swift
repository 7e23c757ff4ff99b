// The same files through the installed `haproxy -c` and through our parser: the verdicts must agree, but for a list
// of lines where we are stricter on purpose.

import Glibc
import TestSupport
import Testing
import Unix
import Worker

@testable import ConfigLanguage

@Suite struct HAProxyVerdictTests {
    private static let places: [String] = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"]
    private static let program: String? = places.first { access($0, X_OK) == 0 }

    /// A certificate and its key.
    private static let certificate: Result<String, any Error> = Result {
        let folder = try ScratchFolder("config-verdict-pem-")
        let file = folder.file("both.pem")
        _ = try Program.shell(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=a.b "
                + "-keyout \(file) -out \(file)")
        return try File.readText(file)
    }

    /// What HAProxy's exit code says: 0 and 2 (no listener) are good.
    private func haproxyAccepts(_ file: String) throws -> Bool {
        guard let program = Self.program else { return false }
        let silence = Descriptor(owning: open("/dev/null", O_RDWR | O_CLOEXEC))
        let pid = try ProcessControl.spawn(
            program, arguments: ["haproxy", "-c", "-q", "-f", file], environment: ["HOME=/hh"],
            inherited: [(silence.raw, 0), (silence.raw, 1), (silence.raw, 2)])
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        let code = ProcessEnd(waitStatus: status).code
        #expect([0, 1, 2].contains(code))
        return code != 1
    }

    private func verdicts(_ text: String) throws -> (haproxy: Bool, ours: ParseResult) {
        let folder = try ScratchFolder("config-verdict-")
        let pem = try folder.write("both.pem", try Self.certificate.get())
        let text = text.split(separator: "PEM", omittingEmptySubsequences: false).joined(separator: pem)
        let path = try folder.write("v.cfg", text)
        let ours = ConfigurationLoader(paths: [path], environment: ["HOME": "/hh"]).load()
        return (try haproxyAccepts(path), ours)
    }

    @Test(
        .enabled(if: program != nil, "no haproxy is installed: nothing to compare with"),
        arguments: good + bad + goodTLS + badTLS)
    func verdictsAgree(_ line: LineCase) throws {
        let (haproxy, ours) = try verdicts(MarkedText(line.text).text)
        #expect(haproxy == (ours.configuration != nil), "HAProxy accepts: \(haproxy); \(ours.messages)")
    }

    @Test(
        .enabled(if: program != nil, "no haproxy is installed: nothing to compare with"),
        arguments: stricter + stricterTLS)
    func weAreStricterThanHAProxyHere(_ line: LineCase) throws {
        let (haproxy, ours) = try verdicts(line.text)
        #expect(haproxy)
        #expect(ours.configuration == nil)
    }

    /// What each says of conditions about what is not there yet.
    @Test(
        .enabled(if: program != nil, "no haproxy is installed: nothing to compare with"),
        arguments: LineCase.table(
            .frontend,
            #"""
            tcp-request connection reject if !{ ssl_fc }
            tcp-request connection reject if { src 1.1.1.1 } { ssl_fc_sni a } || { ssl_c_used }
            tcp-request connection reject if { fc_err 1 }
            tcp-request connection reject unless { ssl_c_used,not }
            tcp-request session reject if { ssl_fc } !{ ssl_c_used }
            tcp-request session reject if { ssl_bc_cipher a }
            tcp-request content reject if { ssl_bc }
            acl a ssl_fc⏎ tcp-request connection reject if !a
            acl a ssl_fc⏎ acl a src 1.2.3.4⏎ tcp-request connection reject if a { ssl_fc }
            acl a src 1.2.3.4⏎ acl a ssl_fc⏎ acl a ssl_c_used⏎ tcp-request connection reject if !a
            acl a ssl_fc⏎ tcp-request connection reject if { src 1.1.1.1 } || a { ssl_c_used }
            acl a ssl_bc_protocol a⏎ http-request deny if { path / } || !a
            http-request deny if { ssl_bc } { ssl_fc } { status 200 }
            http-response set-header x y if { ssl_bc } { ssl_fc } !{ path / }
            use_backend b if { ssl_bc } { ssl_fc }
            use_backend b if { status 200 }
            """#)
            + LineCase.table(
                .backend,
                #"""
                http-request deny if { ssl_bc }
                stick-table type ip size 1⏎ stick store-response src if { path / } { ssl_bc }
                stick-table type ip size 1⏎ stick on src if { ssl_bc }
                """#))
    func warningsAreInTheSameWords(_ line: LineCase) throws {
        let folder = try ScratchFolder("config-verdict-")
        let path = try folder.write("v.cfg", line.text)
        let theirs = try Program.run(Self.program ?? "", ["-c", "-f", path]).errors.split(separator: "\n")
            .compactMap { line in
                line.firstRange(of: "config : ").map { String(line[$0.upperBound...]) }
            }
        let ours = ConfigurationLoader(paths: [path], environment: [:]).load().messages
        func relevant(_ messages: [String]) -> [String] { messages.filter { $0.contains("incompatible") } }
        #expect(relevant(ours) == relevant(theirs))
    }
}
