// `track-sc0` to `track-sc2`: the entries that a connection or a stream counts into, held until it ends.

import ConfigLanguage
import StickTables
import Unix

struct TrackedEntries {
    struct Tracked {
        let table: StickTable
        let entry: StickTable.Entry
    }
    private var first: Tracked?
    private var second: Tracked?
    private var third: Tracked?
    /// Whether anything is tracked; spares looking at each.
    private(set) var isEmpty = true
    /// Whether a table of what is tracked stores bytes: few do, and they move often.
    private(set) var countsBytes = false

    @inline(__always)
    subscript(slot: Int) -> Tracked? {
        if isEmpty { return nil }
        switch slot {
        case 0: return first
        case 1: return second
        case 2: return third
        default: return nil
        }
    }

    /// Begins to count into an entry: one more connection.
    mutating func track(_ tracked: Tracked, in slot: Int, now: Tick) {
        tracked.table.add(1, to: .connCnt, of: tracked.entry)
        tracked.table.count(1, in: .connRate, of: tracked.entry, now: now)
        resume(tracked, in: slot, now: now)
    }

    /// Goes on with an entry that is counted into already: by another worker, until now.
    mutating func resume(_ tracked: Tracked, in slot: Int, now: Tick) {
        switch slot {
        case 0: first = tracked
        case 1: second = tracked
        default: third = tracked
        }
        isEmpty = false
        if tracked.table.storesBytes { countsBytes = true }
        tracked.table.retain(tracked.entry)
        tracked.table.add(1, to: .connCur, of: tracked.entry)
        tracked.table.touch(tracked.entry, now: now)
    }

    @inline(__always)
    func forEach(_ body: (Tracked) -> Void) {
        if isEmpty { return }
        if let first { body(first) }
        if let second { body(second) }
        if let third { body(third) }
    }

    /// The connection or stream has ended.
    mutating func release(now: Tick) {
        if isEmpty { return }
        forEach { tracked in
            tracked.table.decrease(.connCur, of: tracked.entry)
            tracked.table.touch(tracked.entry, now: now)
            tracked.table.release(tracked.entry)
        }
        self = TrackedEntries()
    }

    /// Counts events into a number and its rate.
    @inline(__always)
    func count(_ number: DataType, _ rate: DataType, _ events: Int = 1, now: Tick) {
        forEach { tracked in
            tracked.count(number, rate, events, now: now)
        }
    }
}

extension TrackedEntries.Tracked {
    func count(_ number: DataType, _ rate: DataType, _ events: Int = 1, now: Tick) {
        guard table.stores(number) || table.stores(rate) else { return }
        table.add(UInt64(events), to: number, of: entry)
        table.count(UInt32(clamping: events), in: rate, of: entry, now: now)
        table.touch(entry, now: now)
    }
}

extension Scene {
    /// Tracks the entry of a value, where the slot does not track one already; nil: nothing is tracked anew.
    func track(_ slot: Int, _ table: StickTable, _ expression: CompiledExpression) -> TrackedEntries.Tracked?
    {
        guard (stream.map { $0.tracked[slot] } ?? client.session?.tracked[slot]) == nil,
            let sample = expression.value(in: self),
            let entry = table.entry(of: sample, inserting: true, core.arena, now: now)
        else { return nil }
        let tracked = TrackedEntries.Tracked(table: table, entry: entry)
        if let stream {
            stream.tracked.track(tracked, in: slot, now: now)
        } else {
            client.openSession().tracked.track(tracked, in: slot, now: now)
        }
        return tracked
    }
}

extension Stream {
    /// Something about this request concerns the client's record.
    func countTracked(_ number: DataType, _ rate: DataType, _ events: Int = 1) {
        if let session = client?.session, !session.tracked.isEmpty {
            session.tracked.count(number, rate, events, now: core.tick)
        }
        if !tracked.isEmpty { tracked.count(number, rate, events, now: core.tick) }
    }

    /// Bytes of this request or connection have moved.
    func countTrackedBytes(in newIn: Int, out newOut: Int) {
        guard tracked.countsBytes || client?.session?.tracked.countsBytes == true else { return }
        countTracked(.bytesInCnt, .bytesInRate, newIn)
        countTracked(.bytesOutCnt, .bytesOutRate, newOut)
    }

    /// A client's error: a bad request, a refusal, or a response of 4xx.
    func countClientError() { countTracked(.httpErrCnt, .httpErrRate) }
}
