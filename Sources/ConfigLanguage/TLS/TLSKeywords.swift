// The options that `bind` and `server` lines and `global` share: versions, lists, protocols.

enum TLSKeywords {
    /// What is said of the protocol, on either side.
    static let shared: [Keyword<TLSProtocolSettings>] =
        (versions + [
            list("ciphers", "missing cipher suite", \.ciphers),
            list("ciphersuites", "missing cipher suite", \.ciphersuites),
            list("curves", "missing curve suite", \.curves),
        ]).map { $0.of(\.words) } + [
            Keyword("alpn", 0...1) { (phrase, settings, _) throws(Fault) in
                settings.alpn = try protocols(phrase)
            },
            Keyword("no-alpn", 0...0) { (_, settings, _) throws(Fault) in settings.alpn = [] },
            Keyword("allow-0rtt", 0...0) { (phrase, _, reader) throws(Fault) in
                reader.warn(
                    phrase.fault(
                        "'allow-0rtt' has no effect in mwproxy and is ignored: early data stays off.", at: 0))
            },
        ]

    /// `ssl-min-ver`, `force-tlsv12`, `no-tlsv13` and the like, and tickets: what `global` can say for all lines.
    static let versions: [Keyword<TLSWords>] = {
        var keywords = [
            Keyword<TLSWords>("ssl-min-ver", 0...1) { (phrase, words, _) throws(Fault) in
                words.minimum = try version(phrase)
            },
            Keyword<TLSWords>("ssl-max-ver", 0...1) { (phrase, words, _) throws(Fault) in
                words.maximum = try version(phrase)
            },
            Keyword("no-tls-tickets", 0...0) { (_, words, _) throws(Fault) in words.usesTickets = false },
            Keyword("tls-tickets", 0...0) { (_, words, _) throws(Fault) in words.usesTickets = true },
        ]
        for (index, name) in ["sslv3", "tlsv10", "tlsv11", "tlsv12", "tlsv13"].enumerated() {
            keywords += [
                Keyword("no-\(name)", 0...0) { (_, words, _) throws(Fault) in words.excluded.insert(index) },
                Keyword("force-\(name)", 0...0) { (_, words, _) throws(Fault) in
                    words.minimum = index
                    words.maximum = index
                },
            ]
        }
        return keywords
    }()

    /// An option whose value OpenSSL reads, or that names a file.
    static func list<Subject>(
        _ name: String, _ missing: String, _ path: WritableKeyPath<Subject, String?> & Sendable
    ) -> Keyword<Subject> {
        Keyword(name, 0...1) { (phrase, subject, _) throws(Fault) in
            subject[keyPath: path] = try value(phrase, missing)
        }
    }

    /// The same options where no TLS is spoken, as by admin sockets and peers; to have none is nothing to refuse.
    static func refused<Subject>(_ keywords: [Keyword<Subject>]) -> [Keyword<Subject>] {
        keywords.map { keyword in
            if keyword.name.hasPrefix("no-") {
                return Keyword(keyword.name, 0...0) { (_, _, _) throws(Fault) in }
            }
            return Keyword(keyword.name, .atLeast(0)) { (phrase, _, _) throws(Fault) in
                throw phrase.fault(
                    "'\(phrase.keyword)' : mwproxy speaks TLS to the clients of frontends and to servers only, "
                        + "not here", at: 0)
            }
        }
    }

    static func value(_ phrase: Phrase, _ missing: String) throws(Fault) -> String {
        guard phrase.count > 1, !phrase[1].isEmpty else {
            throw phrase.fault("'\(phrase.keyword)' : \(missing)", at: 1)
        }
        return phrase[1]
    }

    private static func version(_ phrase: Phrase) throws(Fault) -> Int {
        let name = try value(phrase, "missing the ssl/tls version")
        guard let index = TLSWords.versions.firstIndex(of: name) else {
            throw phrase.fault("'\(name)' : unknown ssl/tls version", at: 1)
        }
        return index
    }

    /// A list of ALPN names.
    static func protocols(_ phrase: Phrase) throws(Fault) -> [String] {
        let text = try value(phrase, "missing the comma-delimited ALPN protocol suite")
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        for name in names {
            if name.isEmpty || name.utf8.count > 255 {
                throw phrase.fault(
                    "'\(phrase.keyword)' : expects names of 1 to 255 bytes, found '\(name)' in '\(text)'",
                    at: 1)
            }
            if name == "h2" || name == "h3" {
                let rest = names.filter { $0 != "h2" && $0 != "h3" }
                let remedy =
                    rest.isEmpty
                    ? "leave the option out, and HTTP/1.1 is spoken"
                    : "'\(phrase.keyword) \(rest.joined(separator: ","))' stays possible, and the other side falls "
                        + "back to it"
                throw phrase.fault(
                    "'\(phrase.keyword)' : '\(name)' in '\(text)': mwproxy does not serve "
                        + "HTTP/\(name.dropFirst()); \(remedy)", at: 1)
            }
        }
        return names
    }

    /// `none`, `required` and perhaps `optional`.
    static func verification(_ phrase: Phrase, _ known: [PeerVerification]) throws(Fault) -> PeerVerification
    {
        let name = try value(phrase, "missing verify method")
        guard let method = PeerVerification(rawValue: name), known.contains(method) else {
            let names = known.map { "'\($0.rawValue)'" }
            let listed = names.dropLast().joined(separator: ", ") + (names.count > 2 ? "," : "")
            throw phrase.fault(
                "'verify' : unknown verify method '\(name)', only \(listed) and \(names[names.count - 1]) are "
                    + "supported", at: 1)
        }
        return method
    }
}
