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
            let fetching = (commands + [facts.arguments]).first { $0.contains("-x") && farewell($0) != nil }
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
            let line = ProxyCommandLine(facts.arguments)
            if fetching == nil, !line.replaced.isEmpty, !facts.arguments.contains("-x") {
                return .findings([
                    Finding(
                        .notice,
                        "master \(facts.master) replaced \(pids(line.replaced)) without -x when it was started",
                        why:
                            "connections that waited in the old process's queues were reset, once; its reloads hand "
                            + "over by themselves",
                        place: "the command that starts it",
                        lines: ["-x /run/haproxy/admin.sock -sf $(cat /run/haproxy.pid)"])
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

    /// The option that tells other processes to leave.
    private static func farewell(_ words: [String]) -> String? { words.first { $0 == "-sf" || $0 == "-st" } }

    private static func pids(_ pids: [Int32]) -> String {
        "process\(pids.count == 1 ? "" : "es") \(listed(pids.map(String.init)))"
    }

    /// Processes without a master, which replace each other.
    static func replacing(_ processes: [LoneProcess]) -> Examination {
        let findings = processes.flatMap { process -> [Finding] in
            let line = ProxyCommandLine(process.arguments)
            let place = process.configuration.value?.sections.first?.head.file ?? "the configuration"
            let exposes = process.configuration.map { outline in
                sockets(outline).contains { $0.words.contains("expose-fd") }
            }
            let exposure = [
                "stats socket /run/haproxy/admin.sock mode 600 level admin expose-fd listeners"
            ]
            let start = ["-x /run/haproxy/admin.sock -sf $(cat /run/haproxy.pid)"]
            if !line.replaced.isEmpty, !process.arguments.contains("-x") {
                return [
                    Finding(
                        .warning,
                        "process \(process.pid) replaced \(pids(line.replaced)) with "
                            + "\(farewell(process.arguments) ?? "-sf") and without -x",
                        why:
                            "connections that waited in the old one's queues when it closed were reset, and so it "
                            + "will be at each change",
                        place: "section global of \(place), and the command that starts it",
                        lines: (exposes.value == true ? [] : exposure) + start)
                ]
            }
            guard exposes.value == false else { return [] }
            return [
                Finding(
                    process.arguments.contains("-x") ? .warning : .notice, .likely,
                    "process \(process.pid) gives its listening sockets to nobody: no stats socket of \(place) has "
                        + "'expose-fd listeners'",
                    why:
                        "the process that replaces it has to bind anew: connections that wait in this one's queues "
                        + "are reset",
                    place: "section global of \(place), and the command that starts the next one",
                    lines: exposure + start)
            ]
        }
        return Examination(
            id: "expose-fd", title: "a replacement takes over the listening sockets",
            outcome: .of(findings, elseGood: "-x and expose-fd are there"))
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
