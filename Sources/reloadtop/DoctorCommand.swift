// `reloadtop doctor`: goes through the checklist once and prints what it found.

import ArgumentParser
import Doctor
import Glibc
import Observing
import ReloadModel
import Reporting
import Runbook
import Unix

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Examine a running proxy, its unit and its files, and print what to mend.",
        usage:
            "reloadtop doctor [--master-socket <address> | --pid <pid>] [--json] [--host-root <directory>]",
        discussion: """
            Goes through the checklist of docs/doctor.md: each finding says what was seen, why it matters and the \
            lines to write. Nothing is changed; the configuration is tested with the proxy's own '-c'.

            Exit status: 0 nothing to mend, 1 warnings, 2 critical findings, 3 there was nothing to examine, or \
            nothing was found but not everything could be looked at, 64 wrong options.
            """)

    @OptionGroup var target: TargetOptions

    @Flag(help: "Print JSON (docs/doctor.md).")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Look for systemd's unit files below this folder: the host's root, seen from a container.",
            valueName: "directory"))
    var hostRoot: String = ""

    func run() throws {
        let code = visit()
        if code != 0 { throw ExitCode(code) }
    }

    private func visit() -> Int32 {
        let master: RunningMaster
        do throws(AttachFailure) {
            master = try target.find()
        } catch {
            return withoutMaster(error)
        }
        let observer = Observer(master)
        let visit = Consultation(master, units: UnitFiles(root: hostRoot), past: FormerReloads.past)
        while true {
            if let report = visit.proceed({ observer.sample() }) {
                return tell(report, proxy: "\(master.program.rawValue), master \(master.pid)")
            }
            var polled = visit.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let left = max(0, (visit.deadline - .now()).milliseconds)
            _ = poll(&polled, nfds_t(polled.count), Int32(clamping: left))
        }
    }

    /// A proxy without a master is a finding; nothing at all is not.
    private func withoutMaster(_ failure: AttachFailure) -> Int32 {
        let lonely = MasterSearch().withoutMaster().filter { target.pid == nil || $0.pid == target.pid }
        let isMissing = if case .several = failure { false } else { target.masterSocket == nil }
        guard isMissing, !lonely.isEmpty else {
            _ = OneLook.explain(failure)
            return 3
        }
        let report = HealthReport(
            time: WallClock.now().microseconds,
            examinations: Checklist.withoutMaster(lonely.map { LoneProcess(reading: $0.pid) }))
        return tell(report, proxy: "no master")
    }

    private func tell(_ report: HealthReport, proxy: String) -> Int32 {
        let text = json ? HealthJSON.object(report) : HealthText.text(report, proxy: proxy)
        do throws(Errno) {
            try File.writeAll(STDOUT_FILENO, text.utf8)
        } catch {
            complain("cannot write the report: \(error)")
            return 3
        }
        return HealthText.exitStatus(report)
    }
}
