// A look joins what is already known: the curves grow by a step, the log by its new lines.

import ReloadModel

extension Picture {
    init(_ snapshot: Snapshot) {
        self.snapshot = snapshot
        history = [:]
        log = snapshot.newLines
        stepStarted = snapshot.time
        for worker in snapshot.workers { history[worker.pid] = [worker.connections.value] }
    }

    /// Takes in the next look. Looks that come between two steps of `interval` seconds (an event made them)
    /// correct the current step, so that the curves keep their time axis.
    /// A line of the log for what was done from here.
    mutating func note(_ result: InterventionResult, at moment: Int64) {
        log.append(
            LogLine(
                at: moment, severity: result.succeeded ? .warning : .critical, source: .reloadtop,
                text: "\(result.intervention.title): \(result.sentence)"))
    }

    mutating func take(_ next: Snapshot, interval: Double) {
        let isStep = Double(next.time - stepStarted) >= interval * 800_000
        let restarted = next.master.pid != snapshot.master.pid
        if isStep { stepStarted = next.time }
        var grown: [Int32: [Int?]] = [:]
        for worker in next.workers {
            var values = restarted ? [] : history.removeValue(forKey: worker.pid) ?? []
            if !isStep { _ = values.popLast() }
            values.append(worker.connections.value)
            if values.count > Self.longestHistory {
                values.removeFirst(values.count - Self.longestHistory)
            }
            grown[worker.pid] = values
        }
        history = grown
        log += next.newLines
        if log.count > Self.longestLog { log.removeFirst(log.count - Self.longestLog) }
        snapshot = next
    }
}
