// The text of `--once`: one aligned table for people and for grep. No escape sequences, ever: what came from a log
// or a command line is spelled out before it is printed.

import ReloadModel
import RuntimeAPI
import TextUI

package enum ReportText {
    /// How many of the latest reloads are listed.
    private static let reloadsShown = 10

    /// What goes to standard output.
    package static func table(_ snapshot: Snapshot) -> String {
        var lines = [header(snapshot)]
        for alert in snapshot.alerts {
            lines.append("!! \(alert.severity.rawValue) \(alert.kind.rawValue): \(alert.message)")
            if let remedy = alert.remedy { lines.append("   -> \(remedy)") }
        }
        lines.append("")
        lines += aligned([columns, masterRow(snapshot)] + snapshot.workers.map(workerRow))
        if !snapshot.reloads.isEmpty {
            lines += ["", "RELOADS"]
            lines += aligned(snapshot.reloads.suffix(reloadsShown).map(reloadRow))
        }
        return text(lines)
    }

    /// What goes to standard error: what could not be seen and how to grant it, each once; empty when nothing.
    package static func notes(_ snapshot: Snapshot) -> String {
        var told: Set<Unknown> = []
        var lines: [String] = []
        func tell(_ what: String, _ unknown: Unknown?) {
            guard let unknown, told.insert(unknown).inserted else { return }
            let remedy = unknown.remedy.map { " (\($0))" } ?? ""
            lines.append("reloadtop: \(what): \(unknown.reason)\(remedy)")
        }
        for blindness in snapshot.blindness { tell(blindness.what, blindness.unknown) }
        tell("version", snapshot.proxy.version.reason)
        tell("master socket", snapshot.proxy.masterSocket.reason)
        tell("reloads", snapshot.master.reloads.reason)
        tell("failed reloads", snapshot.master.failedReloads.reason)
        tell("memory of the master", snapshot.master.memory.proportional.reason)
        for worker in snapshot.workers {
            let isOld = worker.state != .serving && worker.state != .starting
            tell("generation of worker \(worker.pid)", worker.generation.reason)
            tell("connections of worker \(worker.pid)", worker.connections.reason)
            tell("memory of worker \(worker.pid)", worker.memory.proportional.reason)
            tell("cpu of worker \(worker.pid)", worker.cpuPercent.reason)
            // Only an old worker is going to be ended.
            if isOld { tell("kill in of worker \(worker.pid)", worker.killIn.reason) }
        }
        return text(lines)
    }

    /// Several masters run: the list to choose from, one a line.
    package static func choice(_ masters: [RunningMaster]) -> String {
        text(
            aligned(
                [["PID", "PROGRAM", "MASTER SOCKET", "COMMAND"]]
                    + masters.map { master in
                        [
                            "\(master.pid)", master.program.rawValue, master.masterSocket.value ?? "?",
                            master.commandLine,
                        ]
                    }))
    }

    // MARK: Rows

    private static func header(_ snapshot: Snapshot) -> String {
        let master = snapshot.master
        var parts = [snapshot.proxy.program.rawValue + (snapshot.proxy.version.value.map { " \($0)" } ?? "")]
        parts.append("master \(master.pid)")
        parts.append("up \(age(master.uptime))")
        parts.append("reloads \(number(master.reloads)), failed \(number(master.failedReloads))")
        parts.append(snapshot.proxy.masterSocket.value ?? "no master socket")
        parts.append(CivilTime.text(ofMicroseconds: snapshot.time))
        if master.reloadPending { parts.append("A RELOAD SIGNAL IS PENDING") }
        return parts.joined(separator: "  ")
    }

    private static let columns = [
        "PID", "STATE", "WAS", "GEN", "AGE", "CONNS", "RSS", "PSS", "CPU%", "KILL IN", "KEPT BY",
    ]

    private static func masterRow(_ snapshot: Snapshot) -> [String] {
        let master = snapshot.master
        return [
            "\(master.pid)", "master", "-", "-", age(master.uptime), "-",
            size(master.memory.resident), size(master.memory.proportional), percent(master.cpuPercent), "-",
            "-",
        ]
    }

    private static func workerRow(_ worker: WorkerSample) -> [String] {
        let holders = worker.holders.value.map { $0.map(\.words).joined(separator: ", ") } ?? "?"
        let isOld = worker.state != .serving && worker.state != .starting
        return [
            "\(worker.pid)", worker.state.rawValue, worker.was.map { "[was: \($0)]" } ?? "-",
            number(worker.generation), age(worker.uptime),
            number(worker.connections), size(worker.memory.resident), size(worker.memory.proportional),
            percent(worker.cpuPercent),
            isOld ? worker.killIn.value.map(Wording.span) ?? (worker.isEndless ? "never" : "?") : "-",
            holders.isEmpty ? "-" : holders,
        ]
    }

    private static func reloadRow(_ record: ReloadRecord) -> [String] {
        [
            record.at.map { CivilTime.text(ofMicroseconds: $0) } ?? "time unknown",
            record.attempt.map { "#\($0)" } ?? "-", record.result.rawValue,
            record.durationMilliseconds.value.map { "\(Int($0.rounded()))ms" } ?? "-",
            "from \(record.source.rawValue)", record.author.map { "by \($0.words)" } ?? "",
            record.reason ?? outcome(record.verdict),
        ]
    }

    /// What became of the connections of the workers that it made old, where the proxy tells.
    private static func outcome(_ verdict: ReloadVerdict) -> String {
        let tickets: [String] =
            switch verdict.tickets.value {
            case .survived?: ["TLS tickets survived"]
            case .lost(let reasons)?: ["TLS tickets lost: " + reasons.joined(separator: "; ")]
            case .noTLS?, nil: []
            }
        guard let moves = verdict.moves else { return tickets.joined() }
        let hasEnded = verdict.drains.allSatisfy { $0.endedAt != nil }
        var parts = moves.departures
        if let finished = verdict.finished { parts.append("\(Wording.count(finished, "request")) finished") }
        if let cut = verdict.cut { parts.append("\(cut) cut") }
        return (parts + moves.remains(hasEnded: hasEnded) + tickets).joined(separator: "; ")
    }

    // MARK: Words

    private static func number(_ value: Known<Int>) -> String { value.value.map(String.init) ?? "?" }

    private static func age(_ seconds: Double) -> String {
        Wording.span(seconds: seconds < 1 ? seconds : seconds.rounded(.down))
    }

    private static func size(_ value: Known<Int>) -> String {
        value.value.map { Wording.size(bytes: $0) } ?? "?"
    }

    private static func percent(_ value: Known<Double>) -> String {
        value.value.map { value in
            let tenths = Int((value * 10).rounded())
            return "\(tenths / 10).\(tenths % 10)"
        } ?? "?"
    }

    /// Rows with their columns under each other; the last column is as long as it is.
    private static func aligned(_ rows: [[String]]) -> [String] {
        let rows = rows.map { $0.map { VisibleText.of($0) } }
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                cell + String(repeating: " ", count: max(0, widths[column] - cell.count))
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    private static func text(_ lines: [String]) -> String {
        lines.map { VisibleText.of($0) + "\n" }.joined()
    }
}
