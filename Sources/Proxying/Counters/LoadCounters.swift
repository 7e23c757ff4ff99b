// What each frontend, backend and server counts of its own, behind its rows of `show stat`.

/// Sums, sessions now, and rates.
package struct LoadCounters: Sendable {
    package var traffic = TrafficCounters()
    /// `scur`, `smax`: client connections of a frontend, streams that are assigned to a backend or server.
    package var sessions = Gauge()
    package var sessionRate = RateCounter()
    package var requestRate = RateCounter()
    package var tls = TLSCounters()

    package init() {}

    /// Forgets the maxima, and the sums where it is `all`; what is so now stays.
    mutating func clear(all: Bool) {
        if all {
            traffic = TrafficCounters()
            tls = TLSCounters()
        }
        sessions.clearMaximum()
        sessionRate.max = 0
        requestRate.max = 0
    }
}

/// How long a backend's or server's streams take and wait.
package struct WaitCounters: Sendable {
    package var times = TimeCounters()
    /// `qcur`, `qmax`: streams that wait for any server of the backend, or for this very server.
    package var queued = Gauge()

    package init() {}

    /// Forgets the maxima, and the averages where it is `all`.
    mutating func clear(all: Bool) {
        if all { times = TimeCounters() } else { times.clearMaxima() }
        queued.clearMaximum()
    }
}

/// Averages and maxima of times, in milliseconds.
package struct TimeCounters: Sendable {
    package var queue = SlidingAverage()
    package var connect = SlidingAverage()
    package var response = SlidingAverage()
    package var total = SlidingAverage()

    package init() {}

    package mutating func clearMaxima() {
        queue.max = 0
        connect.max = 0
        response.max = 0
        total.max = 0
    }
}
