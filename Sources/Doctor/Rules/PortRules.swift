// Ports: whether the next load can bind what its files name, and whether somebody else takes a share of what runs.

import ConfigLanguage
import Observing
import ReloadModel
import Unix

enum PortRules {
    /// Ports that the files on disk name, that we do not have yet and that somebody else has.
    static func wanted(_ facts: SystemFacts) -> Examination.Outcome {
        facts.onDisk.decide { configuration in
            facts.listeners.decide { listeners in
                var findings: [Finding] = []
                var wanted = 0
                for line in binds(configuration) {
                    for address in addresses(line) {
                        let isOurs = listeners.contains { $0.isOurs && $0.address == address }
                        if isOurs { continue }
                        wanted += 1
                        if let other = listeners.first(where: {
                            !$0.isOurs && isInTheWay($0, of: address, line)
                        }) {
                            findings.append(taken(address, line, other))
                        }
                    }
                }
                return .of(
                    findings,
                    elseGood: wanted == 0
                        ? "the next load binds nothing new"
                        : "\(Wording.count(wanted, "new port")), and nobody has \(wanted == 1 ? "it" : "them")"
                )
            }
        }
    }

    /// `:::80` is for IPv4 as well, unless one of both says otherwise.
    private static func isInTheWay(
        _ other: ListenerFact, of address: SocketAddress, _ line: ConfigurationOutline.Line
    ) -> Bool {
        other.address.overlaps(address, isIPv6Only: other.isIPv6Only || line.words.contains("v6only"))
    }

    private static func binds(_ configuration: ConfigurationOutline) -> [ConfigurationOutline.Line] {
        configuration.sections.filter { $0.isProxy || $0.kind == "peers" }.flatMap(\.lines).filter {
            $0.keyword == "bind" && $0.words.count > 1
        }
    }

    private static func addresses(_ line: ConfigurationOutline.Line) -> [SocketAddress] {
        BindWord.addresses(line.words[1])
    }

    private static func taken(
        _ address: SocketAddress, _ line: ConfigurationOutline.Line, _ other: ListenerFact
    ) -> Finding {
        let owner = other.owner ?? "another process"
        return Finding(
            .critical, .likely,
            "\(owner) listens on \(other.address), which \(line.place) wants",
            why: "the next reload fails; HAProxy pauses its own listeners while it tries, and refuses every "
                + "connection for about two seconds",
            place: "\(line.place): another port, or stop \(owner)",
            lines: ["ss -ltnp 'sport = :\(address.port ?? 0)'"])
    }

    static func strangers(_ facts: SystemFacts) -> Examination.Outcome {
        facts.listeners.decide { listeners in
            let ours = listeners.filter(\.isOurs)
            guard !ours.isEmpty else { return .notConcerned("no TCP port is served") }
            let strangers = listeners.filter { other in
                !other.isOurs
                    && ours.contains {
                        $0.address.overlaps(other.address, isIPv6Only: $0.isIPv6Only || other.isIPv6Only)
                    }
            }
            let findings = strangers.map { other in
                Finding(
                    .critical, "\(other.owner ?? "another process") listens on \(other.address) as well",
                    why:
                        "the kernel gives it a share of the new connections (SO_REUSEPORT), or all of those to "
                        + "its own address: they never reach this proxy",
                    place: "stop it, or move it to a port of its own",
                    lines: ["ss -ltnp 'sport = :\(other.address.port ?? 0)'"])
            }
            return .of(findings, elseGood: "\(Wording.count(ours.count, "listener")), no stranger among them")
        }
    }
}
