// What the worker as a whole counts: the figures behind `show info`.

/// Sums, rates and gauges over all frontends.
package struct ProcessCounters: Sendable {
    /// `CurrConns`: client connections now.
    package var clients = Gauge()
    package var connections = 0
    package var requests = 0
    package var connectionRate = RateCounter()
    package var sessionRate = RateCounter()
    package var bytesOut = 0
    package var splicedBytes = 0
    /// Bytes sent to clients, in units of 32, for `BytesOutRate`.
    package var bytesOutRate = ByteRate()
    package var droppedLogs = 0
    package var tls = TLSProcessCounters()

    package init() {}
}

/// Bytes in the last second.
package struct ByteRate: Sendable {
    private var second: Int64 = 0
    private var current = 0
    private var previous = 0

    package init() {}

    @inline(__always)
    package mutating func add(_ bytes: Int, second: Int64) {
        if second != self.second {
            previous = second == self.second + 1 ? current : 0
            current = 0
            self.second = second
        }
        current += bytes
    }

    package func perSecond(second: Int64) -> Int {
        if second == self.second { return max(current, previous) }
        return second == self.second + 1 ? current : 0
    }
}

/// How the drain went.
package struct DrainFigures: Sendable, Equatable {
    /// Streams that ended by themselves after the drain began.
    package var finished = 0
    /// Streams that were cut, and connections that carried none.
    package var cut = 0

    package init() {}
}
