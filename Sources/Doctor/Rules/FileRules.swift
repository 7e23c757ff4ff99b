// The files on disk: whether they load, and whether they are what runs.

import ReloadModel

enum FileRules {
    static func test(_ facts: SystemFacts) -> Examination.Outcome {
        facts.test.decide { test in
            let warnings = test.lines.filter { $0.hasPrefix("[WARNING]") }.map { ProxyLine($0).text }
            if test.exitCode == 0 && warnings.isEmpty { return .good("'\(test.command)' finds no fault") }
            if test.exitCode == 0 {
                return .findings([
                    Finding(
                        .notice,
                        "the files load with \(Wording.count(warnings.count, "warning")): "
                            + FailureReason.shortened(warnings[0]),
                        why: "a warning of today is often an error of the next version", lines: [test.command]
                    )
                ])
            }
            let reason =
                FailureReason.first(in: test.lines) ?? test.lines.last ?? "exit status \(test.exitCode)"
            return .findings([
                Finding(
                    .critical, "the files on disk do not load: \(reason)",
                    why: "the next reload fails, and after a restart or a reboot nothing serves at all",
                    place: "the file at fault; then test it again", lines: [test.command])
            ])
        }
    }

    static func changed(_ facts: SystemFacts) -> Examination.Outcome {
        if let why = facts.inForceIsGuessed, facts.onDisk.value != nil {
            return .findings([
                Finding(
                    .warning, .likely, why.reason,
                    why: "what runs may be something else than the files say, and the next reload or restart "
                        + "brings them into force; the other points here are about the files",
                    place: "reload, or start reloadtop before the next change", lines: [reloadCommand(facts)])
            ])
        }
        return facts.changedFiles.decide { files in
            guard !files.isEmpty else {
                guard let drift = facts.past.drift else { return .good("nothing was changed since the load") }
                return .findings([
                    Finding(
                        .warning, .likely, drift,
                        why:
                            "what runs may be something else than the files say, and the next reload or restart "
                            + "brings them into force",
                        place: "look at the file, then reload", lines: [reloadCommand(facts)])
                ])
            }
            return .findings([
                Finding(
                    .warning,
                    "\(listed(files)) \(files.count == 1 ? "is" : "are") not what runs: changed since the load",
                    why: "the next reload or restart, whoever asks for it and for whatever reason, brings "
                        + "these changes into force",
                    place: "look at the change (view 4), then reload", lines: [reloadCommand(facts)])
            ])
        }
    }

    static func reloadCommand(_ facts: SystemFacts) -> String {
        if let unit = facts.unit.value ?? nil { return "systemctl reload \(unit.name)" }
        return "kill -USR2 \(facts.master)"
    }
}
