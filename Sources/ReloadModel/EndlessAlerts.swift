// Old workers that nothing but their clients will ever end: loaded without hard-stop-after, they drain for as long as
// one long poll, tunnel or silent client likes. A stack of them is told as a stack.

struct EndlessAlerts {
    let look: Snapshot
    let thresholds: AlertThresholds

    var all: [Alert] {
        let old = look.workers.filter(\.state.isOld)
        let endless = old.filter { $0.state == .draining && $0.isEndless }
        guard old.count <= thresholds.stackLimit,
            let oldest = endless.max(by: { $0.uptime < $1.uptime }), let drains = drain(of: oldest),
            drains >= thresholds.endlessAfter
        else { return [] }
        let generation = oldest.generation.value.map { " (generation \($0))" } ?? ""
        let holders = (oldest.holders.value ?? []).filter { $0.count > 0 }.map(\.words)
        let kept = holders.isEmpty ? "" : ", kept by \(holders.joined(separator: " and "))"
        let worker = "worker \(oldest.pid)\(generation)"
        let since = "drains for \(Wording.span(seconds: drains))\(kept)"
        let cut = oldest.connections.value.map { Wording.count($0, "connection") } ?? "its connections"
        return [
            Alert(
                kind: .endless, severity: .warning,
                message: endless.count == 1
                    ? "\(worker) \(since), and no hard-stop-after will ever end it"
                    : "\(endless.count) old workers that no hard-stop-after will ever end: the oldest, \(worker), "
                        + since,
                remedy: "see what keeps it (Enter on it); kill -TERM \(oldest.pid) cuts \(cut); set "
                    + "hard-stop-after in the global section, which bounds the next workers, not these")
        ]
    }

    /// For how long a worker has drained at least: since the oldest of those that came after it. Nil: none has.
    private func drain(of worker: WorkerSample) -> Double? {
        look.workers.filter { $0.pid != worker.pid && $0.uptime <= worker.uptime && $0.state != .starting }
            .map(\.uptime).max()
    }
}

extension WorkerSample {
    /// The files that it was loaded from are known to have no hard-stop-after.
    package var isEndless: Bool {
        if case .known(let limit) = hardStopAfter { limit.milliseconds == nil } else { false }
    }
}
