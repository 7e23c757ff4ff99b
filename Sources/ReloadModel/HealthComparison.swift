// Whether a reload made it worse: the ten seconds before against the ten after. Counters start again in each worker,
// and the old one still finishes requests: rates are made of each worker's own counters and added.

/// What one worker has counted up to a moment.
package struct HealthCounters: Equatable, Sendable {
    package var pid: Int32
    /// Microseconds since 1970.
    package var at: Int64
    /// Requests of HTTP frontends, sessions of TCP ones.
    package var requests: Int
    /// 5xx responses to clients.
    package var serverErrors: Int
    /// Connections to servers that failed.
    package var connectErrors: Int
    /// Requests that wait for a server now.
    package var queued: Int
    /// Backends that have servers, none of which can be used.
    package var downBackends: [String]

    package init(
        pid: Int32, at: Int64, requests: Int, serverErrors: Int, connectErrors: Int, queued: Int,
        downBackends: [String]
    ) {
        self.pid = pid
        self.at = at
        self.requests = requests
        self.serverErrors = serverErrors
        self.connectErrors = connectErrors
        self.queued = queued
        self.downBackends = downBackends
    }
}

/// What happened on average over a span.
package struct HealthRates: Equatable, Sendable {
    package var seconds: Double
    package var requestsPerSecond: Double
    package var serverErrorsPerSecond: Double
    package var connectErrorsPerSecond: Double
    package var queued: Int
    package var downBackends: [String]

    package init(
        seconds: Double, requestsPerSecond: Double, serverErrorsPerSecond: Double,
        connectErrorsPerSecond: Double, queued: Int, downBackends: [String]
    ) {
        self.seconds = seconds
        self.requestsPerSecond = requestsPerSecond
        self.serverErrorsPerSecond = serverErrorsPerSecond
        self.connectErrorsPerSecond = connectErrorsPerSecond
        self.queued = queued
        self.downBackends = downBackends
    }

    private var errorShare: Double {
        requestsPerSecond > 0 ? serverErrorsPerSecond / requestsPerSecond : 0
    }

    /// What became worse from `before` to these; empty where nothing did.
    func worsened(since before: HealthRates, _ thresholds: AlertThresholds) -> [String] {
        var reasons: [String] = []
        let isError = serverErrorsPerSecond > before.serverErrorsPerSecond + thresholds.errorsAdded
        if isError || (errorShare > before.errorShare + 0.05 && serverErrorsPerSecond * seconds >= 3) {
            reasons.append(Self.change("5xx", before.serverErrorsPerSecond, serverErrorsPerSecond))
        }
        if connectErrorsPerSecond > before.connectErrorsPerSecond + thresholds.errorsAdded {
            reasons.append(
                Self.change("connect errors", before.connectErrorsPerSecond, connectErrorsPerSecond))
        }
        let lost = downBackends.filter { !before.downBackends.contains($0) }
        if !lost.isEmpty { reasons.append("no server left in \(lost.joined(separator: ", "))") }
        if queued > before.queued + thresholds.queueAdded {
            reasons.append("queue \(before.queued) → \(queued)")
        }
        if before.requestsPerSecond >= 1,
            requestsPerSecond < before.requestsPerSecond * thresholds.requestsKept
        {
            reasons.append(Self.change("requests", before.requestsPerSecond, requestsPerSecond))
        }
        return reasons
    }

    private static func change(_ name: String, _ before: Double, _ after: Double) -> String {
        "\(name) \(Wording.tenths(before))/s → \(Wording.tenths(after))/s"
    }
}

/// Before and after one reload.
package struct HealthComparison: Equatable, Sendable {
    package enum Judgement: String, Sendable {
        case better, same, worse
    }
    package var before: HealthRates
    package var after: HealthRates
    package var judgement: Judgement
    /// What decided it.
    package var reasons: [String]

    package init(before: HealthRates, after: HealthRates, thresholds: AlertThresholds) {
        self.before = before
        self.after = after
        let worse = after.worsened(since: before, thresholds)
        var reversed = before
        reversed.requestsPerSecond = max(before.requestsPerSecond, after.requestsPerSecond)
        let better = reversed.worsened(since: after, thresholds)
        judgement = !worse.isEmpty ? .worse : !better.isEmpty ? .better : .same
        reasons = worse
    }
}

/// The counters of the workers around reloads.
package struct HealthTimeline: Equatable, Sendable {
    /// The span that is compared, in microseconds; and how much shorter or longer the one before may be.
    package static let span: Int64 = 10_000_000
    private static let leastBefore: Int64 = 2_000_000
    private static let mostBefore: Int64 = 25_000_000

    /// One reload that is compared.
    private struct Mark: Equatable, Sendable {
        var id: Int
        /// READY of the new worker.
        var at: Int64
        var old: Int32
        var new: Int32
        var before: Known<HealthRates>
        /// The old worker's counters at the hand-over.
        var oldBase: HealthCounters?
    }

    private var samples: [Int32: [HealthCounters]] = [:]
    private var mark: Mark?

    package init() {}

    package mutating func take(_ counters: HealthCounters) {
        samples[counters.pid, default: []].append(counters)
        samples[counters.pid]?.removeAll { counters.at - $0.at > 2 * Self.mostBefore }
        for (pid, list) in samples where counters.at - (list.last?.at ?? 0) > 2 * Self.mostBefore {
            samples[pid] = nil
        }
        guard var mark else { return }
        if mark.before.value == nil || mark.oldBase == nil, counters.pid == mark.old {
            settle(&mark)
            self.mark = mark
        }
    }

    /// `new` has taken over from `old` with the reload `id`.
    package mutating func handOver(_ id: Int, at: Int64, from old: Int32, to new: Int32) {
        guard mark?.id != id else { return }
        var next = Mark(
            id: id, at: at, old: old, new: new, before: .unknown(Unknown("no sample before it")))
        settle(&next)
        mark = next
    }

    /// The reload whose ten seconds are not over at `now`, and its workers.
    package func pending(at now: Int64) -> (old: Int32, new: Int32, since: Int64)? {
        mark.flatMap { now - $0.at <= Self.span + 1_500_000 ? ($0.old, $0.new, $0.at) : nil }
    }

    private func settle(_ mark: inout Mark) {
        let own = samples[mark.old] ?? []
        // The old worker is asked once more right after the hand-over.
        guard let last = own.last(where: { $0.at <= mark.at + 2_000_000 }) else { return }
        mark.oldBase = last
        let start = own.filter { last.at - $0.at >= Self.leastBefore && last.at - $0.at <= Self.mostBefore }
            .min { abs(last.at - $0.at - Self.span) < abs(last.at - $1.at - Self.span) }
        guard let start else {
            mark.before = .unknown(Unknown("reloadtop had not watched for ten seconds before it"))
            return
        }
        mark.before = .known(
            Self.rates(
                [(start, last)], seconds: Double(last.at - start.at) / 1_000_000, queued: last.queued,
                down: last.downBackends))
    }

    /// The comparison of a reload as far as it can be made; `id` as given to `handOver`.
    package func comparison(_ id: Int, thresholds: AlertThresholds) -> Known<HealthComparison>? {
        guard let mark, mark.id == id else { return nil }
        let own = (samples[mark.new] ?? []).filter {
            $0.at >= mark.at && $0.at <= mark.at + Self.span + 2_000_000
        }
        guard let last = own.last, last.at - mark.at >= 1_000_000 else {
            return .unknown(Unknown("the seconds after it are not over"))
        }
        var zero = last
        (zero.requests, zero.serverErrors, zero.connectErrors) = (0, 0, 0)
        var spans = [(zero, last)]
        if let base = mark.oldBase, let end = samples[mark.old]?.last, end.at > base.at {
            spans.append((base, end))
        }
        let after = Self.rates(
            spans, seconds: Double(last.at - mark.at) / 1_000_000, queued: own.map(\.queued).max() ?? 0,
            down: last.downBackends)
        return mark.before.map { HealthComparison(before: $0, after: after, thresholds: thresholds) }
    }

    private static func rates(
        _ spans: [(HealthCounters, HealthCounters)], seconds: Double, queued: Int, down: [String]
    ) -> HealthRates {
        func rate(_ value: (HealthCounters) -> Int) -> Double {
            let total = spans.reduce(0) { $0 + max(0, value($1.1) - value($1.0)) }
            return seconds > 0 ? Double(total) / seconds : 0
        }
        return HealthRates(
            seconds: seconds, requestsPerSecond: rate { $0.requests },
            serverErrorsPerSecond: rate { $0.serverErrors },
            connectErrorsPerSecond: rate { $0.connectErrors }, queued: queued, downBackends: down)
    }
}
