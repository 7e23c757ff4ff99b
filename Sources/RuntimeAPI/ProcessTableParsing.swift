// Reads `show proc` of any version: the columns by the heading line, the sections by their headings.

extension ProcessTable {
    /// Nil when the text has no heading line of `show proc` (an error message, another command's reply).
    package init?(parsing text: String) {
        var hasRelativePID = false
        var headingSeen = false
        var section = Section.master
        var rows: [Row] = []
        var complete = false
        // By bytes: the list of twenty workers is read every second.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            if !headingSeen {
                guard line.starts(with: "#<PID>".utf8) else { continue }
                headingSeen = true
                hasRelativePID = Substring(line).contains("<relative PID>")
            } else if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) {
                // The blank line, not the empty rest after the last newline of a cut reply.
                if index + 1 < lines.count {
                    complete = true
                    break
                }
            } else if line.first == UInt8(ascii: "#") {
                guard let next = Section(heading: Substring(line)) else { continue }
                section = next
            } else if index + 1 < lines.count,
                let row = Row(parsing: line, in: section, hasRelativePID: hasRelativePID)
            {
                rows.append(row)
            } else {
                // A line without its newline is cut: its last column cannot be trusted.
                complete = false
                self.init(rows: rows, isComplete: false)
                return
            }
        }
        guard headingSeen else { return nil }
        self.init(rows: rows, isComplete: complete)
    }
}

extension ProcessTable.Section {
    fileprivate init?(heading: Substring) {
        switch heading.drop(while: { $0 == "#" || $0 == " " }) {
        case "workers": self = .workers
        case "old workers": self = .oldWorkers
        case "programs": self = .programs
        case "old programs": self = .oldPrograms
        default: return nil
        }
    }
}

extension ProcessTable.Row {
    fileprivate init?(
        parsing line: Substring.UTF8View, in section: ProcessTable.Section, hasRelativePID: Bool
    ) {
        var fields = FieldCursor(line)
        guard let pid = fields.next().flatMap({ Int32($0) }), pid > 0, let type = fields.next() else {
            return nil
        }
        let kind: ProcessTable.Kind
        switch (type, section) {
        case (_, .programs), (_, .oldPrograms): kind = .program(name: String(type))
        case ("master", _): kind = .master
        case ("worker", _): kind = .worker
        default: kind = .program(name: String(type))
        }
        var relativePID: ProcessTable.RelativePID?
        if hasRelativePID {
            if let was = fields.bracketed("was") {
                relativePID = .was(was)
            } else if let field = fields.next() {
                // Programs have `-`.
                relativePID = Int(field).map { .number($0) }
            }
        }
        guard let reloads = fields.next().flatMap({ Int($0) }), reloads >= 0 else { return nil }
        let failed = fields.bracketed("failed")
        guard let uptime = fields.next().flatMap(ProcessTable.seconds(ofUptime:)) else { return nil }
        let version = fields.next().flatMap { $0 == "-" ? nil : String($0) }
        self.init(
            pid: pid, kind: kind, section: kind == .master ? .master : section, relativePID: relativePID,
            reloads: reloads, failed: failed, uptime: uptime, version: version)
    }
}

/// The blank-separated fields of a line.
private struct FieldCursor {
    private var rest: Substring.UTF8View

    init(_ line: Substring.UTF8View) { rest = line }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    mutating func next() -> Substring? {
        rest = rest.drop(while: Self.isBlank)
        let field = rest.prefix { !Self.isBlank($0) }
        rest = rest[field.endIndex...]
        return field.isEmpty ? nil : Substring(field)
    }

    /// `[name: 3]`, if that is what comes next.
    mutating func bracketed(_ name: String) -> Int? {
        rest = rest.drop(while: Self.isBlank)
        let opening = "[\(name):".utf8
        guard rest.starts(with: opening), let end = rest.firstIndex(of: UInt8(ascii: "]")) else { return nil }
        let digits = rest[..<end].dropFirst(opening.count).drop(while: Self.isBlank)
        guard let number = Int(Substring(digits)) else { return nil }
        rest = rest[rest.index(after: end)...]
        return number
    }
}

extension ProcessTable {
    /// Seconds of `0d00h00m06s`.
    package static func seconds(ofUptime text: Substring) -> Int? {
        var total = 0
        var number: Int?
        var units: [(Character, Int)] = [("d", 86400), ("h", 3600), ("m", 60), ("s", 1)]
        for character in text {
            if let digit = character.wholeNumberValue, character.isASCII {
                let (tens, overflow) = (number ?? 0).multipliedReportingOverflow(by: 10)
                if overflow || tens > Int.max / 200_000 { return nil }
                number = tens + digit
            } else {
                guard let value = number, let unit = units.first, unit.0 == character else { return nil }
                total += value * unit.1
                units.removeFirst()
                number = nil
            }
        }
        return units.isEmpty && number == nil ? total : nil
    }
}
