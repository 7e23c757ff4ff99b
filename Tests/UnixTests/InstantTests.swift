// Times that a file may claim are counted without a trap, however far they are.

import Glibc
import Testing
import Unix

@Suite struct InstantTests {
    @Test func timesAreCountedInSmallUnits() {
        let time = timespec(tv_sec: 5, tv_nsec: 123_456_789)
        #expect(time.microseconds == 5_123_456)
        #expect(time.nanoseconds == 5_123_456_789)
        let before = timespec(tv_sec: -2, tv_nsec: 500_000_000)
        #expect(before.microseconds == -1_500_000)
        #expect(before.nanoseconds == -1_500_000_000)
    }

    @Test func theFarthestTimesCanBeCompared() {
        let years = [10_413_792_000, Int.max].map { timespec(tv_sec: $0, tv_nsec: 999_999_999) }
        let (late, last) = (years[0], years[1])
        let first = timespec(tv_sec: .min, tv_nsec: 0)
        // The year 2300 is too far for nanoseconds only.
        #expect(late.microseconds == 10_413_792_000_999_999)
        #expect(late.nanoseconds == last.nanoseconds)
        #expect(last.microseconds - first.microseconds > 0 && last.nanoseconds - first.nanoseconds > 0)
    }
}
