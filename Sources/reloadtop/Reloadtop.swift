// The command line, and the choice between the screen and plain text.

import ArgumentParser
import Glibc
import Observing
import Preferences
import ReloadModel
import TextUI
import Unix

struct Reloadtop: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reloadtop",
        abstract: "Watch the hot reloads of HAProxy, or of mwproxy, live.",
        discussion: """
            Without options the running master is found and shown on a screen. Where standard output is not a \
            terminal, or TERM is unset or 'dumb', plain text is printed once.

            Exit status: 0, 1 nothing to watch, 2 several masters run and none was chosen, 64 wrong options, \
            128 + the signal that ended it.
            """,
        version: "reloadtop 0.1.0",
        subcommands: [DoctorCommand.self, ReloadCommand.self, RolloutCommand.self])

    @OptionGroup var target: TargetOptions

    @Option(help: ArgumentHelp("Seconds between two looks, 0.1 to 3600.", valueName: "seconds"))
    var interval: Double = 1

    @Flag(help: "Print one look as text, and exit.")
    var once = false

    @Flag(help: "Print one look as JSON (docs/json.md), and exit.")
    var json = false

    @Flag(
        help: """
            Print one line for a monitoring system, with performance data, and exit: 0 ok, 1 warning, 2 critical, \
            3 unknown.
            """)
    var check = false

    @Option(help: ArgumentHelp("Alert when more workers than this are draining.", valueName: "workers"))
    var stackLimit: Int = 4

    @Option(
        help: ArgumentHelp(
            "Set another threshold of an alert; --write-config lists them. May be repeated.",
            valueName: "name=value"))
    var threshold: [String] = []

    @Option(
        help: ArgumentHelp(
            "The systemd unit whose journal is read, instead of the master's own.", valueName: "unit"))
    var journalUnit: String?

    @Option(help: ArgumentHelp("Read the journal files of this directory.", valueName: "directory"))
    var journalDirectory: String?

    @Option(
        help: ArgumentHelp("Follow the proxy's log in this file instead of the journal.", valueName: "file"))
    var logFile: String?

    @Flag(help: "Print a file of preferences with everything that can be set, and exit.")
    var writeConfig = false

    @Flag(
        help:
            "Offer actions on the proxy ('a': reload after a test, soft-stop, end an old worker or a session). Each asks first and is written to the audit log."
    )
    var allowActions = false

    @Flag(help: "Draw with ASCII characters only.")
    var ascii = false

    @Flag(help: "Draw without colours; NO_COLOR in the environment does the same.")
    var noColor = false

    @Option(
        help: ArgumentHelp(
            "Colours: default, high-contrast, colour-blind or mono.", valueName: "name"))
    var theme: Theme = .standard

    @Flag(
        help:
            "Start a proxy with traffic of its own, and watch that. 'R' reloads it; quitting leaves nothing behind."
    )
    var demo = false

    func validate() throws {
        guard interval.isFinite, (0.1...3600).contains(interval) else {
            throw ValidationError("--interval needs 0.1 to 3600 seconds, found '\(interval)'.")
        }
        guard stackLimit >= 0 else {
            throw ValidationError("--stack-limit needs a number of workers from 0 on, found '\(stackLimit)'.")
        }
        var thresholds = AlertThresholds()
        for assignment in threshold {
            if let fault = thresholds.assign(assignment) { throw ValidationError(fault) }
        }
        if demo, target.pid != nil || target.masterSocket != nil {
            throw ValidationError("--demo watches its own proxy: leave --pid and --master-socket out.")
        }
        if demo, once || json || check {
            throw ValidationError("--demo is for the screen: leave --once, --json and --check out.")
        }
        if check, json { throw ValidationError("--check prints a line of its own: leave --json out.") }
        if logFile != nil, journalUnit != nil || journalDirectory != nil {
            throw ValidationError("the log is read from --log-file or from the journal, not from both.")
        }
    }

    func run() throws {
        if writeConfig { return print(Preference.template, terminator: "") }
        let code = wantsText ? OneLook(options: self).run() : LiveScreen(options: self).run()
        if code != 0 { throw ExitCode(code) }
    }

    /// No screen: it was asked for text, or there is nothing to draw on.
    private var wantsText: Bool {
        if once || json || check { return true }
        let type = ProcessControl.environment("TERM") ?? ""
        return isatty(STDOUT_FILENO) == 0 || type.isEmpty || type == "dumb"
    }

    var usesColour: Bool {
        !noColor && (ProcessControl.environment("NO_COLOR") ?? "").isEmpty
    }

    /// Of the alerts; `validate` has seen that each can be set.
    private var thresholds: AlertThresholds {
        var thresholds = AlertThresholds(stackLimit: stackLimit)
        for assignment in threshold { _ = thresholds.assign(assignment) }
        return thresholds
    }

    var observing: ObserverOptions {
        ObserverOptions(
            journalUnit: journalUnit, journalDirectory: journalDirectory, logFile: logFile,
            thresholds: thresholds)
    }
}

extension Theme: ExpressibleByArgument {}

/// Standard error, a line at a time.
func complain(_ text: String) {
    try? File.writeAll(STDERR_FILENO, "reloadtop: \(text)\n".utf8)
}

extension AttachFailure {
    /// What a person reads when there is nothing to watch.
    static let nothingRuns = """
        no HAProxy or mwproxy master runs here that this user can see.
        Start one ('haproxy -W -S /run/haproxy-master.sock -f …'), name it with --master-socket or --pid, \
        or see it live with 'reloadtop --demo'.
        """
}
