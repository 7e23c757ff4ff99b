// How a stack of old workers grows: one point a reload and the present one, and a straight line through them. A slope
// is believed from several reloads on; one reload alone always doubles the memory of a proxy for a moment.

/// What was used at one moment.
package struct GrowthPoint: Equatable, Sendable {
    /// Microseconds since 1970.
    package var at: Int64
    /// Reloads since the first point.
    package var reload: Int
    package var oldWorkers: Int
    /// Of all workers.
    package var bytes: Int?
    package var descriptors: Int?

    package init(at: Int64, reload: Int, oldWorkers: Int, bytes: Int?, descriptors: Int?) {
        self.at = at
        self.reload = reload
        self.oldWorkers = oldWorkers
        self.bytes = bytes
        self.descriptors = descriptors
    }
}

/// Growth of one quantity.
package struct Growth: Equatable, Sendable {
    package var perReload: Double
    package var perSecond: Double
    /// How many reloads it was measured over.
    package var reloads: Int
}

/// Points of the last hour.
package struct GrowthTrend: Equatable, Sendable {
    private static let span: Int64 = 3_600_000_000
    private static let most = 60

    /// How many reloads must have been watched before the workers' ages are not needed any more.
    private static let enough = 3

    /// What the workers of the first look told of the reloads that left them: those that had gone are missing.
    private var recalled: [GrowthPoint] = []
    private var points: [GrowthPoint] = []
    private var reloads = 0
    private var serving: Int32?
    private var now: GrowthPoint?

    package init() {}

    /// Takes in a look; one in which another worker serves than before closes a reload.
    package mutating func take(_ workers: [WorkerSample], at: Int64) {
        let current = workers.first { $0.state == .serving }?.pid
        let isFirst = serving == nil && now == nil
        if isFirst {
            recall(workers, at: at)
        } else if let current, current != serving {
            reloads += 1
        }
        let point = Self.point(workers, at: at, reload: reloads)
        if let current, current != serving || isFirst {
            serving = current
            points.append(point)
        }
        now = point
        points.removeAll { at - $0.at > Self.span }
        if points.count > Self.most { points.removeFirst(points.count - Self.most) }
    }

    /// The first look: the workers that are still here tell of the reloads that left them.
    private mutating func recall(_ workers: [WorkerSample], at: Int64) {
        let byAge = workers.filter { $0.state != .starting }.sorted { $0.uptime > $1.uptime }
        // The moment of a reload has the workers that were there before it.
        for (index, worker) in byAge.enumerated().dropLast() where index > 0 {
            recalled.append(
                Self.point(
                    Array(byAge[...index]), at: at - Int64(worker.uptime * 1_000_000), reload: index,
                    oldWorkers: index))
        }
        reloads = max(0, byAge.count - 1)
    }

    private static func point(
        _ workers: [WorkerSample], at: Int64, reload: Int, oldWorkers: Int? = nil
    ) -> GrowthPoint {
        let memory = workers.map { $0.memory.proportional.value ?? $0.memory.resident.value }
        let descriptors = workers.map { $0.descriptors.value?.used }
        return GrowthPoint(
            at: at, reload: reload, oldWorkers: oldWorkers ?? workers.count { $0.state.isOld },
            bytes: sum(memory), descriptors: sum(descriptors))
    }

    private static func sum(_ values: [Int?]) -> Int? {
        values.contains { $0 == nil } ? nil : values.reduce(0) { $0 + ($1 ?? 0) }
    }

    package var memory: Growth? { growth(recalling: true) { $0.bytes } }
    package var descriptors: Growth? { growth(recalling: true) { $0.descriptors } }
    /// Of reloads that were watched only: workers that have gone leave no trace.
    package var oldWorkers: Growth? { growth(recalling: false) { $0.oldWorkers } }

    /// Least squares over the points of the last hour and the present; nil below two points.
    private func growth(recalling: Bool, _ value: (GrowthPoint) -> Int?) -> Growth? {
        let watched = (points.last?.reload ?? 0) - (points.first?.reload ?? 0)
        let before = recalling && watched < Self.enough ? recalled : []
        let all = before + points + (now.map { [$0] } ?? [])
        let known = all.compactMap { point in value(point).map { (point, Double($0)) } }
        guard let first = known.first?.0, let last = known.last?.0, last.at > first.at else { return nil }
        let perSecond = Self.slope(known.map { (Double($0.0.at - first.at) / 1_000_000, $0.1) })
        let perReload = Self.slope(known.map { (Double($0.0.reload), $0.1) })
        guard let perSecond else { return nil }
        return Growth(
            perReload: perReload ?? 0, perSecond: perSecond, reloads: last.reload - first.reload)
    }

    private static func slope(_ pairs: [(x: Double, y: Double)]) -> Double? {
        let count = Double(pairs.count)
        let meanX = pairs.reduce(0) { $0 + $1.x } / count
        let meanY = pairs.reduce(0) { $0 + $1.y } / count
        let spread = pairs.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
        guard spread > 0 else { return nil }
        return pairs.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) } / spread
    }
}
