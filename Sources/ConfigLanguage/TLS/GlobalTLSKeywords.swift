// What `global` says of TLS: limits, and what stands where a line says nothing.

enum GlobalTLSKeywords {
    static let table: [Keyword<Global>] =
        lists("ssl-default-bind").map { $0.of(\.bindTLS) }
        + lists("ssl-default-server").map { $0.of(\.serverTLS) } + [
            Keyword("ssl-default-bind-options", .atLeast(1), expects: "an option as an argument") {
                (phrase, global, reader) throws(Fault) in
                try apply(bindOptions, of: phrase, to: &global.bindTLS, reader)
            },
            Keyword("ssl-default-server-options", .atLeast(1), expects: "an option as an argument") {
                (phrase, global, reader) throws(Fault) in
                try apply(serverOptions, of: phrase, to: &global.serverTLS, reader)
            },
            Keyword("ssl-server-verify", expects: "'none' or 'required' as argument") {
                (phrase, global, _) throws(Fault) in
                guard let method = PeerVerification(rawValue: phrase[1]), method != .optional else {
                    throw phrase.fault(
                        "'ssl-server-verify' expects 'none' or 'required' as argument, found '\(phrase[1])'.",
                        at: 1)
                }
                global.serverTLS.verify = method
            },
            Keyword("maxsslconn", expects: "an integer argument") { (phrase, global, _) throws(Fault) in
                let number = try phrase.integer(1)
                global.maxTLSConnections = number == 0 ? nil : number
            },
            Keyword("tune.ssl.lifetime", expects: "ssl sessions <lifetime> in seconds as argument") {
                (phrase, global, reader) throws(Fault) in
                global.tlsLifetime = try phrase.time(
                    1, "in argument to <tune.ssl.lifetime>", unit: .seconds, warn: reader.warn)
            },
            Keyword("ssl-dh-param-file", expects: "a file path as an argument") {
                (phrase, _, reader) throws(Fault) in
                reader.warn(
                    phrase.fault(
                        "'ssl-dh-param-file' has no effect in mwproxy and is ignored: OpenSSL chooses the "
                            + "parameters of DHE by itself.", at: 0))
            },
        ]

    private static let bindOptions = KeywordTable<TLSWords>(
        TLSKeywords.versions + BindTLSKeywords.preferences)

    private static let serverOptions = KeywordTable<TLSWords>(TLSKeywords.versions)

    private static func lists(_ prefix: String) -> [Keyword<TLSWords>] {
        let words: [(String, String, WritableKeyPath<TLSWords, String?> & Sendable)] = [
            ("ciphers", "a cipher suite as an argument", \.ciphers),
            ("ciphersuites", "a cipher suite as an argument", \.ciphersuites),
            ("curves", "a curves suite as an argument", \.curves),
        ]
        return words.map { (name, expects, path) in
            Keyword("\(prefix)-\(name)", expects: expects) { (phrase, words, _) throws(Fault) in
                words[keyPath: path] = phrase[1]
            }
        }
    }

    private static func apply(
        _ table: KeywordTable<TLSWords>, of phrase: Phrase, to words: inout TLSWords,
        _ reader: ConfigurationReader
    ) throws(Fault) {
        for index in 1..<phrase.count where table.keywords[phrase[index]] == nil {
            // The version behind a limit.
            if phrase[index - 1].hasSuffix("-ver") { continue }
            let suggestion = table.suggestion(for: phrase[index])
            throw phrase.fault(
                "unknown option '\(phrase[index])' on global statement '\(phrase.keyword)'"
                    + (suggestion.isEmpty ? "." : suggestion), at: index)
        }
        do {
            try table.applyOptions(of: phrase, from: 1, to: &words, reader)
        } catch {
            throw Fault(
                "\(error.message) on global statement '\(phrase.keyword)'.", word: error.word,
                lead: error.lead)
        }
    }
}
