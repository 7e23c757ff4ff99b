// Reads the csv form of `show stat`, by its heading line: versions insert columns in the middle.

package struct StatTable: Sendable {
    package let columns: [String]
    /// Complete rows only.
    package let rows: [Row]

    package struct Row: Sendable {
        fileprivate let positions: [String: Int]
        fileprivate let values: [String]

        /// Nil where the column is empty or this version has none of that name.
        package subscript(name: String) -> String? {
            guard let position = positions[name], position < values.count, !values[position].isEmpty else {
                return nil
            }
            return values[position]
        }

        package func integer(_ name: String) -> Int? { self[name].flatMap { Int($0) } }

        /// What the row is about; nil for kinds that are not known.
        package var object: StatObject? { integer("type").flatMap(StatObject.init(rawValue:)) }
    }

    /// Nil where there is no heading line.
    package init?(parsing text: String) {
        var records = CSVRecords(text)
        while true {
            guard let record = records.next() else { return nil }
            guard let first = record.first, first.hasPrefix("#") else { continue }
            let name = first.drop { $0 == "#" || $0 == " " }
            guard name == "pxname" else { continue }
            columns = [String(name)] + record.dropFirst().filter { !$0.isEmpty }
            break
        }
        let positions = Dictionary(
            columns.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        var rows: [Row] = []
        while let record = records.next(), record.count > 1 {
            rows.append(Row(positions: positions, values: record))
        }
        self.rows = rows
    }
}

/// The records of csv text: commas, quotes where needed, one a line. A last line without newline is cut.
private struct CSVRecords {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func next() -> [String]? {
        var record: [String] = []
        var field: [UInt8] = []
        var quoted = false
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if quoted {
                if byte != UInt8(ascii: "\"") {
                    field.append(byte)
                } else if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
                    field.append(byte)
                    position += 1
                } else {
                    quoted = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): quoted = true
            case UInt8(ascii: ","), UInt8(ascii: "\n"):
                record.append(String(decoding: field, as: UTF8.self))
                field = []
                if byte == UInt8(ascii: "\n") { return record }
            case UInt8(ascii: "\r"): continue
            default: field.append(byte)
            }
        }
        return nil
    }
}
