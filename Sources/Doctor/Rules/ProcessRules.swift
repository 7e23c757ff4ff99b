// Master and workers as processes: started in a way that can reload, and with enough descriptors.

import Observing
import ReloadModel

enum ProcessRules {
    static func masterWorker(_ facts: SystemFacts) -> Examination.Outcome {
        let line = ProxyCommandLine(facts.arguments)
        let how =
            line.asksForMaster
            ? facts.arguments.first { $0 == "-Ws" || $0 == "-W" } ?? "-W" : "'master-worker' of its files"
        return .good("master \(facts.master) by \(how)")
    }

    static func withoutMaster(_ processes: [LoneProcess]) -> Examination {
        let findings = processes.map { process in
            Finding(
                .critical,
                "process \(process.pid) runs without a master: \(process.commandLine)",
                why: "SIGUSR2 does not reload it, and nobody tells whether a new configuration was taken: "
                    + "every change is a restart or a second process with -sf",
                place: "its command line",
                lines: ["-Ws under systemd (Type=notify), else -W; or 'master-worker' in section global"])
        }
        return Examination(
            id: "master-worker", title: "a master runs the workers", outcome: .findings(findings))
    }

    static func nbproc(_ facts: SystemFacts) -> Examination.Outcome {
        facts.onDisk.decide { configuration in
            guard let line = configuration.global("nbproc"), line.words.count > 1, line.words[1] != "1" else {
                return .good("no nbproc")
            }
            return .findings([
                Finding(
                    .warning, .likely, "\(line.place) sets nbproc \(line.words[1])",
                    why:
                        "each process has its own tables, counters, checks and admin socket, a reload starts "
                        + "and keeps that many workers, and HAProxy 2.5 and later refuse to load it",
                    place: "\(line.place), section global",
                    lines: ["# nbproc \(line.words[1])", "nbthread \(line.words[1])"])
            ])
        }
    }

    /// The share of the allowed descriptors from which on it is urgent.
    private static let nearlyAll = 0.8

    static func descriptors(_ facts: SystemFacts) -> Examination.Outcome {
        facts.limits.decide { limits in
            var findings: [Finding] = []
            for limit in limits where limit.allowed > 0 {
                if Double(limit.used) >= nearlyAll * Double(limit.allowed) {
                    findings.append(
                        Finding(
                            .critical,
                            "worker \(limit.worker) uses \(limit.used) of \(limit.allowed) descriptors",
                            why: "without a free descriptor it accepts nobody and connects to no server",
                            place: facts.unit.value??.dropIn ?? "the limits of the master",
                            lines: ["[Service]", "LimitNOFILE=\(max(limit.allowed * 4, limit.needed ?? 0))"]))
                } else if let needed = limit.needed, needed > limit.allowed {
                    findings.append(
                        Finding(
                            .warning,
                            "worker \(limit.worker) may open \(limit.allowed) descriptors and needs \(needed) "
                                + "at its maxconn",
                            why: "it stops accepting long before maxconn is reached",
                            place: facts.unit.value??.dropIn ?? "the limits of the master",
                            lines: ["[Service]", "LimitNOFILE=\(needed)"]))
                }
            }
            let most = limits.max { $0.used * max(1, $1.allowed) < $1.used * max(1, $0.allowed) }
            return .of(
                findings, elseGood: most.map { "at most \($0.used) of \($0.allowed) in use" } ?? "no worker")
        }
    }
}
