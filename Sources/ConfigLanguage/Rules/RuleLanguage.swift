// Reads one rule: its action and its condition.

import RegularExpressions

/// The rules of one proxy and place.
struct RuleLanguage {
    let draft: ProxyDraft
    let reader: ConfigurationReader
    let place: RulePlace

    /// How a rule's action is read; `index` goes behind its words.
    typealias Reading = @Sendable (RuleLanguage, Phrase, inout Int) throws(Fault) -> RuleAction

    /// The word that names the action.
    private var actionIndex: Int { place.isTCP ? 2 : 1 }

    func rule(_ phrase: Phrase) throws(Fault) -> Rule {
        let word = phrase[actionIndex]
        let name = Self.name(of: word)
        guard let reading = RuleActions.reading(name, at: place) else { throw unknownAction(phrase, name) }
        var index = actionIndex + 1
        let action: RuleAction
        do {
            action = try reading(self, phrase, &index)
        } catch {
            if place.isTCP { throw error.within("'\(place.rawValue) \(word)'") }
            throw error.within(
                "error detected in \(draft.title) while parsing '\(place.rawValue) \(word)' rule")
        }
        let condition = try condition(phrase, from: index, word)
        return Rule(position: phrase.position, action: action, condition: condition)
    }

    /// The older `redirect` line, which is an `http-request` rule.
    func redirectLine(_ phrase: Phrase) throws(Fault) -> Rule {
        var index = 1
        let action: RuleAction
        do {
            action = try RuleActions.redirect(self, phrase, &index)
        } catch {
            throw error.within("error detected in \(draft.title) while parsing redirect rule")
        }
        let condition = try condition(phrase, from: index, "redirect")
        return Rule(position: phrase.position, action: action, condition: condition)
    }

    /// `sc-inc-gpc0` of `sc-inc-gpc0(1)`, `track-sc` of `track-sc2`.
    private static func name(of word: String) -> String {
        let name = word.prefix { $0 != "(" }
        return name.hasPrefix("track-sc") ? "track-sc" : String(name)
    }

    private func unknownAction(_ phrase: Phrase, _ name: String) -> Fault {
        let word = phrase[actionIndex]
        if ForeignKeywords.ruleActions.contains(name) || RuleActions.isKnownElsewhere(name) {
            return phrase.fault(ForeignKeywords.message("\(place.rawValue) \(word)"), at: actionIndex)
        }
        let known = RuleActions.names(at: place)
        let listed = known.sorted().map { "'\($0)'" }.joined(separator: ", ")
        let near = NearestKeyword.to(name, among: Set(known).union(ForeignKeywords.ruleActions))
        let hint = near.map { " Did you mean '\($0)' maybe ?" } ?? ""
        let got = word.isEmpty ? "'' (missing argument)." : "'\(word)'."
        let place = phrase.count > actionIndex ? phrase.words[actionIndex] : phrase.words[phrase.count - 1]
        return Fault(
            "'\(self.place.rawValue)' expects \(listed), but got \(got)\(hint)", word: place, lead: .tight)
    }

    private func condition(_ phrase: Phrase, from index: Int, _ word: String) throws(Fault) -> Condition? {
        guard index < phrase.count else { return nil }
        let rule = word == "redirect" && phrase.keyword == "redirect" ? word : "\(place.rawValue) \(word)"
        guard phrase[index] == "if" || phrase[index] == "unless" else {
            if place.isTCP {
                throw phrase.fault(
                    "'\(rule)' only accepts 'if' or 'unless', in \(draft.title) (got '\(phrase[index])')",
                    at: index)
            }
            throw Fault(
                "'\(rule)' expects either 'if' or 'unless' followed by a condition but found '\(phrase[index])'.",
                word: phrase.words[index], lead: .tight)
        }
        return try ConditionLanguage(draft: draft, reader: reader, place: place).condition(
            phrase, from: index, rule: "'\(rule)' rule")
    }

    // MARK: Parts of actions

    /// Word `index` as an expression that this place can evaluate.
    func expression(_ phrase: Phrase, _ index: Int) throws(Fault) -> Expression {
        guard index < phrase.count, phrase[index] != "if", phrase[index] != "unless" else {
            throw phrase.fault("missing fetch method.", at: index)
        }
        let expression: Expression
        do throws(ExpressionFault) {
            expression = try ExpressionLanguage(reader: reader).expression(phrase[index]).expression
        } catch {
            throw phrase.fault(error.message, at: index)
        }
        guard place.offers(expression.fetch.need, in: draft) else {
            throw phrase.fault(TextFormatLanguage.notHere(expression), at: index)
        }
        return expression
    }

    /// Word `index` as a text with variables, for a header's value.
    func headerFormat(_ phrase: Phrase, _ index: Int) throws(Fault) -> TextFormat {
        _ = try headerText(phrase, index)
        return try format(phrase, index)
    }

    func format(_ phrase: Phrase, _ index: Int) throws(Fault) -> TextFormat {
        do throws(ExpressionFault) {
            return try TextFormatLanguage(reader: reader, place: place, draft: draft).format(phrase[index])
        } catch {
            throw phrase.fault(error.message, at: index)
        }
    }

    func headerText(_ phrase: Phrase, _ index: Int) throws(Fault) -> String {
        let text = phrase[index]
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
            throw phrase.fault("'\(text)' has a control character, which no header may have.", at: index)
        }
        return text
    }

    func headerName(_ phrase: Phrase, _ index: Int) throws(Fault) -> String {
        let name = phrase[index]
        guard Self.isHeaderName(name) else {
            throw phrase.fault("'\(name)' is not the name of a header.", at: index)
        }
        return name
    }

    func regular(_ phrase: Phrase, _ index: Int) throws(Fault) -> RegularExpression {
        do throws(RegularExpression.Fault) {
            return try RegularExpression(phrase[index].utf8)
        } catch {
            throw phrase.fault(
                "regex '\(phrase[index])' is invalid (error=\(error.reason), erroffset=\(error.offset)).",
                at: index)
        }
    }

    /// The number in parentheses behind an action's name.
    func slot(_ phrase: Phrase) throws(Fault) -> Int {
        let word = phrase[actionIndex]
        guard let open = word.firstIndex(of: "(") else { return 0 }
        let text = word[word.index(after: open)...].dropLast(word.hasSuffix(")") ? 1 : 0)
        guard let slot = Int(text), word.hasSuffix(")") else {
            throw phrase.fault("invalid stick table track ID '\(text)'; expected 0 to 2.", at: actionIndex)
        }
        guard (0...2).contains(slot) else {
            throw phrase.fault("invalid stick table track ID. The max allowed ID is 2.", at: actionIndex)
        }
        return slot
    }

    func variable(_ phrase: Phrase) throws(Fault) -> Variable {
        let word = phrase[actionIndex]
        guard let open = word.firstIndex(of: "("), word.hasSuffix(")") else {
            throw phrase.fault("invalid or incomplete action. Expects 'set-var(<var-name>)'", at: actionIndex)
        }
        do throws(ExpressionFault) {
            return try Variable(reading: String(word[word.index(after: open)...].dropLast()))
        } catch {
            throw phrase.fault(error.message, at: actionIndex)
        }
    }

    func trackSlot(_ phrase: Phrase) throws(Fault) -> Int {
        let text = phrase[actionIndex].dropFirst("track-sc".count)
        guard let slot = Int(text) else {
            throw phrase.fault(
                "'track-sc' needs a number from 0 to 2 behind it, found '\(text)'.", at: actionIndex)
        }
        guard (0...2).contains(slot) else {
            throw phrase.fault(
                "\(slot) track-sc number exceeding 2 (MAX_SESS_STKCTR-1) value.", at: actionIndex)
        }
        return slot
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
