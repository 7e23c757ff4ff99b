// The checklist of the field, as one table. Each rule is a pure function from the facts to its outcome; the files
// beside this one hold them by topic.

import ReloadModel

/// One point of the checklist.
struct Rule: Sendable {
    /// `hard-stop-after`
    let id: String
    /// What is good when it is good: `hard-stop-after is set and fits the traffic`.
    let title: String
    let examine: @Sendable (SystemFacts) -> Examination.Outcome
}

package enum Checklist {
    static let rules: [Rule] = [
        Rule(id: "master-worker", title: "a master runs the workers", examine: ProcessRules.masterWorker),
        Rule(id: "nbproc", title: "one worker process a generation", examine: ProcessRules.nbproc),
        Rule(id: "unit-type", title: "systemd waits for READY", examine: UnitRules.type),
        Rule(id: "unit-reload", title: "systemctl reload reloads", examine: UnitRules.reload),
        Rule(
            id: "unit-kill-mode", title: "systemctl stop lets the master end its workers",
            examine: UnitRules.killMode),
        Rule(id: "unit-stop", title: "systemctl stop ends as it should", examine: ServiceRules.stop),
        Rule(id: "unit-restart", title: "a crash is not the end", examine: ServiceRules.restart),
        Rule(id: "unit-limits", title: "the unit allows what maxconn needs", examine: ServiceRules.limits),
        Rule(id: "config-test", title: "the files on disk load", examine: FileRules.test),
        Rule(id: "config-changed", title: "the files on disk are what runs", examine: FileRules.changed),
        Rule(id: "bind-ports", title: "the ports of the next load are free", examine: PortRules.wanted),
        Rule(
            id: "port-strangers", title: "nobody else listens on the proxy's ports",
            examine: PortRules.strangers),
        Rule(
            id: "restarts", title: "changes are reloads, not restarts", examine: ReloadRules.restarts),
        Rule(
            id: "reload-rate", title: "reloads leave time to drain", examine: ReloadRules.rate),
        Rule(
            id: "hard-stop-after", title: "hard-stop-after is set and fits the traffic",
            examine: DrainRules.hardStopAfter),
        Rule(
            id: "mworker-max-reloads", title: "old workers are bounded in number",
            examine: DrainRules.maxReloads),
        Rule(id: "timeouts", title: "every connection has an end", examine: TimeoutRules.basic),
        Rule(
            id: "timeout-http-request", title: "half-sent requests have an end",
            examine: TimeoutRules.request),
        Rule(
            id: "timeout-http-keep-alive", title: "idle keep-alive connections have an end",
            examine: TimeoutRules.keepAlive),
        Rule(id: "timeout-tunnel", title: "tunnels have an end", examine: TimeoutRules.tunnel),
        Rule(id: "peers", title: "stick tables survive a reload", examine: PeerRules.tables),
        Rule(id: "tls-tickets", title: "TLS sessions resume after a reload", examine: TicketRules.tickets),
        Rule(
            id: "tls-ticket-keys", title: "the ticket keys that run are those of their files",
            examine: TicketRules.keys),
        Rule(
            id: "tls-certificates", title: "the certificates that run are those on disk",
            examine: CertificateRules.running),
        Rule(id: "tls-expiry", title: "no certificate ends soon", examine: CertificateRules.expiry),
        Rule(id: "expose-fd", title: "expose-fd only where -x uses it", examine: SocketRules.exposeFD),
        Rule(id: "admin-rights", title: "admin sockets are for administrators", examine: SocketRules.rights),
        Rule(id: "descriptors", title: "descriptors suffice", examine: ProcessRules.descriptors),
    ]

    /// What there is to say of proxies that run without a master.
    package static func withoutMaster(_ processes: [LoneProcess]) -> [Examination] {
        [ProcessRules.withoutMaster(processes), SocketRules.replacing(processes)]
    }

    /// Goes through the list.
    package static func report(_ facts: SystemFacts) -> HealthReport {
        HealthReport(
            time: facts.now,
            examinations: rules.map { rule in
                Examination(id: rule.id, title: rule.title, outcome: rule.examine(facts))
            })
    }
}

extension Examination.Outcome {
    /// The findings, or `good` when there are none.
    static func of(_ findings: [Finding], elseGood sentence: String) -> Self {
        findings.isEmpty ? .good(sentence) : .findings(findings)
    }
}

extension Known {
    /// The outcome of what is decided by this value; unknown without it.
    func decide(_ examine: (Value) -> Examination.Outcome) -> Examination.Outcome {
        switch self {
        case .known(let value): examine(value)
        case .unknown(let why): .unknown(why)
        }
    }
}

/// A few names in a row: `web, api and 3 more`.
func listed(_ names: [String], atMost limit: Int = 4) -> String {
    guard names.count > limit else {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and \(last)"
    }
    return names.prefix(limit).joined(separator: ", ") + " and \(names.count - limit) more"
}
