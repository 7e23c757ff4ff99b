// What a load has to say: printed as HAProxy prints it, told to the master, and kept for `show startup-logs`.

import ConfigLanguage
import Glibc
import Handover
import Unix

/// The lines of one process, from its load to its end.
package final class StartupReport {
    /// `-q`: prints nothing; the master is told all the same.
    private let isQuiet: Bool
    private var lines: StartupLines
    /// Where lines go besides: to the master.
    package var forward: ((LogSeverity, String) -> Void)?
    /// Everything said so far, as printed; no more than its first lines are kept.
    package private(set) var text = ""
    package private(set) var hasWarnings = false

    /// `path`: of the running binary.
    package init(path: String, isQuiet: Bool) {
        self.isQuiet = isQuiet
        lines = StartupLines(path: path)
    }

    package func say(_ severity: LogSeverity, _ message: String) {
        if severity == .warning { hasWarnings = true }
        let printed = lines.text(severity, pid: getpid(), message)
        if text.utf8.count < 262_144 { text += printed }
        // Nobody can be told when standard error fails.
        if !isQuiet { try? File.writeAll(2, printed.utf8) }
        forward?(severity, message)
    }

    /// What is said from now on does not belong to a load: the version is not told any more.
    package func loadEnded() {
        lines.isLoading = false
    }

    /// Everything that parsing found, in its order.
    package func say(_ diagnostics: [Diagnostic]) {
        for diagnostic in diagnostics {
            say(diagnostic.severity == .alert ? .alert : .warning, "config : \(diagnostic.message)")
        }
    }
}
