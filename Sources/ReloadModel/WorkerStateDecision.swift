// Which part a worker plays in the reload. HAProxy's `show proc` lists the serving worker under `# old workers`
// after some failed reloads, so the worker's own `Stopping` decides and the section only helps where it is silent.

/// What is known about a worker when its state is decided.
package struct WorkerFacts: Equatable, Sendable {
    /// `Stopping` of its `show info`; nil when it did not answer.
    package var isStopping: Bool?
    /// Whether `show proc` lists it under `# old workers`; nil when it does not list it.
    package var isListedOld: Bool?
    /// Whether no worker of this master is younger.
    package var isYoungest: Bool
    /// Whether it was seen serving before, or is older than every load that still runs.
    package var wasReady: Bool
    /// Seconds until hard-stop-after ends it, where known.
    package var killIn: Double?
    /// What keeps it.
    package var holders: [Holder]

    package init(
        isStopping: Bool?, isListedOld: Bool?, isYoungest: Bool, wasReady: Bool, killIn: Double? = nil,
        holders: [Holder] = []
    ) {
        self.isStopping = isStopping
        self.isListedOld = isListedOld
        self.isYoungest = isYoungest
        self.wasReady = wasReady
        self.killIn = killIn
        self.holders = holders
    }
}

extension WorkerState {
    /// It serves no new clients.
    package var isOld: Bool { self != .serving && self != .starting }

    /// How long after its deadline a worker still is on time, in seconds: HAProxy may take one more.
    package static let graceAfterDeadline = 1.0

    package static func decide(_ facts: WorkerFacts) -> WorkerState {
        guard isOld(facts) else { return facts.wasReady || facts.isStopping == false ? .serving : .starting }
        if let killIn = facts.killIn, killIn < -graceAfterDeadline { return .overdue }
        return isHeld(facts.holders) ? .held : .draining
    }

    private static func isOld(_ facts: WorkerFacts) -> Bool {
        if let stopping = facts.isStopping { return stopping }
        // A young worker under `# old workers` is what a failed reload leaves behind.
        if facts.isYoungest { return false }
        return facts.isListedOld ?? true
    }

    /// An admin session holds a worker whoever else does; peers only when no client is left.
    private static func isHeld(_ holders: [Holder]) -> Bool {
        let kinds = Set(holders.filter { $0.count > 0 }.map(\.kind))
        return kinds.contains(.adminSession) || (kinds.contains(.peers) && !kinds.contains(.clients))
    }
}
