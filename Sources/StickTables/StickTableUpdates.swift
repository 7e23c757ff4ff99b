// What peers are told of a table, and what it takes from them: news in the order of the changes, whole lessons, and
// no echo.

extension StickTable {
    /// The number of the last change; 0: none yet, or nobody shares the table.
    package var lastUpdate: UInt32 { updates?.last ?? 0 }

    /// A number before every change that there is: `forEachChange` from here tells of all entries.
    package var updatesStart: UInt32 { updates?.start ?? 0 }

    /// Calls `body` with every change after number `id`, in order, until it returns false; that one was not taken.
    /// An entry that has changed several times comes once, by its last number. `includingLearned`: also those that
    /// a peer had changed last, as a full lesson needs and news do not. The table must not change meanwhile.
    package func forEachChange(
        after id: UInt32, includingLearned: Bool, _ body: (_ id: UInt32, Entry) -> Bool
    ) {
        updates?.forEach(after: id) { id, index in
            let record = memory.record(index)
            guard record.uses & Marks.free == 0, record.update == id,
                includingLearned || record.uses & Marks.learned == 0
            else { return true }
            return body(id, Entry(index: index))
        }
    }

    func noteChange(_ index: UInt32) {
        let record = memory.record(index)
        let wasLearned = record.uses & Marks.learned != 0
        if wasLearned { record.setUses(record.uses & ~Marks.learned) }
        if !wasLearned, updates?.isUntold(record.update) == true { return }
        number(index)
    }

    private func number(_ index: UInt32) {
        let id = updates?.add(
            index, entries: used,
            current: { index in
                let record = memory.record(index)
                return record.uses & Marks.free == 0 ? record.update : nil
            },
            renumber: { index, id in
                memory.record(index).setUpdate(id)
                memory.record(index).setUses(memory.record(index).uses | Marks.learned)
            })
        if let id { memory.record(index).setUpdate(id) }
        changed?()
    }

    /// Takes what a peer says of a key: its values and the milliseconds that it has left, at most the table's own
    /// `expire`, which holds where none are given. What is not stored here, or tells of the peer alone, is passed
    /// over. No peer is told of it as news. `asNews`: the other one is an older process of this very proxy, which
    /// counts beside this one: peers are told. Its counters, and those of a peer that cannot know yet what this process
    /// has counted, lower none. False: the table is full.
    @discardableResult
    package func learn(
        _ key: StickKey, values: [(DataType, StoredValue)], remaining: UInt32? = nil, asNews: Bool = false,
        now: Tick
    ) -> Bool {
        guard let entry = findOrInsert(key, now: now) else { return false }
        let keepsMore = asNews || isOwnNews(memory.record(entry.index))
        for (type, value) in values
        where !type.isLocal && !(keepsMore && isMore(entry, type, than: value, now)) {
            set(entry, type, value)
        }
        let left = min(remaining ?? definition.expire, definition.expire)
        prolong(entry.index, until: now.advanced(byMilliseconds: Int64(left)))
        guard updates != nil else { return true }
        if asNews {
            noteChange(entry.index)
            return true
        }
        let record = memory.record(entry.index)
        // A change of our own that nobody was told of stays news.
        if isOwnNews(record) { return true }
        let isUntold = record.uses & Marks.learned != 0 && updates?.isUntold(record.update) == true
        record.setUses(record.uses | Marks.learned)
        if !isUntold { number(entry.index) }
        return true
    }

    /// This process has changed the entry, and nobody was told yet.
    private func isOwnNews(_ record: UnsafeMutableRawPointer) -> Bool {
        record.update != 0 && record.uses & Marks.learned == 0 && updates?.isUntold(record.update) == true
    }

    /// Whether this process has counted more.
    private func isMore(_ entry: Entry, _ type: DataType, than other: StoredValue, _ now: Tick) -> Bool {
        switch (type, other) {
        case (.serverID, _), (.gpt0, _), (_, .name): return false
        case (_, .number(let number)): return self.number(entry, type).map { $0 > number } ?? false
        case (_, .rate(let counter)):
            guard let own = rate(entry, type, now: now), let period = definition.period(of: type) else {
                return false
            }
            return own > counter.events(period: period, now: now)
        }
    }
}
