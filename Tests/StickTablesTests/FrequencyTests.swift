// Rates as HAProxy counts them: values worked out by hand from its two periods.

import Testing

@testable import StickTables

@Suite struct FrequencyTests {
    private static let start = Tick(milliseconds: 1_000_000)

    private func after(_ milliseconds: Int64) -> Tick { Self.start.advanced(byMilliseconds: milliseconds) }

    @Test func thisPeriodCountsWholeAndTheLastByItsShare() {
        var counter = FrequencyCounter()
        counter.add(10, period: 1000, now: after(0))
        #expect(counter.events(period: 1000, now: after(0)) == 10)
        #expect(counter.events(period: 1000, now: after(999)) == 10)
        // The next period: nine tenths, half, nothing of the last one.
        #expect(counter.events(period: 1000, now: after(1100)) == 9)
        #expect(counter.events(period: 1000, now: after(1500)) == 5)
        #expect(counter.events(period: 1000, now: after(2000)) == 0)
        #expect(counter.events(period: 1000, now: after(9000)) == 0)
        counter.add(4, period: 1000, now: after(1500))
        #expect(counter.events(period: 1000, now: after(1500)) == 9)
        #expect(counter.events(period: 1000, now: after(1999)) == 4)
    }

    @Test func aSingleEventDoesNotFade() {
        var counter = FrequencyCounter()
        counter.add(1, period: 1000, now: after(0))
        #expect(counter.events(period: 1000, now: after(1999)) == 1)
        #expect(counter.events(period: 1000, now: after(2001)) == 0)
    }

    @Test func longSilenceForgetsBothPeriods() {
        var counter = FrequencyCounter()
        counter.add(7, period: 1000, now: after(0))
        counter.add(1, period: 1000, now: after(50_000))
        #expect(counter == FrequencyCounter(began: after(50_000).low, current: 1, previous: 0))
    }

    @Test func theClockMayWrap() {
        var counter = FrequencyCounter()
        let end = Tick(milliseconds: Int64(UInt32.max) - 100)
        counter.add(6, period: 1000, now: end)
        counter.add(2, period: 1000, now: end.advanced(byMilliseconds: 500))
        #expect(counter.events(period: 1000, now: end.advanced(byMilliseconds: 600)) == 8)
        #expect(counter.events(period: 1000, now: end.advanced(byMilliseconds: 1500)) == 4)
    }

    @Test func countsStayAtTheirMost() {
        var counter = FrequencyCounter()
        counter.add(.max, period: 1000, now: after(0))
        counter.add(5, period: 1000, now: after(1))
        #expect(counter.current == .max)
    }

    @Test func aPeersCounterKeepsItsAge() {
        let counter = FrequencyCounter(age: 300, current: 3, previous: 10, now: after(0))
        #expect(counter.age(at: after(0)) == 300)
        #expect(counter.events(period: 1000, now: after(0)) == 10)
        #expect(counter.events(period: 1000, now: after(200)) == 8)
    }
}
