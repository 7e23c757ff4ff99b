// Entries by the time at which they go: a ring of lists, each for a part of the table's `expire`. Moving an entry,
// finding the next to expire and finding the oldest cost the same however many there are.

/// The lists of a table's wheel; their links lie in the records.
struct ExpiryWheel: ~Copyable {
    /// An index with this bit names a slot of the wheel instead of a record.
    private static let slotBit: UInt32 = 1 << 31

    /// Into how many parts a table's `expire` is divided. The wheel has two slots more, as the times of living entries
    /// touch one part more than that, and the slot that is swept is to be none of theirs.
    private static let parts = 256

    /// Milliseconds of one slot.
    private let grain: Int64
    /// First and last of each slot; the slot itself where it is empty.
    private var heads: [(oldest: UInt32, newest: UInt32)]
    /// All before this slot of time was swept.
    private var swept: Int64 = .min

    init(expire: UInt32) {
        // Without an end, one list: in the order in which entries were touched.
        let count = expire == 0 ? 1 : Self.parts + 2
        grain = expire == 0 ? .max : Int64(expire) / Int64(Self.parts) + 1
        heads = (0..<UInt32(count)).map { (Self.slotBit | $0, Self.slotBit | $0) }
    }

    private func slot(at time: Int64) -> Int {
        let count = Int64(heads.count)
        let place = Self.grainNumber(time, grain) % count
        return Int(place < 0 ? place + count : place)
    }

    private static func grainNumber(_ time: Int64, _ grain: Int64) -> Int64 {
        grain == .max ? 0 : time / grain
    }

    /// Puts an entry behind all others that go at about the same time.
    @inline(__always)
    mutating func insert(_ index: UInt32, expire: Tick, _ memory: borrowing RecordMemory) {
        append(index, to: slot(at: expire.milliseconds), memory)
    }

    /// Gives an entry another time. One that is touched again and again is the newest of its slot: it stays there.
    @inline(__always)
    mutating func move(_ index: UInt32, expire: Tick, _ memory: borrowing RecordMemory) {
        let slot = slot(at: expire.milliseconds)
        let newer = memory.record(index).load(fromByteOffset: RecordLayout.newer, as: UInt32.self)
        if newer == Self.slotBit | UInt32(slot) { return }
        remove(index, memory)
        append(index, to: slot, memory)
    }

    @inline(__always)
    private mutating func append(_ index: UInt32, to slot: Int, _ memory: borrowing RecordMemory) {
        let newest = heads[slot].newest
        let record = memory.record(index)
        record.storeBytes(of: newest, toByteOffset: RecordLayout.older, as: UInt32.self)
        record.storeBytes(
            of: Self.slotBit | UInt32(slot), toByteOffset: RecordLayout.newer, as: UInt32.self)
        setNewer(of: newest, index, memory)
        heads[slot].newest = index
    }

    @inline(__always)
    mutating func remove(_ index: UInt32, _ memory: borrowing RecordMemory) {
        let record = memory.record(index)
        let older = record.load(fromByteOffset: RecordLayout.older, as: UInt32.self)
        let newer = record.load(fromByteOffset: RecordLayout.newer, as: UInt32.self)
        setNewer(of: older, newer, memory)
        if newer & Self.slotBit != 0 {
            heads[Int(newer & ~Self.slotBit)].newest = older
        } else {
            memory.record(newer).storeBytes(of: older, toByteOffset: RecordLayout.older, as: UInt32.self)
        }
    }

    @inline(__always)
    private mutating func setNewer(of index: UInt32, _ newer: UInt32, _ memory: borrowing RecordMemory) {
        if index & Self.slotBit != 0 {
            heads[Int(index & ~Self.slotBit)].oldest = newer
        } else {
            memory.record(index).storeBytes(of: newer, toByteOffset: RecordLayout.newer, as: UInt32.self)
        }
    }

    private func forEach(in slot: Int, _ memory: borrowing RecordMemory, _ body: (UInt32) -> Bool) -> Bool {
        var index = heads[slot].oldest
        while index & Self.slotBit == 0 {
            let newer = memory.record(index).load(fromByteOffset: RecordLayout.newer, as: UInt32.self)
            guard body(index) else { return false }
            index = newer
        }
        return true
    }

    /// The entries that may have gone by `now`, and a few that have not. Nothing may be inserted meanwhile.
    mutating func due(at now: Tick, _ memory: borrowing RecordMemory) -> [UInt32] {
        guard grain != .max else { return [] }
        let last = Self.grainNumber(now.milliseconds, grain)
        let first = max(swept, last - Int64(heads.count) + 1)
        swept = last
        var found: [UInt32] = []
        for number in first...max(first, last) {
            _ = forEach(in: slot(at: number * grain), memory) {
                found.append($0)
                return true
            }
        }
        return found
    }

    /// Entries from the one that goes first on, until `body` returns false.
    func forEachByAge(from now: Tick, _ memory: borrowing RecordMemory, _ body: (UInt32) -> Bool) {
        let first = slot(at: now.milliseconds)
        for offset in 0..<heads.count
        where !forEach(in: (first + offset) % heads.count, memory, body) {
            return
        }
    }
}
