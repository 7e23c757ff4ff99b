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
        let path = try folder.write("v.cfg", text)
        let ours = ConfigurationLoader(paths: [path], environment: ["HOME": "/hh"]).load()
        return (try haproxyAccepts(path), ours)
    }

    @Test(
        .enabled(if: program != nil, "no haproxy is installed: nothing to compare with"),
        arguments: good + bad)
    func verdictsAgree(_ line: LineCase) throws {
        let (haproxy, ours) = try verdicts(MarkedText(line.text).text)
        #expect(haproxy == (ours.configuration != nil), "HAProxy accepts: \(haproxy); \(ours.messages)")
    }

    @Test(
        .enabled(if: program != nil, "no haproxy is installed: nothing to compare with"),
        arguments: stricter)
    func weAreStricterThanHAProxyHere(_ line: LineCase) throws {
        let (haproxy, ours) = try verdicts(line.text)
        #expect(haproxy)
        #expect(ours.configuration == nil)
    }

    /// HAProxy takes a word that is no number as 0, and forgives conditions that say nothing.
    static let stricter: [LineCase] = [
        LineCase(.global, "maxconn many"), LineCase(.global, "uid root"), LineCase(.global, "ulimit-n x"),
        LineCase(.frontend, "bind :8001 maxconn x"), LineCase(.frontend, "bind 127.0.0.1:80x"),
        LineCase(.frontend, "bind unix@"), LineCase(.backend, "server s localhost check"),
        LineCase(.backend, "server s 0.0.0.0 check"), LineCase(.frontend, "use_backend b if"),
        LineCase(.frontend, "use_backend b if { path / } ||"), LineCase(.frontend, "use_backend b if !"),
        LineCase(.frontend, "errorfile 503 /dev/null extra"), LineCase(.backend, "server s :80 weight x"),
        LineCase(.backend, "server s :80 port 99999"), LineCase(.backend, "retries -1"),
        LineCase(.none, "frontend a :80"), LineCase(.none, "defaults a b"),
    ]

    static let good: [LineCase] = [
        LineCase(.global, "maxconn 100"), LineCase(.global, "nbthread 1"),
        LineCase(.global, "hard-stop-after 30s"),
        LineCase(.global, "mworker-max-reloads 3"),
        LineCase(.global, "stats socket /tmp/x.sock mode 600 level admin"),
        LineCase(.global, "stats socket ipv4@127.0.0.1:7000 level operator expose-fd listeners"),
        LineCase(.global, "stats timeout 10"), LineCase(.global, "pidfile /tmp/x.pid"),
        LineCase(.global, "log /dev/log local0"),
        LineCase(.global, "log 127.0.0.1:5 len 100 format rfc5424 local0 info err"),
        LineCase(.global, "log stdout format raw daemon"), LineCase(.global, "log fd@2 daemon"),
        LineCase(.global, "log-tag x"), LineCase(.global, "log-send-hostname"),
        LineCase(.global, "user root"),
        LineCase(.global, "group root"), LineCase(.global, "uid 0"), LineCase(.global, "chroot /tmp"),
        LineCase(.global, "node a.b-c_d"), LineCase(.global, "description a b c"),
        LineCase(.global, "setenv A b"),
        LineCase(.global, "presetenv HOME b"), LineCase(.global, "unsetenv A B"),
        LineCase(.global, "resetenv"),
        LineCase(.global, "master-worker"), LineCase(.global, "master-worker no-exit-on-failure"),
        LineCase(.global, "daemon"), LineCase(.global, "grace 10s"),
        LineCase(.global, "close-spread-time 1s"),
        LineCase(.global, "spread-checks 5"), LineCase(.global, "tune.bufsize 16384"),
        LineCase(.global, "nosplice"),
        LineCase(.global, "no strict-limits"), LineCase(.global, "ssl-default-bind-options no-tls-tickets"),
        LineCase(.global, "localpeer x"), LineCase(.global, "ca-base /tmp"), LineCase(.global, "no log"),
        LineCase(.frontend, "mode tcp"), LineCase(.frontend, "maxconn 3"), LineCase(.frontend, "log global"),
        LineCase(.frontend, "no log"), LineCase(.frontend, "option httplog"),
        LineCase(.frontend, "option tcplog"),
        LineCase(.frontend, "no option dontlognull"),
        LineCase(.frontend, "option forwardfor except 10.0.0.0/8 header X if-none"),
        LineCase(.frontend, "option http-server-close"), LineCase(.frontend, "option httpclose"),
        LineCase(.frontend, "option tcpka"), LineCase(.frontend, "option socket-stats"),
        LineCase(.frontend, "balance roundrobin"), LineCase(.frontend, "http-reuse safe"),
        LineCase(.frontend, "bind 127.0.0.1:7081,:7082-7083 name foo"), LineCase(.frontend, "bind *:7085"),
        LineCase(.frontend, "bind [::1]:7086"), LineCase(.frontend, "bind ::1:7087"),
        LineCase(.frontend, "bind :::7088"),
        LineCase(.frontend, "bind ipv6@:81"),
        LineCase(.frontend, "bind /tmp/x.sock mode 600 user root group root"),
        LineCase(.frontend, "bind abns@x"), LineCase(.frontend, "bind 127.0.0.1:80,"),
        LineCase(.frontend, "bind :7001 tfo"),
        LineCase(.frontend, "bind :7001 backlog 3 maxconn 3 interface lo id 7"),
        LineCase(.frontend, "bind :7001 \"\""), LineCase(.frontend, "bind \"127.0.0.1:${PORT-7001}\""),
        LineCase(.frontend, "default_backend b"), LineCase(.frontend, "use_backend b if TRUE or FALSE"),
        LineCase(.frontend, "use_backend b unless ! { path_beg /x } || { src 10.0.0.0/8 ::1 }"),
        LineCase(.frontend, "use_backend b if { hdr(host) -i a b } !LOCALHOST METH_GET"),
        LineCase(.frontend, "acl x path"), LineCase(.frontend, "acl x path -m found"),
        LineCase(.frontend, "acl x path -i -- -f"), LineCase(.frontend, "acl x method GET"),
        LineCase(.frontend, "acl x path,lower,field(2,/) -i a"),
        LineCase(.frontend, "acl x path_reg ^/a[0-9]+$"),
        LineCase(.frontend, "acl x hdr_cnt(x) gt 1 lt 3"), LineCase(.frontend, "acl x src_port 1: 2:3"),
        LineCase(.frontend, "acl x path -m len 3"), LineCase(.frontend, "acl x url_param(a) b"),
        LineCase(.frontend, "acl x cook(a) -m found"), LineCase(.frontend, "acl x int(3),add(2) 5"),
        LineCase(.frontend, "acl x src,ipmask(24) 10.0.0.0"), LineCase(.frontend, "acl x nbsrv(b) lt 1"),
        LineCase(.frontend, "acl x be_conn(b) gt 3"), LineCase(.frontend, "acl x fe_conn gt 3"),
        LineCase(.frontend, "acl x rand(10) lt 5"), LineCase(.frontend, "acl x str(a),upper A"),
        LineCase(.frontend, "acl x hdr_ip(x-forwarded-for) 10.0.0.0/8"),
        LineCase(.frontend, "acl x var(txn.a) -m str b"),
        LineCase(.frontend, "acl x bool(true)"), LineCase(.frontend, "acl x path_dir a"),
        LineCase(.frontend, "acl x hdr_dom(host) a"), LineCase(.frontend, "acl x dst_port 80"),
        LineCase(.frontend, "stick-table type ip size 100k expire 30s store http_req_rate(10s)"),
        LineCase(
            .frontend, "stick-table type ipv6 size 1m nopurge store gpc0,gpc0_rate(1m),gpt0,bytes_out_cnt"),
        LineCase(.frontend, "stick-table type string len 40 size 10 store conn_cnt"),
        LineCase(.frontend, "stick-table type ip size 1k store gpc0,gpc0"),
        LineCase(
            .frontend,
            "stick-table type ip size 1k store http_req_rate(10s),gpc0\n http-request track-sc0 src\n http-request "
                + "deny deny_status 429 if { sc_http_req_rate(0) gt 10 } || { sc0_get_gpc0 gt 1 }"),
        LineCase(
            .frontend,
            "stick-table type ip size 1k store conn_rate(3s)\n tcp-request connection track-sc0 src\n tcp-request "
                + "connection reject if { src_conn_rate gt 5 }\n tcp-request content accept if TRUE"),
        LineCase(.frontend, "http-request set-header x %[src,ipmask(24)]"),
        LineCase(.frontend, "http-request add-header x %ci:%cp"),
        LineCase(.frontend, "http-request del-header x"),
        LineCase(.frontend, "http-request replace-header x (.*)a \\\\1b"),
        LineCase(.frontend, "http-request set-path /x%[path]"),
        LineCase(.frontend, "http-request set-query a=%[rand]"),
        LineCase(.frontend, "http-request set-uri /x"),
        LineCase(.frontend, "http-request set-var(txn.a) path,lower"),
        LineCase(.frontend, "http-request tarpit deny_status 429 if { path /x }"),
        LineCase(.frontend, "http-request allow if TRUE"), LineCase(.frontend, "http-request sc-inc-gpc0(1)"),
        LineCase(.frontend, "http-request sc-set-gpt0(0) 3"),
        LineCase(.frontend, "http-request return content-type text/plain lf-string %[path]"),
        LineCase(.frontend, "http-response set-header x %[status]"),
        LineCase(.frontend, "http-response deny if TRUE"),
        LineCase(.frontend, "http-response set-status 503 reason x"),
        LineCase(.frontend, "http-response del-header x"),
        LineCase(.frontend, "http-response deny if { path /x }"),
        LineCase(.frontend, "tcp-request connection reject if { path /x }"),
        LineCase(.frontend, "tcp-request inspect-delay 3s"),
        LineCase(.frontend, "tcp-request session accept"),
        LineCase(
            .frontend,
            "log global\n log-format \"%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %{+Q}r\""),
        LineCase(.frontend, "acl x always_true"), LineCase(.frontend, "acl x hdr_beg(host) www."),
        LineCase(.frontend, "http-request deny"),
        LineCase(.frontend, "http-request deny deny_status 429 if TRUE"),
        LineCase(.frontend, "http-request return"),
        LineCase(.frontend, "http-request return status 200 hdr x y"),
        LineCase(.frontend, "http-request return content-type text/plain string x hdr a b if TRUE"),
        LineCase(.frontend, "http-request redirect location / append-slash drop-query set-cookie A=1"),
        LineCase(.frontend, "http-request redirect scheme https code 301 if !TRUE"),
        LineCase(.frontend, "http-request set-header x \"100 %%\""),
        LineCase(.frontend, "redirect location /"),
        LineCase(.frontend, "errorfile 503 /dev/null"), LineCase(.frontend, "monitor-uri /x"),
        LineCase(.frontend, "timeout client 3us"), LineCase(.frontend, "timeout http-request 24d"),
        LineCase(.frontend, "timeout server 3"), LineCase(.frontend, "id 12"),
        LineCase(.frontend, "description a"),
        LineCase(.frontend, "disabled"), LineCase(.frontend, "# only a comment"),
        LineCase(.frontend, ".notice x"),
        LineCase(.backend, "server s 127.0.0.1"), LineCase(.backend, "server s 127.0.0.1:+80"),
        LineCase(.backend, "server s :80"), LineCase(.backend, "server s /tmp/sock"),
        LineCase(.backend, "server s :80 check"), LineCase(.backend, "server s /tmp/sock check"),
        LineCase(.backend, "server s 127.0.0.1 check port 80"),
        LineCase(.backend, "server s abns@foo"),
        LineCase(.backend, "server s 127.0.0.1:80 backup disabled weight 0 maxconn 3 maxqueue 3 minconn 1"),
        LineCase(
            .backend, "server s 127.0.0.1:80 check inter 1s fastinter 1s downinter 1s rise 2 fall 3 port 81"),
        LineCase(.backend, "server s nonesuch.invalid:80 init-addr libc,none"),
        LineCase(.backend, "server s *:80"),
        LineCase(.backend, "server s 127.0.0.1:80 slowstart 3s pool-max-conn 3 id 3 no-check"),
        LineCase(.backend, "default-server inter 3s weight 10 disabled"),
        LineCase(.backend, "default-server"),
        LineCase(.backend, "balance"), LineCase(.backend, "balance leastconn"),
        LineCase(.backend, "retries 0"),
        LineCase(.backend, "option redispatch"), LineCase(.backend, "option redispatch 1"),
        LineCase(.backend, "fullconn 3"), LineCase(.backend, "bind :80"), LineCase(.backend, "maxconn 3"),
        LineCase(.backend, "hash-type consistent"), LineCase(.backend, "http-request deny"),
        LineCase(.none, ""),
        LineCase(.none, "defaults x\n http-request deny\nfrontend f from x\n mode http\n bind :1"),
        LineCase(.none, "global\nglobal"), LineCase(.none, "defaults d\ndefaults d"),
        LineCase(.none, "frontend x\n bind :7001\nbackend x"),
        LineCase(.none, "listen a\n mode http\n bind :1\n disabled"),
    ]

    /// What both refuse. (What only we refuse, because we lack it, is in the other tables.)
    static let bad: [LineCase] = [
        LineCase(.backend, "server s 127.0.0.1 check"),
        LineCase(.backend, "server s 127.0.0.1:+1 check port 0"),
        LineCase(.backend, "server s 127.0.0.1 check disabled"),
        LineCase(.global, "maxcon 1"), LineCase(.global, "maxconn"), LineCase(.global, "maxconn 1 2"),
        LineCase(.global, "nbthread 0"), LineCase(.global, "hard-stop-after 3p"),
        LineCase(.global, "hard-stop-after 30d"),
        LineCase(.global, "stats socket"), LineCase(.global, "stats socket /tmp/x mode 999"),
        LineCase(.global, "stats socket /tmp/x level foo"), LineCase(.global, "stats timeout foo"),
        LineCase(.global, "log /dev/log"), LineCase(.global, "log /dev/log localx"),
        LineCase(.global, "log /dev/log len 10 local0"), LineCase(.global, "log 127.0.0.1:99999 local0"),
        LineCase(.global, "user nonesuch"), LineCase(.global, "master-worker foo"),
        LineCase(.global, "daemon x"), LineCase(.global, "no maxconn 3"),
        LineCase(.global, "setenv A"),
        LineCase(.frontend, "mode htttp"), LineCase(.frontend, "bind"), LineCase(.frontend, "bind :"),
        LineCase(.frontend, "bind :0"), LineCase(.frontend, "bind 127.0.0.1"),
        LineCase(.frontend, "bind :90-80"),
        LineCase(.frontend, "bind 256.0.0.1:80"), LineCase(.frontend, "bind :80 foo"),
        LineCase(.frontend, "bind :80 maxconn"),
        LineCase(.frontend, "bind ipv4@::1:80"), LineCase(.frontend, "bind fd@x"),
        LineCase(.frontend, "default_backend nope"),
        LineCase(.frontend, "default_backend b c"), LineCase(.frontend, "use_backend b when TRUE"),
        LineCase(.frontend, "use_backend b if nope"), LineCase(.frontend, "use_backend b if { path"),
        LineCase(.frontend, "use_backend b if { src x }"), LineCase(.frontend, "acl x nope /"),
        LineCase(.frontend, "acl a!b path /"), LineCase(.frontend, "acl x path -m foo /"),
        LineCase(.frontend, "acl x path,nope a"), LineCase(.frontend, "acl x path,field(1) a"),
        LineCase(.frontend, "acl x path_reg ("), LineCase(.frontend, "acl x src_port foo"),
        LineCase(.frontend, "acl x nbsrv(nope) 1"), LineCase(.frontend, "acl x var(foo) 1"),
        LineCase(.frontend, "acl x var(txn.a) b"),
        LineCase(.frontend, "acl x sc_http_req_rate gt 1"),
        LineCase(.frontend, "acl x src_get_gpc0(nope) gt 1"),
        LineCase(.frontend, "acl x path,map(/nonesuch) a"), LineCase(.frontend, "acl x path,lower( a"),
        LineCase(.frontend, "stick-table type ip"), LineCase(.frontend, "stick-table type foo size 1k"),
        LineCase(.frontend, "stick-table type ip size 1k foo"),
        LineCase(.frontend, "stick-table type ip size x"),
        LineCase(.frontend, "stick-table type ip size 1k store nope"),
        LineCase(.frontend, "stick-table type ip size 1k store http_req_rate"),
        LineCase(.frontend, "stick-table type ip size 1k store gpc0(3)"),
        LineCase(.frontend, "stick-table type ip size 1k peers nope"),
        LineCase(.frontend, "stick-table type ip size 1k\n stick-table type ip size 2k"),
        LineCase(.frontend, "http-request track-sc0"), LineCase(.frontend, "http-request track-sc0 nope"),
        LineCase(.frontend, "http-request track-sc0 src"), LineCase(.frontend, "http-request track-sc9 src"),
        LineCase(.frontend, "http-request track-sc0 src table nope"),
        LineCase(.frontend, "http-request sc-inc-gpc0(9)"),
        LineCase(.frontend, "http-request set-var(foo) src"),
        LineCase(.frontend, "http-request set-var(txn.a)"),
        LineCase(.frontend, "http-request set-path"), LineCase(.frontend, "http-request del-header"),
        LineCase(.frontend, "http-request replace-header x ( b"),
        LineCase(.frontend, "http-request set-header x %[nope]"),
        LineCase(.frontend, "http-request set-header x %[status]"), LineCase(.frontend, "http-response foo"),
        LineCase(.frontend, "http-response set-header x %[path]"),
        LineCase(.frontend, "http-response set-status x"),
        LineCase(.frontend, "tcp-request foo"), LineCase(.frontend, "tcp-request connection foo"),
        LineCase(.frontend, "tcp-request connection accept foo"),
        LineCase(.frontend, "tcp-request connection track-sc0 path"),
        LineCase(.frontend, "tcp-request inspect-delay"),
        LineCase(.frontend, "tcp-request inspect-delay zz"), LineCase(.frontend, "log-format %[nope]"),
        LineCase(.backend, "stick on"), LineCase(.backend, "stick foo src"),
        LineCase(.backend, "stick on src table nope"),
        LineCase(.backend, "cookie"), LineCase(.backend, "cookie A foo"),
        LineCase(.backend, "server s :80 cookie"),
        LineCase(.frontend, "timeout foo 3"), LineCase(.frontend, "timeout client"),
        LineCase(.frontend, "timeout client x"),
        LineCase(.frontend, "option foo"), LineCase(.frontend, "option dontlognull x"),
        LineCase(.frontend, "no option forwardfor"), LineCase(.frontend, "errorfile 418 /dev/null"),
        LineCase(.frontend, "errorfile 503 /nonesuch"), LineCase(.frontend, "http-request foo"),
        LineCase(.frontend, "http-request deny deny_status 999"),
        LineCase(.frontend, "http-request return string x"),
        LineCase(.frontend, "http-request redirect location / code 304"),
        LineCase(.frontend, "http-request set-header x"),
        LineCase(.frontend, "server s :80"), LineCase(.frontend, "balanse x"),
        LineCase(.frontend, "block if TRUE"),
        LineCase(.backend, "server s"), LineCase(.backend, "server s 127.0.0.1:x"),
        LineCase(.backend, "server s 127.0.0.1:80-90"),
        LineCase(.backend, "server s :80 weight 257"), LineCase(.backend, "server s :80 inter 0"),
        LineCase(.backend, "server s :80 rise 0"), LineCase(.backend, "server s nonesuch.invalid:80"),
        LineCase(.backend, "server s :80\n server s :81"), LineCase(.backend, "server a!b :80"),
        LineCase(.backend, "default-server foo"), LineCase(.backend, "balance foo"),
        LineCase(.backend, "http-reuse foo"),
        LineCase(.none, "bind :80"), LineCase(.none, "frontend"), LineCase(.none, "frontend a!b"),
        LineCase(.none, "frontend a from nope"), LineCase(.none, "backend x\nbackend x"),
        LineCase(.none, "global x"),
        LineCase(.none, "global\n description 'x"), LineCase(.none, "global\n description \"${X\""),
        LineCase(.none, "global\n description \\xzz"),
        LineCase(.none, "listen a\n bind :1\n default_backend a"),
    ]
}
