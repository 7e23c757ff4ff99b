// `option` and `no option`.

enum OptionKeywords {
    static let table = KeywordTable<ProxyDraft>(
        [
            Keyword("httplog", .atLeast(0)) { (phrase, draft, reader) throws(Fault) in
                try log(.http, phrase, &draft, reader)
            },
            Keyword("httpslog", .atLeast(0)) { (phrase, draft, reader) throws(Fault) in
                try log(.https, phrase, &draft, reader)
            },
            Keyword("tcplog", .atLeast(0)) { (phrase, draft, reader) throws(Fault) in
                try log(.tcp, phrase, &draft, reader)
            },
            Keyword("dontlognull", 0...0, canBeNegated: true) { (phrase, draft, _) throws(Fault) in
                draft.proxy.settings.dontLogNull = !phrase.isNegated
            },
            Keyword("http-keep-alive", 0...0, canBeNegated: true) { (phrase, draft, _) throws(Fault) in
                connection(.keepAlive, phrase, &draft)
            },
            Keyword("http-server-close", 0...0, canBeNegated: true) { (phrase, draft, _) throws(Fault) in
                connection(.serverClose, phrase, &draft)
            },
            Keyword("httpclose", 0...0, canBeNegated: true) { (phrase, draft, _) throws(Fault) in
                connection(.close, phrase, &draft)
            },
            Keyword("redispatch", 0...1, canBeNegated: true) { (phrase, draft, reader) throws(Fault) in
                draft.proxy.settings.redispatch = !phrase.isNegated
                guard phrase.count > 1,
                    try phrase.integer(1, in: -65536...65536, for: "'option redispatch'") != -1
                else { return }
                reader.warn(
                    phrase.fault(
                        "'option redispatch' : the interval is ignored; the last retry goes elsewhere.", at: 1
                    ))
            },
            Keyword("forwardfor", .atLeast(0)) { (phrase, draft, _) throws(Fault) in
                draft.proxy.settings.forwardFor = try forwardFor(phrase)
            },
        ] + CheckKeywords.options, ineffective: ForeignKeywords.ineffectiveOptions,
        foreign: ForeignKeywords.options)

    private static let frontendOnly: Set<String> = ["dontlognull"]
    private static let backendOnly: Set<String> = ["redispatch", "httpchk", "tcp-check", "log-health-checks"]
    /// Gone from HAProxy: it says so, and so do we.
    private static let removed: [String: String] = [
        "http-tunnel": "2.1", "forceclose": "2.0", "http-use-htx": "2.1",
    ]

    static func apply(
        _ line: Phrase, to draft: inout ProxyDraft, _ reader: ConfigurationReader
    ) throws(Fault) {
        let phrase = line.part(1..<line.count)
        let name = phrase.keyword
        guard let keyword = table.keywords[name] else {
            if table.ineffective.contains(name) { return reader.warnIneffective(phrase.words[0]) }
            // What mwproxy lacks is off already.
            if phrase.isNegated && table.foreign.contains(name) { return }
            if phrase.isNegated { throw notNegatable(phrase) }
            if let version = removed[name] {
                throw phrase.fault(
                    "option '\(name)' is not supported any more since HAProxy \(version), please just remove it.",
                    at: 0)
            }
            if table.foreign.contains(name) {
                throw phrase.fault(ForeignKeywords.message("option \(name)"), at: 0)
            }
            let suggestion = table.suggestion(for: name)
            throw phrase.fault("unknown option '\(name)'\(suggestion.isEmpty ? "." : suggestion)", at: 0)
        }
        guard keyword.canBeNegated || !phrase.isNegated else { throw notNegatable(phrase) }
        if phrase.count - 1 > keyword.arguments.upperBound {
            let index = keyword.arguments.upperBound + 1
            throw phrase.fault(
                "'option \(name)' cannot handle unexpected argument '\(phrase[index])'.", at: index)
        }
        let side =
            frontendOnly.contains(name) && !draft.hasFrontend
            ? "frontend" : backendOnly.contains(name) && !draft.hasBackend ? "backend" : nil
        if let side {
            reader.warn(
                phrase.fault("'\(name)' ignored because \(draft.title) has no \(side) capability.", at: 0))
            return
        }
        try keyword.apply(phrase, to: &draft, reader)
    }

    private static func notNegatable(_ phrase: Phrase) -> Fault {
        Fault(
            "negation/default is not supported for option '\(phrase.keyword)'.", word: phrase.words[0],
            lead: .tight)
    }

    private static func connection(
        _ mode: ProxySettings.ConnectionMode, _ phrase: Phrase, _ draft: inout ProxyDraft
    ) {
        if !phrase.isNegated {
            draft.proxy.settings.connectionMode = mode
        } else if draft.proxy.settings.connectionMode == mode {
            draft.proxy.settings.connectionMode = .keepAlive
        }
    }

    private static func log(
        _ format: ProxySettings.LogFormat, _ phrase: Phrase, _ draft: inout ProxyDraft,
        _ reader: ConfigurationReader
    ) throws(Fault) {
        if phrase.keyword == "httplog", phrase.count > 1 {
            guard phrase[1] == "clf" else {
                throw phrase.fault(
                    "keyword 'httplog' only supports option 'clf', found '\(phrase[1])'.", at: 1)
            }
            throw phrase.fault(ForeignKeywords.message("option httplog clf"), at: 1)
        }
        if phrase.count > 1 {
            throw phrase.fault(
                "'option \(phrase.keyword)' cannot handle unexpected argument '\(phrase[1])'.", at: 1)
        }
        if draft.kind == .backend {
            reader.warn(
                phrase.fault(
                    "\(draft.title) : 'option \(phrase.keyword)' directive is ignored in backends.", at: 0))
            return
        }
        draft.proxy.settings.logFormat = format
        draft.proxy.settings.logText = format == .https ? try httpsText(phrase, draft, reader) : nil
    }

    /// HAProxy's line of `option httpslog`, but for the captures between the queues and the request: there are none.
    private static func httpsText(
        _ phrase: Phrase, _ draft: ProxyDraft, _ reader: ConfigurationReader
    ) throws(Fault) -> TextFormat {
        let text =
            "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq "
            + "%{+Q}r %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] "
            + "%[ssl_fc_sni]/%sslv/%sslc"
        do throws(ExpressionFault) {
            return try TextFormatLanguage(reader: reader, place: nil, draft: draft).format(text)
        } catch {
            throw phrase.fault("'option httpslog' : \(error.message)", at: 0)
        }
    }

    private static func forwardFor(_ phrase: Phrase) throws(Fault) -> ForwardFor {
        var option = ForwardFor()
        var index = 1
        while index < phrase.count {
            switch phrase[index] {
            case "except":
                guard let network = Network(phrase[index + 1]) else {
                    throw phrase.fault(
                        "'option forwardfor except' expects <address>[/mask] as argument, found "
                            + "'\(phrase[index + 1])'.", at: index + 1)
                }
                option.except.append(network)
                index += 2
            case "header":
                guard RuleLanguage.isHeaderName(phrase[index + 1]) else {
                    throw phrase.fault(
                        "'option forwardfor header' expects <header_name> as argument, found "
                            + "'\(phrase[index + 1])'.", at: index + 1)
                }
                option.header = phrase[index + 1]
                index += 2
            case "if-none":
                option.ifNone = true
                index += 1
            default:
                throw phrase.fault(
                    "'option forwardfor' only supports optional values: 'except', 'header' and 'if-none', "
                        + "found '\(phrase[index])'.", at: index)
            }
        }
        return option
    }
}
