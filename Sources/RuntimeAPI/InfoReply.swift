// `show info`: written in HAProxy 2.6's forms, read in the plain form of any version.

/// The values of `show info`, by name.
package struct InfoReply: Equatable, Sendable {
    /// In the order of the reply.
    package private(set) var names: [String] = []
    private var values: [String: FieldValue] = [:]

    package init() {}

    package subscript(name: String) -> FieldValue? {
        get { values[name] }
        set {
            if values[name] == nil, newValue != nil { names.append(name) }
            if newValue == nil { names.removeAll { $0 == name } }
            values[name] = newValue
        }
    }

    /// A whole number, nil where the field is missing or none.
    package func integer(_ name: String) -> Int? {
        switch values[name] {
        case .integer(let value): value
        case .text(let text): Int(text)
        default: nil
        }
    }

    package func text(_ name: String) -> String? { values[name]?.text }

    // MARK: Reading

    /// Reads the plain form. Nil where there is no line of `show info` (an error message). Lines that are no
    /// `name: value` are skipped; a last line without its newline is cut and not taken.
    package init?(parsing text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for line in lines.dropLast() {
            guard let colon = line.firstRange(of: ": ") ?? line.lastIndex(of: ":").map({ $0..<line.endIndex })
            else { continue }
            let name = String(line[..<colon.lowerBound])
            let value = line[colon.upperBound...]
            guard !name.isEmpty, values[name] == nil else { continue }
            self[name] = Int(value).map { .integer($0) } ?? .text(String(value))
        }
        guard values["Name"] != nil || values["Pid"] != nil else { return nil }
    }

    // MARK: Writing

    /// `show info` and `show info desc`; without the blank line that ends the reply.
    package func plain(describing: Bool = false) -> String {
        fields().map { field, value in
            "\(field.name): \(value.text)" + (describing ? ":\"\(field.description)\"\n" : "\n")
        }.joined()
    }

    /// `show info typed`; `processNumber`: this worker's `Process_num`.
    package func typed(processNumber: Int, describing: Bool = false) -> String {
        fields().map { field, value in
            "\(field.position).\(field.name).\(processNumber):\(field.tags.letters):\(field.type.rawValue):"
                + value.text + (describing ? ":\"\(field.description)\"\n" : "\n")
        }.joined()
    }

    /// `show info json`, one line.
    package func json(processNumber: Int) -> String {
        JSON.array(
            fields().map { field, value in
                .object([
                    .init(
                        "field",
                        .object([
                            .init("pos", .integer(Int64(field.position))), .init("name", .string(field.name)),
                        ])),
                    .init("processNum", .integer(Int64(processNumber))),
                    .init("tags", field.tags.json),
                    .init(
                        "value",
                        .object([.init("type", .string(field.type.rawValue)), .init("value", value.json)])),
                ])
            }
        ).text + "\n"
    }

    /// The fields that have values, in HAProxy's order.
    private func fields() -> [(InfoField, FieldValue)] {
        InfoField.all.compactMap { field in values[field.name].map { (field, $0) } }
    }

    /// `Uptime`'s form: `0d 0h00m07s`.
    package static func uptime(ofSeconds seconds: Int) -> String {
        let (days, rest) = max(0, seconds).quotientAndRemainder(dividingBy: 86400)
        return "\(days)d \(rest / 3600)h\(twoDigits(rest / 60 % 60))m\(twoDigits(rest % 60))s"
    }
}

extension Substring {
    /// The first place where `pattern` stands.
    fileprivate func firstRange(of pattern: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(pattern) {
                return start..<index(start, offsetBy: pattern.count)
            }
            start = index(after: start)
        }
        return nil
    }
}
