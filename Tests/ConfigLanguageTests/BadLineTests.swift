// Every keyword gone wrong: the message, the line and the word at fault.

import Testing

@testable import ConfigLanguage

@Suite struct BadLineTests {
    @Test(arguments: global + proxies + addresses + servers + rules + conditions + sections)
    func isRefused(_ bad: LineCase) throws {
        let marked = MarkedText(bad.text)
        let result = World.parse(marked.text)
        #expect(result.configuration == nil)
        let alert = try #require(result.alerts.first, "no alert")
        #expect(alert.message.contains(bad.message), "\(alert.message)")
        #expect(result.alerts.count == 1, "\(result.alerts.map(\.message))")
        guard let mark = marked.marks.first else { return }
        #expect(alert.position == Position(file: "t.cfg", line: mark.line))
        #expect(alert.columns == mark.columns, "\(alert.message)")
    }

    @Test(arguments: [
        LineCase(.global, "nbthread ⟦4⟧", "mwproxy serves with one thread a worker, not with 4 threads"),
        LineCase(.global, "nbproc ⟦2⟧", "mwproxy serves with one thread a worker, not with 2 processes"),
        LineCase(.global, "⟦grace⟧ 10s", "'grace' has no effect in mwproxy and is ignored."),
        LineCase(.global, "⟦close-spread-time⟧ 10s", "no effect"),
        LineCase(.global, "⟦tune.bufsize⟧ 16384", "no effect"),
        LineCase(.global, "⟦cpu-map⟧ auto:1/1-4 0-3", "no effect"),
        LineCase(.global, "stats ⟦maxconn⟧ 10", "no effect"),
        LineCase(.frontend, "⟦balance⟧ roundrobin", "'balance' ignored because frontend 'f' has no backend"),
        LineCase(
            .frontend, "timeout ⟦server⟧ 3", "'timeout server' will be ignored because frontend 'f' has"),
        LineCase(.frontend, "timeout ⟦client⟧ 3", "overwriting 'timeout client' which was already specified"),
        LineCase(.frontend, "⟦fullconn⟧ 3", "Maybe you want 'maxconn' instead ?"),
        LineCase(.frontend, "option ⟦tcpka⟧", "no effect"),
        LineCase(.frontend, "bind :80 ⟦tfo⟧ name x", "no effect"),
        LineCase(.frontend, "bind :80 ⟦mss⟧ 1400 name x", "no effect"),
        LineCase(.frontend, "acl x ⟦path⟧", "this ACL will never match"),
        LineCase(
            .frontend, "http-request ⟦return⟧ content-type text/plain", "content-type 'text/plain' ignored"),
        LineCase(.frontend, "use_backend b if TRUE\n ⟦http-request⟧ deny", "will still be processed before"),
        LineCase(.backend, "⟦bind⟧ :80", "'bind' ignored because backend 'f' has no frontend capability"),
        LineCase(.backend, "⟦maxconn⟧ 80", "Maybe you want 'fullconn' instead ?"),
        LineCase(
            .backend, "option ⟦httplog⟧", "backend 'f' : 'option httplog' directive is ignored in backends"),
        LineCase(
            .backend, "option ⟦dontlognull⟧", "'dontlognull' ignored because backend 'f' has no frontend"),
        LineCase(.backend, "option redispatch ⟦3⟧", "the interval is ignored"),
        LineCase(.backend, "server s 127.0.0.1:80 ⟦max-reuse⟧ 3 check", "no effect"),
        LineCase(.backend, "server s 127.0.0.1:80 ⟦maxqueue⟧ 3", "requests wait in the backend's queue"),
        LineCase(.backend, "timeout check ⟦10ss⟧", "unexpected character 's' after the timer value '10ss'"),
        LineCase(.backend, ".warning x", "'x'."),
    ])
    func isAcceptedWithAWarning(_ odd: LineCase) throws {
        let marked = MarkedText(odd.text)
        let result = World.parse(marked.text)
        #expect(result.configuration != nil, "\(result.messages)")
        let warning = try #require(result.warnings.first)
        #expect(warning.message.contains(odd.message), "\(warning.message)")
        #expect(warning.columns == marked.marks.first?.columns)
    }

    static let global: [LineCase] = [
        LineCase(
            .global, "⟦maxcon⟧ 1", "unknown keyword 'maxcon' in 'global' section; did you mean 'maxconn'"),
        LineCase(.global, "⟦balance⟧ roundrobin", "unknown keyword 'balance' in 'global' section"),
        LineCase(
            .global, "⟦lua-load⟧ /x", "'lua-load' is a HAProxy keyword that mwproxy does not support yet"),
        LineCase(.global, "⟦maxconn⟧", "'maxconn' expects an integer argument."),
        LineCase(.global, "maxconn ⟦many⟧", "'maxconn' expects an integer argument, found 'many'."),
        LineCase(.global, "maxconn ⟦-1⟧", "invalid value -1"),
        LineCase(.global, "maxconn 12 ⟦13⟧", "'maxconn' cannot handle unexpected argument '13'."),
        LineCase(.global, "nbthread ⟦0⟧", "'nbthread' value must be between 1 and"),
        LineCase(.global, "⟦hard-stop-after⟧", "'hard-stop-after' expects <time> as argument."),
        LineCase(
            .global, "hard-stop-after ⟦30p⟧", "unexpected character 'p' in argument to <hard-stop-after>"),
        LineCase(.global, "hard-stop-after ⟦30d⟧", "timer overflow in argument '30d'"),
        LineCase(.global, "hard-stop-after ⟦99999999999999999999⟧", "timer overflow"),
        LineCase(.global, "tune.reload.ready-timeout ⟦0⟧", "has to be > 0"),
        LineCase(.global, "⟦tune.reload.ready-timout⟧ 3", "did you mean 'tune.reload.ready-timeout' maybe"),
        LineCase(.global, "mworker-max-reloads ⟦x⟧", "expects an integer argument, found 'x'"),
        LineCase(.global, "master-worker ⟦foo⟧", "'master-worker' only supports 'no-exit-on-failure' option"),
        LineCase(.global, "daemon ⟦x⟧", "'daemon' cannot handle unexpected argument 'x'."),
        LineCase(
            .global, "stats ⟦foo⟧", "'stats' only supports 'socket', 'maxconn', 'bind-process' and 'timeout'"),
        LineCase(.global, "stats ⟦socket⟧", "expects an address or a path to a UNIX socket"),
        LineCase(
            .global, "stats socket /x mode ⟦999⟧", "'stats socket' : 'mode' : missing or invalid mode '999'"),
        LineCase(
            .global, "stats socket /x level ⟦foo⟧", "'level' only supports 'user', 'operator', and 'admin'"),
        LineCase(.global, "stats socket /x user ⟦nobody2⟧", "'user' : unknown user name 'nobody2'"),
        LineCase(
            .global, "stats socket /x expose-fd ⟦all⟧", "'expose-fd' only supports 'listeners' (got 'all')"),
        LineCase(
            .global, "stats socket /x ⟦levl⟧ admin", "unknown keyword 'levl'; did you mean 'level' maybe ?"),
        LineCase(.global, "stats timeout ⟦foo⟧", "'stats timeout' : unexpected character 'f'"),
        LineCase(.global, "user ⟦nobody2⟧", "cannot find user id for 'nobody2'"),
        LineCase(.global, "group ⟦nobody2⟧", "cannot find group id for 'nobody2'"),
        LineCase(.global, "uid ⟦root⟧", "expects an integer argument, found 'root'"),
        LineCase(.global, "node ⟦a!b⟧", "'node' requires valid node name"),
        LineCase(.global, "⟦description⟧", "'description' expects a string argument."),
        LineCase(.global, "⟦localpeer⟧", "'localpeer' expects a name as an argument."),
        LineCase(.global, "setenv ⟦A⟧", "'setenv' expects a name and a value."),
        LineCase(.global, "⟦unsetenv⟧", "'unsetenv' expects at least one variable name."),
        LineCase(.global, "⟦log⟧", "log : expects <address> and <facility>"),
        LineCase(
            .global, "log /dev/log ⟦localx⟧", "log : unknown log facility 'localx'; did you mean 'local0'"),
        LineCase(.global, "log /dev/log local0 ⟦foo⟧", "log : unknown optional log level 'foo'"),
        LineCase(.global, "log /dev/log local0 info ⟦foo⟧", "log : unknown optional minimum log level 'foo'"),
        LineCase(
            .global, "log /dev/log len ⟦10⟧ local0", "invalid log length '10', must be between 80 and 65535"),
        LineCase(.global, "log /dev/log format ⟦foo⟧ local0", "unknown log format 'foo'"),
        LineCase(
            .global, "log /dev/log local0 info notice ⟦x⟧", "log : cannot handle unexpected argument 'x'"),
        LineCase(.global, "log ⟦127.0.0.1:99999⟧ local0", "log : invalid port '99999'"),
        LineCase(.global, "log ⟦fd@x⟧ local0", "log : file descriptor 'x' is not a valid integer in 'fd@x'"),
        LineCase(.global, "log ⟦tcp@127.0.0.1:1⟧ local0", "that mwproxy does not support yet"),
        LineCase(.global, "no log ⟦x⟧", "'no log' does not expect arguments"),
        LineCase(.global, "no ⟦maxconn⟧ 3", "negation/default currently supported only for options, log,"),
    ]

    static let proxies: [LineCase] = [
        LineCase(
            .backend, "⟦balanse⟧ x", "unknown keyword 'balanse' in 'backend' section; did you mean 'balance'"),
        LineCase(
            .backend, "⟦forntend⟧ f",
            "unknown keyword 'forntend' in 'backend' section; did you mean 'frontend' maybe ?"),
        LineCase(.backend, "⟦foobar⟧", "unknown keyword 'foobar' in 'backend' section"),
        LineCase(
            .backend, "⟦email-alert⟧ level alert", "keyword 'email-alert' is a HAProxy keyword that mwproxy"),
        LineCase(
            .frontend, "⟦stats⟧ enable", "'stats' is a HAProxy keyword that mwproxy does not support yet"),
        LineCase(.frontend, "⟦reqadd⟧ X", "The 'reqadd' directive is not supported anymore"),
        LineCase(.frontend, "⟦mode⟧", "'mode' expects"),
        LineCase(.frontend, "mode ⟦htttp⟧", "unknown proxy mode 'htttp'."),
        LineCase(.frontend, "mode ⟦log⟧", "proxy mode 'log' is one of HAProxy's"),
        LineCase(.frontend, "mode http ⟦tcp⟧", "'mode' cannot handle unexpected argument 'tcp'."),
        LineCase(.backend, "balance ⟦source⟧", "balance 'source' is one of HAProxy's algorithms"),
        LineCase(.backend, "balance ⟦hdr(x)⟧", "balance 'hdr(x)' is one of HAProxy's algorithms"),
        LineCase(.backend, "balance ⟦roundrobbin⟧", "did you mean 'roundrobin' maybe ?"),
        LineCase(.backend, "retries ⟦x⟧", "'retries' expects an integer argument, found 'x'."),
        LineCase(
            .backend, "http-reuse ⟦foo⟧", "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'"
        ),
        LineCase(.frontend, "⟦timeout⟧", "'timeout' supports 'client', 'server'"),
        LineCase(.frontend, "timeout ⟦clien⟧ 3", "(got 'clien'); did you mean 'client' maybe ?"),
        LineCase(
            .frontend, "timeout ⟦client⟧", "'timeout client' expects an integer value (in milliseconds)"),
        LineCase(
            .frontend, "timeout client ⟦fast⟧",
            "unexpected character 'f' in 'timeout client': expected a time"),
        LineCase(.frontend, "timeout client 10 ⟦20⟧", "'timeout client' : unexpected extra argument '20'"),
        LineCase(.frontend, "timeout client ⟦25d⟧", "timer overflow in argument '25d'"),
        LineCase(.frontend, "timeout client ⟦-3⟧", "unexpected character '-' in 'timeout client'"),
        LineCase(.frontend, "⟦option⟧", "'option' expects an option name."),
        LineCase(.frontend, "option ⟦foo⟧", "unknown option 'foo'."),
        LineCase(.frontend, "option ⟦httplo⟧", "unknown option 'httplo'; did you mean 'httplog' maybe ?"),
        LineCase(.frontend, "option ⟦httpchk⟧", "'option httpchk' is a HAProxy keyword that mwproxy"),
        LineCase(.frontend, "option httplog ⟦foo⟧", "keyword 'httplog' only supports option 'clf'"),
        LineCase(
            .frontend, "option tcplog ⟦foo⟧", "'option tcplog' cannot handle unexpected argument 'foo'."),
        LineCase(.frontend, "option forwardfor ⟦foo⟧", "'option forwardfor' only supports optional values"),
        LineCase(
            .frontend, "option forwardfor except ⟦foo⟧", "'option forwardfor except' expects <address>[/mask]"
        ),
        LineCase(.frontend, "option forwardfor ⟦header⟧", "'option forwardfor header' expects <header_name>"),
        LineCase(
            .frontend, "option dontlognull ⟦x⟧", "'option dontlognull' cannot handle unexpected argument 'x'."
        ),
        LineCase(.frontend, "option ⟦forceclose⟧", "not supported any more since HAProxy 2.0"),
        LineCase(
            .frontend, "no option ⟦forwardfor⟧", "negation/default is not supported for option 'forwardfor'."),
        LineCase(.frontend, "⟦errorfile⟧ ", "errorfile' expects <status_code> and <file> as arguments"),
        LineCase(.frontend, "errorfile ⟦418⟧ /errors/503.http", "status code '418' not handled"),
        LineCase(.frontend, "errorfile 503 ⟦/nonesuch⟧", "error opening file '/nonesuch': No such file"),
        LineCase(
            .frontend, "errorfile 503 ⟦/errors/bad⟧",
            "'/errors/bad': unable to parse headers (error offset: 0)"),
        LineCase(.frontend, "⟦monitor-uri⟧", "'monitor-uri' expects an URI."),
        LineCase(.frontend, "id ⟦0⟧", "invalid value 0"),
        LineCase(.frontend, "⟦default_backend⟧", "'default_backend' expects a backend name."),
        LineCase(
            .frontend, "default_backend b ⟦c⟧", "'default_backend' cannot handle unexpected argument 'c'."),
        LineCase(
            .frontend, "default_backend nonesuch", "Proxy 'f': unable to find required default_backend: 'none"
        ),
        LineCase(.frontend, "use_backend bb if TRUE", "unable to find required use_backend: 'bb'."),
        LineCase(
            .frontend, "use_backend b ⟦when⟧ TRUE",
            "unexpected keyword 'when' after switching rule, only 'if'"),
        LineCase(.listen, "default_backend f", "Proxy 'f': loop detected for default_backend: 'f'."),
        LineCase(
            .frontend, "⟦server⟧ s :80", "'server' not allowed because frontend 'f' has no backend capability"
        ),
        LineCase(.defaults, "⟦bind⟧ :80", "'bind' not allowed in 'defaults' section."),
        LineCase(
            .defaults, "⟦http-request⟧ deny", "'http-request' not allowed in anonymous 'defaults' section."),
        LineCase(.defaults, "⟦acl⟧ x path /", "'acl' not allowed in anonymous 'defaults' section."),
    ]

    static let addresses: [LineCase] = [
        LineCase(.frontend, "⟦bind⟧", "'bind' expects {<path>|[addr1]:port1[-end1]}"),
        LineCase(.frontend, "bind ⟦:⟧", "'bind' : missing port specification in ':'"),
        LineCase(.frontend, "bind ⟦127.0.0.1⟧", "'bind' : missing port specification in '127.0.0.1'"),
        LineCase(.frontend, "bind ⟦:x⟧", "'bind' : invalid character 'x' in port number 'x' in ':x'"),
        LineCase(.frontend, "bind ⟦:0⟧", "'bind' : invalid port '0'"),
        LineCase(.frontend, "bind ⟦127.0.0.1:99999⟧", "'bind' : invalid port '99999'"),
        LineCase(.frontend, "bind ⟦127.0.0.1:90-80⟧", "'bind' : invalid port range '90-80'"),
        LineCase(.frontend, "bind ⟦127.0.0.1:80-⟧", "'bind' : invalid port ''"),
        LineCase(.frontend, "bind ⟦127.0.0.1:+80⟧", "'bind' : port offset not permitted here"),
        LineCase(.frontend, "bind ⟦256.0.0.1:80⟧", "'bind' : invalid address: '256.0.0.1' in '256.0.0.1:80'"),
        LineCase(.frontend, "bind ⟦nonesuch.test:80⟧", "'bind' : invalid address: 'nonesuch.test'"),
        LineCase(.frontend, "bind ⟦ipv4@::1:80⟧", "'bind' : invalid address: '::1' in 'ipv4@::1:80'"),
        LineCase(.frontend, "bind ⟦ipv6@127.0.0.1:80⟧", "'bind' : invalid address: '127.0.0.1'"),
        LineCase(.frontend, "bind ⟦fd@x⟧", "file descriptor 'x' is not a valid integer in 'fd@x'"),
        LineCase(.frontend, "bind ⟦quic4@:443⟧", "address family 'quic4@'"),
        LineCase(.frontend, "bind ⟦,⟧", "'' resolves to an empty address"),
        LineCase(.frontend, "bind :80 ⟦foo⟧", "'bind :80' in section 'frontend' : unknown keyword 'foo'"),
        LineCase(
            .frontend, "bind :80 ⟦maxcon⟧ 4", "unknown keyword 'maxcon'; did you mean 'maxconn' maybe ?"),
        LineCase(
            .frontend, "bind :80 ⟦maxconn⟧", "'bind :80' in section 'frontend' : 'maxconn' : missing value"),
        LineCase(.frontend, "bind :80 backlog ⟦-2⟧", "'backlog' : invalid value -2, must be > 0"),
        LineCase(.frontend, "bind :80 id ⟦x⟧", "'id' : expects an integer argument, found 'x'"),
        LineCase(
            .frontend, "bind :443 ⟦ssl⟧ crt /x.pem",
            "'ssl' is a HAProxy keyword that mwproxy does not support"),
        LineCase(.frontend, "bind :80 ⟦accept-proxy⟧", "'accept-proxy' is a HAProxy keyword"),
    ]

    static let servers: [LineCase] = [
        LineCase(
            .backend, "⟦server⟧", "[t.cfg:5] : 'server' expects <name> and <addr>[:<port>] as arguments."),
        LineCase(
            .backend, "server s ⟦127.0.0.1:x⟧", "'server f/s' : invalid character 'x' in port number 'x'"),
        LineCase(.backend, "server s ⟦127.0.0.1:80-90⟧", "'server f/s' : port range not permitted here"),
        LineCase(
            .backend, "server s ⟦fd@3⟧", "'server f/s' : a file descriptor is not acceptable here in 'fd@3'"),
        LineCase(
            .backend, "server ⟦a!b⟧ 127.0.0.1:80", "character '!' is not permitted in server name 'a!b'."),
        LineCase(.backend, "server s :80 ⟦foo⟧", "[t.cfg:5] : 'server f/s' : unknown keyword 'foo'"),
        LineCase(
            .backend, "server s :80 ⟦weigh⟧ 3", "unknown keyword 'weigh'; did you mean 'weight' maybe ?"),
        LineCase(.backend, "server s :80 weight ⟦257⟧", "weight is not within 0 and 256 (257)."),
        LineCase(.backend, "server s :80 maxconn ⟦x⟧", "'maxconn' expects an integer argument, found 'x'."),
        LineCase(.backend, "server s :80 inter ⟦10p⟧", "'server f/s' : unexpected character 'p' in 'inter'"),
        LineCase(.backend, "server s :80 inter ⟦0⟧", "invalid value 0 for argument 'inter'"),
        LineCase(.backend, "server s :80 rise ⟦0⟧", "'rise' has to be > 0"),
        LineCase(.backend, "server s :80 port ⟦99999⟧", "'port' expects a port number, found '99999'"),
        LineCase(.backend, "server s :80 init-addr ⟦foo⟧", "unknown init-addr method 'foo'"),
        LineCase(.backend, "server s :80 ⟦ssl⟧ verify none", "'ssl' is a HAProxy keyword that mwproxy"),
        LineCase(.backend, "server s :80 ⟦redir⟧ x", "'redir' is a HAProxy keyword that mwproxy"),
        LineCase(.backend, "default-server ⟦foo⟧", "'default-server' : unknown keyword 'foo'"),
        LineCase(.backend, "default-server ⟦id⟧ 3", "'id' is not permitted in a 'default-server' line."),
        LineCase(
            .backend, "server s :80\n server ⟦s⟧ :81",
            "another server named 's' was already defined at line 5"),
        LineCase(.backend, "server a :80 id 1\n server ⟦b⟧ :80 id 1", "custom id 1 already used at t.cfg:5"),
    ]

    static let rules: [LineCase] = [
        LineCase(
            .frontend, "⟦http-request⟧", "'http-request' expects 'add-header', 'allow', 'del-header', 'deny',"
        ),
        LineCase(.frontend, "http-request ⟦den⟧", "but got 'den'. Did you mean 'deny' maybe ?"),
        LineCase(
            .frontend, "http-request ⟦set-map(/x)⟧ a b", "'http-request set-map(/x)' is a HAProxy"),
        LineCase(.frontend, "http-request deny ⟦foo⟧", "'http-request deny' expects either 'if' or 'unless'"),
        LineCase(.frontend, "http-request deny deny_status ⟦999⟧", "Unexpected status code '999'"),
        LineCase(
            .frontend, "http-request deny ⟦deny_status⟧", "'deny_status' expects <status_code> as argument."),
        LineCase(.frontend, "http-request ⟦return⟧ string x", "a content type must be defined"),
        LineCase(.frontend, "http-request return ⟦string⟧", "'string' expects <str> as argument."),
        LineCase(.frontend, "http-request return file ⟦/no⟧", "error opening file '/no': No such file"),
        LineCase(
            .frontend, "http-request return lf-file ⟦/lists/percent⟧", "file '/lists/percent': "),
        LineCase(.frontend, "http-request return hdr ⟦x⟧", "'hdr' expects <name> and <value> as arguments."),
        LineCase(.frontend, "http-request return hdr ⟦a:b⟧ y", "'a:b' is not the name of a header."),
        LineCase(
            .frontend, "http-request ⟦redirect⟧",
            "redirection type expected ('prefix', 'location', or 'scheme')."),
        LineCase(.frontend, "http-request redirect ⟦location⟧", "missing argument for 'location'."),
        LineCase(.frontend, "http-request redirect ⟦locatio⟧ x", "(was 'locatio')."),
        LineCase(
            .frontend, "http-request redirect prefix / code ⟦304⟧", "'code': unsupported HTTP code '304'"),
        LineCase(.frontend, "http-request set-header ⟦x⟧", "expects exactly 2 arguments."),
        LineCase(
            .frontend, "http-request set-header x ⟦%[scr]⟧",
            "unknown fetch method 'scr'; did you mean 'src' maybe ?"),
        LineCase(.frontend, "http-request set-header x ⟦%[src⟧", "missing closing ']'"),
        LineCase(.frontend, "http-request set-header x ⟦%foo⟧", "no such format variable 'foo'"),
        LineCase(.frontend, "http-request set-header x ⟦%[status]⟧", "none of which is available here"),
        LineCase(.frontend, "http-response set-header x ⟦%[path]⟧", "'HTTP request headers', none of which"),
        LineCase(.frontend, "http-request set-header ⟦content-length⟧ 3", "which mwproxy decides itself"),
        LineCase(.frontend, "http-request ⟦track-sc3⟧ src", "exceeding 2 (MAX_SESS_STKCTR-1) value."),
        LineCase(.frontend, "http-request ⟦track-sc0⟧", "missing fetch method."),
        LineCase(.frontend, "http-request track-sc0 ⟦srcx⟧", "unknown fetch method 'srcx'"),
        LineCase(
            .frontend, "http-request track-sc0 src", "unable to find table 'f' referenced by track-sc0."),
        LineCase(
            .frontend, "http-request track-sc0 src table nope", "unable to find table 'nope' referenced by"),
        LineCase(
            .frontend, "http-request ⟦sc-inc-gpc0(9)⟧",
            "invalid stick table track ID. The max allowed ID is 2."),
        LineCase(.frontend, "http-request sc-set-gpt0(0) ⟦x⟧", "unknown fetch method 'x'"),
        LineCase(.frontend, "http-request ⟦set-var(foo)⟧ src", "invalid variable name 'foo'."),
        LineCase(
            .frontend, "http-request replace-header a ⟦(⟧ b", "regex '(' is invalid (error=missing closing"),
        LineCase(.frontend, "http-response ⟦deni⟧", "but got 'deni'. Did you mean 'deny' maybe ?"),
        LineCase(.frontend, "http-response set-status ⟦204⟧", "expects a status code of 200 to 599"),
        LineCase(
            .frontend, "tcp-request ⟦foo⟧", "'tcp-request' expects 'inspect-delay', 'connection', 'session'"),
        LineCase(.frontend, "tcp-request connection ⟦rejct⟧", "Did you mean 'reject' maybe ?"),
        LineCase(.frontend, "tcp-request connection accept ⟦foo⟧", "only accepts 'if' or 'unless'"),
        LineCase(.frontend, "tcp-request connection track-sc0 ⟦path⟧", "none of which is available here"),
        LineCase(.backend, "tcp-request ⟦connection⟧ accept", "which has no frontend."),
        LineCase(.frontend, "tcp-request inspect-delay ⟦zz⟧", "unexpected character 'z'"),
        LineCase(
            .frontend, "stick-table type ip size 1k store ⟦nope⟧", "stick-table: unknown store option 'nope'."
        ),
        LineCase(
            .frontend, "stick-table type ip size 1k store ⟦http_req_rate⟧", "missing argument to store option"
        ),
        LineCase(
            .frontend, "stick-table type ip size 1k store ⟦gpc0(3)⟧",
            "unexpected argument to store option 'gpc0'"),
        LineCase(
            .frontend, "stick-table type ip size ⟦1x⟧", "unexpected character 'x' in argument of 'size'"),
        LineCase(.frontend, "stick-table type ⟦foo⟧ size 1k", "stick-table: unknown type 'foo'"),
        LineCase(.frontend, "stick-table type ip expire ⟦1h⟧", "stick-table: missing size."),
        LineCase(.frontend, "stick-table size ⟦1k⟧", "stick-table: missing type."),
        LineCase(.frontend, "stick-table type ip size 1k ⟦foo⟧", "stick-table: unknown argument 'foo'."),
        LineCase(.frontend, "stick-table type ip size 1k expire ⟦zz⟧", "unexpected character 'z'"),
        LineCase(.frontend, "stick-table type ip size 1k peers nope", "unable to find sync peers 'nope'."),
        LineCase(
            .frontend, "stick-table type ip size 1k\n ⟦stick-table⟧ type ip size 1k",
            "conflicts with table declared in"),
        LineCase(
            .backend, "stick ⟦foo⟧ src", "'stick' expects 'on', 'match', or 'store-request' (got 'foo')."),
        LineCase(.backend, "stick ⟦on⟧", "'stick' expects a fetch method."),
        LineCase(.backend, "stick on src table nope", "unable to find stick-table 'nope'."),
        LineCase(.backend, "⟦cookie⟧", "'cookie' expects <cookie_name> as argument."),
        LineCase(.backend, "cookie A ⟦foo⟧", "'cookie' supports 'insert'"),
        LineCase(.backend, "cookie A ⟦rewrite⟧", "'cookie … rewrite' is a HAProxy keyword"),
        LineCase(.frontend, "log-format ⟦%foo⟧", "no such format variable 'foo'"),
        LineCase(.frontend, "http-request set-header x ⟦\"a\\nb\"⟧", "has a control character"),
        LineCase(.frontend, "redirect ⟦scheme⟧", "missing argument for 'scheme'."),
    ]

    static let conditions: [LineCase] = [
        LineCase(.frontend, "use_backend b ⟦if⟧", "a condition is missing behind 'if'"),
        LineCase(
            .frontend, "use_backend b if ⟦foo⟧",
            "error detected while parsing switching rule : no such ACL : 'foo'"),
        LineCase(
            .frontend, "acl local src ::1\n use_backend b if ⟦locl⟧", "'locl'; did you mean 'local' maybe ?"),
        LineCase(.frontend, "use_backend b if ⟦HTTP_2.0⟧", "ACL 'HTTP_2.0' is one of HAProxy's own"),
        LineCase(.frontend, "use_backend b if ⟦{⟧ path_beg /", "missing closing '}' in condition."),
        LineCase(.frontend, "use_backend b if ⟦{path_beg⟧ / }", "no such ACL : '{path_beg'"),
        LineCase(
            .frontend, "use_backend b if { ⟦path_bg⟧ / }", "unknown fetch method 'path_bg' in ACL expression"),
        LineCase(
            .frontend, "use_backend b if { path_reg ⟦(⟧ }",
            "regex '(' is invalid (error=missing closing parenthesis"),
        LineCase(
            .frontend, "use_backend b if { ⟦ssl_fc_sni⟧ a }", "fetch method 'ssl_fc_sni' is one of HAProxy's"),
        LineCase(
            .frontend, "use_backend b if { path_reg ⟦(a)\\\\2⟧ }", "reference to non-existent subpattern"),
        LineCase(.frontend, "use_backend b if ⟦||⟧ { path / }", "a condition is missing before '||'"),
        LineCase(
            .frontend, "use_backend b if { src ⟦1.2.3.4/33⟧ }", "'1.2.3.4/33' is not a valid IPv4 or IPv6"),
        LineCase(
            .frontend, "http-request deny if ⟦x⟧",
            "while parsing 'http-request deny' rule : no such ACL : 'x'"),
        LineCase(.frontend, "acl ⟦x⟧", "error detected while parsing ACL 'x' : missing fetch method"),
        LineCase(.frontend, "acl ⟦a!b⟧ path /", "character '!' is not permitted in acl name 'a!b'."),
        LineCase(.frontend, "acl ⟦or⟧ path /", "acl name 'or' will never match."),
        LineCase(.frontend, "acl x ⟦hdr(host⟧ a", "ACL keyword 'hdr' : expected ')'."),
        LineCase(.frontend, "acl x ⟦hdr⟧ a", "fetch method 'hdr' : missing arguments (got 0/1)."),
        LineCase(
            .frontend, "acl x ⟦path,lowr⟧ /",
            "ACL keyword 'path' : unknown converter 'lowr'; did you mean 'lower'"),
        LineCase(.frontend, "acl x ⟦path,base64⟧ /", "converter 'base64' is one of HAProxy's"),
        LineCase(.frontend, "acl x ⟦path,lower(⟧ /", "expected ')'."),
        LineCase(
            .frontend, "acl x ⟦path,field(1)⟧ /", "missing arguments (got 1/2), type 'string' expected."),
        LineCase(.frontend, "acl x ⟦path,map(/nonesuch)⟧ /", "failed to open pattern file </nonesuch>"),
        LineCase(.frontend, "acl x path,in_table(nope)", "unable to find table 'nope' referenced in arg 1"),
        LineCase(.frontend, "acl x nbsrv(nope) lt 1", "unable to find backend 'nope' referenced in arg 1"),
        LineCase(.frontend, "acl x src_port ⟦foo⟧", "'foo' is not a number."),
        LineCase(.frontend, "acl x sc_http_req_rate(0) gt ⟦x⟧", "'x' is not a number."),
        LineCase(.frontend, "acl x ⟦sc_http_req_rate⟧ gt 1", "missing arguments (got 0/1)."),
        LineCase(.frontend, "acl x ⟦var(foo)⟧ 1", "invalid variable name 'foo'."),
        LineCase(.frontend, "acl x ⟦path(a)⟧ /", "it takes no argument."),
        LineCase(.frontend, "acl x path -m ⟦foo⟧ /", "unknown matching method 'foo'"),
        LineCase(.frontend, "acl x path -m ⟦bin⟧ /", "'-m bin' is a HAProxy keyword"),
        LineCase(.frontend, "acl x path ⟦-x⟧ /", "'-x' is not a valid ACL option. Please use '--'"),
        LineCase(.frontend, "acl x path -f ⟦/nonesuch⟧", "failed to open pattern file </nonesuch>"),
    ]

    static let sections: [LineCase] = [
        LineCase(.none, "⟦bind⟧ :80", "parsing [t.cfg:1]: unknown keyword 'bind' out of section"),
        LineCase(.none, "⟦fronted⟧ x\n bind :80", "out of section; did you mean 'frontend' maybe ?"),
        LineCase(.none, "⟦frontend⟧", "'frontend' expects an <id> argument"),
        LineCase(.none, "frontend ⟦a!b⟧", "character '!' is not permitted in 'frontend' name 'a!b'."),
        LineCase(.none, "frontend a ⟦:80⟧", "please use the 'bind' keyword for listening addresses."),
        LineCase(.none, "frontend a from ⟦x⟧", "defaults section 'x' not found for frontend 'a'."),
        LineCase(.none, "defaults ax\nfrontend a from ⟦xa⟧", "defaults section 'xa' not found"),
        LineCase(.none, "defaults a ⟦b⟧", "'defaults' cannot handle unexpected argument 'b'."),
        LineCase(.none, "global ⟦x⟧", "'global' cannot handle unexpected argument 'x'."),
        LineCase(
            .none, "⟦mailers⟧ x\n mailer a 127.0.0.1:1", "section 'mailers' is a HAProxy section that mwproxy"
        ),
        LineCase(
            .none, "⟦resolvers⟧ x\n nameserver a 127.0.0.1:1\n foo",
            "section 'resolvers' is a HAProxy section"),
        LineCase(.none, "defaults d\ndefaults d\nbackend x from ⟦d⟧", "ambiguous defaults section name 'd'"),
        LineCase(
            .none, "backend x\nbackend ⟦x⟧", "Parsing [t.cfg:2]: backend 'x' has the same name as backend 'x'"
        ),
        LineCase(
            .none, "backend x\nlisten ⟦x⟧", "proxy 'x' has the same name as backend 'x' declared at t.cfg:1."),
        LineCase(.none, "backend x\n id 4\nbackend y\n id 4", "backend y reuses same custom id as backend x"),
        LineCase(
            .none, "⟦.if⟧ 1\n foo\n.endif", "conditional blocks ('.if') are not supported by mwproxy yet"),
        LineCase(.none, "⟦.endif⟧", "lone '.endif' with no matching '.if'."),
        LineCase(.none, "⟦.foo⟧", "unknown directive '.foo'."),
    ]
}
