// HAProxy 2.6.12's own outputs for faulty files (captured by hand from `haproxy -c`), message by message, and
// Debian's own configuration.

import Testing

@testable import ConfigLanguage

@Suite struct GoldenTests {
    private static let good = """
        defaults
         mode http
         timeout client 1s
         timeout server 1s
         timeout connect 1s
        frontend fe_main
         bind 127.0.0.1:8080
         default_backend be_app
        backend be_app
         balance roundrobin
         server s1 127.0.0.1:9000

        """
    private static let closing = [
        "Error(s) found in configuration file : t.cfg", "Fatal errors found in configuration.",
    ]

    private func messages(_ old: String = "", _ new: String = "") -> [String] {
        World.parse(old.isEmpty ? Self.good + new : Self.good.replacing(old, with: new)).messages
    }

    @Test func goodFilesAreSilent() {
        #expect(messages() == [])
    }

    @Test func badBackend() {
        #expect(
            messages("default_backend be_app", "default_backend nope") == [
                "Proxy 'fe_main': unable to find required default_backend: 'nope'.",
                "Fatal errors found in configuration.",
            ])
    }

    @Test func badBind() {
        #expect(
            messages("127.0.0.1:8080", "127.0.0.1:99999")
                == ["parsing [t.cfg:7] : 'bind' : invalid port '99999'"] + Self.closing)
    }

    @Test func badKeyword() {
        #expect(
            messages("balance", "balanse")
                == [
                    "parsing [t.cfg:10] : unknown keyword 'balanse' in 'backend' section; did you mean 'balance' maybe ?"
                ] + Self.closing)
    }

    @Test func badSection() {
        #expect(
            messages("", "foobar\n x\n")
                == [
                    "parsing [t.cfg:12] : unknown keyword 'foobar' in 'backend' section",
                    "parsing [t.cfg:13] : unknown keyword 'x' in 'backend' section",
                ] + Self.closing)
    }

    @Test func badTime() throws {
        let messages = messages("defaults\n", "global\n hard-stop-after 30p\ndefaults\n")
        let first = try #require(messages.first)
        #expect(
            first.hasPrefix("parsing [t.cfg:2] : unexpected character 'p' in argument to <hard-stop-after>"))
        #expect(Array(messages.dropFirst()) == Self.closing)
    }

    @Test func twinFrontend() {
        #expect(
            messages("", "frontend fe_main\n bind :81\n")
                == [
                    "Parsing [t.cfg:12]: frontend 'fe_main' has the same name as frontend 'fe_main' declared at "
                        + "t.cfg:6."
                ] + Self.closing)
    }

    @Test func twoErrors() throws {
        let text = Self.good.replacing("mode http", with: "mode htttp").replacing("balance", with: "balanse")
        #expect(
            World.parse(text).messages
                == [
                    "parsing [t.cfg:2] : unknown proxy mode 'htttp'.",
                    "parsing [t.cfg:10] : unknown keyword 'balanse' in 'backend' section; did you mean 'balance' maybe ?",
                ] + Self.closing)
    }

    @Test func unknownInGlobal() {
        #expect(
            messages("defaults\n", "global\n maxcon 4\ndefaults\n")
                == [
                    "parsing [t.cfg:2] : unknown keyword 'maxcon' in 'global' section; did you mean 'maxconn' maybe ?"
                ] + Self.closing)
    }

    @Test func missingTimeouts() {
        let result = World.parse(
            Self.good.replacing(" timeout client 1s\n timeout server 1s\n timeout connect 1s\n", with: ""))
        let advice =
            "\n   | While not properly invalid, you will certainly encounter various problems\n"
            + "   | with such a configuration. To fix this, please ensure that all following\n"
            + "   | timeouts are set to a non-zero value: 'client', 'connect', 'server'."
        #expect(
            result.messages == [
                "missing timeouts for frontend 'fe_main'." + advice,
                "missing timeouts for backend 'be_app'." + advice,
            ])
        #expect(result.configuration != nil)
    }

    @Test func errorsOfAllFilesAndKinds() {
        let result = ConfigurationParser.parse(
            [
                Source(
                    name: "1.cfg",
                    text: "global\n foo\n maxconn x\nfrontend f\n bind :x\n default_backend nope\n"),
                Source(name: "2.cfg", text: "backend b\n bar \"\n server s nowhere.test:80\n"),
                Source(name: "3.cfg", text: "backend c\n"),
            ], in: World.surroundings())
        #expect(
            result.diagnostics.map { "\($0.position.map { $0.description } ?? "-")" } == [
                "1.cfg:2", "1.cfg:3", "1.cfg:5", "-", "2.cfg:2", "-", "1.cfg:4", "2.cfg:3", "-", "-",
            ])
        #expect(result.messages.contains("Proxy 'f': unable to find required default_backend: 'nope'."))
        #expect(
            result.messages.contains(
                "[2.cfg:3] : 'server b/s' : could not resolve address 'nowhere.test': Name or service not known."
            ))
        #expect(result.messages.suffix(2).first == "Failed to initialize server(s) addr.")
    }

    @Test func aFileHasNoMoreThanFiftyErrors() {
        let result = World.parse("global\n" + String(repeating: " foo\n", count: 80))
        #expect(result.alerts.count == 51)
        #expect(
            result.alerts.last?.message == "parsing [t.cfg:51]: too many fatal errors (50), stopping now.")
    }

    @Test func zeroWarningMakesWarningsFatal() {
        let result = World.parse("global\n zero-warning\n nosplice\n")
        #expect(result.configuration == nil)
        #expect(result.messages.last == "Some warnings were found and 'zero-warning' is set. Aborting.")
    }

    @Test func aMistypedHeaderIsNotBlamedOnThoseWhoReferToIt() {
        let result = World.parse("frontend f\n bind :80\n use_backend b\nbackend b!\n server x :x\n")
        #expect(result.alerts.map(\.position?.line) == [4])
    }

    @Test func modesMustAgree() {
        let result = World.parse(
            "frontend f\n bind :80\n timeout client 1\n default_backend b\n use_backend b if TRUE\nbackend b\n mode http\n"
        )
        #expect(
            result.alerts.map(\.message) == [
                "tcp frontend 'f' (t.cfg:1) tries to use incompatible http backend 'b' (t.cfg:6) as its default backend "
                    + "(see 'mode').",
                "tcp frontend 'f' (t.cfg:1) tries to use incompatible http backend 'b' (t.cfg:6) in a 'use_backend' "
                    + "rule (see 'mode').",
            ])
    }

    @Test func debiansOwnFileLoadsWithAFrontendAdded() throws {
        let debian = """
            global
            \tlog /dev/log\tlocal0
            \tlog /dev/log\tlocal1 notice
            \tchroot /var/lib/haproxy
            \tstats socket /run/haproxy/admin.sock mode 660 level admin
            \tstats timeout 30s
            \tuser haproxy
            \tgroup haproxy
            \tdaemon

            \t# Default SSL material locations
            \tca-base /etc/ssl/certs
            \tcrt-base /etc/ssl/private

            \t# See: https://ssl-config.mozilla.org/#server=haproxy&server-version=2.0.3&config=intermediate
                    ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384
                    ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256
                    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets

            defaults
            \tlog\tglobal
            \tmode\thttp
            \toption\thttplog
            \toption\tdontlognull
                    timeout connect 5000
                    timeout client  50000
                    timeout server  50000
            \terrorfile 503 /errors/503.http

            frontend web
            \tbind :80

            """
        let result = World.parse(debian)
        let configuration = try #require(result.configuration, "\(result.messages)")
        #expect(result.diagnostics.isEmpty, "\(result.messages)")
        #expect(configuration.global.statsSockets[0].options.mode == 0o660)
        #expect(configuration.proxies[0].settings.timeouts.client == .seconds(50))
        #expect(configuration.proxies[0].settings.logs.count == 2)
    }
}
