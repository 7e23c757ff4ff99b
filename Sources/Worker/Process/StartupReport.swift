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
    private var output = PatientWriter(2)
    /// How long the reader of standard error may take for all that is said; nil: as long as it likes.
    private var patience: Duration?

    /// `path`: of the running binary. `patience`: how long the reader of standard error may take for what the load
    /// says; what is said later does not wait for it.
    package init(path: String, isQuiet: Bool, patience: Duration? = nil) {
        self.isQuiet = isQuiet
        self.patience = patience
        lines = StartupLines(path: path)
    }

    package func say(_ severity: LogSeverity, _ message: String) {
        if severity == .warning { hasWarnings = true }
        let printed = lines.text(severity, pid: getpid(), message)
        if text.utf8.count < 262_144 { text += printed }
        forward?(severity, message)
        guard !isQuiet else { return }
        let start = Instant.now()
        output.write(printed, patience: patience)
        if let left = patience { patience = max(.zero, left - (Instant.now() - start)) }
    }

    /// What is said from now on does not belong to a load: the version is not told any more.
    package func loadEnded() {
        patience = .zero
        lines.isLoading = false
    }

    /// Everything that parsing found, in its order.
    package func say(_ diagnostics: [Diagnostic]) {
        for diagnostic in diagnostics {
            say(diagnostic.severity == .alert ? .alert : .warning, "config : \(diagnostic.message)")
        }
    }
}
