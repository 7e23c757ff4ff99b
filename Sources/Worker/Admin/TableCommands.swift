// `show table`, `set table` and `clear table`, with HAProxy's filters and words.

import AdminSocket
import ConfigLanguage
import Proxying
import RuntimeAPI
import StickTables
import Unix

struct TableCommands {
    let core: ProxyCore

    var table: [AdminCommand] {
        [
            AdminCommand(
                "show table <table> [<filter>]*", help: "tell a stick table's entries, or the tables",
                level: .operator
            ) { show($0.arguments) },
            AdminCommand(
                "set table <table> key <k> [data.* <v>]*", help: "change or make an entry", level: .admin
            ) {
                change($0.arguments)
            },
            AdminCommand("clear table <table> [<filter>]*", help: "remove entries", level: .admin) {
                clear($0.arguments)
            },
        ]
    }

    private static let noTable = "No such table\n"
    private static let showArguments =
        "Optional argument only supports \"data.<store_data_type>\" <operator> <value> and key <key>\n"
    private static let clearArguments =
        "Required arguments: <table> \"data.<store_data_type>\" <operator> <value> or <table> key <key>\n"
    private static let setArguments =
        "Required arguments: <table> key <key> [data.<store_data_type> <value>]*\n"

    /// Entries or a key, as the words behind a table's name say.
    private enum Selection {
        case key(StickKey?)
        case entries([TableFilter])
    }

    private func selection(
        _ words: ArraySlice<String>, of table: StickTable, otherwise: String
    ) -> Result<Selection, Refused> {
        guard let first = words.first else { return .success(.entries([])) }
        if first == "key" {
            guard let text = words.dropFirst().first else { return .failure(Refused("Key value expected\n")) }
            if case .binary = table.definition.keyType {
                return .failure(
                    Refused(
                        "Showing keys from tables of type other than ip, ipv6, string and integer is not supported\n"
                    ))
            }
            return .success(.key(StickKey(text, for: table.definition.keyType)))
        }
        guard first.hasPrefix("data.") else { return .failure(Refused(otherwise)) }
        var filters: [TableFilter] = []
        var rest = words
        while let word = rest.first {
            let number = filters.count + 1
            guard word.hasPrefix("data.") else {
                return .failure(Refused("Filter entry #\(number): Unknown data type\n"))
            }
            guard number <= 4 else {
                return .failure(
                    Refused(
                        "Detected extra data in filter, 16th word of input, after "
                            + "'\(words[rest.startIndex - 1])'\n"))
            }
            switch TableFilter.reading(rest, for: table) {
            case .failure(let refused): return .failure(Refused("Filter entry #\(number): \(refused.text)"))
            case .success(let filter): filters.append(filter)
            }
            rest = rest.dropFirst(3)
        }
        return .success(.entries(filters))
    }

    // MARK: show

    private func show(_ words: ArraySlice<String>) -> AdminReply {
        let now = core.tableTick
        guard let name = words.first else {
            var text = ""
            for table in core.tableList {
                table.sweep(now: now)
                text += heading(table)
            }
            return .text(text)
        }
        guard let table = core.tables[name] else { return .text(Self.noTable) }
        table.sweep(now: now)
        switch selection(words.dropFirst(), of: table, otherwise: Self.showArguments) {
        case .failure(let refused): return .text(refused.text)
        case .success(.key(let key)):
            guard let key, let entry = table.find(key, now: now) else { return .text("") }
            return .text(heading(table) + line(entry, table, now))
        case .success(.entries(let filters)): return list(table, filters)
        }
    }

    private func heading(_ table: StickTable) -> String {
        TableLine.heading(
            name: table.name, type: table.definition.keyType.name, size: table.definition.size,
            used: table.used)
    }

    /// In the order of the keys, in pieces; an entry that has gone meanwhile is left out.
    private func list(_ table: StickTable, _ filters: [TableFilter]) -> AdminReply {
        let now = core.tableTick
        var keys: [StickKey] = []
        table.forEach { entry in
            if filters.allHold(entry, table, now) { keys.append(table.key(of: entry)) }
        }
        keys.sort()
        var rest = keys[...]
        var text = heading(table)
        return .pieces {
            let now = core.tableTick
            while text.utf8.count < AdminReply.portion, let key = rest.popFirst() {
                if let entry = table.find(key, now: now) { text += line(entry, table, now) }
            }
            defer { text = "" }
            return text.isEmpty ? nil : Array(text.utf8)
        }
    }

    private func line(_ entry: StickTable.Entry, _ table: StickTable, _ now: Tick) -> String {
        let values = table.definition.stored.map { stored in
            let name = stored.type.name
            switch stored.type.kind {
            case .rate: return "\(name)(\(stored.period))=\(table.rate(entry, stored.type, now: now) ?? 0)"
            case .number, .longNumber: return "\(name)=\(table.number(entry, stored.type) ?? 0)"
            case .name:
                guard case .name(let value?) = table.value(entry, stored.type) else { return "\(name)=-" }
                return "\(name)=\(TableLine.escaped(Array(value.utf8)))"
            }
        }
        return TableLine.entry(
            address: table.address(of: entry), key: table.key(of: entry).text, uses: table.uses(of: entry),
            remaining: table.remaining(entry, now: now), values: values)
    }

    // MARK: set

    private func change(_ words: ArraySlice<String>) -> AdminReply {
        guard let name = words.first else { return .text(Self.setArguments) }
        guard let table = core.tables[name] else { return .text(Self.noTable) }
        let words = Array(words.dropFirst())
        guard words.first == "key" else { return .text(Self.setArguments) }
        guard words.count > 1 else { return .text("Key value expected\n") }
        if case .binary = table.definition.keyType {
            return .text(
                "Inserting keys into tables of type other than ip, ipv6, string and integer is not supported\n"
            )
        }
        guard let key = StickKey(words[1], for: table.definition.keyType) else {
            return .text("Invalid key\n")
        }
        let now = core.tableTick
        guard let entry = table.findOrInsert(key, now: now) else {
            return .text("Unable to allocate a new entry\n")
        }
        defer { table.touch(entry, now: now) }
        var index = 2
        while index < words.count {
            guard words[index].hasPrefix("data.") else {
                return .text("\"data.<type>\" followed by a value expected\n")
            }
            guard let type = DataType(name: words[index].dropFirst(5)) else {
                return .text("Unknown data type\n")
            }
            guard table.stores(type) else { return .text("Data type not stored in this table\n") }
            guard index + 1 < words.count, type.kind != .name, let number = Int64(words[index + 1]) else {
                return .text("Require a valid integer value to store\n")
            }
            if type.kind == .rate {
                table.set(
                    entry, type,
                    .rate(FrequencyCounter(age: 0, current: UInt32(clamping: number), previous: 0, now: now)))
            } else {
                table.set(entry, type, to: UInt64(bitPattern: number))
            }
            index += 2
        }
        return .nothing
    }

    // MARK: clear

    private func clear(_ words: ArraySlice<String>) -> AdminReply {
        guard let name = words.first else { return .text(Self.clearArguments) }
        guard let table = core.tables[name] else { return .text(Self.noTable) }
        let now = core.tableTick
        switch selection(words.dropFirst(), of: table, otherwise: Self.clearArguments) {
        case .failure(let refused): return .text(refused.text)
        case .success(.key(let key)):
            guard let key, let entry = table.find(key, now: now) else { return .nothing }
            return table.remove(entry) ? .nothing : .text("Entry currently in use, cannot remove\n")
        case .success(.entries(let filters)):
            var found: [StickTable.Entry] = []
            table.forEach { if filters.allHold($0, table, now) { found.append($0) } }
            for entry in found { table.remove(entry) }
            return .nothing
        }
    }
}

/// Why a command cannot be done, with its newline.
private struct Refused: Error {
    let text: String
    init(_ text: String) { self.text = text }
}

/// `data.<type> <operator> <value>`.
private struct TableFilter {
    let type: DataType
    let comparison: String
    let value: Int64

    private static let comparisons: Set<String> = ["eq", "ne", "le", "ge", "lt", "gt"]

    static func reading(_ words: ArraySlice<String>, for table: StickTable) -> Result<TableFilter, Refused> {
        let words = Array(words.prefix(3))
        guard let type = DataType(name: words[0].dropFirst(5)) else {
            return .failure(Refused("Unknown data type\n"))
        }
        guard table.stores(type) else { return .failure(Refused("Data type not stored in this table\n")) }
        guard words.count > 1, comparisons.contains(words[1]) else {
            return .failure(
                Refused(
                    "Require and operator among \"eq\", \"ne\", \"le\", \"ge\", \"lt\", \"gt\"\n"))
        }
        guard words.count > 2, let value = Int64(words[2]) else {
            return .failure(Refused("Require a valid integer value to compare against\n"))
        }
        return .success(TableFilter(type: type, comparison: words[1], value: value))
    }

    func holds(_ entry: StickTable.Entry, _ table: StickTable, _ now: Tick) -> Bool {
        let number =
            type.kind == .rate
            ? Int64(table.rate(entry, type, now: now) ?? 0) : Int64(clamping: table.number(entry, type) ?? 0)
        switch comparison {
        case "eq": return number == value
        case "ne": return number != value
        case "le": return number <= value
        case "ge": return number >= value
        case "lt": return number < value
        default: return number > value
        }
    }
}

extension [TableFilter] {
    fileprivate func allHold(_ entry: StickTable.Entry, _ table: StickTable, _ now: Tick) -> Bool {
        allSatisfy { $0.holds(entry, table, now) }
    }
}

extension StickKey {
    /// As an admin writes it; nil: it is no key of this type.
    fileprivate init?(_ text: String, for type: KeyType) {
        switch type {
        case .ip:
            guard let host = Network.parseIPv4(text[...]) else { return nil }
            self = .ip(host)
        case .ipv6:
            guard let host = Network.parseIPv6(text[...]) else { return nil }
            self = .ipv6(high: host.high, low: host.low)
        case .integer:
            guard let number = UInt32(text) else { return nil }
            self = .integer(number)
        case .string: self = .string(Array(text.utf8))
        case .binary: return nil
        }
    }

    fileprivate var text: String {
        switch self {
        case .ip(let host): SocketAddress.ipv4(host, port: 0).host
        case .ipv6(let high, let low): SocketAddress.ipv6(high: high, low: low, port: 0, scope: 0).host
        case .integer(let number): String(number)
        case .string(let text): TableLine.escaped(text)
        case .binary(let bytes): TableLine.hexadecimal(bytes)
        }
    }
}
