// `if` and `unless`: names of ACLs, `!`, `||`, and anonymous tests in braces.

/// Reads the conditions of one proxy's rules.
struct ConditionLanguage {
    let draft: ProxyDraft
    let reader: ConfigurationReader
    /// Where the rule is applied: what is not there yet never matches, which is worth a warning.
    var place = RulePlace.httpRequest
    /// What that warning calls the place; nil: as the place is called.
    var title: String?

    /// From word `index`, where `if` or `unless` must stand; nil at the end of the line. `rule`: what the
    /// condition is for, as messages name it.
    func condition(_ phrase: Phrase, from index: Int, rule: String) throws(Fault) -> Condition? {
        guard index < phrase.count else { return nil }
        guard phrase[index] == "if" || phrase[index] == "unless" else {
            throw phrase.fault(
                "unexpected keyword '\(phrase[index])' after \(rule), only 'if' and 'unless' are allowed.",
                at: index)
        }
        do {
            var tests: [(test: Test, index: Int)] = []
            let alternatives = try alternatives(phrase, from: index + 1, &tests)
            warn(of: tests, phrase)
            return Condition(unless: phrase[index] == "unless", alternatives: alternatives)
        } catch {
            throw error.within("error detected while parsing \(rule)")
        }
    }

    /// `tests`: all that are asked, each with its word.
    private func alternatives(
        _ phrase: Phrase, from start: Int, _ tests: inout [(test: Test, index: Int)]
    ) throws(Fault) -> [[Condition.Term]] {
        var alternatives: [[Condition.Term]] = []
        var terms: [Condition.Term] = []
        var negated = false
        var index = start
        while index < phrase.count {
            var word = phrase[index]
            if word == "or" || word == "||" {
                guard !terms.isEmpty, !negated else {
                    throw phrase.fault("a condition is missing before '\(word)'", at: index)
                }
                alternatives.append(terms)
                terms = []
                index += 1
                continue
            }
            while word.hasPrefix("!") {
                negated.toggle()
                word.removeFirst()
            }
            if word.isEmpty {
                index += 1
                continue
            }
            let test: Test
            if word == "{" {
                guard let end = phrase.words[index...].firstIndex(where: { $0.text == "}" }) else {
                    throw phrase.fault("missing closing '}' in condition.", at: index)
                }
                let criterion = try AccessLists.criterion(phrase, index + 1..<end, reader)
                test = Test(name: nil, criteria: [criterion])
                tests.append((test, index + 1))
                index = end
            } else {
                test = try named(word, phrase, at: index)
                tests.append((draft.acls[word] ?? test, index))
            }
            terms.append(Condition.Term(negated: negated, test: test))
            negated = false
            index += 1
        }
        guard !terms.isEmpty, !negated else {
            throw phrase.fault(
                "a condition is missing behind '\(phrase[phrase.count - 1])'", at: phrase.count - 1)
        }
        return alternatives + [terms]
    }

    private func named(_ name: String, _ phrase: Phrase, at index: Int) throws(Fault) -> Test {
        if draft.acls[name] != nil { return Test(name: name, criteria: []) }
        if let criteria = AccessLists.predefined[name] { return Test(name: name, criteria: criteria) }
        if AccessLists.foreignPredefined.contains(name) {
            throw phrase.fault(
                "ACL '\(name)' is one of HAProxy's own that mwproxy does not support yet", at: index)
        }
        let near = NearestKeyword.to(name, among: Set(draft.acls.keys).union(AccessLists.predefined.keys))
        let hint = near.map { "; did you mean '\($0)' maybe ?" } ?? "."
        throw phrase.fault("no such ACL : '\(name)'\(hint)", at: index)
    }
}

extension ConditionLanguage {
    /// As HAProxy does, one warning for a condition: of the first test that never matches, else of the first of
    /// whose criteria one never does.
    private func warn(of tests: [(test: Test, index: Int)], _ phrase: Phrase) {
        func isThere(_ criterion: Test.Criterion) -> Bool {
            place.offers(criterion.expression.fetch.need, in: draft)
        }
        guard
            let (test, index) = tests.first(where: { !$0.test.criteria.contains(where: isThere) })
                ?? tests.first(where: { !$0.test.criteria.allSatisfy(isThere) }),
            let missing = test.criteria.first(where: { !isThere($0) })
        else { return }
        let keyword = ExpressionLanguage.name(of: missing.expression.text)
        let context = place.isTCP ? " in '\(place.rawValue)'" : ""
        let reason =
            switch test.name {
            case nil: "anonymous acl will never match\(context) because it uses keyword '\(keyword)' which is"
            case let name? where test.criteria.contains(where: isThere):
                "acl '\(name)' involves keyword '\(keyword)' which is"
            case let name?:
                "acl '\(name)' will never match\(context) because it only involves keywords that are"
            }
        let asked = title ?? place.title(in: draft)
        reader.warn(phrase.fault("\(reason) incompatible with '\(asked)'", at: index))
    }
}

extension ProxyDraft {
    /// Gives every named test its criteria: later `acl` lines of the same name count as well.
    mutating func resolveConditions() {
        for index in proxy.useBackend.indices { resolve(&proxy.useBackend[index].condition) }
        for place in RulePlace.allCases {
            var rules = proxy.rules[place] ?? []
            for index in rules.indices { resolve(&rules[index].condition) }
            if !rules.isEmpty { proxy.rules[place] = rules }
        }
        for index in proxy.stickRules.indices { resolve(&proxy.stickRules[index].condition) }
        proxy.acls = acls.values.sorted { $0.name ?? "" < $1.name ?? "" }
    }

    private func resolve(_ condition: inout Condition?) {
        guard var resolved = condition else { return }
        resolved.alternatives = resolved.alternatives.map { terms in
            terms.map { term in
                guard let name = term.test.name, let test = acls[name] else { return term }
                return Condition.Term(negated: term.negated, test: test)
            }
        }
        condition = resolved
    }
}
