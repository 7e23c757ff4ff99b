// The lines that are given to `haproxy -c` and to our parser: good, bad, and bad to us alone.

extension HAProxyVerdictTests {
    /// HAProxy takes a word that is no number as 0, and forgives conditions that say nothing.
    static let stricter: [LineCase] =
        LineCase.table(
            .global,
            #"""
            maxconn many
            uid root
            ulimit-n x
            """#)
        + LineCase.table(
            .frontend,
            #"""
            bind :8001 maxconn x
            bind 127.0.0.1:80x
            bind unix@
            use_backend b if
            use_backend b if { path / } ||
            use_backend b if !
            errorfile 503 /dev/null extra
            """#)
        + LineCase.table(
            .backend,
            #"""
            server s localhost check
            server s 0.0.0.0 check
            server s :80 weight x
            server s :80 port 99999
            retries -1
            """#)
        + LineCase.table(
            .none,
            #"""
            frontend a :80
            defaults a b
            """#)

    static let good: [LineCase] =
        LineCase.table(
            .global,
            #"""
            maxconn 100
            server-state-file /tmp/x
            server-state-base /tmp
            nbthread 1
            hard-stop-after 30s
            mworker-max-reloads 3
            stats socket /tmp/x.sock mode 600 level admin
            stats socket ipv4@127.0.0.1:7000 level operator expose-fd listeners
            stats timeout 10
            pidfile /tmp/x.pid
            log /dev/log local0
            log 127.0.0.1:5 len 100 format rfc5424 local0 info err
            log stdout format raw daemon
            log fd@2 daemon
            log-tag x
            log-send-hostname
            user root
            group root
            uid 0
            chroot /tmp
            node a.b-c_d
            description a b c
            setenv A b
            presetenv HOME b
            unsetenv A B
            resetenv
            master-worker
            master-worker no-exit-on-failure
            daemon
            grace 10s
            close-spread-time 1s
            spread-checks 5
            tune.bufsize 16384
            nosplice
            no strict-limits
            ssl-default-bind-options no-tls-tickets
            localpeer x
            ca-base /tmp
            no log
            """#)
        + LineCase.table(
            .frontend,
            #"""
            mode tcp
            maxconn 3
            log global
            no log
            option httplog
            option tcplog
            no option dontlognull
            option forwardfor except 10.0.0.0/8 header X if-none
            option http-server-close
            option httpclose
            option tcpka
            option httpchk
            http-check expect status 200
            tcp-check connect
            option log-health-checks
            option socket-stats
            balance roundrobin
            http-reuse safe
            bind 127.0.0.1:7081,:7082-7083 name foo
            bind *:7085
            bind [::1]:7086
            bind ::1:7087
            bind :::7088
            bind ipv6@:81
            bind /tmp/x.sock mode 600 user root group root
            bind abns@x
            bind 127.0.0.1:80,
            bind :7001 tfo
            bind :7001 accept-proxy
            tcp-request connection expect-proxy layer4 if { src 10.0.0.0/8 }
            tcp-request connection expect-proxy layer4
            bind :7001 backlog 3 maxconn 3 interface lo id 7
            bind :7001 ""
            bind "127.0.0.1:${PORT-7001}"
            default_backend b
            use_backend b if TRUE or FALSE
            use_backend b unless ! { path_beg /x } || { src 10.0.0.0/8 ::1 }
            use_backend b if { hdr(host) -i a b } !LOCALHOST METH_GET
            acl x path
            acl x path -m found
            acl x path -i -- -f
            acl x method GET
            acl x path,lower,field(2,/) -i a
            acl x path_reg ^/a[0-9]+$
            acl x hdr_cnt(x) gt 1 lt 3
            acl x src_port 1: 2:3
            acl x path -m len 3
            acl x url_param(a) b
            acl x cook(a) -m found
            acl x int(3),add(2) 5
            acl x src,ipmask(24) 10.0.0.0
            acl x nbsrv(b) lt 1
            acl x be_conn(b) gt 3
            acl x fe_conn gt 3
            acl x rand(10) lt 5
            acl x str(a),upper A
            acl x hdr_ip(x-forwarded-for) 10.0.0.0/8
            acl x var(txn.a) -m str b
            acl x bool(true)
            acl x path_dir a
            acl x hdr_dom(host) a
            acl x dst_port 80
            stick-table type ip size 100k expire 30s store http_req_rate(10s)
            stick-table type ipv6 size 1m nopurge store gpc0,gpc0_rate(1m),gpt0,bytes_out_cnt
            stick-table type string len 40 size 10 store conn_cnt
            stick-table type ip size 1k store gpc0,gpc0
            stick-table type ip size 1k store http_req_rate(10s),gpc0⏎ http-request track-sc0 src⏎ http-request deny deny_status 429 if { sc_http_req_rate(0) gt 10 } || { sc0_get_gpc0 gt 1 }
            stick-table type ip size 1k store conn_rate(3s)⏎ tcp-request connection track-sc0 src⏎ tcp-request connection reject if { src_conn_rate gt 5 }⏎ tcp-request content accept if TRUE
            http-request set-header x %[src,ipmask(24)]
            http-request add-header x %ci:%cp
            http-request del-header x
            http-request replace-header x (.*)a \\1b
            http-request set-path /x%[path]
            http-request set-query a=%[rand]
            http-request set-uri /x
            http-request set-var(txn.a) path,lower
            http-request tarpit deny_status 429 if { path /x }
            http-request allow if TRUE
            http-request sc-inc-gpc0(1)
            http-request sc-set-gpt0(0) 3
            http-request return content-type text/plain lf-string %[path]
            http-response set-header x %[status]
            http-response deny if TRUE
            http-response set-status 503 reason x
            http-response del-header x
            http-response deny if { path /x }
            tcp-request connection reject if { path /x }
            tcp-request inspect-delay 3s
            tcp-request session accept
            log global⏎ log-format "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %{+Q}r"
            acl x always_true
            acl x hdr_beg(host) www.
            http-request deny
            http-request deny deny_status 429 if TRUE
            http-request return
            http-request return status 200 hdr x y
            http-request return content-type text/plain string x hdr a b if TRUE
            http-request redirect location / append-slash drop-query set-cookie A=1
            http-request redirect scheme https code 301 if !TRUE
            http-request set-header x "100 %%"
            redirect location /
            errorfile 503 /dev/null
            monitor-uri /x
            timeout client 3us
            timeout http-request 24d
            timeout server 3
            id 12
            description a
            disabled
            # only a comment
            .notice x
            """#)
        + LineCase.table(
            .backend,
            #"""
            server s 127.0.0.1
            server s 127.0.0.1:+80
            server s :80
            server s /tmp/sock
            server s :80 check
            server s /tmp/sock check
            server s 127.0.0.1 check port 80
            server s abns@foo
            load-server-state-from-file local⏎ server-state-file-name x
            load-server-state-from-file none⏎ server-state-file-name
            load-server-state-from-file global
            option httpchk
            option httpchk /health
            option httpchk GET /health HTTP/1.1
            option httpchk⏎ http-check send meth GET uri /h ver HTTP/1.1 hdr Host a body b
            option httpchk⏎ http-check expect status 200-299,404
            option httpchk⏎ http-check expect ! rstatus ^5
            option httpchk⏎ http-check expect !string bad
            http-check expect rstring a.b
            option tcp-check⏎ tcp-check connect⏎ tcp-check connect port 81
            option log-health-checks
            no option log-health-checks
            server s :80 send-proxy
            server s :80 send-proxy-v2 check-send-proxy
            server s :80 send-proxy no-send-proxy no-send-proxy-v2 no-check-send-proxy
            server s 127.0.0.1:80 backup disabled weight 0 maxconn 3 maxqueue 3 minconn 1
            server s 127.0.0.1:80 check inter 1s fastinter 1s downinter 1s rise 2 fall 3 port 81
            server s nonesuch.invalid:80 init-addr libc,none
            server s *:80
            server s 127.0.0.1:80 slowstart 3s pool-max-conn 3 id 3 no-check
            default-server inter 3s weight 10 disabled
            default-server
            balance
            balance leastconn
            retries 0
            option redispatch
            option redispatch 1
            fullconn 3
            bind :80
            maxconn 3
            hash-type consistent
            http-request deny
            """#)
        + LineCase.table(
            .peers,
            #"""
            peer a 127.0.0.1:1
            peer a 127.0.0.1:1 weight 3
            peer a 127.0.0.1:1⏎ server b 127.0.0.1:2
            bind 127.0.0.1:10001 name x⏎ server a 127.0.0.1:4
            default-bind name x
            default-server weight 1
            table t type ip size 1k
            table t type string len 10 size 1k store gpc0,http_req_rate(10s) expire 1m nopurge
            log 127.0.0.1:514 local0
            log stdout format raw local0 info
            no log
            disabled
            enabled
            """#)
        + LineCase.table(
            .backend,
            #"""
            stick-table type ip size 1k⏎ stick store-response res.cook(x)
            tcp-request inspect-delay 3s
            http-response return status 404 default-errorfiles if { status 500 }
            http-response redirect location /x code 301 drop-query
            """#)
        + LineCase.table(
            .frontend,
            #"""
            acl x path -m bin 2f41
            acl x url_param(a,;) b
            acl x urlp_val(a) gt 3
            acl x cook_cnt(a) gt 3
            acl x req.len gt 3
            acl x req.proto_http
            """#)
        + LineCase.table(
            .none,
            #"""

            defaults x⏎ http-request deny⏎frontend f from x⏎ mode http⏎ bind :1
            global⏎global
            defaults d⏎defaults d
            frontend x⏎ bind :7001⏎backend x
            listen a⏎ mode http⏎ bind :1⏎ disabled
            """#)

    /// What both refuse. (What only we refuse, because we lack it, is in the other tables.)
    static let bad: [LineCase] =
        LineCase.table(
            .backend,
            #"""
            server s 127.0.0.1 check
            server s 127.0.0.1:+1 check port 0
            server s 127.0.0.1 check disabled
            stick on
            load-server-state-from-file
            load-server-state-from-file foo
            option httpchk A B C D
            no option httpchk
            option tcp-check a
            http-check foo
            http-check expect
            http-check expect status
            http-check expect status abc
            http-check expect status 200-100
            http-check expect rstatus (
            http-check expect foo bar
            http-check send foo
            http-check send hdr a
            http-check send meth
            tcp-check
            tcp-check connect foo
            stick foo src
            stick on src table nope
            cookie
            cookie A foo
            server s :80 cookie
            server s
            server s 127.0.0.1:x
            server s 127.0.0.1:80-90
            server s :80 weight 257
            server s :80 inter 0
            server s :80 rise 0
            server s nonesuch.invalid:80
            server s :80⏎ server s :81
            server a!b :80
            default-server foo
            balance foo
            http-reuse foo
            """#)
        + LineCase.table(
            .global,
            #"""
            maxcon 1
            server-state-file
            server-state-base
            maxconn
            maxconn 1 2
            nbthread 0
            hard-stop-after 3p
            hard-stop-after 30d
            stats socket
            stats socket /tmp/x mode 999
            stats socket /tmp/x level foo
            stats timeout foo
            stats timeout 0
            log /dev/log
            log /dev/log localx
            log /dev/log len 10 local0
            log 127.0.0.1:99999 local0
            user nonesuch
            master-worker foo
            daemon x
            no maxconn 3
            setenv A
            """#)
        + LineCase.table(
            .frontend,
            #"""
            mode htttp
            bind
            bind :
            bind :0
            bind 127.0.0.1
            bind :90-80
            bind 256.0.0.1:80
            bind :80 foo
            bind :80 maxconn
            bind ipv4@::1:80
            bind fd@x
            default_backend nope
            default_backend b c
            use_backend b when TRUE
            use_backend b if nope
            use_backend b if { path
            use_backend b if { src x }
            acl x nope /
            acl a!b path /
            acl x path -m foo /
            acl x path,nope a
            acl x path,field(1) a
            acl x path_reg (
            acl x src_port foo
            acl x nbsrv(nope) 1
            acl x var(foo) 1
            acl x var(txn.a) b
            acl x sc_http_req_rate gt 1
            acl x src_get_gpc0(nope) gt 1
            acl x path,map(/nonesuch) a
            acl x path,lower( a
            stick-table type ip
            stick-table type foo size 1k
            stick-table type ip size 1k foo
            stick-table type ip size x
            stick-table type ip size 1k store nope
            stick-table type ip size 1k store http_req_rate
            stick-table type ip size 1k store gpc0(3)
            stick-table type ip size 1k peers nope
            stick-table type ip size 1k⏎ stick-table type ip size 2k
            http-request track-sc0
            http-request track-sc0 nope
            http-request track-sc0 src
            http-request track-sc9 src
            http-request track-sc0 src table nope
            http-request sc-inc-gpc0(9)
            http-request set-var(foo) src
            http-request set-var(txn.a)
            http-request set-path
            http-request del-header
            http-request replace-header x ( b
            http-request set-header x %[nope]
            http-request set-header x %[status]
            http-response foo
            http-response set-header x %[path]
            http-response set-status x
            tcp-request foo
            tcp-request connection foo
            tcp-request connection expect-proxy
            tcp-request connection expect-proxy foo
            tcp-request connection expect-proxy layer4 foo
            tcp-request session expect-proxy layer4
            tcp-request connection accept foo
            tcp-request connection track-sc0 path
            tcp-request inspect-delay
            tcp-request inspect-delay zz
            log-format %[nope]
            timeout foo 3
            timeout client
            timeout client x
            option foo
            option dontlognull x
            no option forwardfor
            errorfile 418 /dev/null
            errorfile 503 /nonesuch
            http-request foo
            http-request deny deny_status 999
            http-request return string x
            http-request redirect location / code 304
            http-request set-header x
            server s :80
            balanse x
            block if TRUE
            """#)
        + LineCase.table(
            .none,
            #"""
            bind :80
            frontend
            frontend a!b
            frontend a from nope
            backend x⏎backend x
            global x
            global⏎ description 'x
            global⏎ description "${X"
            global⏎ description \xzz
            listen a⏎ bind :1⏎ default_backend a
            """#)
}
