// The columns of the process tree.

import ReloadModel
import TextUI

enum TreeColumns: Int, CaseIterable {
    case process, generation, state, age, connections, change, memory, cpu, killIn, holder

    /// Where the columns go for a state, from the left edge of the screen.
    static func place(for state: State) -> [Range<Int>?] {
        let left = 1
        let glyphs = Glyphs(repertoire: state.settings.repertoire)
        let hidden = state.hiddenColumns(of: .tree)
        let shown = allCases.filter { !hidden.contains($0.title(glyphs)) }
        let places = Column.place(
            shown.map { $0.column(for: state) }, width: state.size.columns - left - 1)
        var all = [Range<Int>?](repeating: nil, count: allCases.count)
        for (column, place) in zip(shown, places) {
            all[column.rawValue] = place.map { $0.lowerBound + left..<$0.upperBound + left }
        }
        return all
    }

    static func holderWidth(_ places: [Range<Int>?]) -> Int { places[holder.rawValue]?.count ?? 0 }

    /// What a click on the header sorts by.
    var sortKey: SortKey? {
        switch self {
        case .process, .state, .change, .holder: nil
        case .generation: .generation
        case .age: .age
        case .connections: .connections
        case .memory: .memory
        case .cpu: .cpu
        case .killIn: .killIn
        }
    }

    private func column(for state: State) -> Column {
        let glyphs = Glyphs(repertoire: state.settings.repertoire)
        return switch self {
        case .process: Column("PROCESS", .left, width: Self.processWidth(state), rank: 0)
        case .generation: Column("GEN", .right, width: Self.generationWidth(state), rank: 0)
        case .state: Column("STATE", .left, width: 10, rank: 0)
        case .age: Column("AGE", .right, width: 6, rank: 2)
        case .connections: Column("CONN", .right, width: Self.connectionsWidth(state), rank: 0)
        case .change: Column(glyphs.change, .right, width: 4, rank: 5)
        case .memory: Column("MEM", .right, width: 5, rank: 3)
        case .cpu: Column("CPU%", .right, width: 4, rank: 6)
        case .killIn: Column("KILL IN", .right, width: 7, rank: 1)
        case .holder: Column("KEPT BY", .left, width: 60, minimum: 8, rank: 4)
        }
    }

    /// The digits of the longest pid.
    static func pidWidth(_ state: State) -> Int {
        guard let snapshot = state.picture?.snapshot else { return 5 }
        let longest = max(snapshot.master.pid, snapshot.workers.map(\.pid).max() ?? 0)
        return String(longest).utf8.count
    }

    private static func processWidth(_ state: State) -> Int {
        guard let snapshot = state.picture?.snapshot else { return 16 }
        var was = 6
        for worker in snapshot.workers {
            if let number = worker.was { was = max(was, 7 + String(number).utf8.count) }
        }
        return max(14, 2 + pidWidth(state) + 1 + max(was, 8))
    }

    private static func connectionsWidth(_ state: State) -> Int {
        let counts = state.picture?.snapshot.workers.map { $0.connectionsFigure().utf8.count }
        return max(4, counts?.max() ?? 0)
    }

    private static func generationWidth(_ state: State) -> Int {
        let generations = state.picture?.snapshot.workers.compactMap(\.generation.value) ?? []
        let largest = max(generations.max() ?? 0, state.picture?.snapshot.master.reloads.value ?? 0)
        return max(3, String(largest).utf8.count)
    }

    var titleIsRight: Bool {
        switch self {
        case .process, .state, .holder: false
        default: true
        }
    }

    func title(_ glyphs: Glyphs) -> String {
        switch self {
        case .process: "PROCESS"
        case .generation: "GEN"
        case .state: "STATE"
        case .age: "AGE"
        case .connections: "CONN"
        case .change: glyphs.change
        case .memory: "MEM"
        case .cpu: "CPU%"
        case .killIn: "KILL IN"
        case .holder: "KEPT BY"
        }
    }
}
