// Whether old workers that pile up are an incident: not by their number alone, but by what runs out, how soon, and
// whether they end before. Fourteen that all have an end can be fine, three that grow towards a limit are not.

package struct StackAssessment: Equatable, Sendable {
    package var severity: Alert.Severity
    /// What the severity was decided by, the worst first.
    package var reasons: [String]
    package var remedy: String?

    /// Nil where nothing needs to be said. `reloads`: oldest first; `now`: microseconds since 1970.
    package static func assess(
        _ workers: [WorkerSample], resources: Resources, trend: GrowthTrend, reloads: [ReloadRecord],
        thresholds: AlertThresholds, now: Int64
    ) -> StackAssessment? {
        let old = workers.filter { $0.state.isOld }
        guard !old.isEmpty else { return nil }
        let stack = Stack(old: old, thresholds: thresholds)
        var findings = stack.limits(resources, trend)
        findings += stack.descriptors()
        if let misfit = stack.misfit(resources, reloads: reloads, now: now) { findings.append(misfit) }
        let isMany = old.count > thresholds.stackLimit
        if isMany, let endless = stack.endless(trend, reloads: reloads, now: now) { findings.append(endless) }
        findings = findings.enumerated().sorted {
            ($1.element.severity, $0.offset) < ($0.element.severity, $1.offset)
        }.map(\.element)
        if let worst = findings.first {
            return StackAssessment(
                severity: worst.severity, reasons: findings.map(\.text), remedy: worst.remedy)
        }
        return isMany
            ? StackAssessment(severity: .info, reasons: stack.calm(resources, trend), remedy: nil) : nil
    }
}

/// The old workers of one look.
private struct Stack {
    struct Finding {
        var severity: Alert.Severity
        var text: String
        var remedy: String
    }
    let old: [WorkerSample]
    let thresholds: AlertThresholds

    /// Seconds until the last of them is ended; nil where one has no known end.
    var lastEnd: Double? {
        let ends = old.map(\.killIn.value)
        return ends.contains { $0 == nil } ? nil : ends.compactMap(\.self).max()
    }

    private var bytes: Int {
        old.compactMap { $0.memory.proportional.value ?? $0.memory.resident.value }.reduce(0, +)
    }

    // MARK: Limits around all of them

    func limits(_ resources: Resources, _ trend: GrowthTrend) -> [Finding] {
        let descriptors = old.compactMap { $0.descriptors.value?.used }.reduce(0, +)
        return [
            limit("memory", resources.memory, trend.memory, theirs: bytes) { Wording.size(bytes: $0) },
            limit("open files", resources.descriptors, trend.descriptors, theirs: descriptors) { "\($0)" },
            limit("processes", resources.processes, trend.oldWorkers, theirs: old.count) { "\($0)" },
        ].compactMap(\.self)
    }

    private func limit(
        _ name: String, _ use: Known<ResourceUse>, _ growth: Growth?, theirs: Int, _ words: (Int) -> String
    ) -> Finding? {
        guard let use = use.value, use.limit > 0 else { return nil }
        let isTheirs =
            Double(theirs) / Double(use.limit) >= thresholds.shareThatMatters
            || old.count > thresholds.stackLimit
        let state = "\(name) \(words(use.used)) of \(words(use.limit)) (\(use.scope))"
        var severity: Alert.Severity?
        var text = state
        if isTheirs, use.fraction >= thresholds.usedCritical {
            severity = .critical
        } else if isTheirs, use.fraction >= thresholds.usedWarning {
            severity = .warning
        }
        if severity != nil { text = "\(Wording.percent(use.fraction)) used: \(state)" }
        if let growth, growth.reloads >= thresholds.reloadsForSlope, growth.perSecond > 0,
            growth.perReload > 0
        {
            let left = Double(use.free) / growth.perSecond
            // What ends before the limit is reached does not reach it.
            let isReached = lastEnd.map { left < $0 } ?? true
            let soon: Alert.Severity? =
                left < thresholds.timeLeftCritical
                ? .critical : left < thresholds.timeLeftWarning ? .warning : nil
            if isReached, let soon, soon >= severity ?? .info {
                severity = soon
                let bound = soon == .critical ? thresholds.timeLeftCritical : thresholds.timeLeftWarning
                text =
                    "the \(name) limit is reached in \(Wording.span(seconds: left)) (< "
                    + "\(Wording.span(seconds: bound))) at +\(words(Int(growth.perReload))) a reload over "
                    + "\(growth.reloads) reloads: \(state)"
            }
        }
        guard let severity else { return nil }
        return Finding(severity: severity, text: text, remedy: relief)
    }

    private var relief: String {
        guard let oldest = old.max(by: { $0.uptime < $1.uptime }) else { return "" }
        let end = lastEnd == nil ? "set hard-stop-after (it bounds the next workers, not these); " : ""
        return "stop reloading; \(end)ending the oldest frees most: kill -TERM \(oldest.pid) cuts "
            + (oldest.connections.value.map { Wording.count($0, "connection") } ?? "its connections")
    }

    // MARK: Each worker's own limit

    func descriptors() -> [Finding] {
        let uses = old.compactMap { worker in worker.descriptors.value.map { (worker, $0) } }
        guard let (worker, use) = uses.max(by: { $0.1.fraction < $1.1.fraction }),
            use.fraction >= thresholds.usedWarning
        else { return [] }
        return [
            Finding(
                severity: use.fraction >= thresholds.usedCritical ? .critical : .warning,
                text: "worker \(worker.pid) has \(use.used) of its \(use.limit) descriptors open",
                remedy: "raise 'maxconn' and ulimit -n for the next workers, or end this one")
        ]
    }

    // MARK: Ends

    /// Reloads that are this many seconds apart are worth a projection.
    private static let often = 300.0

    /// hard-stop-after times the rate of reloads is how many pile up before the first one is ended.
    func misfit(_ resources: Resources, reloads: [ReloadRecord], now: Int64) -> Finding? {
        guard let free = resources.memory.value?.free, old.count >= thresholds.reloadsForSlope,
            let longest = old.compactMap({ $0.hardStopAfter.value?.milliseconds }).max(),
            old.allSatisfy({ $0.killIn.value != nil }), let period = Self.period(reloads, now: now)
        else { return nil }
        let stop = Double(longest) / 1000
        let peak = min(stop / period, 1e9)
        let more = min((peak - Double(old.count)) * Double(bytes) / Double(old.count), 1e18)
        guard more > Double(free) else { return nil }
        return Finding(
            severity: .warning,
            text: "hard-stop-after \(Wording.span(seconds: stop)) does not fit a reload every "
                + "\(Wording.span(seconds: period)): \(Int(peak)) workers would pile up, "
                + "\(Wording.size(bytes: Int(more))) more than now with \(Wording.size(bytes: free)) free",
            remedy: "shorten hard-stop-after, or reload less often")
    }

    /// Seconds between reloads that succeeded, over the last half hour and at least four of them.
    private static func period(_ reloads: [ReloadRecord], now: Int64) -> Double? {
        let times = reloads.filter { $0.result == .success }.compactMap(\.at).filter {
            now - $0 < 1_800_000_000
        }
        guard times.count >= 4, let first = times.first, let last = times.last, last > first else {
            return nil
        }
        return Double(last - first) / 1_000_000 / Double(times.count - 1)
    }

    func endless(_ trend: GrowthTrend, reloads: [ReloadRecord], now: Int64) -> Finding? {
        let count = old.count { $0.killIn.value == nil }
        guard count > 0 else { return nil }
        var text = count == old.count ? "no known end" : "\(count) of them without a known end"
        if let growth = trend.oldWorkers, growth.reloads >= thresholds.reloadsForSlope {
            text += ", +\(Wording.tenths(max(0, growth.perReload))) workers a reload"
        }
        if let period = Self.period(reloads, now: now), period < Self.often {
            let hourly = Int(min(3600 / period, 1e6)) * bytes / old.count
            text +=
                ", a reload every \(Wording.span(seconds: period)): up to "
                + "+\(Wording.size(bytes: hourly)) an hour"
        }
        return Finding(
            severity: .warning, text: text,
            remedy: "set hard-stop-after in the global section: it bounds the next workers, not these")
    }

    /// Why many are nothing to worry about.
    func calm(_ resources: Resources, _ trend: GrowthTrend) -> [String] {
        var reasons: [String] = []
        if let lastEnd {
            let limits = old.compactMap { $0.hardStopAfter.value?.milliseconds }
            let stop = limits.max().map { " of hard-stop-after \(Wording.span(seconds: Double($0) / 1000))" }
            reasons.append("the last ends within \(Wording.span(seconds: max(0, lastEnd)))\(stop ?? "")")
        }
        if let growth = trend.oldWorkers, growth.reloads >= thresholds.reloadsForSlope,
            growth.perReload < 0.5
        {
            reasons.append("they come and go (+\(Wording.tenths(max(0, growth.perReload))) a reload)")
        }
        if let memory = resources.memory.value {
            reasons.append("memory \(Wording.percent(memory.fraction)) of \(memory.scope)")
        } else {
            reasons.append("the memory limit is not known")
        }
        return reasons
    }
}
