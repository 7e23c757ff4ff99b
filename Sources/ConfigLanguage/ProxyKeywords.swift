// The keywords of `defaults`, `frontend`, `backend` and `listen`, and which of these sections they belong to.

enum ProxyKeywords {
    static let table = KeywordTable<ProxyDraft>(
        general + frontend + backend + rules + PersistenceKeywords.table + CheckKeywords.lines + serverState,
        ineffective: ForeignKeywords.ineffectiveProxy,
        foreign: ForeignKeywords.proxy)

    private static let frontendOnly: Set<String> = [
        "bind", "default_backend", "use_backend", "maxconn", "monitor-uri", "backlog", "log-format",
    ]
    private static let backendOnly: Set<String> = [
        "balance", "retries", "http-reuse", "fullconn", "server", "default-server", "cookie", "stick",
        "http-check", "tcp-check", "load-server-state-from-file", "server-state-file-name",
    ]
    private static let notInDefaults: Set<String> = ["bind", "server", "use_backend", "stick", "stick-table"]
    /// HAProxy lets named `defaults` sections have rules, and the unnamed none.
    private static let notInUnnamedDefaults: Set<String> = [
        "http-request", "http-response", "tcp-request", "acl", "redirect",
    ]

    static func apply(
        _ phrase: Phrase, to draft: inout ProxyDraft, _ reader: ConfigurationReader
    ) throws(Fault) {
        let name = phrase.keyword
        guard let keyword = table.keywords[name] else {
            if table.ineffective.contains(name) { return reader.warnIneffective(phrase.words[0]) }
            if let instead = ForeignKeywords.removed[name] {
                throw phrase.fault(
                    "The '\(name)' directive is not supported anymore by HAProxy. Use '\(instead)' instead.",
                    at: 0)
            }
            throw reader.unknown(phrase, in: draft.sectionName, table)
        }
        if draft.isDefaults {
            if notInDefaults.contains(name) {
                throw phrase.fault("'\(name)' not allowed in 'defaults' section.", at: 0)
            }
            if draft.proxy.name.isEmpty && notInUnnamedDefaults.contains(name) {
                throw phrase.fault("'\(name)' not allowed in anonymous 'defaults' section.", at: 0)
            }
        }
        if let missing = missingSide(of: name, draft) {
            if name == "server" || name == "default-server" {
                throw phrase.fault(
                    "'\(name)' not allowed because \(draft.title) has no \(missing) capability.", at: 0)
            }
            let other = ["maxconn": "fullconn", "fullconn": "maxconn"][name]
            let hint = other.map { " Maybe you want '\($0)' instead ?" } ?? ""
            reader.warn(
                phrase.fault(
                    "'\(name)' ignored because \(draft.title) has no \(missing) capability.\(hint)", at: 0))
            return
        }
        try keyword.apply(phrase, to: &draft, reader)
    }

    private static func missingSide(of name: String, _ draft: ProxyDraft) -> String? {
        if frontendOnly.contains(name) && !draft.hasFrontend { return "frontend" }
        if backendOnly.contains(name) && !draft.hasBackend { return "backend" }
        return nil
    }

    private static let general: [Keyword<ProxyDraft>] = [
        Keyword("mode", expects: "'http' or 'tcp'") { (phrase, draft, _) throws(Fault) in
            if let mode = Proxy.Mode(rawValue: phrase[1]) {
                draft.proxy.settings.mode = mode
            } else if ["health", "log", "spop", "haterm"].contains(phrase[1]) {
                throw phrase.fault(
                    "proxy mode '\(phrase[1])' is one of HAProxy's that mwproxy does not support yet", at: 1)
            } else {
                throw phrase.fault("unknown proxy mode '\(phrase[1])'.", at: 1)
            }
        },
        Keyword("disabled", 0...0) { (_, draft, _) throws(Fault) in draft.proxy.settings.disabled = true },
        Keyword("enabled", 0...0) { (_, draft, _) throws(Fault) in draft.proxy.settings.disabled = false },
        Keyword("description", .atLeast(1), expects: "a string argument") {
            (phrase, draft, _) throws(Fault) in
            draft.proxy.settings.description = phrase.rest(from: 1)
        },
        Keyword("id", expects: "an integer argument") { (phrase, draft, _) throws(Fault) in
            draft.proxy.settings.id = try phrase.integer(1, in: 1...Int(Int32.max))
        },
        Keyword("log", .atLeast(0), canBeNegated: true) { (phrase, draft, reader) throws(Fault) in
            if try LogLine.clears(phrase) {
                draft.logs = []
            } else if phrase[1] == "global" && phrase.count == 2 {
                if !draft.logs.contains(.global) { draft.logs.append(.global) }
            } else {
                draft.logs.append(.target(try LogLine.target(phrase, reader, orGlobal: true)))
            }
        },
        Keyword("log-tag", expects: "a tag for use in syslog") { (phrase, draft, _) throws(Fault) in
            draft.proxy.settings.logTag = phrase[1]
        },
        Keyword("errorfile", 2...2, expects: "<status_code> and <file> as arguments") {
            (phrase, draft, reader) throws(Fault) in
            let (status, file) = try ErrorFile.read(phrase, reader)
            draft.proxy.settings.errorFiles[status] = file
        },
        Keyword("timeout", .atLeast(0)) { (phrase, draft, reader) throws(Fault) in
            try TimeoutKeywords.apply(phrase, to: &draft, reader)
        },
        Keyword("option", .atLeast(1), expects: "an option name", canBeNegated: true) {
            (phrase, draft, reader) throws(Fault) in
            try OptionKeywords.apply(phrase, to: &draft, reader)
        },
    ]

    private static let serverState: [Keyword<ProxyDraft>] = [
        Keyword("load-server-state-from-file", 0...1) { (phrase, draft, _) throws(Fault) in
            guard let source = ProxySettings.ServerStateSource(rawValue: phrase[1]) else {
                throw phrase.fault(
                    "'load-server-state-from-file' expects 'global', 'local' or 'none'. Got '\(phrase[1])'",
                    at: 1)
            }
            draft.proxy.settings.serverState = source
        },
        Keyword("server-state-file-name", 0...1) { (phrase, draft, _) throws(Fault) in
            let isOwn = phrase.count == 1 || phrase[1] == "use-backend-name"
            draft.proxy.settings.serverStateFile = isOwn ? nil : phrase[1]
        },
    ]

    private static let frontend: [Keyword<ProxyDraft>] = [
        Keyword(
            "bind", .atLeast(1),
            expects: "{<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments"
        ) { (phrase, draft, reader) throws(Fault) in
            draft.proxy.binds.append(try BindKeywords.bind(phrase, in: draft, reader))
        },
        Keyword("default_backend", expects: "a backend name") { (phrase, draft, _) throws(Fault) in
            draft.proxy.settings.defaultBackend = phrase[1]
        },
        Keyword("use_backend", .atLeast(1), expects: "a backend name") {
            (phrase, draft, reader) throws(Fault) in
            let condition = try ConditionLanguage(
                draft: draft, reader: reader, title: "frontend use-backend rule"
            ).condition(phrase, from: 2, rule: "switching rule")
            draft.proxy.useBackend.append(
                UseBackend(position: phrase.position, backend: phrase[1], condition: condition))
        },
        Keyword("maxconn", expects: "an integer argument") { (phrase, draft, _) throws(Fault) in
            let number = try phrase.integer(1)
            draft.proxy.settings.maxconn = number == 0 ? nil : number
        },
        Keyword("backlog", expects: "an integer argument") { (phrase, draft, _) throws(Fault) in
            draft.proxy.settings.backlog = try phrase.integer(1)
        },
        Keyword("log-format", expects: "a format as argument") { (phrase, draft, reader) throws(Fault) in
            do throws(ExpressionFault) {
                draft.proxy.settings.logText = try TextFormatLanguage(
                    reader: reader, place: nil, draft: draft
                )
                .format(phrase[1])
            } catch {
                throw phrase.fault("failed to parse log-format : \(error.message)", at: 1)
            }
            draft.proxy.settings.logFormat = .custom
        },
        Keyword("monitor-uri", expects: "an URI") { (phrase, draft, _) throws(Fault) in
            draft.proxy.settings.monitorURI = phrase[1]
        },
    ]

    private static let backend: [Keyword<ProxyDraft>] = [
        Keyword("balance", .atLeast(0)) { (phrase, draft, _) throws(Fault) in
            // HAProxy: without an algorithm the usual one.
            guard phrase.count > 1 else {
                draft.proxy.settings.balance = .roundRobin
                return
            }
            if let balance = ProxySettings.Balance(rawValue: phrase[1]) {
                draft.proxy.settings.balance = balance
            } else {
                let name = String(phrase[1].prefix { $0 != "(" })
                guard ForeignKeywords.balance.contains(name) else {
                    let near = NearestKeyword.to(
                        name, among: ForeignKeywords.balance.union(["roundrobin", "leastconn"]))
                    let hint = near.map { "; did you mean '\($0)' maybe ?" } ?? ""
                    throw phrase.fault(
                        "balance only supports 'roundrobin' and 'leastconn', found '\(phrase[1])'\(hint)",
                        at: 1)
                }
                throw phrase.fault(
                    "balance '\(phrase[1])' is one of HAProxy's algorithms that mwproxy does not support yet; "
                        + "it supports 'roundrobin' and 'leastconn'", at: 1)
            }
            if phrase.count > 2 {
                throw phrase.fault(
                    "'balance \(phrase[1])' cannot handle unexpected argument '\(phrase[2])'.", at: 2)
            }
        },
        Keyword("retries", expects: "an integer argument (dispatch counts for one)") {
            (phrase, draft, _) throws(Fault) in
            draft.proxy.settings.retries = try phrase.integer(1)
        },
        Keyword("http-reuse", 0...1) { (phrase, draft, _) throws(Fault) in
            guard let reuse = ProxySettings.HTTPReuse(rawValue: phrase[1]) else {
                throw phrase.fault(
                    "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always', found '\(phrase[1])'.",
                    at: 1)
            }
            draft.proxy.settings.httpReuse = reuse
        },
        Keyword("fullconn", expects: "an integer argument") { (phrase, draft, _) throws(Fault) in
            let number = try phrase.integer(1)
            draft.proxy.settings.fullConn = number == 0 ? nil : number
        },
        Keyword("server", .atLeast(0)) { (phrase, draft, reader) throws(Fault) in
            try ServerKeywords.server(phrase, in: &draft, reader)
        },
        Keyword("default-server", .atLeast(0)) { (phrase, draft, reader) throws(Fault) in
            try ServerKeywords.defaultServer(phrase, in: &draft, reader)
        },
    ]

    private static let rules: [Keyword<ProxyDraft>] = [
        Keyword("acl", .atLeast(0)) { (phrase, draft, reader) throws(Fault) in
            try AccessLists.define(phrase, in: &draft, reader)
        },
        Keyword("http-request", .atLeast(0)) { (phrase, draft, reader) throws(Fault) in
            try addRule(phrase, .httpRequest, &draft, reader)
        },
        Keyword("redirect", .atLeast(0)) { (phrase, draft, reader) throws(Fault) in
            let rule = try RuleLanguage(draft: draft, reader: reader, place: .httpRequest).redirectLine(
                phrase)
            warnOfOrder(phrase, draft, reader)
            draft.proxy.rules[.httpRequest, default: []].append(rule)
        },
        Keyword("http-response", .atLeast(0)) { (phrase, draft, reader) throws(Fault) in
            try addRule(phrase, .httpResponse, &draft, reader)
        },
        Keyword("tcp-request", .atLeast(0)) { (phrase, draft, reader) throws(Fault) in
            if phrase[1] == "inspect-delay" {
                guard phrase.count > 2 else {
                    throw phrase.fault(
                        "'tcp-request inspect-delay' expects a positive delay in milliseconds, in \(draft.title)",
                        at: 2)
                }
                draft.proxy.settings.inspectDelay = try phrase.time(2, "in 'tcp-request inspect-delay'")
                return
            }
            guard let place = RulePlace(rawValue: "tcp-request \(phrase[1])") else {
                throw phrase.fault(
                    "'tcp-request' expects 'inspect-delay', 'connection', 'session' or 'content' in \(draft.title) (got "
                        + "'\(phrase[1])')", at: 1)
            }
            if place != .content && !draft.hasFrontend {
                throw phrase.fault(
                    "'\(place.rawValue)' rules are not allowed in \(draft.title), which has no frontend.",
                    at: 1)
            }
            try addRule(phrase, place, &draft, reader)
        },
    ]

    private static func addRule(
        _ phrase: Phrase, _ place: RulePlace, _ draft: inout ProxyDraft, _ reader: ConfigurationReader
    ) throws(Fault) {
        let rule = try RuleLanguage(draft: draft, reader: reader, place: place).rule(phrase)
        warnOfOrder(phrase, draft, reader)
        draft.proxy.rules[place, default: []].append(rule)
    }

    private static func warnOfOrder(_ phrase: Phrase, _ draft: ProxyDraft, _ reader: ConfigurationReader) {
        guard !draft.proxy.useBackend.isEmpty, phrase.keyword != "http-response" else { return }
        reader.warn(
            phrase.fault(
                "a '\(phrase.keyword)' rule placed after a 'use_backend' rule will still be processed before.",
                at: 0))
    }
}
