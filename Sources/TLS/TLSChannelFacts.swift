// What was agreed in a connection's handshake, for rules and logs.

import COpenSSL

extension TLSChannel {
    /// `TLSv1.3`.
    package var version: String { String(cString: SSL_get_version(session)) }

    /// `TLS_AES_256_GCM_SHA384`.
    package var cipher: String {
        SSL_CIPHER_get_name(SSL_get_current_cipher(session)).map { String(cString: $0) } ?? ""
    }

    /// The cipher's secret bits, and those that its algorithm has.
    package var keyBits: (secret: Int, algorithm: Int) {
        var algorithm: Int32 = 0
        let secret = SSL_CIPHER_get_bits(SSL_get_current_cipher(session), &algorithm)
        return (Int(secret), Int(algorithm))
    }

    /// The handshake was spared: the client brought a ticket that opened.
    package var isResumed: Bool { copenssl_session_reused(session) == 1 }

    /// `error:0A00010B:SSL routines::wrong version number`; nil: the handshake did not fail, or of nothing with a name.
    package var handshakeErrorText: String? {
        guard handshakeError != 0 else { return nil }
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(handshakeError, &text, text.count)
        return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
    }

    /// The name that the client asked for.
    package var serverName: String? {
        SSL_get_servername(session, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
    }

    /// The protocol that both agreed on; nil: none was spoken of.
    package var applicationProtocol: String? {
        var bytes: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(session, &bytes, &count)
        guard let bytes, count > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
    }

    /// What the other side has shown, now or when the session began.
    package var peerCertificate: Certificate? {
        copenssl_peer_certificate(session).map { Certificate(owning: $0) }
    }

    /// OpenSSL's number; 0: nothing was wrong, or nothing was shown.
    package var verifyResult: Int { SSL_get_verify_result(session) }
}
