// In which order entries changed: what peers are told, and from where on. Each change has a number; an entry that
// changes again before anybody was told keeps its number, so that a busy entry costs nothing here.

/// Numbers of changes, rising modulo 2³², and the entries that they belong to.
struct UpdateLog {
    private struct Item {
        var id: UInt32
        var index: UInt32
    }
    private var items: ContiguousArray<Item> = []
    /// The last number that was given.
    private(set) var last: UInt32 = 0
    /// The last change that somebody was told of.
    private var told: UInt32 = 0

    /// Where an entry would be told of too late in the order of numbers: it gets a new one then.
    private static let oldest: Int32 = 1 << 30

    /// Whether an entry's change under `id` is still news to everybody.
    func isUntold(_ id: UInt32) -> Bool { id != 0 && Int32(bitPattern: id &- told) > 0 }

    /// Gives the entry `index` a number. `current`: the number an entry has now, nil where it is gone.
    mutating func add(
        _ index: UInt32, entries: Int, current: (UInt32) -> UInt32?, renumber: (UInt32, UInt32) -> Void
    ) -> UInt32 {
        if items.count > 2 * entries + 1024 { tidy(current, renumber) }
        return append(index)
    }

    private mutating func append(_ index: UInt32) -> UInt32 {
        last &+= 1
        if last == 0 { last = 1 }
        items.append(Item(id: last, index: index))
        return last
    }

    /// Drops what is out of date, and renews what is so old that its number could be taken for a new one.
    private mutating func tidy(_ current: (UInt32) -> UInt32?, _ renumber: (UInt32, UInt32) -> Void) {
        let all = items
        items.removeAll(keepingCapacity: true)
        var old: [UInt32] = []
        for item in all where current(item.index) == item.id {
            if Int32(bitPattern: last &- item.id) > Self.oldest {
                old.append(item.index)
            } else {
                items.append(item)
            }
        }
        for index in old { renumber(index, append(index)) }
    }

    /// Before the first change.
    var start: UInt32 { items.first.map { $0.id &- 1 } ?? last }

    /// Calls `body` with each change after `id` in order, until it returns false.
    mutating func forEach(after id: UInt32, _ body: (_ id: UInt32, _ index: UInt32) -> Bool) {
        guard let first = items.first?.id else { return }
        var low = 0
        if Int32(bitPattern: id &- first) >= 0 {
            let sought = id &- first
            var high = items.count
            while low < high {
                let middle = (low + high) / 2
                if items[middle].id &- first <= sought { low = middle + 1 } else { high = middle }
            }
        }
        while low < items.count {
            let item = items[low]
            guard body(item.id, item.index) else { return }
            if Int32(bitPattern: item.id &- told) > 0 { told = item.id }
            low += 1
        }
    }
}
