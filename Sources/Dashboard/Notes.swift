// What could not be known and why: every `?` on the screen has its reason here.

import ReloadModel

/// One thing that is not known.
struct Note: Equatable, Hashable {
    /// `memory`, or what a source would have told.
    var what: String
    var unknown: Unknown
}

enum Notes {
    /// Everything that is not known in the drawn look, each reason once: what a person can mend first.
    static func all(of state: State) -> [Note] {
        guard let snapshot = state.picture?.snapshot else { return [] }
        var notes = snapshot.blindness.map { Note(what: $0.what, unknown: $0.unknown) }
        var seen = Set(notes.map(\.unknown))
        func add<Value>(_ what: String, _ value: Known<Value>) {
            if case .unknown(let unknown) = value, seen.insert(unknown).inserted {
                notes.append(Note(what: what, unknown: unknown))
            }
        }
        add("version", snapshot.proxy.version)
        add("master socket", snapshot.proxy.masterSocket)
        add("reloads", snapshot.master.reloads)
        add("failed reloads", snapshot.master.failedReloads)
        for worker in snapshot.workers {
            add("GEN", worker.generation)
            add("CONN", worker.connections)
            add("MEM", worker.memory.proportional)
            add("MEM", worker.memory.resident)
            if worker.needsReasons {
                add("KILL IN", worker.killIn)
                add("KEPT BY", worker.holders)
            }
        }
        return notes.filter { $0.unknown.remedy != nil } + notes.filter { $0.unknown.remedy == nil }
    }

    /// The one that the screen has a line for: what can be mended, or what can be missed.
    static func first(of state: State) -> Note? {
        let notes = all(of: state)
        return notes.first { $0.unknown.remedy != nil } ?? notes.first
    }
}

extension WorkerSample {
    /// Its end is awaited: when it comes and who delays it is asked.
    var needsReasons: Bool { state != .serving && state != .starting }
}
