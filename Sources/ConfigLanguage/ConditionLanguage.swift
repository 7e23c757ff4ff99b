// `if` and `unless`: names of ACLs, `!`, `||`, and anonymous tests in braces.

/// Reads the conditions of one proxy's rules.
struct ConditionLanguage {
    let draft: ProxyDraft
    let reader: ConfigurationReader

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
            return Condition(
                unless: phrase[index] == "unless", alternatives: try alternatives(phrase, from: index + 1))
        } catch {
            throw error.within("error detected while parsing \(rule)")
        }
    }

    private func alternatives(_ phrase: Phrase, from start: Int) throws(Fault) -> [[Condition.Term]] {
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
                index = end
            } else {
                test = try named(word, phrase, at: index)
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

extension ProxyDraft {
    /// Gives every named test its criteria: later `acl` lines of the same name count as well.
    mutating func resolveConditions() {
        for index in proxy.useBackend.indices { resolve(&proxy.useBackend[index].condition) }
        for index in proxy.httpRequest.indices { resolve(&proxy.httpRequest[index].condition) }
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
