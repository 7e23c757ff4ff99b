// Events per second, as HAProxy counts them: this second's count, and the last second's for a smooth reading.

import Unix

/// Counts events and tells their rate.
package struct RateCounter: Sendable {
    private var second: Int64 = 0
    private var current = 0
    private var previous = 0

    /// The most events that one second had.
    package var max = 0

    package init() {}

    /// Counts one event.
    @inline(__always)
    package mutating func count(at now: Instant) {
        let second = now.nanoseconds / 1_000_000_000
        if second != self.second { turn(to: second) }
        current += 1
        if current > max { max = current }
    }

    private mutating func turn(to second: Int64) {
        previous = second == self.second + 1 ? current : 0
        current = 0
        self.second = second
    }

    /// Events in the second that ends now: this second's, and the share of the last one that it still overlaps.
    package func perSecond(at now: Instant) -> Int {
        let second = now.nanoseconds / 1_000_000_000
        let restMilliseconds = Int(1000 - now.nanoseconds / 1_000_000 % 1000)
        if second == self.second {
            if current == 0 && previous <= 1 { return previous }
            return current + previous * restMilliseconds / 1000
        }
        if second == self.second + 1 { return current <= 1 ? current : current * restMilliseconds / 1000 }
        return 0
    }
}
