// The timeouts that end what a client or a server leaves open. Without them an old worker waits for ever.

import ConfigLanguage
import ReloadModel

enum TimeoutRules {
    private typealias Section = ConfigurationOutline.Section

    /// A client that is waited for longer than this without a limit of its own deserves a word.
    private static let patience: Double = 60
    private static let hour: Double = 3600

    private static func timeout(
        _ name: String, _ section: Section, _ configuration: ConfigurationOutline
    ) -> ConfigurationOutline.Line? {
        configuration.setting(["timeout", name], of: section)
    }

    private static func defaultsPlace(_ facts: SystemFacts) -> String {
        "\(facts.configurationPlace), section defaults"
    }

    /// `frontend 'web', listen 'api'`
    private static func titles(_ sections: [Section]) -> String { listed(sections.map(\.title)) }

    /// `timeout client`, `connect`, `server`: each where it is needed.
    static func basic(_ facts: SystemFacts) -> Examination.Outcome {
        facts.inForce.decide { configuration in
            func serves(_ section: Section) -> Bool {
                section.hasServers
                    && section.lines.contains {
                        ["server", "server-template", "dispatch"].contains($0.keyword)
                    }
            }
            let needs: [(name: String, value: String, where: (Section) -> Bool, why: String)] = [
                (
                    "client", "1m", \.hasClients,
                    "a client that falls silent or is gone keeps its connection, and the old worker, for ever"
                ),
                (
                    "server", "1m", serves,
                    "a server that does not answer keeps the request, and the old worker, for ever"
                ),
                (
                    "connect", "5s", serves,
                    "a server that is down is waited for as long as the kernel tries, about two minutes"
                ),
            ]
            let findings = needs.compactMap { need -> Finding? in
                let missing = configuration.proxies.filter { section in
                    need.where(section) && timeout(need.name, section, configuration) == nil
                }
                guard !missing.isEmpty else { return nil }
                return Finding(
                    .warning, .likely, "no 'timeout \(need.name)' in \(titles(missing))", why: need.why,
                    place: defaultsPlace(facts), lines: ["timeout \(need.name) \(need.value)"])
            }
            return .of(findings, elseGood: "client, server and connect are set wherever they are needed")
        }
    }

    private static func webFrontends(_ configuration: ConfigurationOutline) -> [Section] {
        configuration.proxies.filter { $0.hasClients && configuration.mode(of: $0) == "http" }
    }

    static func request(_ facts: SystemFacts) -> Examination.Outcome {
        facts.inForce.decide { configuration in
            let frontends = webFrontends(configuration)
            guard !frontends.isEmpty else { return .notConcerned("no frontend speaks HTTP") }
            let missing = frontends.filter { timeout("http-request", $0, configuration) == nil }
            guard !missing.isEmpty else { return .good("'timeout http-request' is set") }
            let longest =
                missing.map { section in
                    timeout("client", section, configuration).flatMap { DrainRules.seconds($0, at: 2) }
                        ?? .infinity
                }.max() ?? .infinity
            return .findings([
                Finding(
                    longest > patience ? .warning : .notice, .likely,
                    "no 'timeout http-request' in \(titles(missing))",
                    why:
                        "a client that sends its request a byte at a time is never late for 'timeout client', "
                        + "and keeps an old worker as long as it likes",
                    place: defaultsPlace(facts), lines: ["timeout http-request 10s"])
            ])
        }
    }

    static func keepAlive(_ facts: SystemFacts) -> Examination.Outcome {
        facts.inForce.decide { configuration in
            let frontends = webFrontends(configuration)
            guard !frontends.isEmpty else { return .notConcerned("no frontend speaks HTTP") }
            let missing = frontends.filter { section in
                timeout("http-keep-alive", section, configuration) == nil
                    && timeout("http-request", section, configuration) == nil
            }
            let findings =
                missing.isEmpty
                ? []
                : [
                    Finding(
                        .notice, .likely, "no 'timeout http-keep-alive' in \(titles(missing))",
                        why: "idle connections then wait for 'timeout client', each with a descriptor",
                        place: defaultsPlace(facts), lines: ["timeout http-keep-alive 10s"])
                ]
            return .of(findings, elseGood: "idle connections end by a timeout of their own")
        }
    }

    static func tunnel(_ facts: SystemFacts) -> Examination.Outcome {
        facts.inForce.decide { configuration in
            let backends = configuration.proxies.filter { section in
                section.hasServers && section.lines.contains { $0.keyword.hasPrefix("server") }
            }
            guard !backends.isEmpty else { return .notConcerned("no backend has a server") }
            var findings: [Finding] = []
            let missing = backends.filter { timeout("tunnel", $0, configuration) == nil }
            if !missing.isEmpty {
                findings.append(
                    Finding(
                        .notice, .likely, "no 'timeout tunnel' in \(titles(missing))",
                        why: "WebSockets and other tunnels end at 'timeout client' and 'timeout server': too "
                            + "early for them, or those are too long for everything else",
                        place: defaultsPlace(facts), lines: ["timeout tunnel 10m", "timeout client-fin 30s"]))
            }
            let isBounded = DrainRules.bound(configuration) != nil
            let long = backends.filter { section in
                (timeout("tunnel", section, configuration).flatMap { DrainRules.seconds($0, at: 2) } ?? 0)
                    >= hour
            }
            if !long.isEmpty, !isBounded {
                findings.append(
                    Finding(
                        .warning, .likely,
                        "'timeout tunnel' of an hour or more without hard-stop-after in "
                            + titles(long),
                        why: "each tunnel keeps its old worker until its client has been silent that long",
                        place: "\(facts.configurationPlace), section global", lines: ["hard-stop-after 30m"]))
            }
            let open = backends.filter { section in
                timeout("tunnel", section, configuration) != nil
                    && timeout("client-fin", section, configuration) == nil
                    && !configuration.proxies.contains {
                        $0.hasClients && timeout("client-fin", $0, configuration) != nil
                    }
            }
            if !open.isEmpty {
                findings.append(
                    Finding(
                        .notice, .likely, "'timeout tunnel' without 'timeout client-fin' in \(titles(open))",
                        why: "a tunnel that one side has closed waits for the other as long as an open one, "
                            + "and keeps its old worker",
                        place: defaultsPlace(facts), lines: ["timeout client-fin 30s"]))
            }
            return .of(findings, elseGood: "tunnels have a timeout of their own")
        }
    }
}
