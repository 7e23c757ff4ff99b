// The actions by name, and where each may stand. A new action is one more entry.

import RegularExpressions

enum RuleActions {
    private struct Entry: Sendable {
        let places: Set<RulePlace>
        let reading: RuleLanguage.Reading
    }

    static func reading(_ name: String, at place: RulePlace) -> RuleLanguage.Reading? {
        guard let entry = table[name], entry.places.contains(place) else { return nil }
        return entry.reading
    }

    static func names(at place: RulePlace) -> [String] {
        table.filter { $0.value.places.contains(place) }.map { $0.key == "track-sc" ? "track-sc0" : $0.key }
    }

    static func isKnownElsewhere(_ name: String) -> Bool { table[name] != nil }

    private static let tcp: Set<RulePlace> = [.connection, .session, .content]
    private static let http: Set<RulePlace> = [.httpRequest, .httpResponse]
    private static let request: Set<RulePlace> = [.httpRequest]
    private static let everywhere = Set(RulePlace.allCases)

    private static let table: [String: Entry] = {
        var table: [String: Entry] = [:]
        func add(_ name: String, _ places: Set<RulePlace>, _ reading: @escaping RuleLanguage.Reading) {
            table[name] = Entry(places: places, reading: reading)
        }
        add("accept", tcp) { (_, _, _) throws(Fault) in .accept }
        add("allow", http) { (_, _, _) throws(Fault) in .accept }
        add("reject", tcp.union(request)) { (_, _, _) throws(Fault) in .reject }
        add("expect-proxy", [.connection]) { (language, phrase, index) throws(Fault) in
            guard phrase[index] == "layer4" else {
                throw phrase.fault(
                    "'tcp-request connection expect-proxy' only supports 'layer4' in \(language.draft.title) (got "
                        + "'\(phrase[index])')", at: index)
            }
            index += 1
            return .expectProxy
        }
        add("deny", http) { (language, phrase, index) throws(Fault) in
            .deny(try language.answer(phrase, &index, status: language.place == .httpRequest ? 403 : 502))
        }
        add("tarpit", request) { (language, phrase, index) throws(Fault) in
            .tarpit(try language.answer(phrase, &index, status: 500))
        }
        add("return", http) { (language, phrase, index) throws(Fault) in
            .answer(try language.answer(phrase, &index, status: 200))
        }
        add("redirect", http, redirect)
        add("track-sc", everywhere) { (language, phrase, index) throws(Fault) in
            let slot = try language.trackSlot(phrase)
            let expression = try language.expression(phrase, index)
            index += 1
            var table: String?
            if phrase[index] == "table" {
                guard index + 1 < phrase.count else {
                    throw phrase.fault("missing table name.", at: index + 1)
                }
                table = phrase[index + 1]
                index += 2
            }
            language.reader.expectTable(
                table, of: language.draft, at: phrase.position,
                "unable to find table '\(table ?? language.draft.proxy.name)' referenced by track-sc\(slot).")
            return .track(slot: slot, expression, table: table)
        }
        for counter in 0...1 {
            add("sc-inc-gpc\(counter)", everywhere) { (language, phrase, _) throws(Fault) in
                .increase(counter: counter, slot: try language.slot(phrase))
            }
        }
        add("sc-set-gpt0", everywhere) { (language, phrase, index) throws(Fault) in
            let slot = try language.slot(phrase)
            defer { index += 1 }
            if let number = UInt32(phrase[index]) {
                return .setTag(
                    slot: slot,
                    Expression(fetch: .integer(Int64(number)), converters: [], text: "int(\(number))"))
            }
            return .setTag(slot: slot, try language.expression(phrase, index))
        }
        add("set-var", everywhere) { (language, phrase, index) throws(Fault) in
            let variable = try language.variable(phrase)
            defer { index += 1 }
            return .setVariable(variable, try language.expression(phrase, index))
        }
        add("set-var-fmt", everywhere) { (language, phrase, index) throws(Fault) in
            let variable = try language.variable(phrase)
            guard index < phrase.count else { throw phrase.fault("expects a format.", at: index) }
            defer { index += 1 }
            return .formatVariable(variable, try language.format(phrase, index))
        }
        add("unset-var", everywhere) { (language, phrase, _) throws(Fault) in
            .unsetVariable(try language.variable(phrase))
        }
        for (name, isAdded) in [("set-header", false), ("add-header", true)] {
            add(name, http) { (language, phrase, index) throws(Fault) in
                guard index + 1 < phrase.count else {
                    throw phrase.fault("expects exactly 2 arguments.", at: phrase.count)
                }
                let header = try language.headerName(phrase, index)
                if ["content-length", "transfer-encoding"].contains(header.lowercased()) {
                    throw phrase.fault(
                        "'\(header)' tells where the message ends, which mwproxy decides itself.", at: index)
                }
                let value = try language.headerFormat(phrase, index + 1)
                index += 2
                return isAdded ? .addHeader(name: header, value) : .setHeader(name: header, value)
            }
        }
        add("del-header", http) { (language, phrase, index) throws(Fault) in
            guard index < phrase.count else { throw phrase.fault("expects at least 1 argument.", at: index) }
            let place = index
            let name = phrase[place]
            index += 1
            guard phrase[index] == "-m" else {
                return .deleteHeader(.exact(try language.headerName(phrase, place)))
            }
            let method = phrase[index + 1]
            index += 2
            switch method {
            case "str": return .deleteHeader(.exact(try language.headerName(phrase, place)))
            case "beg": return .deleteHeader(.beginning(name.lowercased()))
            case "end": return .deleteHeader(.ending(name.lowercased()))
            case "sub": return .deleteHeader(.substring(name.lowercased()))
            case "reg": return .deleteHeader(.regular(try language.regular(phrase, place)))
            default:
                throw phrase.fault(
                    "unknown match method '\(method)'; expected 'str', 'beg', 'end', 'sub' or 'reg'.",
                    at: index - 1)
            }
        }
        for (name, byElement) in [("replace-header", false), ("replace-value", true)] {
            add(name, http) { (language, phrase, index) throws(Fault) in
                guard index + 2 < phrase.count else {
                    throw phrase.fault("expects exactly 3 arguments.", at: phrase.count)
                }
                let header = try language.headerName(phrase, index)
                let pattern = try language.regular(phrase, index + 1)
                let value = try language.headerFormat(phrase, index + 2)
                index += 3
                return .replaceHeader(name: header, pattern, value, byElement: byElement)
            }
        }
        for part in [RuleAction.TargetPart.path, .pathQuery, .query, .whole] {
            add(part.rawValue, request) { (language, phrase, index) throws(Fault) in
                guard index < phrase.count else {
                    throw phrase.fault("expects exactly 1 argument <format>.", at: index)
                }
                defer { index += 1 }
                return .setTarget(part, try language.headerFormat(phrase, index))
            }
        }
        for (name, part) in [
            ("replace-path", RuleAction.TargetPart.path), ("replace-pathq", .pathQuery),
            ("replace-uri", .whole),
        ] {
            add(name, request) { (language, phrase, index) throws(Fault) in
                guard index + 1 < phrase.count else {
                    throw phrase.fault(
                        "expects exactly 2 arguments <match-regex> and <replace-format>.", at: index)
                }
                let pattern = try language.regular(phrase, index)
                let value = try language.headerFormat(phrase, index + 1)
                index += 2
                return .replaceTarget(part, pattern, value)
            }
        }
        add("set-status", [.httpResponse]) { (language, phrase, index) throws(Fault) in
            guard let status = Int(phrase[index]), (200...599).contains(status), status != 204, status != 304
            else {
                throw phrase.fault(
                    "expects a status code of 200 to 599 that may have content, found '\(phrase[index])'.",
                    at: index)
            }
            index += 1
            guard phrase[index] == "reason" else { return .setStatus(status, reason: nil) }
            let reason = try language.headerText(phrase, index + 1)
            index += 2
            return .setStatus(status, reason: reason)
        }
        return table
    }()

    private static let redirectCodes: Set<Int> = [301, 302, 303, 307, 308]

    static func redirect(
        _ language: RuleLanguage, _ phrase: Phrase, _ index: inout Int
    ) throws(Fault) -> RuleAction {
        var redirect = Redirect(target: .location(TextFormat(parts: [])))
        var hasTarget = false
        loop: while index < phrase.count {
            let name = phrase[index]
            if ["location", "prefix", "scheme", "code", "set-cookie", "clear-cookie"].contains(name),
                phrase[index + 1].isEmpty
            {
                throw phrase.fault("missing argument for '\(name)'.", at: index + 1)
            }
            switch name {
            case "location", "prefix", "scheme":
                hasTarget = true
                let text = try language.headerFormat(phrase, index + 1)
                redirect.target =
                    name == "location" ? .location(text) : name == "prefix" ? .prefix(text) : .scheme(text)
            case "set-cookie": redirect.setCookie = try language.headerText(phrase, index + 1)
            case "clear-cookie": redirect.clearCookie = try language.headerText(phrase, index + 1)
            case "code":
                guard let code = Int(phrase[index + 1]), redirectCodes.contains(code) else {
                    throw phrase.fault(
                        "'code': unsupported HTTP code '\(phrase[index + 1])' (must be one of 301, 302, 303, 307 "
                            + "or 308).", at: index + 1)
                }
                redirect.code = code
            case "drop-query": redirect.dropQuery = true
            case "append-slash": redirect.appendSlash = true
            case "ignore-empty": redirect.ignoresEmpty = true
            case "keep-query": throw phrase.fault(ForeignKeywords.message("redirect … \(name)"), at: index)
            case "if", "unless": break loop
            default:
                throw phrase.fault(
                    "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'clear-cookie', 'drop-query', "
                        + "'ignore-empty' or 'append-slash' (was '\(name)').", at: index)
            }
            index += ["drop-query", "append-slash", "ignore-empty"].contains(name) ? 1 : 2
        }
        guard hasTarget else {
            throw phrase.fault("redirection type expected ('prefix', 'location', or 'scheme').", at: index)
        }
        if language.place == .httpResponse {
            guard case .location = redirect.target else {
                throw phrase.fault("response only supports redirect type 'location'.", at: 2)
            }
        }
        return .redirect(redirect)
    }
}
