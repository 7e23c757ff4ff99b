// What one reload did: how long its steps took, who was finished and who cut, what changed for the worse, and what it
// undid. Put together over seconds and minutes after it.

/// One step of a load attempt.
package struct ReloadStep: Equatable, Sendable {
    /// `load`, `start`, `listeners closed`; mwproxy's own words where it tells.
    package var name: String
    package var milliseconds: Double
    /// It took this long at most: seen at the next look only.
    package var isBound: Bool

    package init(name: String, milliseconds: Double, isBound: Bool = false) {
        self.name = name
        self.milliseconds = milliseconds
        self.isBound = isBound
    }
}

/// How one worker that a reload made old has left, or stays.
package struct DrainOutcome: Equatable, Sendable {
    package var pid: Int32
    package var generation: Int?
    /// Client connections when it stopped accepting.
    package var atReload: Known<Int>
    /// At the last look.
    package var left: Int?
    /// Microseconds since 1970; nil while it is there.
    package var endedAt: Int64?
    package var finished: Known<Int>
    package var cut: Known<Int>
    /// `exit 0`, `signal 9`, `hard-stop-after`; nil while it is there.
    package var how: String?
    /// What it has given to its successor by now.
    package var moves: Known<ConnectionMoves>

    package init(
        pid: Int32, generation: Int? = nil, atReload: Known<Int>, left: Int? = nil, endedAt: Int64? = nil,
        finished: Known<Int>, cut: Known<Int>, how: String? = nil,
        moves: Known<ConnectionMoves> = .unknown(ConnectionMoves.onlyOurs)
    ) {
        self.pid = pid
        self.generation = generation
        self.atReload = atReload
        self.left = left
        self.endedAt = endedAt
        self.finished = finished
        self.cut = cut
        self.how = how
        self.moves = moves
    }
}

/// Everything that is known about what a reload did.
package struct ReloadVerdict: Equatable, Sendable {
    package var steps: [ReloadStep] = []
    package var health: Known<HealthComparison> = .unknown(Unknown("it happened before reloadtop watched"))
    /// What was set by hand and is gone, a sentence each.
    package var undone: Known<[String]> = .unknown(Unknown("it happened before reloadtop watched"))
    /// Stick tables that lost their entries, a sentence each.
    package var lostTables: Known<[String]> = .unknown(Unknown("it happened before reloadtop watched"))
    /// What became of the session tickets of TLS clients.
    package var tickets: Known<TicketSurvival> = .unknown(Unknown("it happened before reloadtop watched"))
    /// Requests that the worker before had counted: figures over all time start again at 0.
    package var countersReset: Int?
    package var drains: [DrainOutcome] = []
    /// The proxy's lines of the attempt.
    package var log: [LogLine] = []

    package init() {}

    /// Connections of all drained workers together: finished and cut; nil while none has ended.
    package var finished: Int? { sum(\.finished) }
    package var cut: Int? { sum(\.cut) }

    /// What all drained workers together have given to their successors; nil while none has told.
    package var moves: ConnectionMoves? {
        let known = drains.compactMap(\.moves.value)
        return known.isEmpty ? nil : known.reduce(ConnectionMoves(idle: 0, tunnels: 0), +)
    }

    private func sum(_ value: (DrainOutcome) -> Known<Int>) -> Int? {
        let known = drains.compactMap { value($0).value }
        return known.isEmpty ? nil : known.reduce(0, +)
    }
}
