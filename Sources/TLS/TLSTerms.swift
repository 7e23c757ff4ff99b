// What was agreed on for one side's TLS, as a context of OpenSSL is set up with it.

import COpenSSL
import Unix

/// A version of the protocol.
package enum ProtocolVersion: Int32, Sendable {
    case v10 = 0x0301
    case v11 = 0x0302
    case v12 = 0x0303
    case v13 = 0x0304
}

/// The protocol's limits. Nil: OpenSSL's own.
package struct ProtocolTerms: Sendable {
    package var minimum = ProtocolVersion.v12
    package var maximum: ProtocolVersion?
    /// Lists in OpenSSL's language.
    package var ciphers: String?
    package var ciphersuites: String?
    package var curves: String?
    /// In the order of preference; empty: not spoken of.
    package var protocols: [String] = []
    package var usesTickets = true
    package var prefersClientCiphers = false
    /// How long a session can be resumed, in seconds.
    package var lifetime = 300

    package init() {}

    func apply(to context: OpaquePointer) throws(TLSFault) {
        ERR_clear_error()
        copenssl_set_mode(context, Int(SSL_MODE_RELEASE_BUFFERS))
        copenssl_set_read_ahead(context)
        SSL_CTX_set_timeout(context, lifetime)
        var options =
            copenssl_no_renegotiation | copenssl_no_compression | copenssl_ignore_missing_goodbye
        if !usesTickets {
            options |= copenssl_no_ticket
            SSL_CTX_set_num_tickets(context, 0)
        }
        if !prefersClientCiphers { options |= copenssl_server_preference }
        SSL_CTX_set_options(context, options)
        guard copenssl_set_min_version(context, minimum.rawValue) == 1,
            copenssl_set_max_version(context, maximum?.rawValue ?? 0) == 1
        else { throw .ofOpenSSL("unable to set the versions of TLS") }
        if let ciphers, SSL_CTX_set_cipher_list(context, ciphers) != 1 {
            throw TLSFault(
                "unable to set SSL cipher list to '\(ciphers)': \(TLSFault.ofOpenSSL("refused").reason)")
        }
        if let ciphersuites, SSL_CTX_set_ciphersuites(context, ciphersuites) != 1 {
            let reason = TLSFault.ofOpenSSL("refused").reason
            throw TLSFault("unable to set TLS 1.3 cipher suites to '\(ciphersuites)': \(reason)")
        }
        if let curves, copenssl_set_groups(context, curves) != 1 {
            throw TLSFault(
                "unable to set SSL curves list to '\(curves)': \(TLSFault.ofOpenSSL("refused").reason)")
        }
    }

    /// `protocols` as the wire has them: each behind its length.
    var wireProtocols: [UInt8] {
        protocols.flatMap { [UInt8(clamping: $0.utf8.count)] + $0.utf8 }
    }
}

/// Whether the other side must show a certificate, and what of it may be wrong.
package struct Verification: Sendable {
    package var asks = false
    package var requires = false
    package var ignoresCAError: @Sendable (Int) -> Bool = { _ in false }
    package var ignoresError: @Sendable (Int) -> Bool = { _ in false }

    package init() {}

    var mode: Int32 {
        guard asks else { return SSL_VERIFY_NONE }
        return SSL_VERIFY_PEER | (requires ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0)
    }
}
