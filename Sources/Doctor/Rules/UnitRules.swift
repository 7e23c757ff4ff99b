// The systemd unit: whether systemd learns when the proxy is ready, and whether `systemctl reload` reloads.

import Observing
import ReloadModel

enum UnitRules {
    // MARK: Type

    static func type(_ facts: SystemFacts) -> Examination.Outcome {
        inUnit(facts) { unit in
            let type = unit.last("Type") ?? (unit.last("BusName") == nil ? "simple" : "dbus")
            let tellsReady = facts.arguments.contains("-Ws")
            let waits = type == "notify" || type == "notify-reload"
            if let finding = daemon(unit, type, facts) { return .findings([finding]) }
            if waits && tellsReady {
                return .good("\(unit.name): Type=\(type), and the master runs with -Ws")
            }
            if waits {
                return .findings([
                    Finding(
                        .critical,
                        "\(unit.said("Type")), but the master runs without -Ws and never tells READY",
                        why: "systemd ends the start at TimeoutStartSec and restarts the proxy: every "
                            + "connection is cut",
                        place: unit.dropIn, lines: execStart(unit))
                ])
            }
            return .findings([
                Finding(
                    .warning, "\(unit.said("Type")): systemd does not learn when the proxy is ready",
                    why: "a start or a reload that failed looks like a success, and what waits for it "
                        + "goes on at once",
                    place: unit.dropIn,
                    lines: tellsReady ? ["[Service]", "Type=notify"] : execStart(unit) + ["Type=notify"])
            ])
        }
    }

    /// A proxy that goes into the background where systemd watches the process that it started, or one that does not
    /// where systemd waits for that.
    private static func daemon(_ unit: ServiceUnit, _ type: String, _ facts: SystemFacts) -> Finding? {
        let words = unit.start?.words ?? []
        // `-D` may also stand in a variable. mwproxy knows better than to go away with -Ws.
        let isWritten = words.contains("-D") || facts.arguments.contains("-D")
        let isIgnored = facts.program == .mwproxy && facts.arguments.contains("-Ws")
        let hasKeyword =
            facts.onDisk.value?.global("daemon") != nil && !facts.arguments.contains("-Ws")
        let goes = isWritten && !isIgnored || hasKeyword
        if goes, type != "forking" {
            let how = isWritten ? "-D of \(unit.place("ExecStart"))" : "'daemon' of its files"
            return Finding(
                .critical,
                "\(unit.said("Type")), but the proxy goes into the background (\(how))",
                why: "the process that systemd started ends at once: systemd takes that for the end of the "
                    + "service, kills what is left of it and starts it again",
                place: unit.dropIn, lines: execStart(unit) + ["Type=notify"])
        }
        guard type == "forking", !goes else { return nil }
        let how = facts.arguments.first { $0 == "-W" || $0 == "-Ws" } ?? "no -D"
        return Finding(
            .critical,
            "\(unit.said("Type")), but the proxy stays in the foreground (\(how))",
            why: "systemd waits for it to go into the background until TimeoutStartSec, and then ends it: "
                + "every connection is cut",
            place: unit.dropIn, lines: execStart(unit) + ["Type=notify"])
    }

    /// A drop-in's lines that start the same command with -Ws.
    private static func execStart(_ unit: ServiceUnit) -> [String] {
        let command = unit.service("ExecStart").last ?? "/usr/sbin/haproxy -f /etc/haproxy/haproxy.cfg"
        var words = command.split(separator: " ").map(String.init).filter { $0 != "-W" && $0 != "-D" }
        if !words.contains("-Ws") { words.insert("-Ws", at: min(1, words.count)) }
        return ["[Service]", "ExecStart=", "ExecStart=\(words.joined(separator: " "))"]
    }

    // MARK: ExecReload

    static func reload(_ facts: SystemFacts) -> Examination.Outcome {
        inUnit(facts) { unit in
            let commands = unit.commands("ExecReload")
            let lines = execReload(unit, facts)
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
                        .warning, "\(unit.name) has no ExecReload (\(unit.place("ExecReload")))",
                        why:
                            "'systemctl reload' is refused, and whoever wants the new configuration restarts: "
                            + "that cuts every connection",
                        place: unit.dropIn, lines: lines)
                ])
            }
            if let restart = commands.first(where: isRestart) {
                return .findings([
                    Finding(
                        .critical, "ExecReload of \(unit.name) restarts: \(restart.text) (\(restart.place))",
                        why: "every reload cuts every connection and empties every table",
                        place: unit.dropIn, lines: lines)
                ])
            }
            guard let reload = commands.firstIndex(where: isReload) else {
                return .findings([
                    Finding(
                        .critical,
                        "ExecReload of \(unit.name) does not reach the master: "
                            + "\(commands.map(\.text).joined(separator: "; ")) (\(commands[0].place))",
                        why: "'systemctl reload' succeeds and the old configuration stays in force",
                        place: unit.dropIn, lines: lines)
                ])
            }
            return tested(commands, before: reload, unit, lines)
        }
    }

    /// What the commands before the one that reloads find out, and what becomes of that.
    private static func tested(
        _ commands: [UnitCommand], before reload: Int, _ unit: ServiceUnit, _ lines: [String]
    ) -> Examination.Outcome {
        guard let test = commands[..<reload].first(where: isTest) else {
            return .findings([
                Finding(
                    .notice,
                    "\(unit.name) reloads without a configuration test before it (\(commands[reload].place))",
                    why: "a bad file is then told by the log only: 'systemctl reload' succeeds",
                    place: unit.dropIn, lines: lines)
            ])
        }
        if test.ignoresFailure {
            return .findings([
                Finding(
                    .notice, "\(unit.name) reloads whatever the configuration test finds (\(test.place))",
                    why: "the '-' before the command lets systemd go on after a failure: a bad file is told "
                        + "by the log only",
                    place: unit.dropIn, lines: lines)
            ])
        }
        if test.contains("-q") {
            return .findings([
                Finding(
                    .notice,
                    "the configuration test of \(unit.name) says nothing (-q, \(test.place))",
                    why: "'systemctl reload' fails at a bad file, and neither it nor the journal tells why",
                    place: unit.dropIn, lines: lines)
            ])
        }
        return .good("\(unit.name): a configuration test, then '\(commands[reload].text)'")
    }

    /// A drop-in's lines that test what is started, and then reload.
    private static func execReload(_ unit: ServiceUnit, _ facts: SystemFacts) -> [String] {
        let start = unit.start?.words ?? []
        let program = start.first ?? "/usr/sbin/haproxy"
        let option = start.firstIndex(of: "-f")
        let files = option.flatMap { $0 + 1 < start.count ? start[$0 + 1] : nil } ?? "$CONFIG"
        let socket = ProxyCommandLine(facts.arguments).masterSocket
        let reload =
            facts.program == .mwproxy && socket != nil
            ? "\(program) -R -q -S \(socket ?? "")" : "/bin/kill -USR2 $MAINPID"
        return [
            "[Service]", "ExecReload=", "ExecReload=\(program) -Ws -f \(files) -c", "ExecReload=\(reload)",
        ]
    }

    private static func isRestart(_ command: UnitCommand) -> Bool {
        command.contains("restart") || command.contains("try-restart")
            || isKill(command)
                && command.words.contains { word in
                    ["TERM", "15", "KILL", "9", "INT", "2"].contains { isSignal(word, $0) }
                }
    }

    private static func isReload(_ command: UnitCommand) -> Bool {
        if isKill(command) {
            return command.words.contains { word in
                ["USR2", "HUP", "12", "1"].contains { isSignal(word, $0) }
            }
        }
        // Through the master's admin socket, or a script that is named so.
        return command.contains("-R") || command.words.contains { $0.contains("reload") }
    }

    /// `-USR2`, `-SIGUSR2`, and behind `-s` the same without a dash.
    private static func isSignal(_ word: String, _ name: String) -> Bool {
        let bare = word.hasPrefix("-") ? String(word.dropFirst()) : word
        return bare == name || bare == "SIG\(name)"
    }

    private static func isTest(_ command: UnitCommand) -> Bool {
        command.contains("-c") || command.program.contains("check")
    }

    private static func isKill(_ command: UnitCommand) -> Bool {
        ["kill", "pkill", "killall"].contains(command.program)
    }

    // MARK: KillMode

    static func killMode(_ facts: SystemFacts) -> Examination.Outcome {
        inUnit(facts) { unit in
            let mode = unit.last("KillMode") ?? "control-group"
            guard mode != "mixed" && mode != "process" else { return .good("\(unit.name): KillMode=\(mode)") }
            if mode == "none" {
                return .findings([
                    Finding(
                        .warning, "\(unit.said("KillMode")): 'systemctl stop' ends nothing",
                        why: "the old proxy goes on beside the next one, and keeps its ports",
                        place: unit.dropIn, lines: ["[Service]", "KillMode=mixed"])
                ])
            }
            return .findings([
                Finding(
                    .notice, unit.said("KillMode"),
                    why: "'systemctl stop' signals the workers beside the master, which takes each for a "
                        + "failure and may end with an error",
                    place: unit.dropIn, lines: ["[Service]", "KillMode=mixed"])
            ])
        }
    }

    static func inUnit(
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
