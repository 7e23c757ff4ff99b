// Events per period as HAProxy counts them: this period's count, and the part of the last one that still counts.

/// A rate's memory: 12 bytes.
package struct FrequencyCounter: Equatable, Sendable {
    /// When the current period began; the low 32 bits of a `Tick`.
    package var began: UInt32
    package var current: UInt32
    package var previous: UInt32

    package init(began: UInt32 = 0, current: UInt32 = 0, previous: UInt32 = 0) {
        self.began = began
        self.current = current
        self.previous = previous
    }

    /// From another process, whose current period began `age` milliseconds ago.
    package init(age: UInt32, current: UInt32, previous: UInt32, now: Tick) {
        self.init(began: now.low &- age, current: current, previous: previous)
    }

    /// How long ago the current period began, in milliseconds.
    package func age(at now: Tick) -> UInt32 { now.low &- began }

    /// Counts events; `period` in milliseconds. What is over 32 bits stays at the most.
    @inline(__always)
    package mutating func add(_ events: UInt32, period: UInt32, now: Tick) {
        if now.low &- began < period {
            let (sum, overflow) = current.addingReportingOverflow(events)
            current = overflow ? .max : sum
            return
        }
        previous = current
        current = events
        began = began &+ period
        if now.low &- began >= period {
            // Nothing happened for a whole period.
            previous = 0
            began = now.low
        }
    }

    /// Events in the period that ends now: the current ones, and the last period's by the share that it overlaps.
    @inline(__always)
    package func events(period: UInt32, now: Tick) -> UInt32 {
        var current = UInt64(self.current)
        var past = UInt64(previous)
        var rest = Int64(period) - Int64(now.low &- began)
        if rest < 0 {
            rest += Int64(period)
            past = rest >= 0 ? current : 0
            rest = max(0, rest)
            current = 0
        }
        // A single event of the last period does not fade: it would flap between 0 and 1.
        if current == 0 && past <= 1 { return UInt32(past) }
        return UInt32(clamping: past * UInt64(rest) / UInt64(period) + current)
    }
}
