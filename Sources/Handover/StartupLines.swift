// How HAProxy prints a line of startup, and the two lines that go before the first one that matters.

package struct StartupLines: Sendable {
    private let path: String
    private var hasToldVersion = false
    /// Only a load tells the version; a worker that serves does not.
    package var isLoading = true

    /// `path`: of the running binary.
    package init(path: String) {
        self.path = path
    }

    /// `[NOTICE]   (2364) : Loading success.`, without a newline. Further lines of a text stay as they are.
    package static func line(_ severity: LogSeverity, pid: Int32, _ text: String) -> String {
        "\(severity.label) (\(pid)) : \(text)"
    }

    /// A line of another process that belongs to the same load: the version went before its first warning or alert.
    package mutating func heard(_ severity: LogSeverity) {
        if severity == .alert || severity == .warning { hasToldVersion = true }
    }

    /// The next warning or alert tells the version again, as HAProxy's master does after every load.
    package mutating func loadEnded() {
        hasToldVersion = false
    }

    /// What to print for a line, with newlines: the program's version goes before its first warning or alert.
    package mutating func text(_ severity: LogSeverity, pid: Int32, _ text: String) -> String {
        var lines = ""
        if isLoading, !hasToldVersion, severity == .alert || severity == .warning {
            hasToldVersion = true
            for notice in ["\(Program.name) version is \(Program.version)", "path to executable is \(path)"] {
                lines += Self.line(.notice, pid: pid, notice) + "\n"
            }
        }
        return lines + Self.line(severity, pid: pid, text) + "\n"
    }
}
