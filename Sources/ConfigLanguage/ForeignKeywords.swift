// HAProxy's keywords (2.6 to 3.x) that mwproxy does not have: named as such instead of "unknown keyword".
// Those that cannot change what is served are accepted with a warning.

enum ForeignKeywords {
    static func message(_ name: String) -> String {
        "keyword '\(name)' is a HAProxy keyword that mwproxy does not support yet"
    }

    private static func list(_ text: String) -> Set<String> {
        Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
    }

    /// What begins a section here.
    static let ownSections: Set<String> = ["global", "defaults", "frontend", "backend", "listen", "peers"]

    static let sections = list(
        """
        userlist mailers namespace_list resolvers cache http-errors fcgi-app ring log-forward program
        crt-store traces log-profile acme crt-list
        """)

    static let global = list(
        """
        h1-accept-payload-with-any-method h1-case-adjust h1-case-adjust-file
        h1-do-not-close-on-insecure-transfer-encoding
        h2-workaround-bogus-websocket-clients http-err-codes http-fail-codes httpclient.resolvers.disabled
        httpclient.resolvers.id httpclient.resolvers.prefer httpclient.retries httpclient.ssl.ca-file
        httpclient.ssl.verify httpclient.timeout.connect lua-load lua-load-per-thread lua-prepend-path
        set-var set-var-fmt unix-bind maxconnrate maxsessrate external-check stats-file shm-stats-file
        shm-stats-file-max-objects default-path anonkey dns-accept-family
        harden.reject-privileged-ports.tcp harden.reject-privileged-ports.quic ssl-engine
        ssl-default-bind-sigalgs ssl-default-bind-client-sigalgs ssl-default-server-sigalgs
        ssl-default-server-client-sigalgs ssl-propquery ssl-provider ssl-provider-path ssl-security-level
        issuers-chain-path
        ocsp-update.disable ocsp-update.httpproxy ocsp-update.mindelay ocsp-update.maxdelay ocsp-update.mode
        51degrees-data-file 51degrees-property-name-list 51degrees-property-separator
        51degrees-cache-size deviceatlas-json-file deviceatlas-log-level deviceatlas-separator
        deviceatlas-properties-cookie wurfl-data-file wurfl-information-list
        wurfl-information-list-separator wurfl-patch-file wurfl-cache-size
        key-base jwt ech
        """)

    /// Beside every `tune.…`.
    static let ineffectiveGlobal = list(
        """
        grace close-spread-time spread-checks max-spread-checks nosplice noepoll nokqueue noevports nopoll
        nogetaddrinfo busy-polling quiet set-dumpable insecure-fork-wanted insecure-setuid-wanted
        strict-limits cpu-map cpu-policy cpu-set numa-cpu-mapping thread-group thread-groups
        thread-hard-limit no-memory-trimming profiling.tasks profiling.memory maxpipes maxzlibmem
        maxcompcpuusage maxcomprate maxsslrate pp2-never-send-local
        expose-experimental-directives expose-deprecated-directives no-quic limited-quic
        fd-hard-limit cluster-secret warn-blocked-traffic-after force-cfg-parser-pause prealloc-fd
        debug.counters ssl-load-extra-del-ext ssl-load-extra-files ssl-mode-async ssl-skip-self-issued-ca
        """)

    static let proxy = list(
        """
        server-template monitor-net bind-process dynamic-cookie-key email-alert persist appsession
        max-session-srv-conns capture 
        http-after-response http-send-name-header use-server force-persist ignore-persist 
        stats monitor transparent dispatch hash-balance-factor unique-id-format unique-id-header 
        log-format-sd source usesrc error-log-format compression declare errorfiles errorloc errorloc302
        errorloc303 external-check filter http-error rate-limit retry-on
        tcp-response use-fcgi-app guid quic-initial log-steps hash-preserve-affinity force-be-switch
        """)

    /// Removed from HAProxy itself; it names what took their place.
    static let removed: [String: String] = [
        "block": "http-request deny", "reqadd": "http-request add-header",
        "rspadd": "http-response add-header",
        "reqrep": "http-request replace-header", "reqirep": "http-request replace-header",
        "rspdel": "http-response del-header", "reqdel": "http-request del-header",
        "reqdeny": "http-request deny", "reqtarpit": "http-request tarpit", "clitimeout": "timeout client",
        "srvtimeout": "timeout server", "contimeout": "timeout connect", "grace": "hard-stop-after",
    ]

    static let ineffectiveProxy = list(
        """
        bind-process clitcpka-cnt clitcpka-idle clitcpka-intvl srvtcpka-cnt srvtcpka-idle srvtcpka-intvl
        max-keep-alive-queue hash-type use-small-buffers
        """)

    static let options = list(
        """
        accept-invalid-http-request accept-invalid-http-response accept-unsafe-violations-in-http-request
        accept-unsafe-violations-in-http-response allbackups checkcache dontlog-normal
        h1-case-adjust-bogus-client h1-case-adjust-bogus-server http-buffer-request http-ignore-probes
        http-pretend-keepalive http-use-proxy-header http-restrict-req-hdr-names independent-streams
        log-separate-errors logasap persist prefer-last-server transparent originalto
        ssl-hello-chk smtpchk mysql-check pgsql-check redis-check ldap-check spop-check
        external-check forwarded http-drop-request-trailers http-drop-response-trailers
        http-proxy assume-rfc6587-ntf spoe-ext
        """)

    static let ineffectiveOptions = list(
        """
        splice-auto splice-request splice-response nolinger tcp-smart-accept tcp-smart-connect tcpka clitcpka
        srvtcpka contstats socket-stats http-no-delay idle-close-on-response abortonclose
        disable-h2-upgrade dontlogerrors use-small-buffers
        """)

    static let bind = list(
        """
        accept-netscaler-cip accept-proxy namespace shards gpc-limit proto quic-force-retry quic-socket
        quic-cc-algo idle-ping guid-prefix default-crt cc label nbconn
        ca-sign-file ca-sign-pass ca-verify-file client-sigalgs sigalgs crt-list generate-certificates
        no-ca-names npn ocsp-update
        """)

    static let ineffectiveBind = list(
        "defer-accept mss nice process thread tcp-ut tfo tcp-md5sig severity-output")

    static let server = list(
        """
        addr agent-addr agent-check agent-inter agent-port agent-send check-pool-conn-name check-proto
        check-reuse-pool check-via-socks4 client-sigalgs error-limit guid hash-key idle-ping log-bufsize
        log-proto namespace no-renegotiate npn observe on-error on-marked-down on-marked-up
        pool-conn-name proto proxy-v2-options redir renegotiate resolve-net resolve-opts resolve-prefer
        resolvers send-proxy-v2-ssl send-proxy-v2-ssl-cn set-proxy-v2-tlv-fmt shard sigalgs sni-auto
        check-sni-auto no-sni-auto no-check-sni-auto socks4 source strict-maxconn track usesrc ws cc
        init-state healthcheck tcp-md5sig
        """)

    static let ineffectiveServer = list("tcp-ut tfo pool-low-conn pool-purge-delay max-reuse")

    /// Negations of what mwproxy does not have anyway: accepted in silence.
    static let negatedServer = list(
        """
        no-agent-check no-send-proxy-v2-ssl no-send-proxy-v2-ssl-cn no-tfo stick non-stick
        """)

    /// Of the ineffective options of `bind` and `server`, those that have a value.
    static let withValue = list(
        """
        mss nice process thread tcp-ut severity-output pool-low-conn pool-purge-delay max-reuse tcp-md5sig
        """)

    /// Actions of rules.
    static let ruleActions = list(
        """
        add-headers-bin auth cache-use capture del-headers-bin disable-l7-retry
        do-log early-hint normalize-uri ot-group pause 
        send-spoe-group set-bandwidth-limit set-bc-mark set-bc-tos set-dst
        set-dst-port set-fc-mark set-fc-tos set-headers-bin set-log-level set-mark set-method set-nice 

        set-priority-class set-priority-offset set-retries set-src set-src-port set-timeout set-tos
        silent-drop strict-mode use-service wait-for-body
        wait-for-handshake add-acl del-acl del-map do-resolve sc-add-gpc sc-inc-gpc 
        sc-set-gpt set-map 
        """)

    static let balance = list(
        "static-rr source uri url_param hdr rdp-cookie random first hash log-hash log-sticky sticky fwrr fwlc"
    )

    /// Sample fetches by their first word, without argument and converters.
    static let fetches = list(
        """
        base32 base32+src capture.req.hdr capture.req.method capture.req.uri capture.req.ver
        capture.res.hdr capture.res.ver dst_conn env fc_http_major fc_rtt fe_id fe_sess_rate fe_defbe
        http_auth http_auth_group http_auth_user http_first_req ipv4 ipv6 meth bin payload payload_lv
        req.body req.body_len req.body_param req.body_size req.hdr_names req.hdrs req.payload
        req.payload_lv req.rdp_cookie req.ssl_ver req.ssl_alpn req.timer.hdr rdp_cookie res.ver res.len
        res.payload res.hdrs res.hdr_names sc_get_gpc sc_gpc_rate sc_inc_gpc sc_clr_gpc sc_get_gpt
        sc_http_fail_cnt sc_http_fail_rate so_id so_name src_is_local src_get_gpc src_inc_gpc
        src_http_fail_cnt ssl_c_chain_der ssl_c_r_dn ssl_fc_session_id ssl_fc_session_key
        ssl_fc_unique_id ssl_fc_client_random ssl_fc_server_random ssl_fc_npn ssl_fc_cipherlist_bin
        ssl_fc_cipherlist_hex ssl_fc_cipherlist_str ssl_fc_cipherlist_xxh ssl_fc_has_early ssl_f_der
        ssl_f_i_dn ssl_f_key_alg ssl_f_notafter ssl_f_notbefore ssl_f_s_dn ssl_f_serial ssl_f_sha1
        ssl_f_sig_alg ssl_f_version ssl_bc_npn ssl_bc_session_id ssl_bc_session_key ssl_bc_unique_id
        ssl_s_der ssl_s_i_dn ssl_s_s_dn unique-id url32 url32+src url_ip url_port be_id be_sess_rate
        be_server_timeout avg_queue connslots queue srv_conn srv_id srv_is_up srv_iweight srv_queue
        srv_sess_rate srv_uweight srv_weight stopping nbproc proc thread uptime txn.conn_retries
        txn.id32 txn.sess_term_state req_rdp_cookie set-cookie hdr_ip6 last_rule_file last_rule_line
        lat_ns_avg prio_class prio_offset quic_enabled bc_src bc_dst fc_src fc_dst fc_pp_authority
        fc_fackets cpu_calls date_us distcc_body accept_date
        """)
}
