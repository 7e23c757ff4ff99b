// The TLS of `bind` lines. Certificates and keys are only named here: whoever runs the proxy reads them.

enum BindTLSKeywords {
    static let table: [Keyword<BindOptions>] =
        TLSKeywords.shared.map { $0.of(\.tls.settings) } + preferences.map { $0.of(\.tls.settings.words) } + [
            Keyword("ssl", 0...0) { (_, options, _) throws(Fault) in options.usesTLS = true },
            Keyword("crt", 0...1) { (phrase, options, _) throws(Fault) in
                options.tls.certificates.append(
                    try TLSKeywords.value(phrase, "missing certificate location"))
            },
            Keyword("verify", 0...1) { (phrase, options, _) throws(Fault) in
                options.tls.verify = try TLSKeywords.verification(phrase, [.none, .optional, .required])
            },
            TLSKeywords.list("ca-file", "missing CAfile path", \.tls.caFile),
            TLSKeywords.list("crl-file", "missing CRLfile path", \.tls.crlFile),
            TLSKeywords.list("tls-ticket-keys", "missing TLS ticket keys file path", \.tls.ticketKeyFile),
            TLSKeywords.list("ecdhe", "missing named curve", \.tls.settings.words.namedCurve),
            Keyword("crt-ignore-err", 0...1) { (phrase, options, _) throws(Fault) in
                options.tls.ignoredErrors = try errors(phrase)
            },
            Keyword("ca-ignore-err", 0...1) { (phrase, options, _) throws(Fault) in
                options.tls.ignoredCAErrors = try errors(phrase)
            },
        ]

    /// What `global` can say for all of them.
    static let preferences: [Keyword<TLSWords>] = [
        Keyword("prefer-client-ciphers", 0...0) { (_, words, _) throws(Fault) in
            words.prefersClientCiphers = true
        },
        Keyword("strict-sni", 0...0) { (_, words, _) throws(Fault) in words.strictSNI = true },
        Keyword("no-strict-sni", 0...0) { (_, words, _) throws(Fault) in words.strictSNI = false },
    ]

    /// The numbers that OpenSSL has for errors of verification.
    private static let errorNumbers = 1...94

    private static func errors(_ phrase: Phrase) throws(Fault) -> IgnoredErrors {
        let text = try TLSKeywords.value(phrase, "missing error IDs list")
        if text == "all" { return .all }
        var numbers: Set<Int> = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let number = Int(name), errorNumbers.contains(number) else {
                throw phrase.fault(
                    "'\(phrase.keyword)' : ID '\(name)' out of range (\(errorNumbers.lowerBound)"
                        + "..\(errorNumbers.upperBound)) in error IDs list '\(text)'", at: 1)
            }
            numbers.insert(number)
        }
        return .some(numbers)
    }
}
