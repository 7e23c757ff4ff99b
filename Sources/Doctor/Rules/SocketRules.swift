// Admin sockets: who may open them, what they may do there, and whether listening sockets are handed out for nothing.

import ConfigLanguage
import Observing
import ReloadModel
import Unix

enum SocketRules {
    private typealias Line = ConfigurationOutline.Line

    private static func sockets(_ configuration: ConfigurationOutline) -> [Line] {
        configuration.global.filter { $0.starts(with: ["stats", "socket"]) && $0.words.count > 2 }
    }

    static func exposeFD(_ facts: SystemFacts) -> Examination.Outcome {
        facts.inForce.decide { configuration in
            let exposing = sockets(configuration).filter { $0.words.contains("expose-fd") }
            let unit = facts.unit.value ?? nil
            let commands = ["ExecStart", "ExecReload"].flatMap { unit?.commands($0) ?? [] }.map(\.words)
            let fetching = (commands + [facts.arguments]).first { $0.contains("-x") && $0.contains("-sf") }
            if let fetching, exposing.isEmpty {
                return .findings([
                    Finding(
                        .warning, .likely,
                        "'\(fetching.joined(separator: " "))' fetches listening sockets, and no stats socket "
                            + "gives them",
                        why: "the new process binds its own: connections that wait in the old one's queues "
                            + "are reset",
                        place: "\(facts.configurationPlace), section global",
                        lines: [
                            "stats socket /run/haproxy/admin.sock mode 600 level admin expose-fd listeners"
                        ])
                ])
            }
            guard fetching == nil, let line = exposing.first else {
                return .good(exposing.isEmpty ? "no expose-fd, and nobody uses -x" : "-x uses it")
            }
            let lines = line.words.enumerated().filter { index, word in
                word != "expose-fd" && (index == 0 || line.words[index - 1] != "expose-fd")
            }.map(\.element)
            return .findings([
                Finding(
                    .notice, .likely, "expose-fd at \(listed(exposing.map(\.place))) without a use",
                    why:
                        "a master hands its listening sockets over by itself; whoever may open this socket can "
                        + "take them and serve your clients",
                    place: line.place, lines: [lines.joined(separator: " ")])
            ])
        }
    }

    static func rights(_ facts: SystemFacts) -> Examination.Outcome {
        facts.inForce.decide { configuration in
            var findings = sockets(configuration).flatMap { line in
                isInternet(line.words[2])
                    ? internet(line.words[2], line.value(of: "level") ?? "operator", line.place, line.words)
                    : world(line.words[2], line.value(of: "level") ?? "operator", line.place, facts)
            }
            if let word = ProxyCommandLine(facts.arguments).masterSocket {
                let parts = word.split(separator: ",").map(String.init)
                let name = parts.first ?? word
                let level = parts.firstIndex(of: "level").flatMap {
                    $0 + 1 < parts.count ? parts[$0 + 1] : nil
                }
                findings +=
                    isInternet(name)
                    ? internet(name, level ?? "operator", "-S of the master", ["-S", name], isMaster: true)
                    : world(name, level ?? "operator", "-S of the master", facts)
            }
            return .of(
                findings, elseGood: "none is open to everybody, and none on the network at level admin")
        }
    }

    private static func isInternet(_ word: String) -> Bool {
        switch AdminAddress.parse(word, relativeTo: "/") {
        case .ipv4, .ipv6: true
        default: false
        }
    }

    private static func internet(
        _ word: String, _ level: String, _ place: String, _ words: [String], isMaster: Bool = false
    ) -> [Finding] {
        let isLocal = word.contains("127.0.0.") || word.contains("localhost") || word.contains("[::1]")
        guard level == "admin" || isMaster || !isLocal else { return [] }
        return [
            Finding(
                isLocal ? .warning : .critical, .likely,
                "the admin socket \(word) is on the network at level \(level) (\(place))",
                why: (isLocal
                    ? "every user and every container of this host's network" : "whoever reaches it")
                    + " can take servers out and end sessions: TCP asks nobody who he is",
                place: place,
                lines: isMaster
                    ? ["-S /run/haproxy-master.sock,mode,600"]
                    : ["stats socket /run/haproxy/admin.sock mode 600 level admin"])
        ]
    }

    private static func world(
        _ word: String, _ level: String, _ place: String, _ facts: SystemFacts
    ) -> [Finding] {
        guard case .unix(let path) = AdminAddress.parse(word, relativeTo: ""),
            let socket = facts.adminSockets.first(where: { $0.path.hasSuffix(path) }),
            socket.isOpenToAll
        else { return [] }
        return [
            Finding(
                level == "admin" ? .critical : .warning,
                "every user of this host may use \(socket.path) at level \(level) (\(place))",
                why: "whoever opens it can hold an old worker for ever, read what passes"
                    + (level == "user" ? "" : ", and take servers out or end sessions"),
                place: place,
                lines: place.hasPrefix("-S")
                    ? ["-S \(path),mode,600"]
                    : ["stats socket \(word) mode 660 group haproxy level \(level)"])
        ]
    }
}
