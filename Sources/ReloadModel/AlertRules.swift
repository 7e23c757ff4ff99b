// What a person should look at now, worst first.

package enum AlertRules {
    /// How long a restart stays an alert, in microseconds.
    static let restartShownFor: Int64 = 600 * 1_000_000

    /// `workers`: as in a snapshot; `reloads`: oldest first; `now`: microseconds since 1970.
    package static func alerts(
        master: MasterSample, workers: [WorkerSample], reloads: [ReloadRecord], stackLimit: Int, now: Int64
    ) -> [Alert] {
        let found =
            restart(reloads, now: now)
            + failedReload(master: master, workers: workers, reloads: reloads, now: now)
            + workers.compactMap(overdue) + stacking(workers, limit: stackLimit)
            + workers.compactMap(held)
        return found.enumerated().sorted { left, right in
            left.element.severity != right.element.severity
                ? left.element.severity > right.element.severity : left.offset < right.offset
        }.map(\.element)
    }

    private static func restart(_ reloads: [ReloadRecord], now: Int64) -> [Alert] {
        guard let last = reloads.last(where: { $0.result == .restart }), let at = last.at,
            now - at < restartShownFor
        else { return [] }
        let ago = Wording.span(seconds: Double(now - at) / 1_000_000)
        let detail = last.reason.map { ": \($0)" } ?? ""
        return [
            Alert(kind: .restart, severity: .critical, message: "restarted \(ago) ago, not reloaded\(detail)")
        ]
    }

    private static func failedReload(
        master: MasterSample, workers: [WorkerSample], reloads: [ReloadRecord], now: Int64
    ) -> [Alert] {
        let finished = reloads.filter { $0.result != .running && $0.result != .unknown }
        let inARow = finished.reversed().prefix { $0.result == .failed }.count
        let own = master.failedReloads.value ?? 0
        guard inARow > 0 || own > 0, !(inARow == 0 && finished.last?.result == .success) || own > 0 else {
            return []
        }
        let last = inARow > 0 ? finished.last : nil
        var message = "last reload failed"
        if let at = last?.at { message += " \(Wording.span(seconds: Double(now - at) / 1_000_000)) ago" }
        if let reason = last?.reason { message += ": \(reason)" }
        let times = max(inARow, own)
        if times > 1 { message += " (\(times) in a row)" }
        if let serving = workers.first(where: { $0.state == .serving }) {
            let generation = serving.generation.value.map { "generation \($0), " } ?? ""
            message += "; \(generation)pid \(serving.pid) still serves"
        }
        return [Alert(kind: .failedReload, severity: .critical, message: message)]
    }

    private static func overdue(_ worker: WorkerSample) -> Alert? {
        guard worker.state == .overdue else { return nil }
        let late = worker.killIn.value.map { " by \(Wording.span(seconds: -$0))" } ?? ""
        return Alert(
            kind: .overdue, severity: .critical,
            message: "\(name(worker)) is past its hard-stop-after\(late)\(keptBy(worker, ", kept by"))")
    }

    private static func held(_ worker: WorkerSample) -> Alert? {
        guard worker.state == .held else { return nil }
        return Alert(
            kind: .held, severity: .warning, message: "\(name(worker)) is held\(keptBy(worker, " by"))")
    }

    private static func stacking(_ workers: [WorkerSample], limit: Int) -> [Alert] {
        let old = workers.filter { $0.state != .serving && $0.state != .starting }
        guard old.count > limit, let oldest = old.map(\.uptime).max() else { return [] }
        var parts = ["oldest \(Wording.span(seconds: oldest))"]
        parts.append(sum(old.map(\.connections), of: old.count) { Wording.count($0, "connection") })
        let memory = old.map { worker -> Known<Int> in
            worker.memory.proportional.value == nil ? worker.memory.resident : worker.memory.proportional
        }
        parts.append(sum(memory, of: old.count) { Wording.size(bytes: $0) })
        let endless = old.filter { $0.killIn.value == nil }.count
        if endless == old.count { parts.append("no known end") }
        return [
            Alert(
                kind: .stacking, severity: old.count > 2 * limit ? .critical : .warning,
                message: "\(old.count) draining workers > limit \(limit): \(parts.joined(separator: ", "))")
        ]
    }

    /// The sum of what is known; says so when some is not.
    private static func sum(_ values: [Known<Int>], of count: Int, _ words: (Int) -> String) -> String {
        let known = values.compactMap(\.value)
        let total = words(known.reduce(0, +))
        return known.count == count ? total : "at least \(total)"
    }

    private static func name(_ worker: WorkerSample) -> String {
        "worker \(worker.pid)" + (worker.generation.value.map { " (generation \($0))" } ?? "")
    }

    private static func keptBy(_ worker: WorkerSample, _ joint: String) -> String {
        let holders = (worker.holders.value ?? []).filter { $0.count > 0 }
        return holders.isEmpty ? "" : "\(joint) \(holders.map(\.words).joined(separator: " and "))"
    }
}
