// The fetches of TLS by name.

enum TLSFetchKeywords {
    /// Those that take no argument.
    static let plain: [String: TLSFetch] = {
        var fetches: [String: TLSFetch] = [
            "ssl_fc_sni": .serverName, "ssl_fc_has_sni": .hasServerName, "ssl_fc_has_crt": .showedCertificate,
            "ssl_c_used": .certificateUsed, "ssl_c_verify": .verifyResult, "ssl_c_err": .error,
            "ssl_c_ca_err": .caError, "ssl_c_ca_err_depth": .caErrorDepth,
            "ssl_c_der": .certificate(.encoding), "ssl_c_serial": .certificate(.serial),
            "ssl_c_sha1": .certificate(.sha1),
            "ssl_c_notbefore": .certificate(.notBefore), "ssl_c_notafter": .certificate(.notAfter),
            "ssl_c_version": .certificate(.version), "ssl_c_key_alg": .certificate(.keyAlgorithm),
            "ssl_c_sig_alg": .certificate(.signatureAlgorithm), "fc_err": .connectionError,
            "fc_err_str": .connectionErrorText,
        ]
        for (prefix, side) in [("ssl_fc", TLSFetch.Side.client), ("ssl_bc", .server)] {
            fetches[prefix] = .used(side)
            fetches[prefix + "_protocol"] = .version(side)
            fetches[prefix + "_cipher"] = .cipher(side)
            fetches[prefix + "_is_resumed"] = .resumed(side)
            fetches[prefix + "_alpn"] = .alpn(side)
            fetches[prefix + "_use_keysize"] = .keyBits(side)
            fetches[prefix + "_alg_keysize"] = .algorithmBits(side)
            fetches[prefix + "_err"] = .handshakeError(side)
            fetches[prefix + "_err_str"] = .handshakeErrorText(side)
        }
        return fetches
    }()

    /// ACL keywords of their own, which nothing else of their kind has.
    static let suffixed: [String: (TLSFetch, Match)] = [
        "ssl_fc_sni_end": (.serverName, .ending), "ssl_fc_sni_reg": (.serverName, .regular),
    ]

    /// `ssl_c_s_dn([part[,occurrence]])`, `ssl_c_i_dn`.
    static func distinguishedName(_ call: Call) throws(ExpressionFault) -> TLSFetch {
        var occurrence = 1
        if let text = call[1] {
            guard let number = Int(text) else {
                throw ExpressionFault(
                    "fetch method '\(call.name)' : failed to parse '\(text)' as type 'integer' at position 2."
                )
            }
            occurrence = number == 0 ? 1 : number
        }
        if let form = call[2] {
            throw ExpressionFault(
                "invalid args in fetch method '\(call.name)' : "
                    + (form == "rfc2253"
                        ? "the format 'rfc2253' is one of HAProxy's that mwproxy does not support yet."
                        : "only a blank value is supported as the format argument, found '\(form)'."))
        }
        let isSubject = call.name == "ssl_c_s_dn"
        return .certificate(
            isSubject
                ? .subject(part: call[0], occurrence: occurrence)
                : .issuer(part: call[0], occurrence: occurrence))
    }
}

extension TLSFetch {
    /// What must be there for it.
    package var need: Fetch.Need {
        switch self {
        case .connectionError, .connectionErrorText: .nothing
        case .used(.server), .version(.server), .cipher(.server), .resumed(.server), .alpn(.server),
            .keyBits(.server), .algorithmBits(.server), .handshakeError(.server),
            .handshakeErrorText(.server):
            .serverConnection
        default: .clientConnection
        }
    }
}

extension Fetch {
    /// Bytes that are no text.
    var isBinary: Bool {
        switch self {
        case .tls(.certificate(.encoding)), .tls(.certificate(.serial)), .tls(.certificate(.sha1)): true
        default: false
        }
    }
}
