// What an entry stores, read and written by type. A type that the table does not store reads as nil, and writing it
// does nothing: rules count into whatever table is tracked.

extension StickTable {
    /// Whether the table has such a value in each entry.
    package func stores(_ type: DataType) -> Bool { layout.stored >> UInt32(type.rawValue) & 1 != 0 }

    /// Whether the table has any number or rate of bytes.
    package var storesBytes: Bool { layout.storesBytes }

    @inline(__always)
    private func place(_ entry: Entry, _ type: DataType) -> UnsafeMutableRawPointer? {
        let offset = layout.data[type.rawValue]
        return offset < 0 ? nil : memory.record(entry.index) + offset
    }

    /// A number, or the place of a name plus one.
    @inline(__always)
    package func number(_ entry: Entry, _ type: DataType) -> UInt64? {
        guard let place = place(entry, type) else { return nil }
        return type.kind == .longNumber
            ? place.loadUnaligned(as: UInt64.self) : UInt64(place.load(as: UInt32.self))
    }

    /// Sets a number; of one of 32 bits the upper half is lost.
    @inline(__always)
    package func set(_ entry: Entry, _ type: DataType, to number: UInt64) {
        guard let place = place(entry, type) else { return }
        if type.kind == .longNumber {
            place.storeBytes(of: number, as: UInt64.self)
        } else {
            place.storeBytes(of: UInt32(truncatingIfNeeded: number), as: UInt32.self)
        }
    }

    /// Adds to a number, which stays at its most.
    @inline(__always)
    package func add(_ events: UInt64, to type: DataType, of entry: Entry) {
        guard let old = number(entry, type) else { return }
        let (sum, overflow) = old.addingReportingOverflow(events)
        let most: UInt64 = type.kind == .longNumber ? .max : UInt64(UInt32.max)
        set(entry, type, to: overflow ? most : min(sum, most))
    }

    /// One less, down to 0.
    package func decrease(_ type: DataType, of entry: Entry) {
        guard let old = number(entry, type), old > 0 else { return }
        set(entry, type, to: old - 1)
    }

    @inline(__always)
    private func counter(_ place: UnsafeMutableRawPointer) -> FrequencyCounter {
        FrequencyCounter(
            began: place.load(as: UInt32.self), current: place.load(fromByteOffset: 4, as: UInt32.self),
            previous: place.load(fromByteOffset: 8, as: UInt32.self))
    }

    @inline(__always)
    private func store(_ counter: FrequencyCounter, at place: UnsafeMutableRawPointer) {
        place.storeBytes(of: counter.began, as: UInt32.self)
        place.storeBytes(of: counter.current, toByteOffset: 4, as: UInt32.self)
        place.storeBytes(of: counter.previous, toByteOffset: 8, as: UInt32.self)
    }

    /// Counts events into a rate.
    @inline(__always)
    package func count(_ events: UInt32, in type: DataType, of entry: Entry, now: Tick) {
        guard let place = place(entry, type) else { return }
        let period = layout.periods[type.rawValue]
        var counter = counter(place)
        counter.add(events, period: period, now: now)
        store(counter, at: place)
    }

    /// A rate's events in its period.
    @inline(__always)
    package func rate(_ entry: Entry, _ type: DataType, now: Tick) -> UInt32? {
        guard let place = place(entry, type) else { return nil }
        return counter(place).events(period: layout.periods[type.rawValue], now: now)
    }

    // MARK: Whole values, for peers and the admin

    /// The value; nil where the table does not store it.
    package func value(_ entry: Entry, _ type: DataType) -> StoredValue? {
        guard let place = place(entry, type) else { return nil }
        switch type.kind {
        case .number, .longNumber: return number(entry, type).map { .number($0) }
        case .rate: return .rate(counter(place))
        case .name:
            let number = Int(place.load(as: UInt32.self))
            return .name(number == 0 ? nil : names[number])
        }
    }

    /// Sets a value whose kind is the type's; others are passed over.
    package func set(_ entry: Entry, _ type: DataType, _ value: StoredValue) {
        guard let place = place(entry, type) else { return }
        switch (type.kind, value) {
        case (.number, .number(let number)), (.longNumber, .number(let number)):
            set(entry, type, to: number)
        case (.rate, .rate(let counter)): store(counter, at: place)
        case (.name, .name(let name)):
            place.storeBytes(of: name.map { sharedName($0) } ?? 0, as: UInt32.self)
        default: break
        }
    }

    private func sharedName(_ name: String) -> UInt32 {
        if let known = names.number(of: name) { return known }
        if names.isFull {
            var used: Set<UInt32> = []
            let offset = layout.data[DataType.serverKey.rawValue]
            forEach { used.insert((memory.record($0.index) + offset).load(as: UInt32.self)) }
            names.keep(used)
        }
        return names.add(name)
    }
}
