// An hour of looks in memory, for stepping back. Its size is bounded whatever happens: looks are thinned with age,
// and further when there are many workers. A look in which something happened (a reload, a worker that came, went or
// changed its state, another alert) outlives the others, so that stepping back shows what mattered.
//
//     age           one look each
//     up to 2 m     second
//     up to 15 m    10 seconds
//     up to 1 h     minute

import ReloadModel

/// The looks of the last hour.
package struct Past: Equatable, Sendable {
    /// Looks without their log lines, oldest first; the latest is the one that is live.
    package private(set) var looks: [Snapshot] = []
    /// Times of the looks in which something happened.
    private var eventful: Set<Int64> = []
    /// By how much the looks are further apart than the table says: doubled while they take too much memory.
    private var stretch: Int64 = 1
    private var thinned: Int64 = 0

    /// Microseconds that are remembered.
    package static let span: Int64 = 3_600_000_000
    /// Worker rows kept in all looks together; a row takes about 300 bytes.
    package static let mostRows = 6000
    private static let second: Int64 = 1_000_000

    /// Remembers a look, and thins what is older where there is too much.
    package mutating func take(_ snapshot: Snapshot) {
        var look = snapshot
        look.newLines = []
        if let last = looks.last {
            // Equal parts share their memory.
            if look.reloads == last.reloads { look.reloads = last.reloads }
            if look.blindness == last.blindness { look.blindness = last.blindness }
            if look.alerts == last.alerts { look.alerts = last.alerts }
            for (index, before) in last.workers.enumerated()
            where index < look.workers.count && look.workers[index].pid == before.pid {
                look.workers[index].share(before)
            }
            let happened = Self.isEventful(look, after: last)
            if happened { eventful.insert(look.time) }
            if !happened, look.time - last.time < Self.second / 2, !eventful.contains(last.time) {
                looks.removeLast()
            }
        }
        looks.append(look)
        guard look.time - thinned >= 10 * Self.second || rows > Self.mostRows else { return }
        thinned = look.time
        thin(now: look.time)
    }

    /// The latest look before a moment, and the first after it.
    func look(before time: Int64) -> Snapshot? { looks.last { $0.time < time } }
    func look(after time: Int64) -> Snapshot? { looks.first { $0.time > time } }

    /// The connections of the workers of `look`, one value a step of `interval` seconds, the latest last: as the
    /// looks of that time knew them.
    func curves(of look: Snapshot, interval: Double, longest: Int) -> [Int32: [Int?]] {
        var curves: [Int32: [Int?]] = [:]
        for worker in look.workers { curves[worker.pid] = [worker.connections.value] }
        guard var index = looks.lastIndex(where: { $0.time <= look.time }) else { return curves }
        var open = Set(curves.keys)
        let step = Int64(interval * 1_000_000)
        for number in 1..<max(2, longest) {
            let time = look.time - Int64(number) * step
            while index >= 0, looks[index].time > time { index -= 1 }
            guard index >= 0, !open.isEmpty else { break }
            var seen: Set<Int32> = []
            for worker in looks[index].workers where open.contains(worker.pid) {
                curves[worker.pid]?.append(worker.connections.value)
                seen.insert(worker.pid)
            }
            open = seen
        }
        return curves.mapValues { $0.reversed() }
    }

    // MARK: Bounds

    private var rows: Int { looks.reduce(0) { $0 + $1.workers.count + 1 } }

    private static func isEventful(_ look: Snapshot, after last: Snapshot) -> Bool {
        look.reloads.count != last.reloads.count || look.workers.count != last.workers.count
            || look.reloads.last?.result != last.reloads.last?.result
            || look.alerts.map(\.kind) != last.alerts.map(\.kind) || look.master.pid != last.master.pid
            || zip(look.workers, last.workers).contains { $0.pid != $1.pid || $0.state != $1.state }
    }

    private mutating func thin(now: Int64) {
        keep(now: now)
        while rows > Self.mostRows, stretch < 4096 {
            stretch *= 2
            keep(now: now)
        }
        // Where even that is not enough, the oldest go.
        var excess = rows - Self.mostRows
        let first = looks.dropLast().firstIndex { look in
            guard excess > 0 else { return true }
            excess -= look.workers.count + 1
            return false
        }
        if let first, first > 0 { looks.removeFirst(first) }
        eventful = eventful.intersection(looks.map(\.time))
    }

    /// Keeps the first look of each slot, the latest of all, and while there is room those in which something happened.
    private mutating func keep(now: Int64) {
        var slot: Int64 = -1
        let last = looks.last?.time
        looks = looks.filter { look in
            let age = now - look.time
            guard age <= Self.span else { return false }
            let width =
                stretch * (age <= 120 * Self.second ? 1 : age <= 900 * Self.second ? 10 : 60) * Self.second
            let own = look.time / width
            defer { slot = own }
            return own != slot || look.time == last || (eventful.contains(look.time) && stretch <= 64)
        }
    }
}

extension WorkerSample {
    /// Takes what is equal in the row of the look before from there.
    fileprivate mutating func share(_ before: WorkerSample) {
        func shared<Value: Equatable>(_ part: WritableKeyPath<WorkerSample, Value>) {
            if self[keyPath: part] == before[keyPath: part] { self[keyPath: part] = before[keyPath: part] }
        }
        shared(\.holders)
        shared(\.killIn)
        shared(\.listening)
        shared(\.generation)
        shared(\.hardStopAfter)
        shared(\.descriptors)
        shared(\.memory)
    }
}
