// Time on the monotonic clock, which every process of the machine shares and which survives an exec.

import Glibc

/// A moment on CLOCK_MONOTONIC, in nanoseconds since boot.
package struct Instant: Comparable, Hashable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Later than every other moment: "no deadline".
    package static let never = Instant(nanoseconds: .max)

    package static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    }

    @inline(__always)
    package static func == (left: Instant, right: Instant) -> Bool { left.nanoseconds == right.nanoseconds }

    @inline(__always)
    package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// `never` stays `never`, and what would overflow becomes it.
    @inline(__always)
    package func advanced(byNanoseconds count: Int64) -> Instant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(count)
        return overflow || self == .never ? .never : Instant(nanoseconds: sum)
    }

    package static func + (moment: Instant, span: Duration) -> Instant {
        moment.advanced(byNanoseconds: span.nanoseconds)
    }

    package static func - (later: Instant, earlier: Instant) -> Duration {
        .nanoseconds(later.nanoseconds - earlier.nanoseconds)
    }
}

extension Duration {
    /// Whole nanoseconds; a span too long for 64 bits is cut to the longest (292 years).
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product + attoseconds / 1_000_000_000
    }

    /// Whole milliseconds, rounded down.
    package var milliseconds: Int64 { nanoseconds / 1_000_000 }
}

/// A moment of the day, UTC.
package struct WallClock: Comparable, Hashable, Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    package static func now() -> WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallClock(microseconds: time.microseconds)
    }

    package static func < (left: WallClock, right: WallClock) -> Bool {
        left.microseconds < right.microseconds
    }
}

extension timespec {
    /// How far a time may be from the beginning of its clock, so that two of them can still be subtracted. A file may
    /// claim any time.
    private static let farthest = Int64.max / 2

    /// Whole microseconds.
    package var microseconds: Int64 { scaled(1_000_000) }

    package var nanoseconds: Int64 { scaled(1_000_000_000) }

    private func scaled(_ unitsPerSecond: Int64) -> Int64 {
        let bound = Self.farthest / unitsPerSecond
        guard (-bound..<bound).contains(Int64(tv_sec)) else {
            return tv_sec < 0 ? -Self.farthest : Self.farthest
        }
        return Int64(tv_sec) * unitsPerSecond + Int64(tv_nsec) * unitsPerSecond / 1_000_000_000
    }
}
