// What is said of lines about TLS that are wrong.

@testable import ConfigLanguage

extension BadLineTests {
    static let tls: [LineCase] =
        LineCase.table(
            .frontend,
            #"""
            bind :80 ssl ⟦crt⟧ → 'bind :80' in section 'frontend' : 'crt' : missing certificate location
            bind :80 ssl crt a alpn ⟦h2,http/1.1⟧ → mwproxy does not serve HTTP/2; 'alpn http/1.1' stays possible
            bind :80 ssl crt a alpn ⟦h2⟧ → leave the option out, and HTTP/1.1 is spoken
            bind :80 ssl crt a alpn ⟦a,,b⟧ → 'alpn' : expects names of 1 to 255 bytes, found '' in 'a,,b'
            bind :80 ssl crt a verify ⟦foo⟧ → only 'none', 'optional', and 'required' are supported
            bind :80 ssl crt a ssl-max-ver ⟦TLSv1.4⟧ → 'TLSv1.4' : unknown ssl/tls version
            bind :80 ssl crt a crt-ignore-err ⟦10,foo⟧ → 'crt-ignore-err' : ID 'foo' out of range (1..94)
            bind :80 ssl crt a ⟦ssl-max-vers⟧ → unknown keyword 'ssl-max-vers'; did you mean 'ssl-max-ver' maybe ?
            bind :80 ssl ⟦crt-list⟧ a → 'crt-list' is a HAProxy keyword that mwproxy does not support yet
            bind :80,:81 ssl → Proxy 'f': no SSL certificate specified for bind ':80,:81' at [t.cfg:7] (use 'crt').
            bind :80 ssl crt a verify optional → Proxy 'f': verify is enabled but no CA file specified for bind ':80' at
            bind :80 ssl crt a force-tlsv12 ssl-min-ver TLSv1.3 → all SSL/TLS versions are disabled for bind ':80' at [t.cfg:7].
            acl x ⟦ssl_c_sha1⟧ a → matching method must be specified first (using '-m')
            acl x ⟦ssl_c_s_dn(CN,x)⟧ a → failed to parse 'x' as type 'integer' at position 2.
            acl x ⟦ssl_c_der⟧ a → matching method must be specified first (using '-m')
            acl x ⟦str(YQ==),b64dec⟧ a → matching method must be specified first (using '-m')
            use_backend b if { ⟦ssl_c_chain_der⟧ a } → fetch method 'ssl_c_chain_der' is one of HAProxy's
            tcp-request connection set-var(sess.x) ⟦ssl_fc⟧ → 'client-side connection', none of which is available here
            http-request set-header x ⟦%[ssl_bc]⟧ → 'server-side connection', none of which is available here.
            """#)
        + LineCase.table(
            .backend,
            #"""
            server s :80 ssl verify ⟦optional⟧ → only 'none' and 'required' are supported
            server s :80 ssl verify none sni ⟦foo⟧ → error detected while parsing sni expression : unknown fetch method
            server s :80 ssl verify none sni ⟦res.hdr(x)⟧ → 'HTTP response headers', none of which is available here.
            server s :80 ssl verify none sni ⟦ssl_bc_alpn⟧ → 'server-side connection', none of which is available here.
            server s :80 ssl verify none check-alpn ⟦h2⟧ → 'check-alpn' : 'h2' in 'h2': mwproxy does not serve HTTP/2
            server s :80 ssl → [t.cfg:5] : 'server f/s' : verify is enabled by default but no CA file specified.
            server s :80 ssl verify none force-sslv3 → backend 'f': all SSL/TLS versions are disabled for server 's'.
            """#)
        + LineCase.table(
            .global,
            #"""
            ssl-default-bind-options ⟦foo⟧ → unknown option 'foo' on global statement 'ssl-default-bind-options'
            ssl-default-bind-options ssl-min-ver ⟦x⟧ → 'x' : unknown ssl/tls version on global statement
            ssl-default-bind-options ⟦ssl-min-ver⟧ → 'ssl-min-ver' : missing the ssl/tls version on global statement
            ssl-server-verify ⟦foo⟧ → expects 'none' or 'required' as argument, found 'foo'.
            ⟦ssl-default-bind-sigalgs⟧ RSA+SHA256 → is a HAProxy keyword that mwproxy does not support yet
            tune.ssl.lifetime ⟦x⟧ → unexpected character 'x' in argument to <tune.ssl.lifetime>
            stats socket /x ⟦ssl⟧ crt a → 'ssl' : mwproxy speaks TLS to the clients of frontends and to servers only
            """#)
        + LineCase.table(
            .peers,
            #"""
            peer a 127.0.0.1:1 ⟦ssl⟧ verify none → 'ssl' : mwproxy speaks TLS to the clients of frontends
            bind 127.0.0.1:1 ⟦crt⟧ a → 'crt' : mwproxy speaks TLS to the clients of frontends
            """#)

    static let oddTLS: [LineCase] =
        LineCase.table(
            .frontend,
            #"""
            bind :80 ssl crt a ⟦allow-0rtt⟧ → 'allow-0rtt' has no effect in mwproxy and is ignored: early data stays off.
            acl x req.ssl_sni a⏎ http-request deny if x → Proxy 'f': L6 sample fetches ignored on HTTP proxies (declared at t.cfg:8).
            bind :80 ssl strict-sni → ssl connections will fail (use 'crt').
            bind :80 ssl crt a ssl-max-ver TLSv1.1 → lower than the default ssl-min-ver value (TLSv1.2). Setting the ssl-min-ver to TLSv1.1.
            bind :80 ssl crt a ssl-min-ver TLSv1.2 no-tlsv12 → no-sslv3/no-tlsv1x are ignored for bind ':80' at [t.cfg:7].
            timeout client-hs 3s⏎ timeout ⟦client-handshake⟧ 3s → overwriting 'timeout client-handshake'
            mode tcp⏎ option httpslog⏎ log stdout user → 'option httpslog' not usable with frontend 'f' (needs 'mode http'). Falling back to 'option tcplog'.
            """#)
        + LineCase.table(
            .backend,
            #"""
            timeout ⟦client-handshake⟧ 3s → 'timeout client-handshake' will be ignored because backend 'f'
            """#)
        + LineCase.table(
            .global,
            #"""
            ⟦ssl-dh-param-file⟧ /x → no effect in mwproxy and is ignored: OpenSSL chooses the parameters of DHE by itself.
            ⟦ssl-mode-async⟧ → no effect
            """#)
}
