// Writes `show proc` as HAProxy 2.4 does: with the relative PID column, so that old workers show `[was: N]`.

extension ProcessTable {
    /// The reply without the blank line that ends it. `# old workers` and `# programs` appear where there are
    /// any; 2.4 prints `# programs` always (`alwaysPrograms`).
    package func formatted(alwaysPrograms: Bool = false) -> String {
        var text = Self.line([
            "#<PID>", "<type>", "<relative PID>", "<reloads>", "<uptime>", "<version>",
        ])
        if let master { text += Self.line(master) }
        text += "# workers\n"
        for row in rows where row.section == .workers { text += Self.line(row) }
        text += section("# old workers\n", .oldWorkers)
        text += section("# programs\n", .programs, always: alwaysPrograms)
        text += section("# old programs\n", .oldPrograms)
        return text
    }

    private func section(_ heading: String, _ section: Section, always: Bool = false) -> String {
        let lines = rows.filter { $0.section == section }.map(Self.line)
        return lines.isEmpty && !always ? "" : heading + lines.joined()
    }

    private static func line(_ row: Row) -> String {
        let type =
            switch row.kind {
            case .master: "master"
            case .worker: "worker"
            case .program(let name): name
            }
        let relativePID =
            switch row.relativePID {
            case .number(let number): String(number)
            case .was(let number): "[was: \(number)]"
            case nil: "-"
            }
        let reloads = row.failed.map { "\(row.reloads) [failed: \($0)]" } ?? String(row.reloads)
        return line([
            String(row.pid), type, relativePID, reloads, uptime(ofSeconds: row.uptime), row.version ?? "-",
        ])
    }

    private static func line(_ fields: [String]) -> String {
        fields.map { $0.padded(to: 15) }.joined(separator: " ") + "\n"
    }

    /// `0d00h00m06s`.
    package static func uptime(ofSeconds seconds: Int) -> String {
        let (days, rest) = max(0, seconds).quotientAndRemainder(dividingBy: 86400)
        return "\(days)d\(twoDigits(rest / 3600))h\(twoDigits(rest / 60 % 60))m\(twoDigits(rest % 60))s"
    }
}

/// `7` → `07`.
func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }

extension String {
    /// Blanks at the end until the text has `width` characters.
    func padded(to width: Int) -> String {
        let missing = width - unicodeScalars.count
        return missing > 0 ? self + String(repeating: " ", count: missing) : self
    }
}
