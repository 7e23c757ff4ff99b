// `reloadtop reload`: the safe reload for people and for scripts.

import ArgumentParser
import Glibc
import Observing
import ReloadModel
import Runbook
import TextUI
import Unix

struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Test a configuration, put it in place, reload, watch, and take it back where it fails.",
        usage: "reloadtop reload [<new.cfg>] [--master-socket <address> | --pid <pid>] [<options>]",
        discussion: """
            Replaces the file that the master loads by NEW.CFG in one step and reloads the proxy; without NEW.CFG it \
            loads what lies on the disk. docs/runbook.md tells each step. Nothing is ever restarted.

            Exit status:
            \(Verdict.allCases.map { "  \($0.exitStatus) \($0.rawValue): \($0.meaning)" }.joined(separator: "\n"))
              64 wrong options
            """)

    @OptionGroup var target: TargetOptions

    @Argument(help: ArgumentHelp("The new content; '-' reads standard input.", valueName: "new.cfg"))
    var newFile: String?

    @Option(help: ArgumentHelp("Which of several loaded files NEW.CFG replaces.", valueName: "file"))
    var replace: String?

    @Option(
        help: ArgumentHelp(
            "Refuse NEW.CFG unless this is its SHA-256: what comes over a network may be cut short.",
            valueName: "digits"))
    var sha256: String?

    @Flag(help: "Stop before anything is changed: show the diff, the test and the findings.")
    var dryRun = false

    @Flag(help: "Do not ask.")
    var yes = false

    @Flag(help: "Print JSON (docs/runbook.md) instead of text.")
    var json = false

    @Flag(help: "Go on although the files on disk are not, or not surely, what runs.")
    var acceptDrift = false

    @Flag(help: "Go on although the doctor finds that the load will fail.")
    var acceptFindings = false

    @Flag(help: "Wait until every old worker has ended.")
    var waitDrained = false

    @Flag(help: "Wait until every peer is connected and has every change of every table.")
    var waitPeers = false

    @Flag(help: "Reload through 'systemctl reload' of the unit that the master runs in.")
    var systemctl = false

    @Option(help: ArgumentHelp("The file that the proxy's messages go to.", valueName: "file"))
    var logFile: String?

    @Option(help: ArgumentHelp("The longest that the load and the waits may take.", valueName: "seconds"))
    var timeout: Double = 120

    @Option(
        help: ArgumentHelp(
            "Watch the new worker this long before its health is judged; 0 judges at once, without the health.",
            valueName: "seconds"))
    var settle: Double = 10

    func validate() throws {
        for (name, value) in [("--timeout", timeout), ("--settle", settle)]
        where !value.isFinite || !(0...86_400).contains(value) {
            throw ValidationError("\(name) needs 0 to 86400 seconds, found '\(value)'.")
        }
        if replace != nil, newFile == nil { throw ValidationError("--replace needs NEW.CFG.") }
        if let sha256 {
            if newFile == nil { throw ValidationError("--sha256 needs NEW.CFG.") }
            guard sha256.utf8.count == 64, sha256.allSatisfy(\.isHexDigit) else {
                throw ValidationError("--sha256 needs 64 hexadecimal digits, found '\(sha256)'.")
            }
        }
        if dryRun, yes { throw ValidationError("--dry-run changes nothing: leave --yes out.") }
    }

    func run() throws {
        let code = reload()
        if code != 0 { throw ExitCode(code) }
    }

    private func reload() -> Int32 {
        let master: RunningMaster
        do throws(AttachFailure) {
            master = try target.find()
        } catch {
            if !json, case .several = error { _ = OneLook.explain(error) }
            return tell(.refused([Self.sentence(error)]), of: nil)
        }
        guard let audit = AuditLog.ofUser else {
            return tell(
                .refused(["there is no place for the audit log (set HOME or XDG_STATE_HOME)"]), of: master)
        }
        let reload = SafeReload(master, wishes, audit: audit) { line in
            if !json { show(line) }
        }
        let plan: ReloadPlan
        do throws(SafeReload.Refusal) {
            plan = try reload.prepare()
        } catch {
            if !json, let plan = error.plan { show(ReloadText.plan(plan)) }
            return leave(reload, .refused(error.reasons, plan: error.plan, log: error.log))
        }
        if !json { show(ReloadText.plan(plan)) }
        if dryRun {
            return leave(
                reload,
                .refused(["everything is good so far, and nothing was changed"], plan: plan),
                exits: 0)
        }
        guard yes || isConfirmed(unless: { reload.interruption != nil }) else {
            let reason = reload.interruption ?? "nobody said yes: nothing was changed (--yes does not ask)"
            return leave(reload, .refused([reason], plan: plan))
        }
        var report = reload.perform(plan)
        report.host = reload.host()
        return tell(report, of: master)
    }

    /// Ends where nothing was changed.
    private func leave(_ reload: SafeReload, _ report: ReloadReport, exits status: Int32? = nil) -> Int32 {
        reload.abandon()
        var report = report
        report.host = reload.host()
        return tell(report, of: reload.master, exits: status)
    }

    private var wishes: ReloadWishes {
        var wishes = ReloadWishes()
        wishes.newFile = newFile
        wishes.newHash = sha256?.lowercased()
        wishes.replacing = replace
        wishes.acceptsDrift = acceptDrift
        wishes.acceptsFindings = acceptFindings
        wishes.waitsForDrain = waitDrained
        wishes.waitsForPeers = waitPeers
        wishes.usesSystemctl = systemctl
        wishes.logFile = logFile
        wishes.timeout = .milliseconds(Int64(timeout * 1000))
        wishes.settle = .milliseconds(Int64(settle * 1000))
        return wishes
    }

    /// Asks, and waits for the answer, unless something ends the wait.
    private func isConfirmed(unless isOver: () -> Bool) -> Bool {
        guard newFile != "-", isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return false }
        try? File.writeAll(STDERR_FILENO, "Reload now? [y/N] ".utf8)
        var asked = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        repeat {
            if isOver() {
                try? File.writeAll(STDERR_FILENO, "\n".utf8)
                return false
            }
        } while poll(&asked, 1, 100) == 0
        let answer = readLine() ?? ""
        return answer == "y" || answer == "yes"
    }

    private func show(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        try? File.writeAll(STDOUT_FILENO, lines.map { VisibleText.of(String($0)) + "\n" }.joined().utf8)
    }

    /// The last words; the exit status.
    private func tell(
        _ report: ReloadReport, of master: RunningMaster?, exits status: Int32? = nil
    ) -> Int32 {
        if json {
            let text =
                ReloadDocument.json(report, master: master, isDryRun: dryRun, exitStatus: status).text + "\n"
            do throws(Errno) {
                try File.writeAll(STDOUT_FILENO, text.utf8)
            } catch {
                complain("cannot write the report: \(error)")
            }
        } else {
            show(ReloadText.ending(report, isDryRun: status == 0))
        }
        return status ?? report.verdict.exitStatus
    }

    private static func sentence(_ failure: AttachFailure) -> String {
        switch failure {
        case .none: "no HAProxy or mwproxy master runs here that this user can see"
        case .several(let masters):
            "\(masters.count) masters run here: name one with --pid or --master-socket"
        case .unsuitable(let sentence): sentence
        }
    }
}
