// `--check`: one line for a monitoring system, in the form of the Monitoring Plugins: a status, a sentence, and
// behind a bar the figures with their thresholds. The exit status says the same.

import ReloadModel
import TextUI

/// The line and its status.
package struct CheckLine: Equatable, Sendable {
    /// With the exit codes of the Monitoring Plugins.
    package enum Status: Int32, Sendable {
        case ok = 0
        case warning = 1
        case critical = 2
        case unknown = 3

        var word: String {
            switch self {
            case .ok: "OK"
            case .warning: "WARNING"
            case .critical: "CRITICAL"
            case .unknown: "UNKNOWN"
            }
        }
    }

    package let status: Status
    /// With its newline.
    package let text: String

    /// Nothing could be looked at.
    package init(_ status: Status, _ sentence: String) {
        self.status = status
        text = "RELOADTOP \(status.word) - \(Self.plain(sentence))\n"
    }

    /// The status is that of the worst alert. `thresholds`: those that the alerts were judged by; the figures name
    /// the ones that a figure can be held against.
    package init(_ snapshot: Snapshot, _ thresholds: AlertThresholds) {
        let serving = snapshot.workers.filter { $0.state == .serving }
        let old = snapshot.workers.filter { $0.state != .serving && $0.state != .starting }
        var problems = snapshot.alerts.filter { $0.severity > .info }.map(\.message)
        var status = Status.ok
        if let worst = snapshot.alerts.map(\.severity).max() {
            status = worst == .critical ? .critical : worst == .warning ? .warning : .ok
        }
        if serving.isEmpty {
            if snapshot.workers.isEmpty || snapshot.master.reloads.value != nil {
                status = .critical
                problems.insert("no worker serves", at: 0)
            } else if status == .ok {
                status = .unknown
                problems.append(snapshot.master.reloads.reason?.reason ?? "no worker could be asked")
            }
        } else if status == .ok, let why = snapshot.master.reloads.reason {
            status = .unknown
            problems.append("reloads: \(why.reason)")
        }
        let oldest = old.map(\.uptime).max()
        let version = snapshot.proxy.version.value.map { " \($0)" } ?? ""
        let sum = serving.compactMap(\.connections.value).reduce(0, +)
        let calm =
            "\(snapshot.proxy.program.rawValue)\(version): \(Wording.count(sum, "connection")), "
            + "\(old.count) draining"
            + (oldest.map { ", the oldest \(Wording.span(seconds: $0.rounded()))" } ?? "")
        let sentence = problems.isEmpty ? calm : problems.joined(separator: "; ")
        let figures = Self.figures(snapshot, serving, old, thresholds)
        self.status = status
        text = "RELOADTOP \(status.word) - \(Self.plain(sentence)) | \(figures.joined(separator: " "))\n"
    }

    /// `label=value[unit];warning;critical;minimum`; what is not known is `U`.
    private static func figures(
        _ snapshot: Snapshot, _ serving: [WorkerSample], _ old: [WorkerSample], _ thresholds: AlertThresholds
    ) -> [String] {
        func total(_ workers: [WorkerSample], _ value: (WorkerSample) -> Int?) -> String {
            let values = workers.map(value)
            return values.contains(nil) ? "U" : String(values.compactMap(\.self).reduce(0, +))
        }
        let memory: (WorkerSample) -> Int? = { $0.memory.proportional.value ?? $0.memory.resident.value }
        func percent(_ fraction: Double) -> String { String(Int((fraction * 100).rounded())) }
        func used(_ name: String, _ use: Known<ResourceUse>) -> String {
            let value = use.value.map { percent($0.fraction) + "%" } ?? "U"
            return
                "\(name)=\(value);\(percent(thresholds.usedWarning));\(percent(thresholds.usedCritical));0;100"
        }
        let recent = snapshot.reloads.count { record in
            record.result != .restart && record.at.map { snapshot.time - $0 < Self.tenMinutes } ?? false
        }
        let oldest = Int(old.map(\.uptime).max() ?? 0)
        return [
            "serving=\(serving.count);;1:;0",
            "draining=\(old.count);\(thresholds.stackLimit);;0",
            "oldest_draining=\(oldest)s;;;0",
            "connections=\(total(serving) { $0.connections.value });;;0",
            "draining_connections=\(total(old) { $0.connections.value });;;0",
            "draining_memory=\(total(old, memory))B;;;0",
            "reloads=\(snapshot.master.reloads.value.map { "\($0)c" } ?? "U")",
            "failed_reloads=\(snapshot.master.failedReloads.value.map(String.init) ?? "U");;0;0",
            "reloads_10m=\(recent);\(thresholds.reloadsPerTenMinutes);;0",
            used("memory_used", snapshot.resources.memory),
            used("files_used", snapshot.resources.descriptors),
            used("processes_used", snapshot.resources.processes),
        ]
    }

    /// For how many seconds a master has to be looked at further before its alerts can tell whether something is
    /// wrong: a signal that waits, an old worker that listens, a worker that takes a whole processor. 0: nothing
    /// looks so.
    package static func suspicion(_ snapshot: Snapshot, _ thresholds: AlertThresholds) -> Double {
        var seconds = 0.0
        if snapshot.master.pendingSignal != nil || snapshot.master.processState == "D" {
            seconds = max(seconds, thresholds.stuckAfter)
        }
        for worker in snapshot.workers {
            if worker.state.isOld, worker.listening.value?.isEmpty == false {
                seconds = max(seconds, thresholds.strandedAfter)
            }
            if worker.cpuPercent.value.map({ $0 >= thresholds.spinningPercent }) ?? false {
                seconds = max(seconds, Double(thresholds.spinningLooks) * pause)
            }
        }
        return seconds
    }

    /// In microseconds, as the times of reloads.
    private static let tenMinutes: Int64 = 600_000_000

    /// Seconds between two looks while something looks wrong.
    package static let pause = 0.25

    /// One line without the bar that begins the figures.
    private static func plain(_ text: String) -> String {
        String(VisibleText.of(text).map { $0 == "|" ? "/" : $0 })
    }
}
