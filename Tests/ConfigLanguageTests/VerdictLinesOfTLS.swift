// The lines about TLS that are given to `haproxy -c` and to our parser. `PEM` stands for a file with a certificate and
// its key.

@testable import ConfigLanguage

extension HAProxyVerdictTests {
    static let goodTLS: [LineCase] =
        LineCase.table(
            .frontend,
            #"""
            bind :8001 ssl crt PEM
            bind :8001 ssl ssl crt PEM crt PEM strict-sni
            bind :8001 ssl strict-sni
            bind :8001 crt PEM alpn http/1.1 verify required
            bind :8001 ssl crt PEM alpn http/1.1,http/1.0 ciphers HIGH ciphersuites TLS_AES_128_GCM_SHA256
            bind :8001 ssl crt PEM verify optional ca-file PEM crl-file PEM
            bind :8001 ssl crt PEM verify required ca-file @system-ca
            bind :8001 ssl crt PEM ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.3
            bind :8001 ssl crt PEM ssl-min-ver SSLv3
            bind :8001 ssl crt PEM ssl-max-ver TLSv1.1
            bind :8001 ssl crt PEM force-tlsv12 force-tlsv13
            bind :8001 ssl crt PEM no-sslv3 no-tlsv10 no-tlsv12
            bind :8001 ssl crt PEM ssl-min-ver TLSv1.2 no-tlsv12
            bind :8001 ssl crt PEM curves X25519:P-256 ecdhe secp384r1 no-tls-tickets prefer-client-ciphers
            bind :8001 ssl crt PEM crt-ignore-err all ca-ignore-err 10,18
            bind :8001 ssl crt PEM allow-0rtt
            acl x ssl_fc_sni_end -i a.b
            acl x ssl_fc_sni_reg ^a
            acl x ssl_fc_sni_end,lower a.b
            acl x ssl_c_sha1,hex a
            acl x ssl_c_sha1 -m bin 00
            acl x ssl_c_der -m bin 00
            acl x ssl_c_der,base64 a
            acl x str(YQ==),b64dec -m str a
            acl x ssl_c_s_dn(CN,-1) a
            acl x ssl_fc_use_keysize ge 128
            acl x req.ssl_hello_type 1
            mode tcp⏎ tcp-request connection reject if { req.ssl_sni a }
            mode tcp⏎ tcp-request inspect-delay 1s⏎ tcp-request content reject if { req_ssl_sni -i a }
            http-request redirect scheme https unless { ssl_fc }
            http-request set-header X %[ssl_c_s_dn,upper]%sslv%sslc
            option httpslog
            log global⏎ log-format "%[ssl_bc_cipher]%[ssl_bc_alpn]%[ssl_fc_err,hex]%[fc_err_str]%[ssl_c_i_dn(O)]"
            """#)
        + LineCase.table(
            .backend,
            #"""
            server s 127.0.0.1:80 ssl verify none
            server s 127.0.0.1:80 ssl verify required ca-file PEM crl-file PEM crt PEM
            server s 127.0.0.1:80 ssl ca-file @system-ca
            server s 127.0.0.1:80 ssl verify none sni req.hdr(host) verifyhost a.b
            server s 127.0.0.1:80 ssl verify none sni ssl_fc_sni alpn http/1.1
            server s 127.0.0.1:80 sni str(a.b)
            server s 127.0.0.1:80 ssl verify none ssl-min-ver TLSv1.2 ciphers HIGH no-ssl-reuse no-tls-tickets
            server s 127.0.0.1:80 ssl verify none check check-ssl check-sni a.b check-alpn http/1.1
            server s 127.0.0.1:80 check check-ssl verify none
            server s 127.0.0.1:80 ssl verify none check no-check-ssl
            server s 127.0.0.1:80 ssl no-ssl
            server s 127.0.0.1:80 ssl verify none force-tlsv12
            server s 127.0.0.1:80 ssl verify none no-tlsv12 no-tlsv13
            default-server ssl verify none⏎ server s 127.0.0.1:80
            default-server ssl⏎ server s 127.0.0.1:80 verify none
            disabled⏎ server s 127.0.0.1:80 ssl
            """#)
        + LineCase.table(
            .none,
            #"""
            global⏎ ssl-default-bind-ciphers HIGH⏎ ssl-default-bind-curves X25519⏎listen f⏎ bind :8000 ssl crt PEM
            global⏎ ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets prefer-client-ciphers no-tlsv10
            global⏎ ssl-default-server-options ssl-min-ver TLSv1.2 no-tls-tickets no-tlsv10
            global⏎ ssl-server-verify none⏎backend f⏎ server s 127.0.0.1:80 ssl
            global⏎ maxsslconn 10⏎ tune.ssl.lifetime 10m⏎ tune.ssl.default-dh-param 2048⏎ tune.ssl.cachesize 9
            """#)

    static let badTLS: [LineCase] =
        LineCase.table(
            .frontend,
            #"""
            bind :8001 ssl
            bind :8001 ssl crt
            acl x ssl_c_der a
            acl x str(YQ==),b64dec a
            tcp-request connection set-var(sess.x) ssl_fc
            tcp-request content set-var(sess.x) ssl_bc
            http-request set-header X %[ssl_bc]
            bind :8001 ssl crt PEM alpn
            bind :8001 ssl crt PEM verify
            bind :8001 ssl crt PEM verify foo
            bind :8001 ssl crt PEM verify required
            bind :8001 ssl crt PEM verify optional
            bind :8001 ssl crt PEM ca-file
            bind :8001 ssl crt PEM crl-file
            bind :8001 ssl crt PEM ssl-min-ver
            bind :8001 ssl crt PEM ssl-min-ver TLSv1.4
            bind :8001 ssl crt PEM ssl-max-ver SSLv3
            bind :8001 ssl crt PEM ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2
            bind :8001 ssl crt PEM force-sslv3
            bind :8001 ssl crt PEM no-tlsv12 no-tlsv13
            bind :8001 ssl crt PEM force-tlsv12 ssl-min-ver TLSv1.3
            bind :8001 ssl crt PEM ciphers
            bind :8001 ssl crt PEM ciphersuites
            bind :8001 ssl crt PEM curves
            bind :8001 ssl crt PEM ecdhe
            bind :8001 ssl crt PEM tls-ticket-keys
            bind :8001 ssl crt PEM crt-ignore-err
            bind :8001 ssl crt PEM crt-ignore-err 10,foo
            bind :8001 ssl crt PEM ca-ignore-err 99999
            acl x ssl_c_sha1 a
            acl x ssl_c_serial a
            acl x ssl_fc_sni_beg a
            acl x req_ssl_sni_end a
            acl x ssl_fc_sni_reg (
            acl x ssl_c_verify X509_V_OK
            log-format "%[ssl_c_s_dn(CN,x)]"
            log-format "%[ssl_c_s_dn(CN,1,foo)]"
            log-format "%[ssl_fc_sni(x)]"
            log-format "%[ssl_fc_sni_end]"
            log-format "%[ssl_fc_foo]"
            log-format "%[req.ssl_sni]"
            http-response set-header x %[req.ssl_sni]
            mode tcp⏎ stick-table type string size 1k⏎ tcp-request connection track-sc0 req.ssl_sni
            no option httpslog
            """#)
        + LineCase.table(
            .backend,
            #"""
            server s 127.0.0.1:80 ssl
            server s 127.0.0.1:80 ssl verify required
            server s 127.0.0.1:80 ssl verify optional ca-file PEM
            server s 127.0.0.1:80 ssl verify
            server s 127.0.0.1:80 ssl ca-file
            server s 127.0.0.1:80 ssl verify none crl-file
            server s 127.0.0.1:80 ssl verify none crt
            server s 127.0.0.1:80 ssl verify none sni
            server s 127.0.0.1:80 ssl verify none sni foo
            server s 127.0.0.1:80 ssl verify none sni res.hdr(x)
            server s 127.0.0.1:80 ssl verify none verifyhost
            server s 127.0.0.1:80 ssl verify none ssl-min-ver foo
            server s 127.0.0.1:80 ssl verify none ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2
            server s 127.0.0.1:80 ssl verify none alpn
            server s 127.0.0.1:80 ssl verify none check check-sni
            server s 127.0.0.1:80 ssl verify none check check-alpn
            server s 127.0.0.1:80 check check-ssl
            server s 127.0.0.1:80 ssl disabled
            """#)
        + LineCase.table(
            .global,
            #"""
            ca-base
            crt-base a b
            ssl-default-bind-ciphers
            ssl-default-bind-curves
            ssl-default-bind-options
            ssl-default-bind-options foo
            ssl-default-bind-options ssl-min-ver
            ssl-default-bind-options ssl-min-ver x
            ssl-default-bind-options verify none
            ssl-default-server-options foo
            ssl-default-server-options strict-sni
            ssl-server-verify
            ssl-server-verify optional
            maxsslconn
            maxsslconn -1
            tune.ssl.lifetime
            tune.ssl.lifetime x
            ssl-dh-param-file
            """#)

    /// HTTP/2, what only TLS of admin sockets needs, and what OpenSSL would refuse later.
    static let stricterTLS: [LineCase] =
        LineCase.table(
            .frontend,
            #"""
            bind :8001 ssl crt PEM alpn h2,http/1.1
            bind :8001 ssl crt PEM alpn ,
            option httpslog clf
            log-format "%[ssl_c_s_dn(,0,rfc2253)]"
            """#)
        + LineCase.table(
            .backend,
            #"""
            server s 127.0.0.1:80 ssl verify none alpn h2
            server s 127.0.0.1:80 ssl verify none check-alpn h2
            """#)
        + LineCase.table(
            .global,
            #"""
            stats socket /tmp/x.sock ssl crt PEM
            maxsslconn x
            """#)
}
