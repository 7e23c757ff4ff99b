// What is counted of TLS: for the process, and for each frontend and server.

import Unix

/// Sums, rates and gauges of the process; behind `Ssl…` of `show info`.
package struct TLSProcessCounters: Sendable {
    /// Connections now.
    package var clients = 0
    package var servers = 0
    /// `CumSslConns`.
    package var connections = 0
    /// `SslRate`: of clients.
    package var rate = RateCounter()
    /// `SslFrontendKeyRate`, `SslBackendKeyRate`: handshakes that were not spared.
    package var clientKeys = RateCounter()
    package var serverKeys = RateCounter()

    package init() {}

    /// `SslFrontendSessionReuse_pct`: of the last second's clients, how many were spared a handshake.
    package func reusePercent(at now: Instant) -> Int {
        let all = rate.perSecond(at: now)
        let fresh = clientKeys.perSecond(at: now)
        return all > 0 ? max(0, 100 - 100 * fresh / all) : 0
    }
}

/// Handshakes of a frontend or server.
package struct TLSCounters: Sendable {
    package var sessions = 0
    package var resumed = 0
    package var failed = 0

    package init() {}

    package static func + (left: TLSCounters, right: TLSCounters) -> TLSCounters {
        var sum = left
        sum.sessions += right.sessions
        sum.resumed += right.resumed
        sum.failed += right.failed
        return sum
    }

    mutating func count(isResumed: Bool) {
        sessions += 1
        if isResumed { resumed += 1 }
    }
}
