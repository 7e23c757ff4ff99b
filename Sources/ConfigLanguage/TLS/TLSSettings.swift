// What `bind … ssl` and `server … ssl` say. Only names of files are here: whoever runs the proxy reads them.

/// A version of the protocol, as `ssl-min-ver` names it.
package enum TLSVersion: String, CaseIterable, Comparable, Sendable {
    case v10 = "TLSv1.0"
    case v11 = "TLSv1.1"
    case v12 = "TLSv1.2"
    case v13 = "TLSv1.3"

    package static func < (left: TLSVersion, right: TLSVersion) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// Whether the other side must show a certificate.
package enum PeerVerification: String, Sendable {
    case none, optional, required
}

/// What can be said of the protocol on either side.
package struct TLSProtocolSettings: Equatable, Sendable {
    /// Lists in OpenSSL's language; nil: its own.
    package var ciphers: String?
    package var ciphersuites: String?
    package var curves: String?
    package var minimum = TLSVersion.v12
    /// Nil: the newest.
    package var maximum: TLSVersion?
    /// In the order of preference; empty: not spoken of.
    package var alpn: [String] = []
    /// `no-tls-tickets` makes it false.
    package var usesTickets = true
    /// The line's own words, before those of `global` come in where it says nothing.
    var words = TLSWords()

    package init() {}
}

/// Verification errors that are let pass, by OpenSSL's numbers.
package enum IgnoredErrors: Equatable, Sendable {
    case all
    case some(Set<Int>)

    package func contains(_ error: Int) -> Bool {
        switch self {
        case .all: true
        case .some(let numbers): numbers.contains(error)
        }
    }
}

/// The TLS of a `bind` line. Paths are complete: `crt-base` and `ca-base` stand before them.
package struct BindTLS: Equatable, Sendable {
    package var settings = TLSProtocolSettings()
    /// Each `crt`: a PEM file with certificate, chain and key, or a folder of such files.
    package var certificates: [String] = []
    /// A name that no certificate has is refused.
    package var strictSNI = false
    package var verify = PeerVerification.none
    /// A file or a folder; `@system-ca`: those that the system trusts.
    package var caFile: String?
    package var crlFile: String?
    /// Of certificates above the client's own, and of the client's own.
    package var ignoredCAErrors = IgnoredErrors.some([])
    package var ignoredErrors = IgnoredErrors.some([])
    package var ticketKeyFile: String?
    package var prefersClientCiphers = false

    package var namesFiles: Bool {
        !certificates.isEmpty || caFile != nil || crlFile != nil || ticketKeyFile != nil
    }

    package init() {}
}

/// The TLS of a `server` line.
package struct ServerTLS: Sendable {
    package var settings = TLSProtocolSettings()
    /// What this proxy shows the server: a PEM file with certificate and key.
    package var certificate: String?
    package var verify = PeerVerification.required
    /// A file or a folder; `@system-ca`: those that the system trusts.
    package var caFile: String?
    package var crlFile: String?
    /// The name that the server's certificate must have where no name is asked for.
    package var verifyHost: String?
    /// What name is asked for.
    package var sni: Expression?
    /// `no-ssl-reuse` makes it false.
    package var reusesSessions = true

    package var namesAuthorities: Bool { caFile != nil || crlFile != nil }

    package init() {}
}

/// What an expression reads of a connection's TLS; nothing where the connection has none.
package enum TLSFetch: Equatable, Sendable {
    package enum Side: Sendable {
        /// `ssl_fc…`: the client's connection.
        case client
        /// `ssl_bc…`: the server's.
        case server
    }

    /// `ssl_fc`, `ssl_bc`: whether there is any.
    case used(Side)
    /// `ssl_fc_protocol`: `TLSv1.3`.
    case version(Side)
    case cipher(Side)
    case resumed(Side)
    case alpn(Side)
    /// `ssl_fc_use_keysize`: the cipher's secret bits; `ssl_fc_alg_keysize`: those of its algorithm.
    case keyBits(Side), algorithmBits(Side)
    /// `fc_err`: HAProxy's number of what went wrong with the client's connection, 0 for nothing, also where it has
    /// no TLS; and that in words, `Success`.
    case connectionError, connectionErrorText
    /// `ssl_fc_err`: OpenSSL's number of what went wrong in the handshake, 0 for nothing; and that in words.
    case handshakeError(Side), handshakeErrorText(Side)
    /// What the client asked for, and whether it did: `ssl_fc_sni`, `ssl_fc_has_sni`.
    case serverName, hasServerName
    /// `ssl_fc_has_crt`: the client has shown one on this very connection; `ssl_c_used`: or on the one that it resumes.
    case showedCertificate, certificateUsed
    /// OpenSSL's numbers, 0 for none: `ssl_c_verify`, `ssl_c_err`, `ssl_c_ca_err`, `ssl_c_ca_err_depth`.
    case verifyResult, error, caError, caErrorDepth
    /// `ssl_c_…`: a field of the client's certificate.
    case certificate(CertificateField)

    package var type: SampleType {
        switch self {
        case .used, .resumed, .hasServerName, .showedCertificate, .certificateUsed: .bool
        case .keyBits, .algorithmBits, .verifyResult, .error, .caError, .caErrorDepth, .connectionError,
            .handshakeError, .certificate(.version):
            .integer
        case .version, .cipher, .alpn, .serverName, .connectionErrorText, .handshakeErrorText, .certificate:
            .text
        }
    }
}

/// A field of a certificate.
package enum CertificateField: Equatable, Sendable {
    /// A distinguished name, or one part of it such as `CN`; `occurrence` counts equal parts, from 1, from the end if negative.
    case subject(part: String?, occurrence: Int)
    case issuer(part: String?, occurrence: Int)
    /// Bytes, not text; `encoding` is the whole certificate, as DER.
    case encoding, serial, sha1
    case notBefore, notAfter
    case version
    case keyAlgorithm, signatureAlgorithm
}
