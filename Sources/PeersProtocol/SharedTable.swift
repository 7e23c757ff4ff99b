// A table as a session speaks of it: its definition and its entries as bytes, both ways.

import StickTables

/// Something that peers share.
package struct SharedTable {
    /// Its name on the wire: the proxy's, or `/NAME` of a table of a `peers` section.
    package let name: String
    package let table: StickTable

    package init(name: String, table: StickTable) {
        self.name = name
        self.table = table
    }
}

extension KeyType {
    /// The protocol's number and the size that goes with it.
    var wire: (type: UInt64, size: UInt64) {
        switch self {
        case .integer: (2, 4)
        case .ip: (4, 4)
        case .ipv6: (5, 16)
        // One more for the NUL of a C string.
        case .string(let length): (6, UInt64(length) + 1)
        case .binary(let length): (7, UInt64(length))
        }
    }
}

/// What a peer says of one of its tables.
struct RemoteDefinition: Equatable {
    let number: UInt64
    let name: String
    let keyType: UInt64
    let keySize: UInt64
    /// A bit for each data type.
    let data: UInt64
    /// Milliseconds; 0: entries stay.
    let expire: UInt64
    /// Of rates, by the number of their type.
    let periods: [Int: UInt64]

    init(_ content: inout ContentReader) throws(PeerFault) {
        number = try content.integer("the number of a table")
        let length = try content.integer("the length of a table's name")
        name = String(decoding: try content.take(length, "a table's name"), as: UTF8.self)
        keyType = try content.integer("the type of a table's keys")
        keySize = try content.integer("the size of a table's keys")
        data = try content.integer("a table's data types")
        expire = try content.integer("a table's time of expiry")
        var periods: [Int: UInt64] = [:]
        for type in DataType.allCases where type.kind == .rate && data & 1 << UInt64(type.rawValue) != 0 {
            // Older peers tell no periods.
            if content.rest == 0 { break }
            let number = try content.integer("a data type")
            guard number == UInt64(type.rawValue) else {
                throw content.fault("the period of \(type.name) (\(type.rawValue))", "type \(number)")
            }
            periods[type.rawValue] = try content.integer("the period of \(type.name)")
        }
        self.periods = periods
    }

    /// Why entries of it cannot go into `table`; nil: they can.
    func mismatch(with table: StickTable) -> String? {
        let own = table.definition.keyType.wire
        if keyType != own.type || keySize != own.size {
            return "keys of type \(keyType) and size \(keySize), here type \(own.type) and size \(own.size)"
        }
        return nil
    }
}

extension SharedTable {
    /// The types that are told, in the order of their numbers.
    var toldTypes: [StickTableDefinition.Stored] { table.definition.stored.filter { !$0.type.isLocal } }

    func appendDefinition(number: Int, to bytes: inout [UInt8]) {
        var content: [UInt8] = []
        PeerInteger.append(UInt64(number), to: &content)
        PeerInteger.append(UInt64(name.utf8.count), to: &content)
        content += name.utf8
        let key = table.definition.keyType.wire
        PeerInteger.append(key.type, to: &content)
        PeerInteger.append(key.size, to: &content)
        let told = toldTypes
        PeerInteger.append(told.reduce(0) { $0 | 1 << UInt64($1.type.rawValue) }, to: &content)
        PeerInteger.append(UInt64(table.definition.expire), to: &content)
        for stored in told where stored.type.kind == .rate {
            PeerInteger.append(UInt64(stored.type.rawValue), to: &content)
            PeerInteger.append(UInt64(stored.period), to: &content)
        }
        bytes += [MessageClass.stickTable, TableMessage.definition.rawValue]
        PeerInteger.append(UInt64(content.count), to: &bytes)
        bytes += content
    }

    /// An entry's key and values.
    func append(
        _ entry: StickTable.Entry, types: [StickTableDefinition.Stored], names: inout SentNames, now: Tick,
        to bytes: inout [UInt8]
    ) {
        switch table.key(of: entry) {
        case .ip(let value), .integer(let value): Self.append(word: value, to: &bytes)
        case .ipv6(let high, let low):
            for half in [high, low] {
                Self.append(word: UInt32(truncatingIfNeeded: half >> 32), to: &bytes)
                Self.append(word: UInt32(truncatingIfNeeded: half), to: &bytes)
            }
        case .string(let text):
            PeerInteger.append(UInt64(text.count), to: &bytes)
            bytes += text
        case .binary(let key): bytes += key
        }
        for stored in types {
            switch table.value(entry, stored.type) {
            case .number(let number): PeerInteger.append(number, to: &bytes)
            case .rate(let counter):
                PeerInteger.append(UInt64(counter.age(at: now)), to: &bytes)
                PeerInteger.append(UInt64(counter.current), to: &bytes)
                PeerInteger.append(UInt64(counter.previous), to: &bytes)
            case .name(let name?): Self.append(name, &names, to: &bytes)
            case .name(nil), nil: bytes.append(0)
            }
        }
    }

    private static func append(_ name: String, _ names: inout SentNames, to bytes: inout [UInt8]) {
        let (number, isKnown) = names.number(of: name)
        var content: [UInt8] = []
        PeerInteger.append(UInt64(number), to: &content)
        if !isKnown {
            PeerInteger.append(UInt64(name.utf8.count), to: &content)
            content += name.utf8
        }
        PeerInteger.append(UInt64(content.count), to: &bytes)
        bytes += content
    }

    @inline(__always)
    static func append(word: UInt32, to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: word >> 24))
        bytes.append(UInt8(truncatingIfNeeded: word >> 16))
        bytes.append(UInt8(truncatingIfNeeded: word >> 8))
        bytes.append(UInt8(truncatingIfNeeded: word))
    }

    /// Reads a key of this table's type.
    func key(_ content: inout ContentReader) throws(PeerFault) -> StickKey {
        switch table.definition.keyType {
        case .ip: return .ip(try content.word("an IPv4 address"))
        case .integer: return .integer(try content.word("a whole number"))
        case .ipv6:
            return .ipv6(
                high: try content.longWord("an IPv6 address"), low: try content.longWord("an IPv6 address"))
        case .string(let most):
            let length = try content.integer("the length of a key")
            guard length <= UInt64(most) else {
                throw content.fault("a key of at most \(most) bytes", "\(length)")
            }
            return .string(Array(try content.take(length, "a key")))
        case .binary(let length): return .binary(Array(try content.take(UInt64(length), "a key")))
        }
    }

    /// What `remote` tells of each entry, in its order, and which of it is taken. A rate of another period says nothing
    /// here, and neither does what tells of the peer alone.
    func columns(of remote: RemoteDefinition) -> [TableColumn] {
        DataType.allCases.filter { remote.data & 1 << UInt64($0.rawValue) != 0 }.map { type in
            let own = table.definition.period(of: type)
            let fits =
                type.kind != .rate || remote.periods[type.rawValue].map { $0 == UInt64(own ?? 0) } ?? true
            return TableColumn(
                type: type, kind: type.kind, isTaken: fits && !type.isLocal && table.stores(type))
        }
    }

    /// Reads the values of an entry; `values` gets what is taken.
    @inline(__always)
    static func readValues(
        of columns: [TableColumn], _ content: inout ContentReader, names: inout ReceivedNames, now: Tick,
        into values: inout [(DataType, StoredValue)]
    ) throws(PeerFault) {
        for column in columns {
            let value: StoredValue
            switch column.kind {
            case .number, .longNumber: value = .number(try content.integer(column.type.name))
            case .name: value = .name(try names.read(&content))
            case .rate:
                let age = UInt32(truncatingIfNeeded: try content.integer("the age of \(column.type.name)"))
                let current = UInt32(clamping: try content.integer("the events of \(column.type.name)"))
                let previous = UInt32(clamping: try content.integer("the last events of \(column.type.name)"))
                value = .rate(FrequencyCounter(age: age, current: current, previous: previous, now: now))
            }
            if column.isTaken { values.append((column.type, value)) }
        }
    }
}

/// A data type that a peer tells of.
struct TableColumn: Sendable {
    let type: DataType
    let kind: DataType.Kind
    let isTaken: Bool
}
