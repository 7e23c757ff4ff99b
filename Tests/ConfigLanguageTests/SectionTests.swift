// Whole configurations: what the data plane gets to read.

import Testing

@testable import ConfigLanguage

@Suite struct SectionTests {
    private func load(_ text: String) throws -> Configuration {
        let result = World.parse(text)
        return try #require(result.configuration, "\(result.messages)")
    }

    @Test func globalSaysEverything() throws {
        let global = try load(
            """
            global
             master-worker no-exit-on-failure
             daemon
             maxconn 2000
             nbthread 1
             hard-stop-after 30s
             mworker-max-reloads 7
             tune.reload.ready-timeout 5s
             tune.reload.migrate tunnels
             tune.reload.migrate-after 700ms
             stats socket /run/a.sock,ipv4@127.0.0.1:9999 mode 660 user haproxy group haproxy level admin expose-fd listeners
             stats socket abns@x level user
             stats timeout 2m
             pidfile /run/p.pid
             log /dev/log local0
             log 127.0.0.1:1514 len 4096 format rfc5424 daemon warning crit
             log stdout format raw local7
             log-tag edge
             log-send-hostname
             user haproxy
             group haproxy
             chroot /var/lib/x
             ulimit-n 4096
             node n1
             description a b
             localpeer me
             ca-base /ca
             crt-base /crt
             ssl-default-bind-ciphers A:B
             ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
             no log
             log fd@5 user

            """
        ).global
        #expect(global.masterWorker && !global.exitOnFailure && global.daemon)
        #expect(global.maxconn == 2000)
        #expect(global.hardStopAfter == .seconds(30))
        #expect(global.maxReloads == 7)
        #expect(global.readyTimeout == .seconds(5))
        #expect(global.migration == .tunnels && global.migrateAfter == .milliseconds(700))
        #expect(global.statsTimeout == .seconds(120))
        #expect(global.pidFile == "/run/p.pid")
        #expect(global.logTag == "edge")
        #expect(global.logSendHostname == "host1")
        #expect(global.uid == 107 && global.gid == 113 && global.user == "haproxy")
        #expect(global.chroot == "/var/lib/x" && global.ulimitN == 4096)
        #expect(global.node == "n1" && global.nodeDescription == "a b" && global.localPeer == "me")
        #expect(global.caBase == "/ca" && global.crtBase == "/crt")
        #expect(global.logs == [LogTarget(destination: .descriptor(5), facility: 1)])
        let admin = global.statsSockets[0]
        #expect(
            admin.endpoints == [
                .unix(path: "/run/a.sock"), .tcp(host: "127.0.0.1", family: .ipv4, port: .number(9999)),
            ])
        #expect(admin.level == .admin && admin.exposesListeners)
        #expect(admin.options.mode == 0o660 && admin.options.uid == 107 && admin.options.gid == 113)
        #expect(global.statsSockets[1].level == .user)
        #expect(global.statsSockets[1].endpoints == [.abstract(name: "x")])
    }

    /// For HAProxy that is no limit, and not one of nothing.
    @Test func aHardStopOfZeroIsNone() throws {
        #expect(try load("global\n hard-stop-after 3s\n hard-stop-after 0\n").global.hardStopAfter == nil)
    }

    @Test func logTargetsHaveTheirFormatsAndLevels() throws {
        let logs = try load(
            """
            global
             log /dev/log local0
             log 127.0.0.1:1514 len 4096 format rfc5424 daemon warning crit
             log stdout format raw local7
             log stderr user
             log origin local1 notice
             log udp@[::1]:5 local1

            """
        ).global.logs
        #expect(logs[0] == LogTarget(destination: .unix(path: "/dev/log"), facility: 16))
        #expect(logs[1].destination == .udp(.tcp(host: "127.0.0.1", family: nil, port: .number(1514))))
        #expect(logs[1].length == 4096 && logs[1].format == .rfc5424 && logs[1].facility == 3)
        #expect(logs[1].maxLevel == 4 && logs[1].minLevel == 2)
        #expect(logs[2].destination == .stdout && logs[2].format == .raw && logs[2].facility == 23)
        #expect(logs[3].destination == .stderr && logs[3].maxLevel == 7)
        #expect(logs[4].destination == .udp(.tcp(host: "192.0.2.1", family: nil, port: .number(514))))
        #expect(logs[5].destination == .udp(.tcp(host: "::1", family: nil, port: .number(5))))
    }

    @Test func defaultsAreInheritedAndNamed() throws {
        let configuration = try load(
            """
            global
             log /dev/log local0
            defaults base
             mode http
             log global
             option httplog
             option dontlognull
             option http-server-close
             timeout client 10s
             timeout connect 1s
             timeout server 10000
             retries 2
             errorfile 503 /errors/503.http
             default-server inter 5s weight 7
            defaults slow from base
             timeout client 1m
             timeout client-fin 3ms
            frontend a
             bind :80
            frontend b from base
             bind :81
             log /dev/log local1
            backend c
             mode tcp
             no log
             no option dontlognull
             server s1 origin:8080 check
            defaults
            backend d

            """)
        #expect(configuration.proxies.map(\.name) == ["a", "b", "c", "d"])
        let (a, b, c) = (configuration.proxies[0], configuration.proxies[1], configuration.proxies[2])
        #expect(a.settings.timeouts.client == .seconds(60) && a.settings.mode == .http)
        #expect(a.settings.connectionMode == .serverClose && a.settings.retries == 2)
        #expect(a.settings.logFormat == .http && a.settings.dontLogNull)
        #expect(a.settings.logs == configuration.global.logs)
        #expect(a.settings.errorFiles[503]?.path == "/errors/503.http")
        #expect(a.settings.timeouts.clientFin == .milliseconds(3))
        #expect(b.settings.logs.count == 2 && b.settings.timeouts.client == .seconds(10))
        #expect(configuration.proxies[3].settings.mode == .tcp)
        #expect(c.settings.mode == .tcp && c.settings.logs.isEmpty)
        #expect(c.servers[0].endpoint == .tcp(host: "192.0.2.1", family: nil, port: .number(8080)))
        #expect(c.servers[0].options.check && c.servers[0].options.weight == 7)
        #expect(c.servers[0].options.inter == .seconds(5))
    }

    @Test func bindsSpreadRangesAndLists() throws {
        let proxy = try load(
            """
            frontend a
             bind *:80-82,[::1]:443 name web mode 600 maxconn 5 backlog 9 interface lo v6only
             bind 10.0.0.1:8080,
             bind /run/x.sock user root group root uid 3
             bind unix@/run/y.sock
             bind abns@z
             bind fd@7
             bind ipv6@:90 v4v6 transparent
             bind origin:90 id 4

            """
        ).proxies[0]
        #expect(
            proxy.binds.map(\.endpoints) == [
                [
                    .tcp(host: nil, family: nil, port: .number(80)),
                    .tcp(host: nil, family: nil, port: .number(81)),
                    .tcp(host: nil, family: nil, port: .number(82)),
                    .tcp(host: "::1", family: nil, port: .number(443)),
                ],
                [.tcp(host: "10.0.0.1", family: nil, port: .number(8080))],
                [.unix(path: "/run/x.sock")], [.unix(path: "/run/y.sock")], [.abstract(name: "z")],
                [.descriptor(7)], [.tcp(host: nil, family: .ipv6, port: .number(90))],
                [.tcp(host: "192.0.2.1", family: nil, port: .number(90))],
            ])
        let options = proxy.binds[0].options
        #expect(options.name == "web" && options.mode == 0o600 && options.maxconn == 5)
        #expect(options.backlog == 9 && options.interface == "lo" && options.v6only)
        #expect(proxy.binds[2].options.uid == 3 && proxy.binds[2].options.gid == 0)
        #expect(proxy.binds[6].options.v4v6 && proxy.binds[6].options.transparent)
    }

    @Test func serversHaveTheirOptions() throws {
        let proxy = try load(
            """
            backend b
             balance leastconn
             http-reuse always
             fullconn 10
             option redispatch
             default-server maxconn 3 backup
             server a 10.0.0.1:80 weight 0 maxconn 5 minconn 2 maxqueue 9 check inter 1s fastinter 5ms downinter 1m rise 3 fall 4 port 81 no-backup
             server b /run/s.sock disabled slowstart 10s pool-max-conn 4 id 9
             server c [2001:db8::1]:80 init-addr last,libc,none
             server d nowhere.test:80 init-addr none
             server e 10.0.0.1
             server f 10.0.0.1:+1000 no-check-ssl stick
             server g abns@x

            """
        ).proxies[0]
        #expect(proxy.settings.balance == .leastConn && proxy.settings.httpReuse == .always)
        #expect(proxy.settings.redispatch && proxy.settings.fullConn == 10)
        let (a, b, c) = (proxy.servers[0], proxy.servers[1], proxy.servers[2])
        #expect(a.options.weight == 0 && a.options.maxconn == 5 && a.options.minconn == 2)
        #expect(a.options.maxqueue == 9 && a.options.check && a.options.inter == .seconds(1))
        #expect(a.options.fastInter == .milliseconds(5) && a.options.downInter == .seconds(60))
        #expect(a.options.rise == 3 && a.options.fall == 4 && a.options.checkPort == 81 && !a.options.backup)
        #expect(b.endpoint == .unix(path: "/run/s.sock") && b.options.disabled && b.options.backup)
        #expect(b.options.slowStart == .seconds(10) && b.options.poolMaxConn == 4 && b.options.id == 9)
        #expect(b.options.maxconn == 3)
        #expect(c.options.mayStartUnresolved)
        #expect(proxy.servers[3].endpoint == .tcp(host: "nowhere.test", family: nil, port: .number(80)))
        #expect(proxy.servers[4].endpoint == .tcp(host: "10.0.0.1", family: nil, port: .same))
        #expect(proxy.servers[5].endpoint == .tcp(host: "10.0.0.1", family: nil, port: .offset(1000)))
        #expect(proxy.servers[6].endpoint == .abstract(name: "x"))
    }

    @Test func everyTimeoutAndUnit() throws {
        let timeouts = try load(
            """
            listen l
             bind :80
             timeout client 10
             timeout server 11ms
             timeout connect 12s
             timeout check 13m
             timeout queue 14h
             timeout http-keep-alive 15d
             timeout http-request 1500us
             timeout tunnel 0
             timeout tarpit 2147483647
             timeout client-fin 1
             timeout server-fin 3us

            """
        ).proxies[0].settings.timeouts
        #expect(timeouts.client == .milliseconds(10) && timeouts.server == .milliseconds(11))
        #expect(timeouts.connect == .seconds(12) && timeouts.check == .seconds(780))
        #expect(timeouts.queue == .seconds(14 * 3600) && timeouts.httpKeepAlive == .seconds(15 * 86400))
        #expect(timeouts.httpRequest == .milliseconds(2) && timeouts.tunnel == nil)
        #expect(timeouts.tarpit == .milliseconds(2_147_483_647))
        #expect(timeouts.clientFin == .milliseconds(1) && timeouts.serverFin == .milliseconds(1))
    }

    @Test func severalFilesAreOneConfiguration() {
        let result = ConfigurationParser.parse(
            [
                Source(
                    name: "1.cfg",
                    text: "defaults\n mode http\n timeout client 1\nfrontend f\n bind :1\n use_backend b\n"),
                Source(name: "2.cfg", text: "backend b\n"),
            ], in: World.surroundings())
        #expect(result.configuration?.proxies.map(\.settings.mode) == [.http, .http])
        #expect(result.diagnostics.isEmpty)
    }

    @Test func configurationsWithoutListenersSaySo() throws {
        #expect(try load("").hasListeners == false)
        #expect(try load("backend b\n").hasListeners == false)
        #expect(try load("listen l\n bind :80\n").hasListeners)
        #expect(try load("listen l\n bind :80\n disabled\n").hasListeners == false)
        #expect(try load("global\n stats socket /run/admin.sock\n").hasListeners)
    }

    @Test func tcpProxiesLoseWhatNeedsHTTP() throws {
        let result = World.parse(
            """
            frontend f
             bind :80
             timeout client 1
             http-request deny
             monitor-uri /x
             option forwardfor
             option httplog
             log /dev/log local0

            """)
        let proxy = try #require(result.configuration).proxies[0]
        #expect(proxy.rules.isEmpty && proxy.settings.monitorURI == nil)
        #expect(proxy.settings.forwardFor == nil && proxy.settings.logFormat == .tcp)
        #expect(
            result.messages == [
                "'http-request' rules ignored for frontend 'f' as they require HTTP mode.",
                "'option forwardfor' ignored for frontend 'f' as it requires HTTP mode.",
                "monitor-uri will be ignored for frontend 'f' (needs 'mode http').",
                "parsing [t.cfg:1] : 'option httplog' not usable with frontend 'f' (needs 'mode http'). Falling back "
                    + "to 'option tcplog'.",
            ])
    }
}
