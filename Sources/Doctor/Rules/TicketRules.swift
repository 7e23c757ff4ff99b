// TLS session tickets: each worker makes keys of its own, unless a file gives all of them the same.

import ConfigLanguage
import ReloadModel

enum TicketRules {
    /// From this many reloads an hour on it is more than a matter of taste.
    private static let often = 2

    static func tickets(_ facts: SystemFacts) -> Examination.Outcome {
        facts.inForce.decide { configuration in
            let binds = configuration.proxies.flatMap { section in
                section.lines.filter { $0.keyword == "bind" && $0.words.contains("ssl") }.map {
                    (section, $0)
                }
            }
            guard !binds.isEmpty else { return .notConcerned("no bind speaks TLS") }
            let options = configuration.global("ssl-default-bind-options")?.words ?? []
            let without = binds.filter { _, line in
                !line.words.contains("tls-ticket-keys") && !line.words.contains("no-tls-tickets")
                    && !options.contains("no-tls-tickets")
            }
            let findings = without.isEmpty ? [] : [finding(without.map { $0.1 }, facts)]
            return .of(findings, elseGood: "each TLS bind has its ticket keys from a file, or no tickets")
        }
    }

    private static func finding(_ lines: [ConfigurationOutline.Line], _ facts: SystemFacts) -> Finding {
        Finding(
            facts.reloadsInLastHour >= often ? .warning : .notice, .likely,
            "no tls-ticket-keys at \(listed(lines.map(\.place)))",
            why: "a new worker cannot read its predecessor's tickets: after each reload every client that "
                + "returns pays for a full handshake, and so do you",
            place: "a file with three or more keys, and its name behind each 'bind … ssl'",
            lines: [
                "(umask 077; for i in 1 2 3; do openssl rand -base64 48; done > /etc/haproxy/tickets.keys)",
                lines[0].words.joined(separator: " ") + " tls-ticket-keys /etc/haproxy/tickets.keys",
            ])
    }
}
