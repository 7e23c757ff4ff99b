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
            "Watch the new worker this long before its health is judged; less than 3 may be too short, and 0 leaves the health out.",
            valueName: "seconds"))
    var settle: Double = 10

    func validate() throws {
        try Self.validate(timeout: timeout, [("--settle", settle)])
        if replace != nil, newFile == nil { throw ValidationError("--replace needs NEW.CFG.") }
        if let sha256 {
            if newFile == nil { throw ValidationError("--sha256 needs NEW.CFG.") }
            guard sha256.utf8.count == 64, sha256.allSatisfy(\.isHexDigit) else {
                throw ValidationError("--sha256 needs 64 hexadecimal digits, found '\(sha256)'.")
            }
        }
        if dryRun, yes { throw ValidationError("--dry-run changes nothing: leave --yes out.") }
    }

    /// The spans of this command and of rollout.
    static func validate(timeout: Double, _ spans: [(name: String, seconds: Double)]) throws {
        guard timeout > 0, timeout <= 86_400 else {
            throw ValidationError(
                "--timeout needs more than 0 and at most 86400 seconds, found '\(timeout)'.")
        }
        for span in spans where !span.seconds.isFinite || !(0...86_400).contains(span.seconds) {
            throw ValidationError("\(span.name) needs 0 to 86400 seconds, found '\(span.seconds)'.")
        }
    }

    func run() throws {
        let code = reload()
        if code != 0 { throw ExitCode(code) }
    }

    private func reload() -> Int32 {
        let person = Conversation()
        let master: RunningMaster
        do throws(AttachFailure) {
            master = try target.find()
        } catch {
            if !json, case .several = error { _ = OneLook.explain(error) }
            return tell(.refused([Self.sentence(error)]), of: nil, to: person)
        }
        guard let audit = AuditLog.ofUser else {
            return tell(
                .refused(["there is no place for the audit log (set HOME or XDG_STATE_HOME)"]), of: master,
                to: person)
        }
        let reload = SafeReload(master, wishes, audit: audit) { line in
            if !json { person.show(line) }
        }
        /// Ends where nothing was changed.
        func leave(_ reason: [String], _ plan: ReloadPlan?, log: [String] = [], exits status: Int32? = nil)
            -> Int32
        {
            reload.abandon()
            var report = ReloadReport.refused(reason, plan: plan, log: log)
            report.host = reload.host()
            return tell(report, of: master, to: person, exits: status)
        }
        let plan: ReloadPlan
        do throws(SafeReload.Refusal) {
            plan = try reload.prepare()
        } catch {
            if !json, let plan = error.plan { person.show(ReloadText.plan(plan)) }
            return leave(error.reasons, error.plan, log: error.log)
        }
        if !json { person.show(ReloadText.plan(plan)) }
        if dryRun { return leave(["everything is good so far, and nothing was changed"], plan, exits: 0) }
        if person.isUnread {
            return leave(["nobody reads on standard output any more: nothing was changed"], plan)
        }
        let isMeant =
            yes
            || newFile != "-"
                && person.isConfirmed("Reload now?", unless: { reload.interruption != nil })
        guard isMeant else {
            let reason = reload.interruption ?? "nobody said yes: nothing was changed (--yes does not ask)"
            return leave([reason], plan)
        }
        var report = reload.perform(plan)
        report.host = reload.host()
        return tell(report, of: master, to: person)
    }

    private var wishes: ReloadWishes {
        var wishes = ReloadWishes()
        wishes.newFile = newFile
        wishes.newHash = sha256?.lowercased()
        wishes.replacing = replace
        wishes.onlyLooks = dryRun
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

    /// The last words; the exit status.
    private func tell(
        _ report: ReloadReport, of master: RunningMaster?, to person: Conversation,
        exits status: Int32? = nil
    ) -> Int32 {
        if json {
            person.deliver(
                ReloadDocument.json(report, master: master, isDryRun: dryRun, exitStatus: status).text)
        } else {
            person.show(ReloadText.ending(report, isDryRun: status == 0))
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
