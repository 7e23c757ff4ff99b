// Conditions of rules, ready to be asked for every request.

import ConfigLanguage
import Unix

/// `if …` or `unless …`.
final class CompiledCondition {
    private struct Term {
        let negated: Bool
        let criteria: [CompiledCriterion]
    }
    private let unless: Bool
    private let alternatives: [[Term]]
    /// The only criterion, where there is but one, and the answer with which the condition holds: most are so.
    private let only: CompiledCriterion?
    private let wanted: Bool

    init(_ condition: Condition, _ names: ExpressionNames) {
        unless = condition.unless
        alternatives = condition.alternatives.map { terms in
            terms.map { term in
                Term(
                    negated: term.negated,
                    criteria: term.test.criteria.map { CompiledCriterion($0, names) })
            }
        }
        if alternatives.count == 1, alternatives[0].count == 1, alternatives[0][0].criteria.count == 1 {
            only = alternatives[0][0].criteria[0]
            wanted = alternatives[0][0].negated == unless
        } else {
            only = nil
            wanted = !unless
        }
    }

    func holds(in scene: Scene) -> Bool {
        if let only { return only.matches(in: scene) == wanted }
        for terms in alternatives where all(terms, scene) { return !unless }
        return unless
    }

    /// As `holds`, while a client of TCP mode may say more; nil: that may change the answer.
    func holdsYet(in scene: Scene) -> Bool? {
        var isOpen = false
        for terms in alternatives {
            switch allYet(terms, scene) {
            case true?: return !unless
            case false?: break
            case nil: isOpen = true
            }
        }
        return isOpen ? nil : unless
    }

    private func allYet(_ terms: [Term], _ scene: Scene) -> Bool? {
        var isOpen = false
        for term in terms {
            scene.core.inspection.missed = false
            let found = finds(term, scene)
            if !found && scene.core.inspection.missed {
                isOpen = true
            } else if found == term.negated {
                return false
            }
        }
        return isOpen ? nil : true
    }

    private func all(_ terms: [Term], _ scene: Scene) -> Bool {
        for term in terms where finds(term, scene) == term.negated { return false }
        return true
    }

    @inline(__always)
    private func finds(_ term: Term, _ scene: Scene) -> Bool {
        for criterion in term.criteria where criterion.matches(in: scene) { return true }
        return false
    }
}

/// One expression with its patterns.
final class CompiledCriterion {
    private let expression: CompiledExpression
    /// Most have one list of patterns; the others are of files.
    private let matcher: PatternMatcher
    private let others: [PatternMatcher]

    init(_ criterion: Test.Criterion, _ names: ExpressionNames) {
        expression = CompiledExpression(criterion.expression, names)
        let source = criterion.patterns
        let (own, files) = names.core.patterns.references(of: criterion)
        matcher = PatternMatcher(own, source.match, ignoresCase: source.ignoresCase)
        others = files.map { PatternMatcher($0, source.match, ignoresCase: source.ignoresCase) }
    }

    func matches(in scene: Scene) -> Bool {
        guard expression.mayHaveSeveralValues else {
            guard let sample = expression.value(in: scene) else { return false }
            return matches(sample, scene.core.arena)
        }
        return expression.anyValue(in: scene) { matches($0, scene.core.arena) }
    }

    @inline(__always)
    private func matches(_ sample: Sample, _ arena: SampleArena) -> Bool {
        if matcher.matches(sample, arena) { return true }
        return !others.isEmpty && others.contains { $0.matches(sample, arena) }
    }
}

extension Network {
    /// Whether an address lies in it; an IPv4 address mapped into IPv6 counts as IPv4.
    func contains(_ address: SocketAddress) -> Bool {
        switch (self, address) {
        case (.ipv4(let network, let prefix), .ipv4(let host, _)):
            return prefix <= 0 || (network ^ host) >> UInt32(32 - min(prefix, 32)) == 0
        case (.ipv4, .ipv6(0, let low, let port, _)) where low >> 32 == 0xFFFF:
            return contains(.ipv4(UInt32(truncatingIfNeeded: low), port: port))
        case (.ipv6(let high, let low, let prefix), .ipv6(let hostHigh, let hostLow, _, _)):
            if prefix <= 0 { return true }
            if prefix <= 64 { return (high ^ hostHigh) >> UInt64(64 - prefix) == 0 }
            return high == hostHigh && (low ^ hostLow) >> UInt64(128 - min(prefix, 128)) == 0
        default: return false
        }
    }
}
