// The systemd unit: how the service ends, comes back, and what it may use.

import ConfigLanguage
import ReloadModel

enum ServiceRules {
    // MARK: Stopping

    /// Where TimeoutStopSec says nothing.
    private static let usualStop = 90.0
    /// What the cut at hard-stop-after may take besides.
    private static let afterHardStop = 10.0
    private static let drainSignals: Set<String> = ["SIGUSR1", "USR1", "10"]

    static func stop(_ facts: SystemFacts) -> Examination.Outcome {
        UnitRules.inUnit(facts) { unit in
            var findings: [Finding] = []
            let good = unit.service("SuccessExitStatus").flatMap { $0.split(separator: " ") }
            if !good.contains("143") {
                findings.append(
                    Finding(
                        .notice, .likely, "\(unit.said("SuccessExitStatus")): 143 is no success",
                        why:
                            "a master that ends with its worker, which SIGTERM ended, leaves the unit as failed: "
                            + "'systemctl stop' looks like a crash",
                        place: unit.dropIn, lines: ["[Service]", "SuccessExitStatus=143"]))
            }
            findings += drain(unit, facts)
            return .of(findings, elseGood: "\(unit.name): 143 is a good end, and nothing cuts a stop short")
        }
    }

    /// A stop that lets connections finish, and what systemd leaves of it.
    private static func drain(_ unit: ServiceUnit, _ facts: SystemFacts) -> [Finding] {
        let hardStop = facts.inForce.value.flatMap(DrainRules.bound).flatMap { DrainRules.seconds($0) }
        let wanted = hardStop.map { "\(Int($0 + afterHardStop))" } ?? "30min"
        let mend = ["[Service]", "ExecStop=", "KillSignal=SIGUSR1", "TimeoutStopSec=\(wanted)"]
        let soft = unit.commands("ExecStop").first { command in
            command.program == "kill"
                && command.words.contains { word in
                    drainSignals.contains(word.hasPrefix("-") ? String(word.dropFirst()) : word)
                }
        }
        let signal = unit.last("KillSignal") ?? "SIGTERM"
        if let soft, !drainSignals.contains(signal) {
            return [
                Finding(
                    .warning, "ExecStop of \(unit.name) only asks for a drain: \(soft.text) (\(soft.place))",
                    why: "kill returns at once, and systemd sends \(signal) right behind it: "
                        + "every connection is cut all the same",
                    place: unit.dropIn, lines: mend)
            ]
        }
        guard drainSignals.contains(signal) else { return [] }
        let key =
            unit.last("TimeoutStopSec") == nil && unit.last("TimeoutSec") != nil
            ? "TimeoutSec" : "TimeoutStopSec"
        // 0 is none.
        guard let limit = unit.last(key).map(UnitValues.seconds) ?? usualStop, limit > 0,
            limit < (hardStop ?? .infinity)
        else { return [] }
        let until =
            hardStop.map { "before hard-stop-after (\(Wording.span(seconds: $0)))" }
            ?? "and no hard-stop-after ends them before"
        return [
            Finding(
                .warning,
                "a stop drains (\(unit.said("KillSignal"))), but systemd kills what is left after "
                    + "\(Wording.span(seconds: limit)) (\(unit.said(key))), \(until)",
                why: "connections that would still be served end without a word, not even a log line",
                place: unit.dropIn, lines: ["[Service]", "TimeoutStopSec=\(wanted)"])
        ]
    }

    // MARK: Coming back

    static func restart(_ facts: SystemFacts) -> Examination.Outcome {
        UnitRules.inUnit(facts) { unit in
            var findings: [Finding] = []
            let restart = unit.last("Restart") ?? "no"
            if restart != "always", restart != "on-failure" {
                findings.append(
                    Finding(
                        .warning, unit.said("Restart"),
                        why:
                            "a master that crashes, or that ends because its worker has crashed, stays away until "
                            + "somebody starts it",
                        place: unit.dropIn, lines: ["[Service]", "Restart=always"]))
            }
            if unit.last("OOMPolicy") != "continue" {
                findings.append(
                    Finding(
                        .notice, .likely, unit.said("OOMPolicy"),
                        why:
                            "when the kernel ends one worker for its memory, systemd stops the whole service: an "
                            + "old worker takes the one that serves with it",
                        place: unit.dropIn, lines: ["[Service]", "OOMPolicy=continue"]))
            }
            return .of(findings, elseGood: "\(unit.name): Restart=\(restart), OOMPolicy=continue")
        }
    }

    // MARK: Limits

    /// Descriptors besides two for each connection.
    private static let besides = 100

    static func limits(_ facts: SystemFacts) -> Examination.Outcome {
        UnitRules.inUnit(facts) { unit in
            guard let text = unit.last("LimitNOFILE"), let limit = UnitValues.hardLimit(text) else {
                return .good(unit.said("LimitNOFILE"))
            }
            // Whoever may raise the limit does so by itself.
            let user = unit.last("User") ?? "root"
            let mayRaise =
                (user == "root" || user == "0")
                && UnitValues.leaves("CAP_SYS_RESOURCE", unit.service("CapabilityBoundingSet"))
            guard !mayRaise else {
                return .good("\(unit.said("LimitNOFILE")), and the proxy may raise it")
            }
            return facts.onDisk.decide { configuration in
                guard let (line, needed) = needed(configuration) else {
                    return .good("\(unit.said("LimitNOFILE")), and the files set no maxconn")
                }
                guard needed > limit else { return .good(unit.said("LimitNOFILE")) }
                return .findings([
                    Finding(
                        .warning, .likely,
                        "\(unit.said("LimitNOFILE")), but '\(line.words.joined(separator: " "))' of \(line.place) "
                            + "needs \(needed) descriptors, and the unit takes away the right to raise it",
                        why: facts.program == .haproxy && isStrict(configuration)
                            ? "HAProxy refuses to load it: a reload fails, a start does as well"
                            : "fewer clients than maxconn are accepted",
                        place: unit.dropIn, lines: ["[Service]", "LimitNOFILE=\(needed)"])
                ])
            }
        }
    }

    private static func isStrict(_ configuration: ConfigurationOutline) -> Bool {
        let line = configuration.global.last { $0.words.contains("strict-limits") }
        return line?.keyword != "no"
    }

    /// The line that wants most, and how much at least.
    private static func needed(
        _ configuration: ConfigurationOutline
    ) -> (ConfigurationOutline.Line, Int)? {
        let wishes = ["maxconn", "ulimit-n"].compactMap { keyword -> (ConfigurationOutline.Line, Int)? in
            guard let line = configuration.global(keyword), line.words.count > 1,
                let number = Int(line.words[1]), (1...1_000_000_000).contains(number)
            else { return nil }
            return (line, keyword == "maxconn" ? 2 * number + besides : number)
        }
        return wishes.max { $0.1 < $1.1 }
    }
}
