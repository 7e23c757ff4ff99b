// The proxy's log lines in the wording of all versions: what a line says about a reload, and how bad that is.

/// A line of the proxy, taken apart.
package struct ProxyLine: Equatable, Sendable {
    package enum Meaning: Equatable, Sendable {
        /// The master begins to load.
        case reloading
        /// A worker was started.
        case workerStarted(pid: Int32)
        case loaded
        case loadFailed
        /// A worker that had been asked to leave has left.
        case formerWorkerExited(pid: Int32, code: Int32?)
        /// The serving worker has ended: the master follows it.
        case currentWorkerExited(pid: Int32, code: Int32?)
        /// hard-stop-after has cut connections; `remaining` of one proxy where the line tells.
        case hardStop(remaining: Int?)
        case other
    }
    package var severity: LogLine.Severity
    /// The process that wrote it, where the line tells.
    package var pid: Int32?
    /// Without the severity and the pid.
    package var text: String
    package var meaning: Meaning
    /// `[ALERT]`: what makes a load fail.
    package var isAlert: Bool

    /// Reads a line as HAProxy writes it to standard error, to the journal or through syslog.
    package init(_ line: String) {
        var rest = Substring(line)
        var label: Substring?
        if let open = line.firstIndex(of: "["), let close = line[open...].firstIndex(of: "]") {
            let name = line[line.index(after: open)..<close]
            if Self.labels[name] != nil {
                label = name
                rest = line[line.index(after: close)...].drop { $0 == " " }
            }
        }
        if let label, rest.first == "(" {
            if let close = rest.firstIndex(of: ")") {
                pid = Int32(rest[rest.index(after: rest.startIndex)..<close])
                rest = rest[rest.index(after: close)...]
            }
            isAlert = label == "ALERT"
        } else if label != nil, let colon = rest.range(of: " : ") {
            // 1.8: `[WARNING] 123/121314 (2364) : text`
            let head = rest[..<colon.lowerBound]
            pid = head.split(separator: "(").last.flatMap { Int32($0.prefix { $0 != ")" }) }
            rest = rest[colon.lowerBound...]
            isAlert = label == "ALERT"
        } else {
            isAlert = false
        }
        if label != nil { rest = rest.drop { $0 == " " || $0 == ":" } }
        text = String(rest)
        meaning = Self.meaning(of: rest)
        severity = Self.severity(label: label, meaning: meaning)
    }

    private static let labels: [Substring: LogLine.Severity] = [
        "ALERT": .critical, "EMERG": .critical, "CRIT": .critical, "WARNING": .warning, "NOTICE": .info,
        "INFO": .info, "DIAG": .info, "DEBUG": .info,
    ]

    private static func meaning(of text: Substring) -> Meaning {
        if text.hasPrefix("Reloading HAProxy") || text.hasPrefix("Reloading mwproxy")
            || text.hasPrefix("Reexecuting Master process")
        {
            return .reloading
        }
        if text.hasPrefix("New worker ") || text.hasPrefix("Initializing new worker ") {
            return pid(in: text).map { .workerStarted(pid: $0) } ?? .other
        }
        if text.hasPrefix("Loading success") { return .loaded }
        if text.hasPrefix("Loading failure") || text.hasPrefix("Failed to load worker") { return .loadFailed }
        if text.hasPrefix("Former worker "), let pid = pid(in: text) {
            return .formerWorkerExited(pid: pid, code: code(in: text))
        }
        if text.hasPrefix("Current worker "), let pid = pid(in: text) {
            return .currentWorkerExited(pid: pid, code: code(in: text))
        }
        if text.contains("performing a hard-stop") { return .hardStop(remaining: nil) }
        if let cut = text.range(of: "hard-stopped (") {
            return .hardStop(remaining: Int(text[cut.upperBound...].prefix { $0.isNumber }))
        }
        return .other
    }

    private static func severity(label: Substring?, meaning: Meaning) -> LogLine.Severity {
        switch meaning {
        case .loadFailed, .currentWorkerExited: .critical
        case .formerWorkerExited(_, let code): code == 0 || code == nil ? .info : .warning
        case .hardStop: .warning
        case .reloading, .workerStarted, .loaded: .info
        case .other: label.flatMap { labels[$0] } ?? .info
        }
    }

    /// The number in the first parentheses: `New worker #1 (2384) forked`, `New worker (2384) forked`.
    private static func pid(in text: Substring) -> Int32? {
        text.firstIndex(of: "(").flatMap { open in
            Int32(text[text.index(after: open)...].prefix { $0.isNumber })
        }
    }

    private static func code(in text: Substring) -> Int32? {
        text.range(of: "with code ").flatMap { Int32(text[$0.upperBound...].prefix { $0.isNumber }) }
    }
}

extension Substring {
    /// Where `part` first occurs.
    func range(of part: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
            start = index(after: start)
        }
        return nil
    }
}
