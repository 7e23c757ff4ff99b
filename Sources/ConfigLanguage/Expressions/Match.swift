// How a value is compared with patterns, and the patterns as they are written.

import RegularExpressions

/// `-m`.
package enum Match: String, Sendable, CaseIterable {
    case found, bool, integer = "int", address = "ip", length = "len", exact = "str", beginning = "beg"
    case substring = "sub", directory = "dir", domain = "dom", ending = "end", regular = "reg"
    case binary = "bin"

    /// How a value is compared unless told otherwise.
    static func usual(of type: SampleType) -> Match {
        switch type {
        case .bool: .bool
        case .integer: .integer
        case .address: .address
        case .text: .exact
        }
    }

    /// A pattern that cannot be one: what is wrong, in HAProxy's words.
    package func fault(in pattern: String, ignoresCase: Bool) -> String? {
        switch self {
        case .address: Network(pattern) == nil ? "'\(pattern)' is not a valid IPv4 or IPv6 address." : nil
        case .integer, .length: NumberRange(pattern) == nil ? "'\(pattern)' is not a number." : nil
        case .regular:
            RegularExpression.fault(in: pattern, ignoresCase: ignoresCase).map {
                "regex '\(pattern)' is invalid (error=\($0.reason), erroffset=\($0.offset))."
            }
        case .binary: Self.binaryFault(in: pattern)
        case .found, .bool, .exact, .beginning, .substring, .directory, .domain, .ending: nil
        }
    }
}

extension Match {
    /// The bytes that a pattern of `-m bin` writes as pairs of hexadecimal digits; nil: it is none.
    package static func bytes(ofHexadecimal pattern: String) -> [UInt8]? {
        let digits = Array(pattern)
        guard digits.count % 2 == 0, digits.allSatisfy(\.isHexDigit) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
    }

    private static func binaryFault(in pattern: String) -> String? {
        if let wrong = pattern.first(where: { !$0.isHexDigit }) {
            return "an hex digit is expected (found '\(wrong)')."
        }
        return pattern.count % 2 == 0 ? nil : "an even number of hex digit is expected."
    }
}

/// `5`, `1:5`, `5:`, or what `gt 4` means.
package struct NumberRange: Sendable, Equatable {
    package var lowest: Int64
    package var highest: Int64

    package init(lowest: Int64, highest: Int64) {
        self.lowest = lowest
        self.highest = highest
    }

    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 1 {
            guard let number = Int64(text) else { return nil }
            self.init(lowest: number, highest: number)
            return
        }
        guard let lowest = parts[0].isEmpty ? .min : Int64(parts[0]),
            let highest = parts[1].isEmpty ? .max : Int64(parts[1]), !(parts[0].isEmpty && parts[1].isEmpty)
        else { return nil }
        self.init(lowest: lowest, highest: highest)
    }

    /// `gt 4` as the range that it means.
    static func written(_ comparison: String, _ number: Int64) -> String? {
        switch comparison {
        case "eq": "\(number)"
        case "gt": number == .max ? nil : "\(number + 1):"
        case "ge": "\(number):"
        case "lt": number == .min ? nil : ":\(number - 1)"
        case "le": ":\(number)"
        default: nil
        }
    }
}

/// One pattern of a file, with the value behind it where it is a map.
package struct PatternLine: Sendable, Equatable {
    package var pattern: String
    package var value: String

    package init(pattern: String, value: String = "") {
        self.pattern = pattern
        self.value = value
    }
}

/// The patterns of one criterion.
package struct PatternSource: Sendable {
    package var match: Match
    package var ignoresCase = false
    /// Its place among all lists of patterns of the configuration, from 1 on; 0: HAProxy's own.
    package var number = 0
    /// On the line itself.
    package var written: [String] = []
    /// From `-f`, each with what it held at load.
    package var files: [(path: String, lines: [PatternLine])] = []

    package init(match: Match) {
        self.match = match
    }
}
