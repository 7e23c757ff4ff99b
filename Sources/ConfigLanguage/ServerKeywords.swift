// `server` and `default-server`: the address and the options.

enum ServerKeywords {
    static let table = KeywordTable<ServerOptions>(
        options + ServerTLSKeywords.table, ineffective: ForeignKeywords.ineffectiveServer,
        foreign: ForeignKeywords.server)

    /// Of peers, which are not spoken to over TLS.
    static let peerTable = KeywordTable<ServerOptions>(
        options + TLSKeywords.refused(ServerTLSKeywords.table),
        ineffective: ForeignKeywords.ineffectiveServer, foreign: ForeignKeywords.server)

    private static let options =
        load + checks + state + proxyProtocol
        + ForeignKeywords.negatedServer.map { name in
            Keyword<ServerOptions>(name, 0...0) { (_, _, _) throws(Fault) in }
        }

    private static let load: [Keyword<ServerOptions>] = [
        Keyword("weight") { (phrase, options, _) throws(Fault) in
            let weight = try number(phrase)
            guard (0...256).contains(weight) else {
                throw phrase.fault("weight is not within 0 and 256 (\(weight)).", at: 1)
            }
            options.weight = weight
        },
        Keyword("maxconn") { (phrase, options, _) throws(Fault) in options.maxconn = try limit(phrase) },
        Keyword("minconn") { (phrase, options, _) throws(Fault) in options.minconn = try limit(phrase) },
        Keyword("maxqueue") { (phrase, options, reader) throws(Fault) in
            options.maxqueue = try limit(phrase)
            // Only what is bound to a server waits for that one, by a cookie or a hash; nothing is yet.
            reader.warn(
                phrase.fault("'maxqueue' has no effect: requests wait in the backend's queue.", at: 0))
        },
        Keyword("pool-max-conn") { (phrase, options, _) throws(Fault) in
            let number = try number(phrase)
            guard number >= -1 else {
                throw phrase.fault("'pool-max-conn' must be >= -1, found '\(phrase[1])'.", at: 1)
            }
            options.poolMaxConn = number == -1 ? nil : number
        },
        Keyword("cookie", expects: "<value> as argument") { (phrase, options, _) throws(Fault) in
            guard phrase[1].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ";") }) else {
                throw phrase.fault("'\(phrase[1])' has a character that no cookie may have.", at: 1)
            }
            options.cookie = phrase[1]
        },
        Keyword("slowstart", expects: "a delay as argument") { (phrase, options, reader) throws(Fault) in
            options.slowStart = try phrase.time(1, "in 'slowstart' argument", warn: reader.warn)
        },
    ]

    private static let checks: [Keyword<ServerOptions>] = [
        Keyword("check", 0...0) { (_, options, _) throws(Fault) in options.check = true },
        Keyword("no-check", 0...0) { (_, options, _) throws(Fault) in options.check = false },
        Keyword("inter", expects: "a delay as argument") { (phrase, options, reader) throws(Fault) in
            options.inter = try interval(phrase, reader)
        },
        Keyword("fastinter", expects: "a delay as argument") { (phrase, options, reader) throws(Fault) in
            options.fastInter = try interval(phrase, reader)
        },
        Keyword("downinter", expects: "a delay as argument") { (phrase, options, reader) throws(Fault) in
            options.downInter = try interval(phrase, reader)
        },
        Keyword("rise") { (phrase, options, _) throws(Fault) in options.rise = try positive(phrase) },
        Keyword("fall") { (phrase, options, _) throws(Fault) in options.fall = try positive(phrase) },
        Keyword("port") { (phrase, options, _) throws(Fault) in
            guard let port = UInt16(phrase[1]) else {
                throw phrase.fault("'port' expects a port number, found '\(phrase[1])'.", at: 1)
            }
            options.checkPort = port == 0 ? nil : port
        },
    ]

    private static let state: [Keyword<ServerOptions>] = [
        Keyword("backup", 0...0) { (_, options, _) throws(Fault) in options.backup = true },
        Keyword("no-backup", 0...0) { (_, options, _) throws(Fault) in options.backup = false },
        Keyword("disabled", 0...0) { (_, options, _) throws(Fault) in options.disabled = true },
        Keyword("enabled", 0...0) { (_, options, _) throws(Fault) in options.disabled = false },
        Keyword("id") { (phrase, options, _) throws(Fault) in options.id = try positive(phrase) },
        Keyword("init-addr", expects: "a comma-delimited list of methods") {
            (phrase, options, _) throws(Fault) in
            options.mayStartUnresolved = false
            for method in phrase[1].split(separator: ",", omittingEmptySubsequences: false) {
                switch method {
                case "none": options.mayStartUnresolved = true
                case "libc", "last": break
                default:
                    let isAddress = Network(String(method)) != nil && !method.contains("/")
                    throw phrase.fault(
                        isAddress
                            ? ForeignKeywords.message("init-addr \(method)")
                            : "'init-addr' : unknown init-addr method '\(method)', supported methods are "
                                + "'libc', 'last', 'none'.", at: 1)
                }
            }
        },
    ]

    private static let proxyProtocol: [Keyword<ServerOptions>] = [
        // HAProxy prefers the second version where both are set.
        Keyword("send-proxy", 0...0) { (_, options, _) throws(Fault) in
            if options.sendProxy == nil { options.sendProxy = .v1 }
        },
        Keyword("send-proxy-v2", 0...0) { (_, options, _) throws(Fault) in options.sendProxy = .v2 },
        Keyword("no-send-proxy", 0...0) { (_, options, _) throws(Fault) in
            if options.sendProxy == .v1 { options.sendProxy = nil }
        },
        Keyword("no-send-proxy-v2", 0...0) { (_, options, _) throws(Fault) in
            if options.sendProxy == .v2 { options.sendProxy = nil }
        },
        Keyword("check-send-proxy", 0...0) { (_, options, _) throws(Fault) in
            options.checkSendsProxy = true
        },
        Keyword("no-check-send-proxy", 0...0) { (_, options, _) throws(Fault) in
            options.checkSendsProxy = false
        },
    ]

    private static func number(_ phrase: Phrase) throws(Fault) -> Int {
        try phrase.integer(1, in: Int(Int32.min)...Int(Int32.max))
    }

    private static func limit(_ phrase: Phrase) throws(Fault) -> Int? {
        let number = try phrase.integer(1)
        return number == 0 ? nil : number
    }

    private static func positive(_ phrase: Phrase) throws(Fault) -> Int {
        let number = try number(phrase)
        guard number > 0 else {
            throw phrase.fault("'\(phrase.keyword)' has to be > 0, found '\(phrase[1])'.", at: 1)
        }
        return number
    }

    private static func interval(_ phrase: Phrase, _ reader: ConfigurationReader) throws(Fault) -> Duration {
        let time = try phrase.time(1, "in '\(phrase.keyword)' argument", warn: reader.warn)
        guard time > .zero else {
            throw phrase.fault("invalid value 0 for argument '\(phrase.keyword)'.", at: 1)
        }
        return time
    }

    static func server(
        _ phrase: Phrase, in draft: inout ProxyDraft, _ reader: ConfigurationReader
    ) throws(Fault) {
        guard phrase.count > 2, !phrase[1].isEmpty, !phrase[2].isEmpty else {
            var fault = phrase.fault(
                "'server' expects <name> and <addr>[:<port>] as arguments.", at: phrase.count)
            fault.lead = .server
            throw fault
        }
        let name = phrase[1]
        if let wrong = name.unicodeScalars.first(where: { !ConfigurationReader.isNameScalar($0) }) {
            throw Fault(
                "character '\(wrong)' is not permitted in server name '\(name)'.", word: phrase.words[1],
                lead: .server)
        }
        var server: ServerLine
        do {
            let language = AddressLanguage(ports: .optional, allowsDescriptor: false, resolve: nil)
            server = ServerLine(
                name: name, position: phrase.position, endpoint: try language.endpoint(phrase, at: 2))
            server.options = draft.proxy.settings.serverDefaults
            try table.applyOptions(of: phrase, from: 3, to: &server.options, reader)
        } catch {
            throw error.within("'server \(draft.proxy.name)/\(name)'", lead: .server)
        }
        if let line = draft.serverLines[name] {
            throw phrase.fault(
                "\(draft.title), another server named '\(name)' was already defined at line \(line), please use "
                    + "distinct names.", at: 1)
        }
        if let id = server.options.id {
            if let other = draft.serverIDs[id] {
                let message =
                    "'server \(draft.proxy.name)/\(name)' : 'id' : custom id \(id) already used at "
                    + "\(other.position) ('server \(other.name)')."
                throw Fault(message, word: phrase.words[1], lead: .server)
            }
            draft.serverIDs[id] = server
        }
        draft.serverLines[name] = phrase.position.line
        draft.proxy.servers.append(server)
    }

    static func defaultServer(
        _ phrase: Phrase, in draft: inout ProxyDraft, _ reader: ConfigurationReader
    ) throws(Fault) {
        if let index = phrase.words.firstIndex(where: { $0.text == "id" }), index > 0 {
            throw Fault(
                "'id' is not permitted in a 'default-server' line.", word: phrase.words[index], lead: .server)
        }
        do {
            try table.applyOptions(of: phrase, from: 1, to: &draft.proxy.settings.serverDefaults, reader)
        } catch {
            throw error.within("'default-server'", lead: .server)
        }
    }
}
