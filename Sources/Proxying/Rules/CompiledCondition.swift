// Conditions of rules, ready to be asked for every request: names and patterns as bytes.

import ConfigLanguage
import HTTP1
import Unix

/// `if …` or `unless …`.
struct CompiledCondition {
    private struct Term {
        let negated: Bool
        let criteria: [CompiledCriterion]
    }
    private let unless: Bool
    private let alternatives: [[Term]]

    init(_ condition: Condition) {
        unless = condition.unless
        alternatives = condition.alternatives.map { terms in
            terms.map { term in
                Term(negated: term.negated, criteria: term.test.criteria.map(CompiledCriterion.init))
            }
        }
    }

    func holds(_ bytes: Span<UInt8>, _ head: RequestHead, source: SocketAddress) -> Bool {
        for terms in alternatives where all(terms, bytes, head, source) { return !unless }
        return unless
    }

    private func all(
        _ terms: [Term], _ bytes: Span<UInt8>, _ head: RequestHead, _ source: SocketAddress
    ) -> Bool {
        for term in terms {
            var found = false
            for criterion in term.criteria where criterion.matches(bytes, head, source: source) {
                found = true
                break
            }
            if found == term.negated { return false }
        }
        return true
    }
}

/// One fetch with its patterns.
struct CompiledCriterion {
    private enum Fetch {
        case path, method, source, alwaysTrue, alwaysFalse
        case header([UInt8])
    }
    private let fetch: Fetch
    private let match: Test.Match
    private let texts: [[UInt8]]
    private let ignoresCase: Bool
    private let networks: [Network]

    init(_ criterion: Test.Criterion) {
        fetch =
            switch criterion.fetch {
            case .path: .path
            case .method: .method
            case .source: .source
            case .alwaysTrue: .alwaysTrue
            case .alwaysFalse: .alwaysFalse
            case .header(let name): .header(name.utf8.map(\.lowercased))
            }
        match = criterion.match
        switch criterion.patterns {
        case .strings(let strings, let ignoresCase):
            texts = strings.map { ignoresCase ? $0.utf8.map(\.lowercased) : Array($0.utf8) }
            self.ignoresCase = ignoresCase
            networks = []
        case .networks(let list):
            texts = []
            ignoresCase = false
            networks = list
        case .none:
            texts = []
            ignoresCase = false
            networks = []
        }
    }

    func matches(_ bytes: Span<UInt8>, _ head: RequestHead, source: SocketAddress) -> Bool {
        switch fetch {
        case .alwaysTrue: return true
        case .alwaysFalse: return false
        case .source: return networks.contains { $0.contains(source) }
        case .method: return matches(bytes, head.methodRange)
        case .path:
            guard let path = head.path(bytes) else { return false }
            return matches(bytes, path)
        case .header(let name):
            var found = false
            for field in head.section.fields where bytes.matches(field.name, lowercased: name) {
                if match == .found { return true }
                bytes.eachListElement(of: field.value) { element in
                    found = matches(bytes, element)
                    return !found
                }
                if found { return true }
            }
            return false
        }
    }

    private func matches(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        if match == .found { return true }
        for text in texts where matches(bytes, range, text) { return true }
        return false
    }

    private func matches(_ bytes: Span<UInt8>, _ range: Range<Int>, _ text: [UInt8]) -> Bool {
        guard text.count <= range.count else { return false }
        switch match {
        case .exact: return text.count == range.count && equal(bytes, range.lowerBound, text)
        case .beginning: return equal(bytes, range.lowerBound, text)
        case .ending: return equal(bytes, range.upperBound - text.count, text)
        case .substring:
            return (range.lowerBound...(range.upperBound - text.count)).contains { equal(bytes, $0, text) }
        case .found: return true
        }
    }

    private func equal(_ bytes: Span<UInt8>, _ start: Int, _ text: [UInt8]) -> Bool {
        for offset in 0..<text.count {
            let byte = bytes[start + offset]
            if (ignoresCase ? byte.lowercased : byte) != text[offset] { return false }
        }
        return true
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
