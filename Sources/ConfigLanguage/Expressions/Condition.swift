// What `if`, `unless` and `acl` say.

/// `if`/`unless`: true when all tests of any line of `alternatives` hold; `unless` turns it round.
package struct Condition: Sendable {
    /// An ACL or anonymous test, perhaps behind `!`.
    package struct Term: Sendable {
        package var negated: Bool
        package var test: Test
        package init(negated: Bool, test: Test) {
            self.negated = negated
            self.test = test
        }
    }
    package var unless: Bool
    package var alternatives: [[Term]]

    package init(unless: Bool, alternatives: [[Term]]) {
        self.unless = unless
        self.alternatives = alternatives
    }
}

/// One ACL: its criteria, which are tried in order until one holds.
package struct Test: Sendable {
    /// An expression and what its value is compared with.
    package struct Criterion: Sendable {
        package var expression: Expression
        package var patterns: PatternSource
        package var position: Position
    }
    /// Nil for an anonymous test.
    package var name: String?
    package var criteria: [Criterion]

    package init(name: String?, criteria: [Criterion]) {
        self.name = name
        self.criteria = criteria
    }
}

/// An IPv4 or IPv6 network, addresses in host order.
package enum Network: Hashable, Sendable {
    case ipv4(UInt32, prefix: Int)
    case ipv6(high: UInt64, low: UInt64, prefix: Int)
}
