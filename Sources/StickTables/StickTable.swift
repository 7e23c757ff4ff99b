// A stick table: entries found by key, gone when they were not touched for `expire`, the oldest dropped when it is
// full. Nothing here allocates but new entries; whoever holds an `Entry` over time retains it.

/// A table of the running configuration.
package final class StickTable {
    package let definition: StickTableDefinition
    /// Entries that are there, expired ones too until `sweep`.
    package private(set) var used = 0

    let layout: RecordLayout
    @exclusivity(unchecked) var memory: RecordMemory
    @exclusivity(unchecked) private var wheel: ExpiryWheel
    /// What peers are told; nil where nobody shares the table.
    @exclusivity(unchecked) var updates: UpdateLog?
    /// Called when there is something new to tell peers of.
    package var changed: (() -> Void)?
    /// First records of the chains. They grow one at a time (linear hashing), so that no insertion takes long.
    @exclusivity(unchecked) private var buckets: ContiguousArray<UInt32>
    /// Buckets before this one were split in the current round of growth.
    private var split = 0
    private var roundSize: Int
    private let seed: UInt64
    /// Names of `server_key`.
    @exclusivity(unchecked) var names = SharedNames()

    private static let firstBuckets = 16

    /// An entry of a table: valid until the table changes, and while it is retained.
    package struct Entry: Hashable, Sendable {
        let index: UInt32
    }

    /// `seed`: what clients must not know, so that they cannot choose keys that meet in one bucket.
    package init(_ definition: StickTableDefinition, seed: UInt64) {
        self.definition = definition
        self.seed = seed | 1
        layout = RecordLayout(definition)
        memory = RecordMemory(recordSize: layout.size)
        wheel = ExpiryWheel(expire: definition.expire)
        updates = definition.peers == nil ? nil : UpdateLog()
        buckets = ContiguousArray(repeating: RecordMemory.none, count: Self.firstBuckets)
        roundSize = Self.firstBuckets
    }

    package var name: String { definition.name }

    /// Bytes of all entries and their index.
    package var byteCount: Int { memory.byteCount + buckets.capacity * 4 }

    // MARK: Looking up

    /// The entry of a key; nil where there is none or its time is over. The key's type is the table's.
    package func find(_ key: StickKey, now: Tick) -> Entry? {
        withBytes(of: key) { find($0, now: now) }
    }

    /// As above, for a key's bytes as an entry holds them.
    @inline(__always)
    func find(_ key: UnsafeRawBufferPointer, now: Tick) -> Entry? {
        var index = buckets[bucket(hash(key))]
        while index != RecordMemory.none {
            let record = memory.record(index)
            if equal(record + layout.key, key) {
                if hasExpired(record, now) && record.uses & Marks.uses == 0 { return nil }
                return Entry(index: index)
            }
            index = record.next
        }
        return nil
    }

    /// The entry of a key, made where there is none; nil: the table is full and nothing may be dropped.
    package func findOrInsert(_ key: StickKey, now: Tick) -> Entry? {
        withBytes(of: key) { key in
            if let found = find(key, now: now) { return found }
            return insert(key, now: now)
        }
    }

    func insert(_ key: UnsafeRawBufferPointer, now: Tick) -> Entry? {
        removeExpiredTwin(of: key)
        if used >= definition.size {
            sweep(now: now)
            if used >= definition.size && (definition.noPurge || !dropOldest(now: now)) { return nil }
        }
        let index = memory.take()
        let record = memory.record(index)
        (record + layout.key).copyMemory(
            from: key.baseAddress ?? UnsafeRawPointer(record), byteCount: key.count)
        let place = bucket(hash(key))
        record.setNext(buckets[place])
        buckets[place] = index
        used += 1
        let expire = end(from: now)
        record.setExpire(expire.low)
        wheel.insert(index, expire: expire, memory)
        if used > buckets.count { splitBucket() }
        return Entry(index: index)
    }

    /// An entry of the same key whose time is over would be found before the new one.
    private func removeExpiredTwin(of key: UnsafeRawBufferPointer) {
        var index = buckets[bucket(hash(key))]
        while index != RecordMemory.none {
            let record = memory.record(index)
            let next = record.next
            if equal(record + layout.key, key) { remove(Entry(index: index)) }
            index = next
        }
    }

    // MARK: Time

    /// When an entry that is touched at `now` goes.
    @inline(__always)
    private func end(from now: Tick) -> Tick { now.advanced(byMilliseconds: Int64(definition.expire)) }

    @inline(__always)
    private func hasExpired(_ record: UnsafeMutableRawPointer, _ now: Tick) -> Bool {
        definition.expire != 0 && now.distance(to: record.expire) <= 0
    }

    /// Milliseconds until the entry goes; 0 in a table without `expire`.
    package func remaining(_ entry: Entry, now: Tick) -> UInt32 {
        if definition.expire == 0 { return 0 }
        return UInt32(max(0, now.distance(to: memory.record(entry.index).expire)))
    }

    /// Something of this process changed the entry: its time begins anew, and peers are to be told.
    @inline(__always)
    package func touch(_ entry: Entry, now: Tick) {
        prolong(entry.index, until: end(from: now))
        if updates != nil { noteChange(entry.index) }
    }

    func prolong(_ index: UInt32, until end: Tick) {
        memory.record(index).setExpire(end.low)
        wheel.move(index, expire: end, memory)
    }

    /// Removes the entries whose time is over and that nobody holds.
    package func sweep(now: Tick) {
        for index in wheel.due(at: now, memory) {
            let record = memory.record(index)
            if record.uses & Marks.uses == 0 && hasExpired(record, now) { remove(Entry(index: index)) }
        }
    }

    /// Makes room: about one of 256 goes, as in HAProxy. False: everything is held.
    private func dropOldest(now: Tick) -> Bool {
        var old: [UInt32] = []
        let wanted = definition.size >> 8 + 1
        wheel.forEachByAge(from: now, memory) { index in
            if memory.record(index).uses & Marks.uses == 0 { old.append(index) }
            return old.count < wanted
        }
        for index in old { remove(Entry(index: index)) }
        return !old.isEmpty
    }

    // MARK: Holding

    /// The entry stays, whatever its time, until as many `release`.
    @inline(__always)
    package func retain(_ entry: Entry) {
        let record = memory.record(entry.index)
        record.setUses(record.uses + 1)
    }

    /// Takes one `retain` back.
    @inline(__always)
    package func release(_ entry: Entry) {
        let record = memory.record(entry.index)
        record.setUses(record.uses - 1)
    }

    /// `use=` of `show table`.
    package func uses(of entry: Entry) -> Int { Int(memory.record(entry.index).uses & Marks.uses) }

    /// Removes an entry that nobody holds; false where somebody does.
    @discardableResult
    package func remove(_ entry: Entry) -> Bool {
        let record = memory.record(entry.index)
        guard record.uses & Marks.uses == 0 else { return false }
        let key = UnsafeRawBufferPointer(start: record + layout.key, count: definition.keyType.size)
        let place = bucket(hash(key))
        if buckets[place] == entry.index {
            buckets[place] = record.next
        } else {
            var earlier = buckets[place]
            while memory.record(earlier).next != entry.index { earlier = memory.record(earlier).next }
            memory.record(earlier).setNext(record.next)
        }
        wheel.remove(entry.index, memory)
        memory.giveBack(entry.index)
        used -= 1
        return true
    }

    /// All entries, in no order. Nothing may be inserted or removed meanwhile.
    package func forEach(_ body: (Entry) -> Void) {
        for index in 0..<memory.count where memory.record(index).uses & Marks.free == 0 {
            body(Entry(index: index))
        }
    }

    /// A number that tells entries of one table apart, as `show table` begins its lines with.
    package func address(of entry: Entry) -> UInt { UInt(bitPattern: memory.record(entry.index)) }

    // MARK: Buckets

    @inline(__always)
    private func bucket(_ hash: UInt64) -> Int {
        let place = Int(truncatingIfNeeded: hash) & (roundSize - 1)
        return place < split ? Int(truncatingIfNeeded: hash) & (roundSize * 2 - 1) : place
    }

    /// Shares one bucket's chain with a new one.
    private func splitBucket() {
        var index = buckets[split]
        var kept = RecordMemory.none
        var moved = RecordMemory.none
        while index != RecordMemory.none {
            let record = memory.record(index)
            let next = record.next
            let key = UnsafeRawBufferPointer(start: record + layout.key, count: definition.keyType.size)
            if Int(truncatingIfNeeded: hash(key)) & roundSize == 0 {
                record.setNext(kept)
                kept = index
            } else {
                record.setNext(moved)
                moved = index
            }
            index = next
        }
        buckets[split] = kept
        buckets.append(moved)
        split += 1
        if split == roundSize {
            split = 0
            roundSize *= 2
        }
    }

    @inline(__always)
    private func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
        var hash = seed
        var offset = 0
        while offset + 8 <= key.count {
            hash = Self.mix(hash ^ key.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        if offset + 4 <= key.count {
            hash = Self.mix(hash ^ UInt64(key.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            offset += 4
        }
        while offset < key.count {
            hash = Self.mix(hash ^ UInt64(key[offset]))
            offset += 1
        }
        return hash
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        let product = (value ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }

    @inline(__always)
    private func equal(_ one: UnsafeMutableRawPointer, _ other: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        while offset + 4 <= other.count {
            if one.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                != other.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            {
                return false
            }
            offset += 4
        }
        while offset < other.count {
            if one.load(fromByteOffset: offset, as: UInt8.self) != other[offset] { return false }
            offset += 1
        }
        return true
    }
}

extension UnsafeMutableRawPointer {
    // The parts of a record.
    @inline(__always) var next: UInt32 { load(fromByteOffset: RecordLayout.next, as: UInt32.self) }
    @inline(__always) func setNext(_ index: UInt32) { storeBytes(of: index, as: UInt32.self) }
    @inline(__always) var expire: UInt32 { load(fromByteOffset: RecordLayout.expire, as: UInt32.self) }
    @inline(__always) func setExpire(_ low: UInt32) {
        storeBytes(of: low, toByteOffset: RecordLayout.expire, as: UInt32.self)
    }
    @inline(__always) var uses: UInt32 { load(fromByteOffset: RecordLayout.uses, as: UInt32.self) }
    @inline(__always) func setUses(_ uses: UInt32) {
        storeBytes(of: uses, toByteOffset: RecordLayout.uses, as: UInt32.self)
    }
    @inline(__always) var update: UInt32 { load(fromByteOffset: RecordLayout.update, as: UInt32.self) }
    @inline(__always) func setUpdate(_ id: UInt32) {
        storeBytes(of: id, toByteOffset: RecordLayout.update, as: UInt32.self)
    }
}
