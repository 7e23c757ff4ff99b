// Time as tables know it: whole milliseconds, given by the caller. Entries keep the low 32 bits, as HAProxy's do.

/// A moment on the caller's monotonic clock, in milliseconds.
package struct Tick: Comparable, Hashable, Sendable {
    package var milliseconds: Int64

    @inline(__always)
    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    @inline(__always)
    package static func < (one: Tick, other: Tick) -> Bool { one.milliseconds < other.milliseconds }

    /// Later by `count` milliseconds.
    @inline(__always)
    package func advanced(byMilliseconds count: Int64) -> Tick {
        Tick(milliseconds: milliseconds &+ count)
    }

    /// What an entry keeps of it.
    @inline(__always)
    var low: UInt32 { UInt32(truncatingIfNeeded: milliseconds) }

    /// Milliseconds from here to what an entry kept, negative when that has passed; right within 24 days.
    @inline(__always)
    func distance(to low: UInt32) -> Int32 { Int32(bitPattern: low &- self.low) }
}
