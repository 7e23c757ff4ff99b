// What is counted of TLS: for the process, and for each frontend and server.

import Unix

/// Sums, rates and gauges of the process; behind `Ssl…` of `show info`.
package struct TLSProcessCounters: Sendable {
    /// `CurrSslConns`: with clients and with servers.
    package var current = 0
    /// `CumSslConns`.
    package var connections = 0
    /// `SslRate`: of clients.
    package var rate = RateCounter()
    /// `SslFrontendKeyRate`, `SslBackendKeyRate`: handshakes that were not spared.
    package var clientKeys = RateCounter()
    package var serverKeys = RateCounter()

    package init() {}
}

/// Handshakes of a frontend or server.
package struct TLSCounters: Sendable {
    package var sessions = 0
    package var resumed = 0
    package var failed = 0

    package init() {}

    mutating func count(isResumed: Bool) {
        sessions += 1
        if isResumed { resumed += 1 }
    }
}
