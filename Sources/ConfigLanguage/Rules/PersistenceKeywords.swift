// `cookie` and `stick`: what keeps a client at its server.

enum PersistenceKeywords {
    static let table: [Keyword<ProxyDraft>] = [
        Keyword("cookie", .atLeast(0)) { (phrase, draft, reader) throws(Fault) in
            draft.proxy.settings.cookie = try cookie(phrase, reader)
        },
        Keyword("stick", .atLeast(0)) { (phrase, draft, reader) throws(Fault) in
            draft.proxy.stickRules.append(try stick(phrase, draft, reader))
        },
        Keyword("stick-table", .atLeast(1), expects: "arguments") { (phrase, draft, reader) throws(Fault) in
            if let earlier = draft.stickTablePosition {
                throw phrase.fault(
                    "stick-table name '\(draft.proxy.name)' conflicts with table declared in \(draft.title) at "
                        + "\(earlier).", at: 0)
            }
            draft.proxy.stickTable = try StickTableLine.definition(phrase, name: draft.proxy.name, reader)
            draft.stickTablePosition = phrase.position
        },
    ]

    private static func cookie(
        _ phrase: Phrase, _ reader: ConfigurationReader
    ) throws(Fault) -> CookieInsertion {
        guard phrase.count > 1 else {
            throw phrase.fault("'cookie' expects <cookie_name> as argument.", at: 1)
        }
        guard RuleLanguage.isHeaderName(phrase[1]) else {
            throw phrase.fault("'\(phrase[1])' is not the name of a cookie.", at: 1)
        }
        var cookie = CookieInsertion(name: phrase[1])
        var inserts = false
        var index = 2
        while index < phrase.count {
            let value = phrase[index + 1]
            switch phrase[index] {
            case "insert": inserts = true
            case "indirect": cookie.indirect = true
            case "nocache": cookie.noCache = true
            case "postonly": cookie.postOnly = true
            case "httponly": cookie.httpOnly = true
            case "secure": cookie.secure = true
            case "domain", "attr":
                guard !value.isEmpty else {
                    throw phrase.fault(
                        "'\(phrase[index])' expects <\(phrase[index] == "attr" ? "value" : "domain")> as argument.",
                        at: index + 1)
                }
                guard value.utf8.allSatisfy({ $0 > 0x1f && $0 < 0x7f && $0 != UInt8(ascii: ";") }) else {
                    throw phrase.fault("'\(value)' has a character that no cookie may have.", at: index + 1)
                }
                if phrase[index] == "domain" {
                    if !value.dropFirst().contains(".") {
                        reader.warn(
                            Fault(
                                "domain '\(value)' contains no embedded dot, this configuration may not work properly "
                                    + "(see RFC6265#5.2.3).", word: phrase.words[index + 1], lead: .tight))
                    }
                    cookie.domains.append(value)
                } else {
                    cookie.attributes.append(value)
                }
                index += 1
            case "rewrite", "prefix", "preserve", "maxidle", "maxlife", "dynamic":
                throw phrase.fault(ForeignKeywords.message("cookie … \(phrase[index])"), at: index)
            default:
                throw phrase.fault(
                    "'cookie' supports 'insert', 'indirect', 'nocache', 'postonly', 'httponly', 'secure', 'domain' "
                        + "and 'attr' options (got '\(phrase[index])').", at: index)
            }
            index += 1
        }
        guard inserts else {
            throw phrase.fault(
                "'cookie \(phrase[1])' without 'insert' is one of HAProxy's modes that mwproxy does not support yet",
                at: 0)
        }
        return cookie
    }

    private static func stick(
        _ phrase: Phrase, _ draft: ProxyDraft, _ reader: ConfigurationReader
    ) throws(Fault) -> StickRule {
        guard let kind = StickRule.Kind(rawValue: phrase[1]) else {
            throw phrase.fault(
                "'stick' expects 'on', 'match', 'store-request' or 'store-response' (got '\(phrase[1])').",
                at: 1)
        }
        guard phrase.count > 2 else { throw phrase.fault("'stick' expects a fetch method.", at: 2) }
        let expression: Expression
        do throws(ExpressionFault) {
            expression = try ExpressionLanguage(reader: reader).expression(phrase[2]).expression
        } catch {
            throw phrase.fault("'stick': \(error.message)", at: 2)
        }
        let place = kind == .storeResponse ? RulePlace.httpResponse : .httpRequest
        guard place.offers(expression.fetch.need, in: draft) else {
            throw phrase.fault("'stick': \(TextFormatLanguage.notHere(expression))", at: 2)
        }
        var index = 3
        var table: String?
        if phrase[index] == "table" {
            guard index + 1 < phrase.count else {
                throw phrase.fault("'table' expects a table name.", at: index + 1)
            }
            table = phrase[index + 1]
            index += 2
        }
        reader.expectTable(
            table, of: draft, at: phrase.position,
            "unable to find stick-table '\(table ?? draft.proxy.name)'.")
        let title =
            kind == .storeResponse
            ? "backend stick-store rule" : "backend use-server, balance or stick-match rule"
        let condition = try ConditionLanguage(draft: draft, reader: reader, place: place, title: title)
            .condition(phrase, from: index, rule: "sticking rule")
        return StickRule(
            position: phrase.position, kind: kind, expression: expression, table: table, condition: condition)
    }
}
