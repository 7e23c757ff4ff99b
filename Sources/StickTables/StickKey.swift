// What tables are keyed by: an address, a number, a text or bytes.

/// `type` of a stick table.
package enum KeyType: Equatable, Sendable {
    case ip, ipv6, integer
    /// The most bytes of a text; longer ones are cut.
    case string(length: Int)
    /// Exactly so many bytes; longer keys are cut, shorter ones filled with zeros.
    case binary(length: Int)

    /// Whether a table of this type can hold the key.
    package func fits(_ key: StickKey) -> Bool {
        switch (self, key) {
        case (.ip, .ip), (.ipv6, .ipv6), (.integer, .integer), (.string, .string), (.binary, .binary): true
        default: false
        }
    }

    /// As `show table` tells it.
    package var name: String {
        switch self {
        case .ip: "ip"
        case .ipv6: "ipv6"
        case .integer: "integer"
        case .string: "string"
        case .binary: "binary"
        }
    }

    /// Bytes that a key takes in an entry.
    var size: Int {
        switch self {
        case .ip, .integer: 4
        case .ipv6: 16
        case .string(let length): length + 2
        case .binary(let length): length
        }
    }
}

/// A key as a value of its own. Lookups by address and number allocate nothing.
package enum StickKey: Hashable, Comparable, Sendable {
    /// In host order.
    case ip(UInt32)
    case ipv6(high: UInt64, low: UInt64)
    case integer(UInt32)
    case string([UInt8])
    case binary([UInt8])

    /// The order in which `show table` lists keys of one type.
    package static func < (one: StickKey, other: StickKey) -> Bool {
        switch (one, other) {
        case (.ip(let one), .ip(let other)), (.integer(let one), .integer(let other)): one < other
        case (.ipv6(let high, let low), .ipv6(let otherHigh, let otherLow)):
            (high, low) < (otherHigh, otherLow)
        case (.string(let one), .string(let other)), (.binary(let one), .binary(let other)):
            one.lexicographicallyPrecedes(other)
        default: false
        }
    }
}
