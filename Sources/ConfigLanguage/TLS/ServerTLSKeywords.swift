// The TLS of `server` and `default-server` lines.

enum ServerTLSKeywords {
    static let table: [Keyword<ServerOptions>] =
        TLSKeywords.shared.map { $0.of(\.tls.settings) } + checks + [
            Keyword("ssl", 0...0) { (_, options, _) throws(Fault) in options.usesTLS = true },
            Keyword("no-ssl", 0...0) { (_, options, _) throws(Fault) in options.usesTLS = false },
            Keyword("verify", 0...1) { (phrase, options, _) throws(Fault) in
                options.tls.settings.words.verify = try TLSKeywords.verification(phrase, [.none, .required])
            },
            TLSKeywords.list("ca-file", "missing CAfile path", \.tls.caFile),
            TLSKeywords.list("crl-file", "missing CRLfile path", \.tls.crlFile),
            TLSKeywords.list("crt", "missing certificate file path", \.tls.certificate),
            TLSKeywords.list("verifyhost", "missing hostname to verify against", \.tls.verifyHost),
            Keyword("no-verifyhost", 0...0) { (_, options, _) throws(Fault) in
                options.tls.verifyHost = nil
            },
            Keyword("ssl-reuse", 0...0) { (_, options, _) throws(Fault) in options.tls.reusesSessions = true
            },
            Keyword("no-ssl-reuse", 0...0) { (_, options, _) throws(Fault) in
                options.tls.reusesSessions = false
            },
            Keyword("sni", 0...1) { (phrase, options, reader) throws(Fault) in
                options.tls.sni = try name(phrase, reader)
            },
        ]

    private static let checks: [Keyword<ServerOptions>] = [
        Keyword("check-ssl", 0...0) { (_, options, _) throws(Fault) in options.checkUsesTLS = true },
        Keyword("no-check-ssl", 0...0) { (_, options, _) throws(Fault) in options.checkUsesTLS = false },
        TLSKeywords.list("check-sni", "missing SNI", \.checkSNI),
        Keyword("check-alpn", 0...1) { (phrase, options, _) throws(Fault) in
            options.checkALPN = try TLSKeywords.protocols(phrase)
        },
    ]

    /// The name to ask for is known before there is a connection.
    private static func name(_ phrase: Phrase, _ reader: ConfigurationReader) throws(Fault) -> Expression {
        let text = try TLSKeywords.value(phrase, "missing sni expression")
        do throws(ExpressionFault) {
            let expression = try ExpressionLanguage(reader: reader).expression(text).expression
            switch expression.fetch.need {
            case .response, .serverConnection:
                throw ExpressionFault(TextFormatLanguage.notHere(expression))
            case .nothing, .clientConnection, .request, .input: return expression
            }
        } catch {
            throw phrase.fault("error detected while parsing sni expression : \(error.message)", at: 1)
        }
    }
}
