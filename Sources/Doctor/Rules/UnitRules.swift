// The systemd unit: whether systemd learns when the proxy is ready, and whether `systemctl reload` reloads.

import ReloadModel

enum UnitRules {
    static func type(_ facts: SystemFacts) -> Examination.Outcome {
        inUnit(facts) { unit in
            let type = unit.last("Type") ?? (unit.last("BusName") == nil ? "simple" : "dbus")
            let tellsReady = facts.arguments.contains("-Ws")
            let waits = type == "notify" || type == "notify-reload"
            if waits && tellsReady {
                return .good("\(unit.name): Type=\(type), and the master runs with -Ws")
            }
            if waits {
                return .findings([
                    Finding(
                        .critical,
                        "\(unit.name) has Type=\(type), but the master runs without -Ws and never tells READY",
                        why: "systemd ends the start at TimeoutStartSec and restarts the proxy: every "
                            + "connection is cut",
                        place: unit.dropIn, lines: execStart(unit))
                ])
            }
            return .findings([
                Finding(
                    .warning, "\(unit.name) has Type=\(type): systemd does not learn when the proxy is ready",
                    why: "a start or a reload that failed looks like a success, and what waits for it "
                        + "goes on at once",
                    place: unit.dropIn,
                    lines: tellsReady ? ["[Service]", "Type=notify"] : execStart(unit) + ["Type=notify"])
            ])
        }
    }

    /// A drop-in's lines that start the same command with -Ws.
    private static func execStart(_ unit: ServiceUnit) -> [String] {
        let command = unit.service("ExecStart").last ?? "/usr/sbin/haproxy -f /etc/haproxy/haproxy.cfg"
        var words = command.split(separator: " ").map(String.init).filter { $0 != "-W" && $0 != "-D" }
        if !words.contains("-Ws") { words.insert("-Ws", at: min(1, words.count)) }
        return ["[Service]", "ExecStart=", "ExecStart=\(words.joined(separator: " "))"]
    }

    static func reload(_ facts: SystemFacts) -> Examination.Outcome {
        inUnit(facts) { unit in
            let commands = unit.commands("ExecReload")
            let test = "ExecReload=\(program(unit)) -Ws -f \(files(unit)) -c -q"
            let lines = ["[Service]", "ExecReload=", test, "ExecReload=/bin/kill -USR2 $MAINPID"]
            if unit.last("Type") == "notify-reload" {
                guard unit.last("ReloadSignal") == "SIGUSR2" || unit.last("ReloadSignal") == "USR2" else {
                    return .findings([
                        Finding(
                            .notice, "\(unit.name) reloads with \(unit.last("ReloadSignal") ?? "SIGHUP")",
                            why: "the master takes it for a reload as well, but says so in its own way "
                                + "only for SIGUSR2",
                            place: unit.dropIn, lines: ["[Service]", "ReloadSignal=SIGUSR2"])
                    ])
                }
                return .good("\(unit.name): Type=notify-reload with SIGUSR2")
            }
            if commands.isEmpty {
                return .findings([
                    Finding(
                        .warning, "\(unit.name) has no ExecReload",
                        why:
                            "'systemctl reload' is refused, and whoever wants the new configuration restarts: "
                            + "that cuts every connection",
                        place: unit.dropIn, lines: lines)
                ])
            }
            if let restart = commands.first(where: isRestart) {
                return .findings([
                    Finding(
                        .critical, "ExecReload of \(unit.name) restarts: \(restart.joined(separator: " "))",
                        why: "every reload cuts every connection and empties every table",
                        place: unit.dropIn, lines: lines)
                ])
            }
            guard commands.contains(where: isReload) else {
                return .findings([
                    Finding(
                        .critical,
                        "ExecReload of \(unit.name) does not reach the master: "
                            + commands.map { $0.joined(separator: " ") }.joined(separator: "; "),
                        why: "'systemctl reload' succeeds and the old configuration stays in force",
                        place: unit.dropIn, lines: lines)
                ])
            }
            guard commands.contains(where: { $0.contains("-c") }) else {
                return .findings([
                    Finding(
                        .notice, "\(unit.name) reloads without a configuration test before it",
                        why: "a bad file is then told by the log only: 'systemctl reload' succeeds",
                        place: unit.dropIn, lines: lines)
                ])
            }
            return .good("\(unit.name): a configuration test, then a signal to the master")
        }
    }

    private static func isRestart(_ command: [String]) -> Bool {
        command.contains("restart") || command.contains("try-restart")
            || isKill(command) && command.contains { ["-TERM", "-15", "-KILL", "-9", "-INT"].contains($0) }
    }

    private static func isReload(_ command: [String]) -> Bool {
        let signals = ["USR2", "HUP", "12", "1"]
        if isKill(command) {
            return command.contains { word in
                signals.contains {
                    word == "-\($0)" || word == "-SIG\($0)" || word == $0 || word == "SIG\($0)"
                }
            }
        }
        // Through the master's admin socket, or a script that is named so.
        return command.contains { $0.contains("reload") }
    }

    private static func isKill(_ command: [String]) -> Bool {
        command.first?.split(separator: "/").last == "kill"
    }

    private static func program(_ unit: ServiceUnit) -> String {
        unit.commands("ExecStart").last?.first ?? "/usr/sbin/haproxy"
    }

    private static func files(_ unit: ServiceUnit) -> String {
        let words = unit.commands("ExecStart").last ?? []
        guard let option = words.firstIndex(of: "-f"), option + 1 < words.count else { return "$CONFIG" }
        return words[option + 1]
    }

    static func killMode(_ facts: SystemFacts) -> Examination.Outcome {
        inUnit(facts) { unit in
            let mode = unit.last("KillMode") ?? "control-group"
            guard mode != "mixed" && mode != "process" else { return .good("\(unit.name): KillMode=\(mode)") }
            return .findings([
                Finding(
                    .notice, "\(unit.name) has KillMode=\(mode)",
                    why: "'systemctl stop' signals the workers beside the master, which takes each for a "
                        + "failure and may end with an error",
                    place: unit.dropIn, lines: ["[Service]", "KillMode=mixed"])
            ])
        }
    }

    private static func inUnit(
        _ facts: SystemFacts, _ examine: (ServiceUnit) -> Examination.Outcome
    ) -> Examination.Outcome {
        facts.unit.decide { unit in
            guard let unit else {
                return .notConcerned("master \(facts.master) does not run in a systemd service")
            }
            return examine(unit)
        }
    }
}
