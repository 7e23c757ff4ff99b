// One row of `show stat` in HAProxy 2.6's three forms: csv, typed and JSON.

package struct StatRow: Sendable {
    package let object: StatObject
    /// `iid`
    package let proxyID: Int
    /// `sid`, 0 for frontends and backends.
    package let serverID: Int
    /// By position; nil leaves the column empty.
    private var values = [FieldValue?](repeating: nil, count: StatColumn.all.count)

    /// `pid`, `iid`, `sid` and `type` are set from the arguments.
    package init(
        _ object: StatObject, proxy: String, name: String, proxyID: Int, serverID: Int, processNumber: Int
    ) {
        self.object = object
        self.proxyID = proxyID
        self.serverID = serverID
        self["pxname"] = .text(proxy)
        self["svname"] = .text(name)
        self["pid"] = .integer(processNumber)
        self["iid"] = .integer(proxyID)
        self["sid"] = .integer(serverID)
        self["type"] = .integer(object.rawValue)
    }

    /// A column's value. A name that 2.6 does not have is a mistake of the caller.
    package subscript(name: String) -> FieldValue? {
        get { StatColumn.position(of: name).flatMap { values[$0] } }
        set {
            guard let position = StatColumn.position(of: name) else {
                preconditionFailure("no column '\(name)'")
            }
            values[position] = newValue
        }
    }

    /// The first line of the csv form.
    package static let csvHeading: String = {
        var names = StatColumn.all.map(\.name)
        names.insert("-", at: StatColumn.csvSeparator)
        return "# " + names.joined(separator: ",") + ",\n"
    }()

    package var csv: String {
        var line = ""
        for (position, value) in values.enumerated() {
            if position == StatColumn.csvSeparator { line += "-," }
            if let value { line += Self.quoted(value.text) }
            line += ","
        }
        return line + "\n"
    }

    /// Quoted where the text would break the line or the columns.
    private static func quoted(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }) else {
            return text
        }
        return "\"" + text.reduce(into: "") { $0 += $1 == "\"" ? "\"\"" : String($1) } + "\""
    }

    /// The lines of the typed form.
    package func typed(processNumber: Int, describing: Bool) -> String {
        filled().map { position, column, value in
            "\(object.letter).\(proxyID).\(serverID).\(position).\(column.name).\(processNumber):"
                + "\(column.tags(for: object).letters):\(column.type.rawValue):\(value.text)"
                + (describing ? ":\"\(column.description)\"\n" : "\n")
        }.joined()
    }

    /// The row's array of the JSON form.
    package func json(processNumber: Int) -> JSON {
        .array(
            filled().map { position, column, value in
                .object([
                    .init("objType", .string(object.jsonName)),
                    .init("proxyId", .integer(Int64(proxyID))),
                    .init("id", .integer(Int64(serverID))),
                    .init(
                        "field",
                        .object([
                            .init("pos", .integer(Int64(position))), .init("name", .string(column.name)),
                        ])),
                    .init("processNum", .integer(Int64(processNumber))),
                    .init("tags", column.tags(for: object).json),
                    .init(
                        "value",
                        .object([.init("type", .string(column.type.rawValue)), .init("value", value.json)])),
                ])
            })
    }

    private func filled() -> [(Int, StatColumn, FieldValue)] {
        values.enumerated().compactMap { position, value in
            value.map { (position, StatColumn.all[position], $0) }
        }
    }
}
