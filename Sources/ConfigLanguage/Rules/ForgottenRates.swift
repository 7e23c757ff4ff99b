// Rate limits that each reload would reset: a rule depends on a rate of a table that no peers share.

import StickTables

extension Configuration {
    /// A warning for each such rule, at its line.
    package func forgottenRates() -> [Diagnostic] {
        let tables = Dictionary(
            proxies.compactMap { proxy in proxy.stickTable.map { (proxy.name, $0) } },
            uniquingKeysWith: { first, _ in first })
        let places = trackedTables
        var diagnostics: [Diagnostic] = []
        for proxy in proxies where !proxy.settings.disabled {
            let rules = RulePlace.allCases.flatMap { proxy.rules[$0] ?? [] }
            for rule in rules where rule.action.refuses {
                var names: Set<String> = []
                rule.condition?.forEachExpression { expression in
                    names.formUnion(expression.rateTables(own: proxy.name, tracked: places))
                }
                for name in names.sorted() {
                    guard let table = tables[name], table.peers == nil else { continue }
                    diagnostics.append(
                        Diagnostic(
                            .warning, at: rule.position,
                            ("parsing [\(rule.position)] : each reload resets this rate limit: table '\(name)' starts empty, "
                                + "as no 'peers' section carries it over (add 'peers <section>' to its stick-table line).")
                                .withVisibleControls))
                }
            }
        }
        return diagnostics
    }

    /// The tables that each slot may track, whichever proxy's rule tracks them.
    private var trackedTables: [Int: Set<String>] {
        var tables: [Int: Set<String>] = [:]
        for other in proxies {
            for rule in RulePlace.allCases.flatMap({ other.rules[$0] ?? [] }) {
                if case .track(let slot, _, let table) = rule.action {
                    tables[slot, default: []].insert(table ?? other.name)
                }
            }
        }
        return tables
    }
}

extension RuleAction {
    /// A client is turned away by it.
    fileprivate var refuses: Bool {
        switch self {
        case .reject, .deny, .tarpit, .answer, .redirect: true
        default: false
        }
    }
}

extension Condition {
    fileprivate func forEachExpression(_ body: (Expression) -> Void) {
        for term in alternatives.joined() {
            for criterion in term.test.criteria { body(criterion.expression) }
        }
    }
}

extension Expression {
    /// The tables whose rates it reads.
    fileprivate func rateTables(own: String, tracked: [Int: Set<String>]) -> Set<String> {
        var names: Set<String> = []
        switch fetch {
        case .tracked(let reading, let slot, let table) where reading.isRate:
            if let table { names.insert(table) } else { names.formUnion(tracked[slot] ?? []) }
        case .ofSource(let reading, let table) where reading.isRate: names.insert(table ?? own)
        default: break
        }
        for converter in converters {
            if case .table(let reading, let table, _) = converter, reading.isRate { names.insert(table) }
        }
        return names
    }
}

extension TableReading {
    fileprivate var isRate: Bool {
        if case .value(let type) = self { return type.kind == .rate }
        return false
    }
}
