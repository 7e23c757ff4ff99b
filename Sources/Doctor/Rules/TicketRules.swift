// TLS session tickets: each worker makes keys of its own, unless a file gives all of them the same.

import ConfigLanguage
import ReloadModel

enum TicketRules {
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
            let findings = without.isEmpty ? [] : [finding(without.map { $0.1 })]
            return .of(findings, elseGood: "each TLS bind has its ticket keys from a file, or no tickets")
        }
    }

    private static func finding(_ lines: [ConfigurationOutline.Line]) -> Finding {
        Finding(
            .notice, .likely,
            "no tls-ticket-keys at \(listed(lines.map(\.place)))",
            why: "a new worker cannot read its predecessor's tickets: after each reload every client that "
                + "returns pays for a full handshake, and so do you",
            place: "a file with three or more keys, and its name behind each 'bind … ssl'",
            lines: [
                "(umask 077; for i in 1 2 3; do openssl rand -base64 48; done > /etc/haproxy/tickets.keys)",
                lines[0].words.joined(separator: " ") + " tls-ticket-keys /etc/haproxy/tickets.keys",
            ])
    }

    // MARK: Keys

    static func keys(_ facts: SystemFacts) -> Examination.Outcome {
        facts.tls.decide { tls in
            guard !tls.ticketFiles.isEmpty else { return .notConcerned("no bind has ticket keys of a file") }
            let findings = tls.ticketFiles.flatMap { self.findings($0, facts) }
            if findings.isEmpty, let why = tls.ticketFiles.compactMap(\.disk.reason).first {
                return .unknown(why)
            }
            return .of(
                findings,
                elseGood:
                    "the keys of \(listed(tls.ticketFiles.map(\.file))) run, and only their owner reads them")
        }
    }

    private static func findings(_ fact: TicketFileFact, _ facts: SystemFacts) -> [Finding] {
        switch fact.disk.value {
        case nil: return []
        case .missing?:
            return [
                Finding(
                    .critical, "\(fact.file) is not on disk any more",
                    why: "the next reload fails, and after a restart nothing serves at all",
                    place: "\(fact.file): put its keys back")
            ]
        case .noKeys(let why)?:
            return [
                Finding(
                    .critical, "\(fact.file) on disk has no ticket keys: \(why)",
                    why: "the next reload fails, and after a restart nothing serves at all",
                    place: "\(fact.file): three or more keys in base64, a line each")
            ]
        case .keys(let keys, let mode)?:
            return [difference(fact, keys, facts), readable(fact, mode)].compactMap(\.self)
        }
    }

    private static func difference(
        _ fact: TicketFileFact, _ keys: [String], _ facts: SystemFacts
    ) -> Finding? {
        guard keys != fact.running else { return nil }
        let makes = fact.running.count > 1 ? fact.running[fact.running.count - 2] : nil
        let isKept = makes.map { keys.contains($0) } ?? false
        // What was dropped from the file is older than what is still in it; what came by command is newer.
        let firstKept = fact.running.firstIndex { keys.contains($0) } ?? fact.running.count
        let byCommand = fact.running[firstKept...].filter { !keys.contains($0) }
        if let key = byCommand.first {
            return Finding(
                .warning, "\(fact.file) does not have the key \(key), which was set by command",
                why: isKept
                    ? "the next reload goes back to the keys of the file: other hosts may make tickets with this one"
                    : "the next reload loses it, and the tickets that are made with \(makes ?? "it") now",
                place: "\(fact.file): add the key behind the others, as it was given to 'set ssl tls-key'")
        }
        return Finding(
            isKept ? .notice : .warning, "\(fact.file) has other keys than run: changed since the load",
            why: isKept
                ? "the next reload brings them into force, and reads the tickets of now"
                : "the next reload cannot read the tickets of now, which are made with \(makes ?? "other keys"): "
                    + "each client pays for a full handshake",
            place: isKept
                ? "reload" : "\(fact.file): rotate by one key at a time, with a reload behind each",
            lines: isKept ? [FileRules.reloadCommand(facts)] : [])
    }

    /// Whoever has the keys reads recorded sessions of TLS 1.2, and takes the place of this host.
    private static func readable(_ fact: TicketFileFact, _ mode: UInt32) -> Finding? {
        guard mode & 0o077 != 0 else { return nil }
        let isOfAll = mode & 0o007 != 0
        return Finding(
            isOfAll ? .warning : .notice,
            "\(fact.file) can be read by \(isOfAll ? "everybody" : "its group") (mode \(String(mode, radix: 8)))",
            why: "whoever has the keys can read recorded sessions of TLS 1.2 and resume others",
            place: "the file's mode: the proxy reads it before it drops its privileges",
            lines: ["chmod 600 \(fact.file)"])
    }
}
