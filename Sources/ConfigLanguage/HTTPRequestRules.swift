// `http-request …` and `redirect …`.

/// Reads the rules of one proxy.
struct HTTPRequestRules {
    let draft: ProxyDraft
    let reader: ConfigurationReader

    private static let actions = ["return", "deny", "redirect", "set-header"]
    private static let redirectCodes: Set<Int> = [301, 302, 303, 307, 308]

    /// A whole `http-request` line.
    func rule(_ phrase: Phrase) throws(Fault) -> HTTPRule {
        let name = phrase[1]
        guard Self.actions.contains(name) else { throw unknownAction(phrase) }
        var index = 2
        let action: HTTPRule.Action
        do {
            switch name {
            case "return": action = .returnResponse(try answer(phrase, &index))
            case "deny": action = .deny(status: try denyStatus(phrase, &index))
            case "redirect": action = .redirect(try redirect(phrase, &index))
            default: action = try setHeader(phrase, &index)
            }
        } catch {
            throw error.within("error detected in \(draft.title) while parsing 'http-request \(name)' rule")
        }
        let condition = try condition(phrase, from: index, rule: "http-request \(name)")
        return HTTPRule(position: phrase.position, action: action, condition: condition)
    }

    /// The older `redirect` line, which is the same rule.
    func redirectLine(_ phrase: Phrase) throws(Fault) -> HTTPRule {
        var index = 1
        let action: HTTPRule.Action
        do {
            action = .redirect(try redirect(phrase, &index))
        } catch {
            throw error.within("error detected in \(draft.title) while parsing redirect rule")
        }
        let condition = try condition(phrase, from: index, rule: "redirect")
        return HTTPRule(position: phrase.position, action: action, condition: condition)
    }

    private func unknownAction(_ phrase: Phrase) -> Fault {
        let name = phrase[1]
        if ForeignKeywords.httpRequest.contains(String(name.prefix { $0 != "(" })) {
            return phrase.fault(ForeignKeywords.message("http-request \(name)"), at: 1)
        }
        let listed = Self.actions.map { "'\($0)'" }.joined(separator: ", ")
        let near = NearestKeyword.to(name, among: Self.actions + ForeignKeywords.httpRequest)
        let hint = near.map { " Did you mean '\($0)' maybe ?" } ?? ""
        let got = name.isEmpty ? "'' (missing argument)." : "'\(name)'."
        return Fault(
            "'http-request' expects \(listed), but got \(got)\(hint)",
            word: phrase.words.count > 1 ? phrase.words[1] : phrase.words[0], lead: .tight)
    }

    private func condition(
        _ phrase: Phrase, from index: Int, rule: String
    ) throws(Fault) -> Condition? {
        guard index < phrase.count else { return nil }
        guard phrase[index] == "if" || phrase[index] == "unless" else {
            throw Fault(
                "'\(rule)' expects either 'if' or 'unless' followed by a condition but found "
                    + "'\(phrase[index])'.", word: phrase.words[index], lead: .tight)
        }
        return try ConditionLanguage(draft: draft, reader: reader).condition(
            phrase, from: index, rule: "'\(rule)' rule")
    }

    // MARK: Actions

    private func denyStatus(_ phrase: Phrase, _ index: inout Int) throws(Fault) -> Int {
        switch phrase[index] {
        case "deny_status", "status": return try status(phrase, &index)
        case "content-type", "errorfile", "errorfiles", "file", "lf-file", "string", "lf-string", "hdr":
            throw phrase.fault(ForeignKeywords.message("http-request deny … \(phrase[index])"), at: index)
        case "default-errorfiles": index += 1
        default: break
        }
        return 403
    }

    /// `status 404`; `index` is at `status`.
    private func status(_ phrase: Phrase, _ index: inout Int) throws(Fault) -> Int {
        let text = phrase[index + 1]
        guard !text.isEmpty else {
            throw phrase.fault("'status' expects <status_code> as argument.", at: index + 1)
        }
        guard let status = Int(text), (200...599).contains(status) else {
            throw phrase.fault("Unexpected status code '\(text)'; expected 200 to 599.", at: index + 1)
        }
        index += 2
        return status
    }

    private func answer(_ phrase: Phrase, _ index: inout Int) throws(Fault) -> Answer {
        var answer = Answer(status: 200, contentType: nil, body: [], headers: [])
        while index < phrase.count {
            let name = phrase[index]
            let value = phrase[index + 1]
            switch name {
            case "status": answer.status = try status(phrase, &index)
            case "content-type":
                guard !value.isEmpty else {
                    throw phrase.fault("'content-type' expects <ctype> as argument.", at: index + 1)
                }
                answer.contentType = try headerText(phrase, index + 1)
                index += 2
            case "default-errorfiles": index += 1
            case "string", "lf-string":
                guard index + 1 < phrase.count else {
                    throw phrase.fault("'\(name)' expects <str> as argument.", at: index + 1)
                }
                answer.body = Array((name == "string" ? value : try plain(phrase, index + 1)).utf8)
                index += 2
            case "file", "lf-file":
                answer.body = try file(phrase, index + 1)
                if name == "lf-file", answer.body.contains(UInt8(ascii: "%")) {
                    throw phrase.fault(ForeignKeywords.message("lf-file with '%'"), at: index)
                }
                index += 2
            case "hdr":
                let header = value
                guard !header.isEmpty, index + 2 < phrase.count else {
                    throw phrase.fault("'hdr' expects <name> and <value> as arguments.", at: index + 1)
                }
                try checkHeaderName(phrase, index + 1)
                answer.headers.append((header, try format(phrase, index + 2)))
                index += 3
            case "errorfile", "errorfiles":
                throw phrase.fault(ForeignKeywords.message("http-request return … \(name)"), at: index)
            default: return try checked(answer, phrase)
            }
        }
        return try checked(answer, phrase)
    }

    private func checked(_ answer: Answer, _ phrase: Phrase) throws(Fault) -> Answer {
        if !answer.body.isEmpty && answer.contentType == nil {
            throw phrase.fault("a content type must be defined when non-empty payload is configured.", at: 1)
        }
        if answer.body.isEmpty, let type = answer.contentType {
            reader.warn(
                phrase.fault(
                    "content-type '\(type)' ignored by the http reply because no payload is defined.", at: 1))
        }
        return answer
    }

    private func file(_ phrase: Phrase, _ index: Int) throws(Fault) -> [UInt8] {
        guard !phrase[index].isEmpty else {
            throw phrase.fault("'\(phrase[index - 1])' expects <file> as argument.", at: index)
        }
        switch reader.surroundings.readFile(phrase[index]) {
        case .success(let bytes): return bytes
        case .failure(let failure):
            throw phrase.fault("error opening file '\(phrase[index])': \(failure.reason).", at: index)
        }
    }

    private func redirect(_ phrase: Phrase, _ index: inout Int) throws(Fault) -> Redirect {
        var target: Redirect.Target?
        var options = Redirect(target: .location("/"))
        loop: while index < phrase.count {
            let name = phrase[index]
            if ["location", "prefix", "scheme", "code", "set-cookie"].contains(name),
                phrase[index + 1].isEmpty
            {
                throw phrase.fault("missing argument for '\(name)'.", at: index + 1)
            }
            switch name {
            case "location": target = .location(try format(phrase, index + 1))
            case "prefix": target = .prefix(try format(phrase, index + 1))
            case "scheme": target = .scheme(try format(phrase, index + 1))
            case "set-cookie": options.setCookie = try format(phrase, index + 1)
            case "code":
                guard let code = Int(phrase[index + 1]), Self.redirectCodes.contains(code) else {
                    throw phrase.fault(
                        "'code': unsupported HTTP code '\(phrase[index + 1])' (must be one of 301, 302, 303, 307 "
                            + "or 308).", at: index + 1)
                }
                options.code = code
            case "drop-query": options.dropQuery = true
            case "append-slash": options.appendSlash = true
            case "ignore-empty": break
            case "clear-cookie", "keep-query":
                throw phrase.fault(ForeignKeywords.message("redirect … \(name)"), at: index)
            case "if", "unless": break loop
            default:
                throw phrase.fault(
                    "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'drop-query', "
                        + "'ignore-empty' or 'append-slash' (was '\(name)').", at: index)
            }
            index += ["drop-query", "append-slash", "ignore-empty"].contains(name) ? 1 : 2
        }
        guard let target else {
            throw phrase.fault("redirection type expected ('prefix', 'location', or 'scheme').", at: index)
        }
        options.target = target
        return options
    }

    private func setHeader(_ phrase: Phrase, _ index: inout Int) throws(Fault) -> HTTPRule.Action {
        guard phrase.count > 3, !phrase[2].isEmpty else {
            throw phrase.fault("expects exactly 2 arguments.", at: phrase.count)
        }
        try checkHeaderName(phrase, 2)
        index = 4
        return .setHeader(name: phrase[2], value: try format(phrase, 3))
    }

    // MARK: Texts

    private func checkHeaderName(_ phrase: Phrase, _ index: Int) throws(Fault) {
        guard Self.isHeaderName(phrase[index]) else {
            throw phrase.fault("'\(phrase[index])' is not the name of a header.", at: index)
        }
    }

    /// A log-format string without variables, for a header's value.
    private func format(_ phrase: Phrase, _ index: Int) throws(Fault) -> String {
        _ = try headerText(phrase, index)
        return try plain(phrase, index)
    }

    /// `%%` becomes `%`; variables and expressions are HAProxy's that we do not have yet.
    private func plain(_ phrase: Phrase, _ index: Int) throws(Fault) -> String {
        let text = phrase[index]
        guard text.contains("%") else { return text }
        var result = ""
        var rest = Substring(text)
        while let percent = rest.firstIndex(of: "%") {
            result += rest[..<percent]
            rest = rest[rest.index(after: percent)...]
            guard rest.first == "%" else {
                let end = rest.first == "[" ? rest.firstIndex(of: "]").map { rest.index(after: $0) } : nil
                let variable = end.map { rest[..<$0] } ?? rest.prefix { $0.isLetter || "{+,}".contains($0) }
                throw phrase.fault(
                    "'%\(variable)' : variables and expressions in texts are HAProxy's that mwproxy does not "
                        + "support yet. If you wanted to emit the '%' character verbatim, you need to use '%%'.",
                    at: index)
            }
            result += "%"
            rest = rest.dropFirst()
        }
        return result + rest
    }

    private func headerText(_ phrase: Phrase, _ index: Int) throws(Fault) -> String {
        let text = phrase[index]
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
            throw phrase.fault("'\(text)' has a control character, which no header may have.", at: index)
        }
        return text
    }

    static func isHeaderName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy(isTokenByte)
    }

    /// RFC 9110's `tchar`.
    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
