// `reloadtop rollout`: the safe reload on one host after another.

import ArgumentParser
import Glibc
import Rollout
import Runbook
import TextUI
import Unix

struct RolloutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollout",
        abstract: "Reload one host after another over ssh, and stop at the first that is not well.",
        usage: "reloadtop rollout [<new.cfg>] --host <host> [--host <host> …] [<options>]",
        discussion: """
            Runs 'reloadtop reload' on each host, in the order of the options. Before anything is changed every host \
            tests NEW.CFG, and what must agree across them is compared. docs/runbook.md tells each step.

            Exit status:
            \(statuses.joined(separator: "\n"))
              64 wrong options
            """)

    private static var statuses: [String] {
        Verdict.allCases.map { "  \($0.exitStatus) \($0.rawValue): \(RolloutText.meaning($0))" }
    }
    private static let longestContent = 16 << 20

    @Argument(
        help: ArgumentHelp(
            "The new content for every host; '-' reads standard input. Without it each loads what lies there.",
            valueName: "new.cfg"))
    var newFile: String?

    @Option(help: ArgumentHelp("A host for ssh; once for each.", valueName: "user@host"))
    var host: [String] = []

    @Option(help: ArgumentHelp("Wait between two hosts.", valueName: "seconds"))
    var pause: Double = 0

    @Flag(help: "Look, test and compare on every host, and stop before anything is changed.")
    var dryRun = false

    @Flag(help: "Do not ask.")
    var yes = false

    @Flag(help: "Print JSON (docs/runbook.md) instead of text.")
    var json = false

    @Flag(help: "Go on although ticket keys, configurations or hard-stop-after differ across the hosts.")
    var acceptDifferences = false

    @Option(
        help: ArgumentHelp("The ssh program with options of its own, split at blanks.", valueName: "command"))
    var ssh = "ssh"

    @Option(help: ArgumentHelp("reloadtop on the hosts.", valueName: "path"))
    var remoteProgram = "reloadtop"

    @Flag(help: "Run it there through 'sudo -n', which never asks.")
    var sudo = false

    @Option(help: ArgumentHelp("The master's admin socket on the hosts.", valueName: "address"))
    var masterSocket: String?

    @Option(help: ArgumentHelp("Which of several loaded files NEW.CFG replaces.", valueName: "file"))
    var replace: String?

    @Option(help: ArgumentHelp("The file that the proxy's messages go to, on the hosts.", valueName: "file"))
    var logFile: String?

    @Flag(help: "Reload through 'systemctl reload' of the unit that the master runs in.")
    var systemctl = false

    @Flag(help: "Go on although the files on a host are not, or not surely, what runs there.")
    var acceptDrift = false

    @Flag(help: "Go on although the doctor finds that a load will fail.")
    var acceptFindings = false

    @Flag(help: "Wait on each host until every old worker has ended.")
    var waitDrained = false

    @Flag(help: "Wait on each host until every peer is connected and has every change of every table.")
    var waitPeers = false

    @Option(help: ArgumentHelp("The longest that a host's load and waits may take.", valueName: "seconds"))
    var timeout: Double = 120

    @Option(
        help: ArgumentHelp(
            "Watch each new worker this long before its health is judged; 0 judges at once, without the health.",
            valueName: "seconds"))
    var settle: Double = 10

    func validate() throws {
        try ReloadCommand.validate(timeout: timeout, [("--settle", settle), ("--pause", pause)])
        do throws(FleetHost.Fault) {
            _ = try FleetHost.list(host)
        } catch {
            throw ValidationError("\(error).")
        }
        if ssh.split(separator: " ").isEmpty { throw ValidationError("--ssh needs a command.") }
        if remoteProgram.isEmpty || remoteProgram.hasPrefix("-") {
            throw ValidationError("--remote-program needs a program, found '\(remoteProgram)'.")
        }
        if replace != nil, newFile == nil { throw ValidationError("--replace needs NEW.CFG.") }
        if dryRun, yes { throw ValidationError("--dry-run changes nothing: leave --yes out.") }
    }

    func run() throws {
        let code = try rollout()
        if code != 0 { throw ExitCode(code) }
    }

    private func rollout() throws -> Int32 {
        let person = Conversation()
        var wishes = RolloutWishes(hosts: try FleetHost.list(host))
        if let newFile {
            do throws(Errno) {
                wishes.content = NewContent(
                    newFile == "-"
                        ? try File.readAll(STDIN_FILENO, limit: Self.longestContent)
                        : try File.read(newFile, limit: Self.longestContent))
            } catch {
                return tell(
                    .refused(["cannot read \(newFile): \(error)"], wishes.hosts), wishes, to: person)
            }
        }
        complete(&wishes)
        guard let audit = AuditLog.ofUser else {
            return tell(
                .refused(["there is no place for the audit log (set HOME or XDG_STATE_HOME)"], wishes.hosts),
                wishes, to: person)
        }
        let rollout = Rollout(wishes, audit: audit) { line in
            if !json { person.show(line) }
        }
        if !json { person.show("look: \(host.joined(separator: ", ")); nothing is changed") }
        let looks = rollout.look()
        let differences = FleetComparison.differences(looks)
        if !json { person.show(RolloutText.looks(looks, differences)) }
        func refused(_ reasons: [String]) -> RolloutReport {
            var report = RolloutReport.refused(reasons, wishes.hosts)
            report.looks = looks
            report.differences = differences
            return report
        }
        let objections = FleetComparison.objections(
            looks, differences, acceptsDifferences: acceptDifferences)
        guard objections.isEmpty else { return tell(refused(objections), wishes, to: person) }
        if dryRun {
            return tell(
                refused(["everything is good so far, and nothing was changed"]), wishes, to: person, exits: 0)
        }
        if person.isUnread {
            return tell(
                refused(["nobody reads on standard output any more: nothing was changed"]), wishes, to: person
            )
        }
        let question = "Reload \(host.joined(separator: ", then "))?"
        guard yes || newFile != "-" && person.isConfirmed(question) else {
            return tell(
                refused(["nobody said yes: nothing was changed (--yes does not ask)"]), wishes, to: person)
        }
        return tell(rollout.perform(looks, differences), wishes, to: person)
    }

    private func complete(_ wishes: inout RolloutWishes) {
        wishes.ssh = ssh.split(separator: " ").map(String.init)
        wishes.program = remoteProgram
        wishes.usesSudo = sudo
        wishes.acceptsDifferences = acceptDifferences
        wishes.pause = .milliseconds(Int64(pause * 1000))
        wishes.timeout = .milliseconds(Int64(timeout * 1000))
        let flags = [
            ("--accept-drift", acceptDrift), ("--accept-findings", acceptFindings),
            ("--wait-drained", waitDrained), ("--wait-peers", waitPeers), ("--systemctl", systemctl),
        ]
        let values = [
            ("--master-socket", masterSocket), ("--replace", replace), ("--log-file", logFile),
            ("--timeout", "\(timeout)"), ("--settle", "\(settle)"),
        ]
        wishes.options =
            flags.filter(\.1).map(\.0) + values.compactMap { name, value in value.map { "\(name)=\($0)" } }
    }

    /// The last words; the exit status.
    private func tell(
        _ report: RolloutReport, _ wishes: RolloutWishes, to person: Conversation,
        exits status: Int32? = nil
    ) -> Int32 {
        if json {
            person.deliver(
                RolloutDocument.json(report, wishes, isDryRun: dryRun, exitStatus: status).text)
        } else {
            person.show(RolloutText.ending(report, isDryRun: status == 0))
        }
        return status ?? report.verdict.exitStatus
    }
}
