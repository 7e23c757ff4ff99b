// A rollout in two steps: `look` asks every host and changes nothing; `perform` reloads one after the other. The course
// decides whose turn it is; here are the connections, the signals and the audit log.

import Glibc
import Runbook
import RuntimeAPI
import Unix

package final class Rollout {
    /// Hosts that are looked at beside each other.
    private static let mostAtOnce = 8
    /// What a host needs beside the waits that `--timeout` bounds: its test, and the health before.
    private static let preparation = Duration.seconds(90)
    private static let signals: [Int32] = [SIGINT, SIGTERM, SIGHUP]

    private let wishes: RolloutWishes
    private let audit: AuditLog
    private let say: (String) -> Void
    private var course: RolloutCourse
    /// Signals, once hosts are changed.
    private var received: Descriptor?
    /// Tells the present host to end its waits.
    private var telling: RemoteRun?

    /// - Parameter say: told what is under way, a line at a time.
    package init(_ wishes: RolloutWishes, audit: AuditLog, say: @escaping (String) -> Void) {
        self.wishes = wishes
        self.audit = audit
        self.say = say
        course = RolloutCourse(wishes.hosts, pauses: wishes.pause > .zero)
        // A host that does not read any more tells why by its end.
        Signals.ignoreBrokenPipes()
    }

    // MARK: Before

    /// What every host says to a dry run of the same reload, in the order of their turns.
    package func look() -> [HostLook] {
        var looks: [FleetHost: HostLook] = [:]
        var waiting = wishes.hosts[...]
        var runs: [(host: FleetHost, run: RemoteRun)] = []
        while looks.count < wishes.hosts.count {
            while runs.count < Self.mostAtOnce, let host = waiting.popFirst() {
                do throws(Errno) {
                    runs.append((host, try reload(host, isDry: true)))
                } catch {
                    looks[host] = HostLook(host, Self.unstarted(error, wishes), sending: wishes.content)
                }
            }
            wait(runs.flatMap(\.run.polled), until: runs.map(\.run.deadline).min() ?? .now())
            runs.removeAll { host, run in
                guard let transcript = run.proceed() else { return false }
                looks[host] = HostLook(host, transcript, sending: wishes.content)
                return true
            }
        }
        return wishes.hosts.compactMap { looks[$0] }
    }

    private func reload(_ host: FleetHost, isDry: Bool) throws(Errno) -> RemoteRun {
        try RemoteRun(
            .reload(on: host, wishes, isDry: isDry), content: wishes.content?.bytes ?? [],
            within: Self.preparation + (isDry ? .zero : wishes.timeout), isApart: !isDry)
    }

    private static func unstarted(_ error: Errno, _ wishes: RolloutWishes) -> Transcript {
        Transcript(.cut("cannot start \(wishes.ssh[0]): \(error)"))
    }

    // MARK: One after the other

    /// Does it. A signal that would end the program ends the rollout behind the host whose turn it is.
    package func perform(_ looks: [HostLook], _ differences: [FleetDifference]) -> RolloutReport {
        Signals.block(Self.signals)
        do throws(Errno) {
            received = try Signals.descriptor(Self.signals)
            try note(
                "begun",
                [
                    .init("sha256", wishes.content.map { .string($0.hash) } ?? .null),
                    .init("options", .array(wishes.options.map { .string($0) })),
                    .init("differences", .array(differences.map { .string($0.sentence) })),
                ])
        } catch {
            return .refused(
                ["the audit log \(audit.path) cannot be written (\(error)): nothing was changed"],
                wishes.hosts)
        }
        walk()
        var report = RolloutReport(verdict: course.verdict, reasons: course.reasons)
        report.looks = looks
        report.differences = differences
        report.outcomes = course.outcomes
        report.untouched = course.untouched
        report.advice = course.outcomes.filter { $0.verdict == .unknown }.flatMap { advice($0.host, looks) }
        report.auditLog = audit.path
        do throws(Errno) {
            try note(
                "ended",
                [
                    .init("verdict", .string(report.verdict.rawValue)),
                    .init("exit_status", .integer(Int64(report.verdict.exitStatus))),
                    .init("reasons", .array(report.reasons.map { .string($0) })),
                    .init("untouched", .array(report.untouched.map { .string($0.name) })),
                ])
        } catch {
            report.reasons.append("the audit log could not be written: \(error)")
        }
        return report
    }

    private func walk() {
        while true {
            switch course.next() {
            case .end: return
            case .pause:
                say("pause: \(wishes.pause.milliseconds / 1000) s")
                let end = Instant.now() + wishes.pause
                while Instant.now() < end, course.interruption == nil {
                    wait([], until: end)
                    heed(nil)
                }
                course.notePause()
            case .reload(let host): turn(of: host)
            }
        }
    }

    private func turn(of host: FleetHost) {
        say("\(host): reload, \(course.outcomes.count + 1) of \(wishes.hosts.count)")
        var outcome: HostOutcome
        do throws(Errno) {
            try note("host_begun", [.init("host", .string(host.name))])
            outcome = watched(host)
        } catch {
            outcome = HostOutcome(
                host,
                refused: "the audit log \(audit.path) cannot be written (\(error)): nothing was changed there"
            )
        }
        do throws(Errno) {
            try note(
                "host_ended",
                [
                    .init("host", .string(host.name)), .init("verdict", .string(outcome.verdict.rawValue)),
                    .init("reasons", .array(outcome.reasons.map { .string($0) })),
                    .init("sha256_now", outcome.document?["file"]?["sha256_now"] ?? .null),
                ])
        } catch {
            outcome.reasons.append("the audit log could not be written: \(error)")
        }
        course.note(outcome)
        say("\(host): \(([outcome.verdict.word] + outcome.reasons).joined(separator: ": "))")
    }

    private func watched(_ host: FleetHost) -> HostOutcome {
        let run: RemoteRun
        do throws(Errno) {
            run = try reload(host, isDry: false)
        } catch {
            return HostOutcome(host, Self.unstarted(error, wishes), sent: wishes.content)
        }
        defer { telling = nil }
        while true {
            if let transcript = run.proceed() { return HostOutcome(host, transcript, sent: wishes.content) }
            let deadlines = [run.deadline] + [telling?.deadline].compactMap(\.self)
            wait(run.polled + (telling?.polled ?? []), until: deadlines.min() ?? .now())
            heed((host, run))
            if let told = telling?.proceed() {
                if told.ending != .exited(0) { say("\(host): could not be told: \(told.silence)") }
                telling = nil
            }
        }
    }

    // MARK: Signals

    private func heed(_ turn: (host: FleetHost, run: RemoteRun)?) {
        guard let raw = received?.raw else { return }
        while let signal = Signals.next(from: raw) {
            let name = [SIGINT: "SIGINT", SIGTERM: "SIGTERM"][signal.number] ?? "SIGHUP"
            let isSecond = course.interruption != nil
            course.interrupt(by: name)
            guard let turn else { continue }
            guard !isSecond, let process = turn.run.remoteProcess else {
                turn.run.cut(
                    isSecond
                        ? "a second \(name) ended the connection"
                        : "\(name) came before anything was changed there")
                continue
            }
            say(
                "\(name): \(turn.host) is told to finish, no other host follows; once more does not wait for it"
            )
            do throws(Errno) {
                telling = try RemoteRun(
                    .interrupt(process, on: turn.host, wishes), content: nil, within: Self.preparation,
                    isApart: true)
            } catch {
                say("\(turn.host): could not be told: \(error)")
            }
        }
    }

    private func wait(_ polled: [pollfd], until deadline: Instant) {
        var polled = polled
        if let raw = received?.raw { polled.append(pollfd(fd: raw, events: Int16(POLLIN), revents: 0)) }
        let left = max(0, (deadline - .now()).milliseconds + 1)
        _ = poll(&polled, nfds_t(polled.count), Int32(clamping: left))
    }

    // MARK: Words

    private func note(_ event: String, _ members: [JSON.Member]) throws(Errno) {
        try audit.append(
            action: "rollout", target: wishes.hosts.map(\.name).joined(separator: ", "),
            [.init("event", .string(event))] + members)
    }

    private func advice(_ host: FleetHost, _ looks: [HostLook]) -> [String] {
        let file = looks.first { $0.host == host }?.document?["file"]?["path"]?.string
        var lines = ["look: \(RemoteCommand.look(at: host, wishes))"]
        lines.append(
            "\(host)'s own audit log has the hashes before and after in its line 'begun', and the verdict in 'ended', "
                + "as soon as it is through")
        if let file, let content = wishes.content {
            lines.append("the new file is in place there where 'sha256sum \(file)' says \(content.hash)")
        }
        return lines
    }
}
