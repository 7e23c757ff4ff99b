// The rules that a proxy has, by where they are applied.

import ConfigLanguage

/// The rules of one proxy by where they are applied.
final class RuleSet {
    let connection: RuleList
    let session: RuleList
    let content: RuleList
    let request: RuleList
    let response: RuleList
    /// Whether a request is asked about at all: what has no rules must cost nothing.
    let asksRequests: Bool
    let asksResponses: Bool
    let asksConnections: Bool

    init(_ proxy: Proxy, _ names: ExpressionNames) {
        func compiled(_ place: RulePlace) -> RuleList { RuleList(proxy.rules[place] ?? [], names) }
        connection = compiled(.connection)
        session = compiled(.session)
        content = compiled(.content)
        request = compiled(.httpRequest)
        response = compiled(.httpResponse)
        asksRequests = !content.isEmpty || !request.isEmpty
        asksResponses = !response.isEmpty
        asksConnections = !connection.isEmpty || !session.isEmpty
    }
}

/// Rules in their order. They are lent to whoever applies them, never copied: every request asks all of them.
struct RuleList: ~Copyable {
    private let rules: UnsafeMutableBufferPointer<CompiledRule>

    init(_ rules: [Rule], _ names: ExpressionNames) {
        self.rules = .allocate(capacity: rules.count)
        for (index, rule) in rules.enumerated() {
            self.rules.initializeElement(at: index, to: CompiledRule(rule, names))
        }
    }

    deinit {
        rules.deinitialize()
        rules.deallocate()
    }

    var isEmpty: Bool { rules.isEmpty }

    /// Calls `body` with each rule from number `first` on, until it returns false.
    @inline(__always)
    func forEach(from first: Int = 0, _ body: (_ index: Int, borrowing CompiledRule) -> Bool) {
        for index in first..<rules.count {
            guard body(index, rules[index]) else { return }
        }
    }
}
