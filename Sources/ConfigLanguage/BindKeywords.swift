// `bind` and `stats socket`: addresses and options.

enum BindKeywords {
    /// Of peers, which are not spoken to over TLS.
    static let table = KeywordTable<BindOptions>(
        options + TLSKeywords.refused(BindTLSKeywords.table), ineffective: ForeignKeywords.ineffectiveBind,
        foreign: ForeignKeywords.bind)

    /// Of the `bind` lines of frontends: admin sockets and peers are not spoken to through other proxies.
    private static let frontendTable = KeywordTable<BindOptions>(
        options + BindTLSKeywords.table + [
            Keyword("accept-proxy", 0...0) { (_, options, _) throws(Fault) in options.acceptsProxy = true }
        ],
        ineffective: ForeignKeywords.ineffectiveBind, foreign: ForeignKeywords.bind)

    private static let statsTable = KeywordTable<StatsSocket>(
        [
            Keyword("level", 0...1) { (phrase, socket, _) throws(Fault) in
                switch phrase[1] {
                case "user": socket.level = .user
                case "operator": socket.level = .operator
                case "admin": socket.level = .admin
                default:
                    throw phrase.fault(
                        "'level' only supports 'user', 'operator', and 'admin' (got '\(phrase[1])')", at: 1)
                }
            },
            Keyword("expose-fd", 0...1) { (phrase, socket, _) throws(Fault) in
                guard phrase[1] == "listeners" else {
                    throw phrase.fault("'expose-fd' only supports 'listeners' (got '\(phrase[1])')", at: 1)
                }
                socket.exposesListeners = true
            },
        ] + (options + TLSKeywords.refused(BindTLSKeywords.table)).map { $0.of(\.options) },
        ineffective: ForeignKeywords.ineffectiveBind, foreign: ForeignKeywords.bind)

    private static let options: [Keyword<BindOptions>] = [
        Keyword("name", 0...1) { (phrase, options, _) throws(Fault) in
            options.name = try value(phrase, "missing name")
        },
        Keyword("mode", 0...1) { (phrase, options, _) throws(Fault) in
            guard let mode = UInt32(phrase[1], radix: 8), mode <= 0o777, !phrase[1].hasPrefix("+") else {
                throw phrase.fault(
                    "'mode' : missing or invalid mode '\(phrase[1])' (octal integer expected)", at: 1)
            }
            options.mode = mode
        },
        Keyword("user", 0...1) { (phrase, options, reader) throws(Fault) in
            options.user = try value(phrase, "missing user name")
            guard let id = reader.surroundings.userID(phrase[1]) else {
                throw phrase.fault("'user' : unknown user name '\(phrase[1])'", at: 1)
            }
            options.uid = id
        },
        Keyword("group", 0...1) { (phrase, options, reader) throws(Fault) in
            options.group = try value(phrase, "missing group name")
            guard let id = reader.surroundings.groupID(phrase[1]) else {
                throw phrase.fault("'group' : unknown group name '\(phrase[1])'", at: 1)
            }
            options.gid = id
        },
        Keyword("uid", 0...1) { (phrase, options, _) throws(Fault) in
            options.uid = UInt32(try number(phrase, 0))
        },
        Keyword("gid", 0...1) { (phrase, options, _) throws(Fault) in
            options.gid = UInt32(try number(phrase, 0))
        },
        Keyword("backlog", 0...1) { (phrase, options, _) throws(Fault) in
            options.backlog = try number(phrase, 1)
        },
        Keyword("maxconn", 0...1) { (phrase, options, _) throws(Fault) in
            let limit = try number(phrase, 0)
            options.maxconn = limit == 0 ? nil : limit
        },
        Keyword("id", 0...1) { (phrase, _, _) throws(Fault) in _ = try number(phrase, 1) },
        Keyword("interface", 0...1) { (phrase, options, _) throws(Fault) in
            options.interface = try value(phrase, "missing interface name")
        },
        Keyword("v6only", 0...0) { (_, options, _) throws(Fault) in options.v6only = true },
        Keyword("v4v6", 0...0) { (_, options, _) throws(Fault) in options.v4v6 = true },
        Keyword("transparent", 0...0) { (_, options, _) throws(Fault) in options.transparent = true },
    ]

    private static func value(_ phrase: Phrase, _ missing: String) throws(Fault) -> String {
        guard !phrase[1].isEmpty else { throw phrase.fault("'\(phrase.keyword)' : \(missing)", at: 1) }
        return phrase[1]
    }

    private static func number(_ phrase: Phrase, _ lowest: Int) throws(Fault) -> Int {
        _ = try value(phrase, "missing value")
        guard let number = Int(phrase[1]) else {
            throw phrase.fault(
                "'\(phrase.keyword)' : expects an integer argument, found '\(phrase[1])'", at: 1)
        }
        guard (lowest...Int(Int32.max)).contains(number) else {
            let limit = lowest == 0 ? ">= 0" : "> 0"
            throw phrase.fault("'\(phrase.keyword)' : invalid value \(number), must be \(limit)", at: 1)
        }
        return number
    }

    static func bind(
        _ phrase: Phrase, in draft: ProxyDraft, _ reader: ConfigurationReader
    ) throws(Fault) -> Bind {
        let language = AddressLanguage(
            ports: .required, allowsDescriptor: true, resolve: reader.surroundings.resolve)
        var bind: Bind
        do {
            bind = Bind(position: phrase.position, endpoints: try language.endpoints(phrase, at: 1))
            bind.text = phrase[1]
        } catch {
            throw error.within("'bind'")
        }
        let context = "'bind \(phrase[1])' in section '\(draft.sectionName)'"
        do {
            try frontendTable.applyOptions(of: phrase, from: 2, to: &bind.options, reader)
        } catch {
            throw error.within(context)
        }
        return bind
    }

    /// `stats socket <address> …`.
    static func statsSocket(_ phrase: Phrase, _ reader: ConfigurationReader) throws(Fault) -> StatsSocket {
        let language = AddressLanguage(
            ports: .required, allowsDescriptor: true, resolve: reader.surroundings.resolve)
        var socket = StatsSocket(
            position: phrase.position, endpoints: try language.endpoints(phrase, at: 2))
        try statsTable.applyOptions(of: phrase, from: 3, to: &socket, reader)
        return socket
    }
}
