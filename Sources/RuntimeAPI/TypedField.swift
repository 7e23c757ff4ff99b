// What `show info` and `show stat` have in common: typed values and HAProxy's tags, in their typed and JSON forms.

/// A value's type as the typed form names it.
package enum FieldType: String, Sendable {
    case str, u32, s32, u64
}

/// The value of a field.
package enum FieldValue: Equatable, Sendable, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    case integer(Int)
    case text(String)
    /// `show info float`: the same moment or span with decimals.
    case number(Double)

    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(stringLiteral value: String) { self = .text(value) }

    /// As the plain and csv forms print it.
    package var text: String {
        switch self {
        case .integer(let value): String(value)
        case .text(let value): value
        case .number(let value): String(value)
        }
    }

    var json: JSON {
        switch self {
        case .integer(let value): .integer(Int64(value))
        case .text(let value): .string(value)
        case .number(let value): .number(value)
        }
    }
}

/// Origin, nature and scope of a field: three letters such as `MGP`.
struct FieldTags: Sendable {
    let letters: String

    /// The words that the JSON form has for the letters.
    var json: JSON {
        let letters = Array(letters)
        return .object([
            .init("origin", .string(Self.origins[letters[0]] ?? "Unknown")),
            .init("nature", .string(Self.natures[letters[1]] ?? "Unknown")),
            .init("scope", .string(Self.scopes[letters[2]] ?? "Unknown")),
        ])
    }

    private static let origins: [Character: String] = [
        "M": "Metric", "S": "Status", "K": "Key", "C": "Config", "P": "Product",
    ]
    private static let natures: [Character: String] = [
        "A": "Age", "a": "Avg", "C": "Counter", "D": "Duration", "G": "Gauge", "L": "Limit", "M": "Max",
        "m": "Min", "N": "Name", "O": "Output", "R": "Rate", "T": "Time",
    ]
    private static let scopes: [Character: String] = [
        "C": "Cluster", "P": "Process", "S": "Service", "Y": "System",
    ]
}
