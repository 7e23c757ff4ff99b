// The rows of the process tree: sorted, filtered, folded. Their order changes only when what they are sorted
// by does.

import ReloadModel
import TextUI

/// One row of the tree.
enum TreeRow: Equatable {
    case master
    case worker(WorkerSample, isLast: Bool)
    /// All workers that neither serve nor start, in one row.
    case oldWorkers([WorkerSample])
    /// Belongs to the worker above it: who holds it, where its column is too narrow to say so.
    case heldBy(String, isLast: Bool)

    /// The pid that the cursor remembers; nil for a row that it skips.
    func pid(master: Int32) -> Int32? {
        switch self {
        case .master: master
        case .worker(let worker, _): worker.pid
        case .oldWorkers: TreeRow.foldedPID
        case .heldBy: nil
        }
    }

    /// Stands for the folded row.
    static let foldedPID: Int32 = -1
}

extension State {
    /// The workers in the order they are shown in, without the ones that the filter hides.
    var shownWorkers: [WorkerSample] {
        guard let snapshot = picture?.snapshot else { return [] }
        let matching = snapshot.workers.filter(passesFilter)
        guard sort != .generation else { return matching }
        let keyed = matching.enumerated().map { ($0.offset, sortValue(of: $0.element), $0.element) }
        return keyed.sorted { $0.1 == $1.1 ? $0.0 < $1.0 : $0.1 > $1.1 }.map(\.2)
    }

    /// What the workers are sorted by, the largest first; unknown ones come last.
    private func sortValue(of worker: WorkerSample) -> Double {
        let unknown = -Double.infinity
        return switch sort {
        case .generation: 0
        case .age: worker.uptime
        case .connections: worker.connections.value.map(Double.init) ?? unknown
        case .memory:
            (worker.memory.proportional.value ?? worker.memory.resident.value).map(Double.init) ?? unknown
        case .cpu: worker.cpuPercent.value ?? unknown
        case .killIn: worker.killIn.value.map { -$0 } ?? unknown
        }
    }

    private func passesFilter(_ worker: WorkerSample) -> Bool {
        let filter = filter(of: .panel(.processes))
        guard !filter.isEmpty else { return true }
        var words = [
            String(worker.pid), worker.state.word, worker.generation.figure(String.init),
            Holders.long(worker.holders),
        ]
        if let was = worker.was { words.append("[was: \(was)]") }
        return words.contains { Filter.matches($0, filter) }
    }

    /// All rows of the tree. `holderWidth`: the columns that the tree has for who keeps a worker.
    func treeRows(holderWidth: Int) -> [TreeRow] {
        let workers = shownWorkers
        var rows = [TreeRow.master]
        if folded {
            let current = workers.filter { $0.state == .serving || $0.state == .starting }
            let old = workers.filter { $0.state != .serving && $0.state != .starting }
            for (index, worker) in current.enumerated() {
                rows.append(.worker(worker, isLast: old.isEmpty && index == current.count - 1))
            }
            if !old.isEmpty { rows.append(.oldWorkers(old)) }
            return rows
        }
        for (index, worker) in workers.enumerated() {
            let isLast = index == workers.count - 1
            rows.append(.worker(worker, isLast: isLast))
            if worker.state == .held {
                let words = Holders.long(worker.holders)
                if !words.isEmpty, CharacterWidth.columns(of: words) > holderWidth {
                    rows.append(.heldBy(words, isLast: isLast))
                }
            }
        }
        return rows
    }
}

/// Text filters: the letters' case does not matter.
enum Filter {
    static func matches(_ text: String, _ filter: String) -> Bool {
        filter.isEmpty || text.lowercased().contains(filter.lowercased())
    }
}

/// Who keeps an old worker, in words of two lengths.
enum Holders {
    static func long(_ holders: Known<[Holder]>) -> String {
        guard let holders = holders.value else { return "?" }
        return holders.map { holder in
            let who = holder.who.map { " \($0)" } ?? ""
            return switch holder.kind {
            case .clients: Figures.counted(holder.count, "client") + who
            case .adminSession:
                (holder.count == 1 ? "admin session" : "\(holder.count) admin sessions") + who
            case .peers: Figures.counted(holder.count, "peers session") + who
            case .servers: Figures.counted(holder.count, "half-closed connection") + who
            }
        }.joined(separator: ", ")
    }

    /// For ten columns.
    static func short(_ holders: Known<[Holder]>) -> String {
        guard let holders = holders.value else { return "?" }
        guard let first = holders.first else { return "" }
        let words =
            switch first.kind {
            case .clients: Figures.counted(first.count, "client")
            case .adminSession: "admin CLI"
            case .peers: "peers"
            case .servers: "half-closed"
            }
        return holders.count > 1 && words.utf8.count < 9 ? words + " +" : words
    }

    /// For less: how many there are stands in the column of connections.
    private static func bare(_ holders: Known<[Holder]>) -> String {
        switch holders.value?.first?.kind {
        case .clients: "clients"
        case .adminSession: "admin"
        case .peers: "peers"
        case .servers: "servers"
        case nil: ""
        }
    }

    /// The longest form that fits.
    static func fitting(_ holders: Known<[Holder]>, width: Int) -> String {
        for words in [long(holders), short(holders)] where CharacterWidth.columns(of: words) <= width {
            return words
        }
        return bare(holders)
    }
}
