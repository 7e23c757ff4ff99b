// Every keyword gone wrong: the message, the line and the word at fault.

import Testing

@testable import ConfigLanguage

@Suite struct BadLineTests {
    @Test(arguments: global + proxies + addresses + servers + rules + conditions + peers + sections + tls)
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

    @Test(arguments: odd + oddTLS)
    func isAcceptedWithAWarning(_ odd: LineCase) throws {
        let marked = MarkedText(odd.text)
        let result = World.parse(marked.text)
        #expect(result.configuration != nil, "\(result.messages)")
        let warning = try #require(result.warnings.first)
        #expect(warning.message.contains(odd.message), "\(warning.message)")
        #expect(warning.columns == marked.marks.first?.columns)
    }

    static let odd: [LineCase] =
        LineCase.table(
            .global,
            #"""
            nbthread ⟦4⟧ → mwproxy serves with one thread a worker, not with 4 threads
            nbproc ⟦2⟧ → mwproxy serves with one thread a worker, not with 2 processes
            ⟦grace⟧ 10s → 'grace' has no effect in mwproxy and is ignored.
            ⟦close-spread-time⟧ 10s → no effect
            ⟦tune.bufsize⟧ 16384 → no effect
            ⟦cpu-map⟧ auto:1/1-4 0-3 → no effect
            stats ⟦maxconn⟧ 10 → no effect
            """#)
        + LineCase.table(
            .frontend,
            #"""
            ⟦balance⟧ roundrobin → 'balance' ignored because frontend 'f' has no backend
            timeout ⟦server⟧ 3 → 'timeout server' will be ignored because frontend 'f' has
            timeout ⟦client⟧ 3 → overwriting 'timeout client' which was already specified
            ⟦fullconn⟧ 3 → Maybe you want 'maxconn' instead ?
            option ⟦tcpka⟧ → no effect
            bind :80 ⟦tfo⟧ name x → no effect
            bind :80 ⟦mss⟧ 1400 name x → no effect
            acl x ⟦path⟧ → this ACL will never match
            http-request ⟦return⟧ content-type text/plain → content-type 'text/plain' ignored
            use_backend b if TRUE⏎ ⟦http-request⟧ deny → will still be processed before
            """#)
        + LineCase.table(
            .backend,
            #"""
            ⟦bind⟧ :80 → 'bind' ignored because backend 'f' has no frontend capability
            ⟦maxconn⟧ 80 → Maybe you want 'fullconn' instead ?
            option ⟦httplog⟧ → backend 'f' : 'option httplog' directive is ignored in backends
            option ⟦dontlognull⟧ → 'dontlognull' ignored because backend 'f' has no frontend
            option redispatch ⟦3⟧ → the interval is ignored
            server s 127.0.0.1:80 ⟦max-reuse⟧ 3 check → no effect
            server s 127.0.0.1:80 ⟦maxqueue⟧ 3 → requests wait in the backend's queue
            timeout check ⟦10ss⟧ → unexpected character 's' after the timer value '10ss'
            .warning x → 'x'.
            """#)

    static let global: [LineCase] =
        LineCase.table(
            .global,
            #"""
            ⟦maxcon⟧ 1 → unknown keyword 'maxcon' in 'global' section; did you mean 'maxconn'
            ⟦balance⟧ roundrobin → unknown keyword 'balance' in 'global' section
            ⟦lua-load⟧ /x → 'lua-load' is a HAProxy keyword that mwproxy does not support yet
            ⟦maxconn⟧ → 'maxconn' expects an integer argument.
            maxconn ⟦many⟧ → 'maxconn' expects an integer argument, found 'many'.
            maxconn ⟦-1⟧ → invalid value -1
            maxconn 12 ⟦13⟧ → 'maxconn' cannot handle unexpected argument '13'.
            nbthread ⟦0⟧ → 'nbthread' value must be between 1 and
            ⟦hard-stop-after⟧ → 'hard-stop-after' expects <time> as argument.
            hard-stop-after ⟦30p⟧ → unexpected character 'p' in argument to <hard-stop-after>
            hard-stop-after ⟦30d⟧ → timer overflow in argument '30d'
            hard-stop-after ⟦99999999999999999999⟧ → timer overflow
            tune.reload.ready-timeout ⟦0⟧ → has to be > 0
            ⟦tune.reload.ready-timout⟧ 3 → did you mean 'tune.reload.ready-timeout' maybe
            tune.reload.migrate ⟦on⟧ → 'tune.reload.migrate' only supports 'off', 'idle' and 'tunnels', found 'on'
            tune.reload.migrate-after ⟦soon⟧ → unexpected character 's' in argument to <tune.reload.migrate-after>
            mworker-max-reloads ⟦x⟧ → expects an integer argument, found 'x'
            master-worker ⟦foo⟧ → 'master-worker' only supports 'no-exit-on-failure' option
            daemon ⟦x⟧ → 'daemon' cannot handle unexpected argument 'x'.
            stats ⟦foo⟧ → 'stats' only supports 'socket', 'maxconn', 'bind-process' and 'timeout'
            stats ⟦socket⟧ → expects an address or a path to a UNIX socket
            stats socket /x mode ⟦999⟧ → 'stats socket' : 'mode' : missing or invalid mode '999'
            stats socket /x level ⟦foo⟧ → 'level' only supports 'user', 'operator', and 'admin'
            stats socket /x user ⟦nobody2⟧ → 'user' : unknown user name 'nobody2'
            stats socket /x expose-fd ⟦all⟧ → 'expose-fd' only supports 'listeners' (got 'all')
            stats socket /x ⟦accept-proxy⟧ → 'accept-proxy' is a HAProxy keyword that mwproxy does not support yet
            stats socket /x ⟦levl⟧ admin → unknown keyword 'levl'; did you mean 'level' maybe ?
            stats timeout ⟦0⟧ → 'stats timeout' expects a positive value
            stats timeout ⟦foo⟧ → 'stats timeout' : unexpected character 'f'
            user ⟦nobody2⟧ → cannot find user id for 'nobody2'
            group ⟦nobody2⟧ → cannot find group id for 'nobody2'
            uid ⟦root⟧ → expects an integer argument, found 'root'
            node ⟦a!b⟧ → 'node' requires valid node name
            ⟦description⟧ → 'description' expects a string argument.
            ⟦localpeer⟧ → 'localpeer' expects a name as an argument.
            setenv ⟦A⟧ → 'setenv' expects a name and a value.
            ⟦unsetenv⟧ → 'unsetenv' expects at least one variable name.
            ⟦log⟧ → log : expects <address> and <facility>
            log /dev/log ⟦localx⟧ → log : unknown log facility 'localx'; did you mean 'local0'
            log /dev/log local0 ⟦foo⟧ → log : unknown optional log level 'foo'
            log /dev/log local0 info ⟦foo⟧ → log : unknown optional minimum log level 'foo'
            log /dev/log len ⟦10⟧ local0 → invalid log length '10', must be between 80 and 65535
            log /dev/log format ⟦foo⟧ local0 → unknown log format 'foo'
            log /dev/log local0 info notice ⟦x⟧ → log : cannot handle unexpected argument 'x'
            log ⟦127.0.0.1:99999⟧ local0 → log : invalid port '99999'
            log ⟦fd@x⟧ local0 → log : file descriptor 'x' is not a valid integer in 'fd@x'
            log ⟦tcp@127.0.0.1:1⟧ local0 → that mwproxy does not support yet
            no log ⟦x⟧ → 'no log' does not expect arguments
            no ⟦maxconn⟧ 3 → negation/default currently supported only for options, log,
            """#)

    static let proxies: [LineCase] =
        LineCase.table(
            .backend,
            #"""
            ⟦balanse⟧ x → unknown keyword 'balanse' in 'backend' section; did you mean 'balance'
            ⟦forntend⟧ f → unknown keyword 'forntend' in 'backend' section; did you mean 'frontend' maybe ?
            ⟦foobar⟧ → unknown keyword 'foobar' in 'backend' section
            ⟦email-alert⟧ level alert → keyword 'email-alert' is a HAProxy keyword that mwproxy
            balance ⟦source⟧ → balance 'source' is one of HAProxy's algorithms
            balance ⟦hdr(x)⟧ → balance 'hdr(x)' is one of HAProxy's algorithms
            balance ⟦roundrobbin⟧ → did you mean 'roundrobin' maybe ?
            retries ⟦x⟧ → 'retries' expects an integer argument, found 'x'.
            http-reuse ⟦foo⟧ → 'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'
            """#)
        + LineCase.table(
            .frontend,
            #"""
            ⟦stats⟧ enable → 'stats' is a HAProxy keyword that mwproxy does not support yet
            ⟦reqadd⟧ X → The 'reqadd' directive is not supported anymore
            ⟦mode⟧ → 'mode' expects
            mode ⟦htttp⟧ → unknown proxy mode 'htttp'.
            mode ⟦log⟧ → proxy mode 'log' is one of HAProxy's
            mode http ⟦tcp⟧ → 'mode' cannot handle unexpected argument 'tcp'.
            ⟦timeout⟧ → 'timeout' supports 'client', 'server'
            timeout ⟦clien⟧ 3 → (got 'clien'); did you mean 'client' maybe ?
            timeout ⟦client⟧ → 'timeout client' expects an integer value (in milliseconds)
            timeout client ⟦fast⟧ → unexpected character 'f' in 'timeout client': expected a time
            timeout client 10 ⟦20⟧ → 'timeout client' : unexpected extra argument '20'
            timeout client ⟦25d⟧ → timer overflow in argument '25d'
            timeout client ⟦-3⟧ → unexpected character '-' in 'timeout client'
            ⟦option⟧ → 'option' expects an option name.
            option ⟦foo⟧ → unknown option 'foo'.
            option ⟦httplo⟧ → unknown option 'httplo'; did you mean 'httplog' maybe ?
            option ⟦smtpchk⟧ → 'option smtpchk' is a HAProxy keyword that mwproxy
            option httplog ⟦foo⟧ → keyword 'httplog' only supports option 'clf'
            option tcplog ⟦foo⟧ → 'option tcplog' cannot handle unexpected argument 'foo'.
            option forwardfor ⟦foo⟧ → 'option forwardfor' only supports optional values
            option forwardfor except ⟦foo⟧ → 'option forwardfor except' expects <address>[/mask]
            option forwardfor ⟦header⟧ → 'option forwardfor header' expects <header_name>
            option dontlognull ⟦x⟧ → 'option dontlognull' cannot handle unexpected argument 'x'.
            option ⟦forceclose⟧ → not supported any more since HAProxy 2.0
            no option ⟦forwardfor⟧ → negation/default is not supported for option 'forwardfor'.
            ⟦errorfile⟧  → errorfile' expects <status_code> and <file> as arguments
            errorfile ⟦418⟧ /errors/503.http → status code '418' not handled
            errorfile 503 ⟦/nonesuch⟧ → error opening file '/nonesuch': No such file
            errorfile 503 ⟦/errors/bad⟧ → '/errors/bad': unable to parse headers (error offset: 0)
            ⟦monitor-uri⟧ → 'monitor-uri' expects an URI.
            id ⟦0⟧ → invalid value 0
            ⟦default_backend⟧ → 'default_backend' expects a backend name.
            default_backend b ⟦c⟧ → 'default_backend' cannot handle unexpected argument 'c'.
            default_backend nonesuch → Proxy 'f': unable to find required default_backend: 'none
            use_backend bb if TRUE → unable to find required use_backend: 'bb'.
            use_backend b ⟦when⟧ TRUE → unexpected keyword 'when' after switching rule, only 'if'
            ⟦server⟧ s :80 → 'server' not allowed because frontend 'f' has no backend capability
            """#)
        + LineCase.table(
            .listen,
            #"""
            default_backend f → Proxy 'f': loop detected for default_backend: 'f'.
            """#)
        + LineCase.table(
            .defaults,
            #"""
            ⟦bind⟧ :80 → 'bind' not allowed in 'defaults' section.
            ⟦http-request⟧ deny → 'http-request' not allowed in anonymous 'defaults' section.
            ⟦acl⟧ x path / → 'acl' not allowed in anonymous 'defaults' section.
            """#)

    static let addresses: [LineCase] =
        LineCase.table(
            .frontend,
            #"""
            ⟦bind⟧ → 'bind' expects {<path>|[addr1]:port1[-end1]}
            bind ⟦:⟧ → 'bind' : missing port specification in ':'
            bind ⟦127.0.0.1⟧ → 'bind' : missing port specification in '127.0.0.1'
            bind ⟦:x⟧ → 'bind' : invalid character 'x' in port number 'x' in ':x'
            bind ⟦:0⟧ → 'bind' : invalid port '0'
            bind ⟦127.0.0.1:99999⟧ → 'bind' : invalid port '99999'
            bind ⟦127.0.0.1:90-80⟧ → 'bind' : invalid port range '90-80'
            bind ⟦127.0.0.1:80-⟧ → 'bind' : invalid port ''
            bind ⟦127.0.0.1:+80⟧ → 'bind' : port offset not permitted here
            bind ⟦256.0.0.1:80⟧ → 'bind' : invalid address: '256.0.0.1' in '256.0.0.1:80'
            bind ⟦nonesuch.test:80⟧ → 'bind' : invalid address: 'nonesuch.test'
            bind ⟦ipv4@::1:80⟧ → 'bind' : invalid address: '::1' in 'ipv4@::1:80'
            bind ⟦ipv6@127.0.0.1:80⟧ → 'bind' : invalid address: '127.0.0.1'
            bind ⟦fd@x⟧ → file descriptor 'x' is not a valid integer in 'fd@x'
            bind ⟦quic4@:443⟧ → address family 'quic4@'
            bind ⟦,⟧ → '' resolves to an empty address
            bind :80 ⟦foo⟧ → 'bind :80' in section 'frontend' : unknown keyword 'foo'
            bind :80 ⟦maxcon⟧ 4 → unknown keyword 'maxcon'; did you mean 'maxconn' maybe ?
            bind :80 ⟦maxconn⟧ → 'bind :80' in section 'frontend' : 'maxconn' : missing value
            bind :80 backlog ⟦-2⟧ → 'backlog' : invalid value -2, must be > 0
            bind :80 id ⟦x⟧ → 'id' : expects an integer argument, found 'x'
            bind :80 ⟦accept-netscaler-cip⟧ 1 → 'accept-netscaler-cip' is a HAProxy keyword
            bind :80 accept-proxy ⟦on⟧ → unknown keyword 'on'
            """#)

    static let servers: [LineCase] =
        LineCase.table(
            .backend,
            #"""
            ⟦server⟧ → [t.cfg:5] : 'server' expects <name> and <addr>[:<port>] as arguments.
            server s ⟦127.0.0.1:x⟧ → 'server f/s' : invalid character 'x' in port number 'x'
            server s ⟦127.0.0.1:80-90⟧ → 'server f/s' : port range not permitted here
            server s ⟦fd@3⟧ → 'server f/s' : a file descriptor is not acceptable here in 'fd@3'
            server ⟦a!b⟧ 127.0.0.1:80 → character '!' is not permitted in server name 'a!b'.
            server s :80 ⟦foo⟧ → [t.cfg:5] : 'server f/s' : unknown keyword 'foo'
            server s :80 ⟦weigh⟧ 3 → unknown keyword 'weigh'; did you mean 'weight' maybe ?
            server s :80 weight ⟦257⟧ → weight is not within 0 and 256 (257).
            server s :80 maxconn ⟦x⟧ → 'maxconn' expects an integer argument, found 'x'.
            server s :80 inter ⟦10p⟧ → 'server f/s' : unexpected character 'p' in 'inter'
            server s :80 inter ⟦0⟧ → invalid value 0 for argument 'inter'
            server s :80 rise ⟦0⟧ → 'rise' has to be > 0
            server s :80 port ⟦99999⟧ → 'port' expects a port number, found '99999'
            server s :80 init-addr ⟦foo⟧ → unknown init-addr method 'foo'
            server s :80 ⟦redir⟧ x → 'redir' is a HAProxy keyword that mwproxy
            default-server ⟦foo⟧ → 'default-server' : unknown keyword 'foo'
            default-server ⟦id⟧ 3 → 'id' is not permitted in a 'default-server' line.
            server s :80⏎ server ⟦s⟧ :81 → another server named 's' was already defined at line 5
            server a :80 id 1⏎ server ⟦b⟧ :80 id 1 → custom id 1 already used at t.cfg:5
            """#)

    static let rules: [LineCase] =
        LineCase.table(
            .frontend,
            #"""
            ⟦http-request⟧ → 'http-request' expects 'add-header', 'allow', 'del-header', 'deny',
            http-request ⟦den⟧ → but got 'den'. Did you mean 'deny' maybe ?
            http-request ⟦set-map(/x)⟧ a b → 'http-request set-map(/x)' is a HAProxy
            http-request deny ⟦foo⟧ → 'http-request deny' expects either 'if' or 'unless'
            http-request deny deny_status ⟦999⟧ → Unexpected status code '999'
            http-request deny ⟦deny_status⟧ → 'deny_status' expects <status_code> as argument.
            http-request ⟦return⟧ string x → a content type must be defined
            http-request return ⟦string⟧ → 'string' expects <str> as argument.
            http-request return file ⟦/no⟧ → error opening file '/no': No such file
            http-request return lf-file ⟦/lists/percent⟧ → file '/lists/percent': 
            http-request return hdr ⟦x⟧ → 'hdr' expects <name> and <value> as arguments.
            http-request return hdr ⟦a:b⟧ y → 'a:b' is not the name of a header.
            http-request ⟦redirect⟧ → redirection type expected ('prefix', 'location', or 'scheme').
            http-request redirect ⟦location⟧ → missing argument for 'location'.
            http-request redirect ⟦locatio⟧ x → (was 'locatio').
            http-request redirect prefix / code ⟦304⟧ → 'code': unsupported HTTP code '304'
            http-request set-header ⟦x⟧ → expects exactly 2 arguments.
            http-request set-header x ⟦%[scr]⟧ → unknown fetch method 'scr'; did you mean 'src' maybe ?
            http-request set-header x ⟦%[src⟧ → missing closing ']'
            http-request set-header x ⟦%foo⟧ → no such format variable 'foo'
            http-request set-header x ⟦%[status]⟧ → none of which is available here
            http-response set-header x ⟦%[path]⟧ → 'HTTP request headers', none of which
            http-request set-header ⟦content-length⟧ 3 → which mwproxy decides itself
            http-request ⟦track-sc3⟧ src → exceeding 2 (MAX_SESS_STKCTR-1) value.
            http-request ⟦track-sc0⟧ → missing fetch method.
            http-request track-sc0 ⟦srcx⟧ → unknown fetch method 'srcx'
            http-request track-sc0 src → unable to find table 'f' referenced by track-sc0.
            http-request track-sc0 src table nope → unable to find table 'nope' referenced by
            http-request ⟦sc-inc-gpc0(9)⟧ → invalid stick table track ID. The max allowed ID is 2.
            http-request sc-set-gpt0(0) ⟦x⟧ → unknown fetch method 'x'
            http-request ⟦set-var(foo)⟧ src → invalid variable name 'foo'.
            http-request replace-header a ⟦(⟧ b → regex '(' is invalid (error=missing closing
            http-response ⟦deni⟧ → but got 'deni'. Did you mean 'deny' maybe ?
            http-response set-status ⟦204⟧ → expects a status code of 200 to 599
            tcp-request ⟦foo⟧ → 'tcp-request' expects 'inspect-delay', 'connection', 'session'
            tcp-request connection ⟦rejct⟧ → Did you mean 'reject' maybe ?
            tcp-request connection accept ⟦foo⟧ → only accepts 'if' or 'unless'
            tcp-request connection expect-proxy ⟦foo⟧ → 'tcp-request connection expect-proxy' only supports 'layer4' in frontend 'f' (got 'foo')
            tcp-request connection track-sc0 ⟦path⟧ → none of which is available here
            tcp-request inspect-delay ⟦zz⟧ → unexpected character 'z'
            stick-table type ip size 1k store ⟦nope⟧ → stick-table: unknown store option 'nope'.
            stick-table type ip size 1k store ⟦http_req_rate⟧ → missing argument to store option
            stick-table type ip size 1k store ⟦gpc0(3)⟧ → unexpected argument to store option 'gpc0'
            stick-table type ip size ⟦1x⟧ → unexpected character 'x' in argument of 'size'
            stick-table type ⟦foo⟧ size 1k → stick-table: unknown type 'foo'
            stick-table type ip expire ⟦1h⟧ → stick-table: missing size.
            stick-table size ⟦1k⟧ → stick-table: missing type.
            stick-table type ip size 1k ⟦foo⟧ → stick-table: unknown argument 'foo'.
            stick-table type ip size 1k expire ⟦zz⟧ → unexpected character 'z'
            stick-table type ip size 1k peers nope → unable to find sync peers 'nope'.
            stick-table type ip size 1k⏎ ⟦stick-table⟧ type ip size 1k → conflicts with table declared in
            log-format ⟦%foo⟧ → no such format variable 'foo'
            http-request set-header x ⟦"a\nb"⟧ → has a control character
            redirect ⟦scheme⟧ → missing argument for 'scheme'.
            """#)
        + LineCase.table(
            .backend,
            #"""
            tcp-request ⟦connection⟧ accept → which has no frontend.
            option httpchk A B C ⟦D⟧ → 'option httpchk' cannot handle unexpected argument 'D'.
            http-check ⟦foo⟧ → 'http-check' only supports 'disable-on-404', 'send-state'
            http-check ⟦expect⟧ → expects at least a matching pattern as arguments.
            http-check expect ⟦status⟧ → 'status' expects a <pattern> as argument.
            http-check expect status ⟦abc⟧ → invalid character 'a' in the list of status codes.
            http-check expect status ⟦200-100⟧ → invalid range of status codes '200-100'.
            http-check expect rstatus ⟦(⟧ → regex '(' is invalid (error=missing closing
            http-check expect ⟦foo⟧ bar → [!]fhdr or comment but got 'foo' as argument.
            http-check expect string a ⟦b⟧ → [!]fhdr or comment but got 'b' as argument.
            http-check expect ! ⟦hdr⟧ x → 'http-check expect … hdr' is a HAProxy keyword
            http-check expect status 200⏎ http-check ⟦expect⟧ status 300 → that mwproxy does not support yet
            http-check send ⟦foo⟧ → 'body' or 'body-lf' but got 'foo' as argument.
            http-check send ⟦hdr⟧ a → 'hdr' expects <name> and <value> as arguments.
            http-check send ⟦meth⟧ → 'meth' expects a string as argument.
            http-check send hdr x ⟦%[src]⟧ → 'http-check send … hdr with a variable' is a HAProxy keyword
            tcp-check ⟦send⟧ x → 'tcp-check send' is a HAProxy keyword
            tcp-check connect ⟦foo⟧ → 'linger', 'default' but got 'foo' as argument.
            tcp-check connect port ⟦x⟧ → 'port' expects a port number, found 'x'.
            load-server-state-from-file ⟦foo⟧ → 'load-server-state-from-file' expects 'global', 'local' or 'none'. Got 'foo'
            stick ⟦foo⟧ src → 'stick' expects 'on', 'match', 'store-request' or 'store-response' (got 'foo').
            stick ⟦store-response⟧ → 'stick' expects a fetch method.
            stick store-response ⟦path⟧ → extracts information from 'HTTP request headers', none of which
            http-response redirect ⟦prefix⟧ /x → response only supports redirect type 'location'.
            stick ⟦on⟧ → 'stick' expects a fetch method.
            stick on src table nope → unable to find stick-table 'nope'.
            ⟦cookie⟧ → 'cookie' expects <cookie_name> as argument.
            cookie A ⟦foo⟧ → 'cookie' supports 'insert'
            cookie A ⟦rewrite⟧ → 'cookie … rewrite' is a HAProxy keyword
            """#)

    static let conditions: [LineCase] =
        LineCase.table(
            .frontend,
            #"""
            use_backend b ⟦if⟧ → a condition is missing behind 'if'
            use_backend b if ⟦foo⟧ → error detected while parsing switching rule : no such ACL : 'foo'
            acl local src ::1⏎ use_backend b if ⟦locl⟧ → 'locl'; did you mean 'local' maybe ?
            use_backend b if ⟦HTTP_2.0⟧ → ACL 'HTTP_2.0' is one of HAProxy's own
            use_backend b if ⟦{⟧ path_beg / → missing closing '}' in condition.
            use_backend b if ⟦{path_beg⟧ / } → no such ACL : '{path_beg'
            use_backend b if { ⟦path_bg⟧ / } → unknown fetch method 'path_bg' in ACL expression
            use_backend b if { path_reg ⟦(⟧ } → regex '(' is invalid (error=missing closing parenthesis
            use_backend b if { ⟦ssl_fc_npn⟧ a } → fetch method 'ssl_fc_npn' is one of HAProxy's
            use_backend b if { path_reg ⟦(a)\\2⟧ } → reference to non-existent subpattern
            use_backend b if ⟦||⟧ { path / } → a condition is missing before '||'
            use_backend b if { src ⟦1.2.3.4/33⟧ } → '1.2.3.4/33' is not a valid IPv4 or IPv6
            http-request deny if ⟦x⟧ → while parsing 'http-request deny' rule : no such ACL : 'x'
            acl ⟦x⟧ → error detected while parsing ACL 'x' : missing fetch method
            acl ⟦a!b⟧ path / → character '!' is not permitted in acl name 'a!b'.
            acl ⟦or⟧ path / → acl name 'or' will never match.
            acl x ⟦hdr(host⟧ a → ACL keyword 'hdr' : expected ')'.
            acl x ⟦hdr⟧ a → fetch method 'hdr' : missing arguments (got 0/1).
            acl x ⟦path,lowr⟧ / → ACL keyword 'path' : unknown converter 'lowr'; did you mean 'lower'
            acl x ⟦path,sha1⟧ / → converter 'sha1' is one of HAProxy's
            acl x ⟦path,lower(⟧ / → expected ')'.
            acl x ⟦path,field(1)⟧ / → missing arguments (got 1/2), type 'string' expected.
            acl x ⟦path,map(/nonesuch)⟧ / → failed to open pattern file </nonesuch>
            acl x path,in_table(nope) → unable to find table 'nope' referenced in arg 1
            acl x nbsrv(nope) lt 1 → unable to find backend 'nope' referenced in arg 1
            acl x src_port ⟦foo⟧ → 'foo' is not a number.
            acl x sc_http_req_rate(0) gt ⟦x⟧ → 'x' is not a number.
            acl x ⟦sc_http_req_rate⟧ gt 1 → missing arguments (got 0/1).
            acl x ⟦var(foo)⟧ 1 → invalid variable name 'foo'.
            acl x ⟦path(a)⟧ / → it takes no argument.
            acl x path -m ⟦foo⟧ / → unknown matching method 'foo'
            acl x path -m bin ⟦/⟧ → an hex digit is expected (found '/').
            acl x path -m bin ⟦2f4⟧ → an even number of hex digit is expected.
            acl x ⟦url_param(a,xy)⟧ b → delimiter must be a single character, found 'xy'.
            acl x path ⟦-x⟧ / → '-x' is not a valid ACL option. Please use '--'
            acl x path -f ⟦/nonesuch⟧ → failed to open pattern file </nonesuch>
            """#)

    static let peers: [LineCase] =
        LineCase.table(
            .peers,
            #"""
            peer a ⟦127.0.0.1⟧ → 'peer a' : missing port specification in '127.0.0.1'
            peer a 127.0.0.1:1 ⟦bogus⟧ → [t.cfg:6] : 'server mp/a' : unknown keyword 'bogus'
            peer ⟦a!⟧ 127.0.0.1:1 → character '!' is not permitted in server name 'a!'.
            peer a ⟦127.0.0.1:0⟧ → invalid port '0'
            peer a 127.0.0.1:1⏎ ⟦bind⟧ 127.0.0.1:2 → found a 'peer' line at [t.cfg:6].
            bind 127.0.0.1:2⏎ ⟦peer⟧ a 127.0.0.1:1 → mixing "peer" and "bind" line is forbidden
            bind 127.0.0.1:1⏎ ⟦bind⟧ 127.0.0.1:2 → already configured at [t.cfg:6].
            bind ⟦127.0.0.1⟧ → missing port
            bind 127.0.0.1:1 ⟦bogus⟧ → unknown keyword 'bogus'
            table ⟦t⟧ → stick-table: missing type.
            table t ⟦peers⟧ x → table: unknown argument 'peers'.
            table t type ip size 1k store ⟦bogus⟧ → unknown store option 'bogus'
            log ⟦x⟧ → expects <address> and <facility> or global as arguments
            log 127.0.0.1 ⟦locale0⟧ → did you mean 'local0' maybe ?
            ⟦shards⟧ 2 → does not support yet
            ⟦pear⟧ a 127.0.0.1:1 → did you mean 'peer' maybe ?
            """#)

    static let sections: [LineCase] =
        LineCase.table(
            .none,
            #"""
            ⟦bind⟧ :80 → parsing [t.cfg:1]: unknown keyword 'bind' out of section
            ⟦fronted⟧ x⏎ bind :80 → out of section; did you mean 'frontend' maybe ?
            ⟦frontend⟧ → 'frontend' expects an <id> argument
            frontend ⟦a!b⟧ → character '!' is not permitted in 'frontend' name 'a!b'.
            frontend a ⟦:80⟧ → please use the 'bind' keyword for listening addresses.
            frontend a from ⟦x⟧ → defaults section 'x' not found for frontend 'a'.
            defaults ax⏎frontend a from ⟦xa⟧ → defaults section 'xa' not found
            defaults a ⟦b⟧ → 'defaults' cannot handle unexpected argument 'b'.
            global ⟦x⟧ → 'global' cannot handle unexpected argument 'x'.
            ⟦mailers⟧ x⏎ mailer a 127.0.0.1:1 → section 'mailers' is a HAProxy section that mwproxy
            ⟦resolvers⟧ x⏎ nameserver a 127.0.0.1:1⏎ foo → section 'resolvers' is a HAProxy section
            defaults d⏎defaults d⏎backend x from ⟦d⟧ → ambiguous defaults section name 'd'
            backend x⏎backend ⟦x⟧ → Parsing [t.cfg:2]: backend 'x' has the same name as backend 'x'
            backend x⏎listen ⟦x⟧ → proxy 'x' has the same name as backend 'x' declared at t.cfg:1.
            backend x⏎ id 4⏎backend y⏎ id 4 → backend y reuses same custom id as backend x
            ⟦.if⟧ 1⏎ foo⏎.endif → conditional blocks ('.if') are not supported by mwproxy yet
            ⟦.endif⟧ → lone '.endif' with no matching '.if'.
            ⟦.foo⟧ → unknown directive '.foo'.
            """#)
}
