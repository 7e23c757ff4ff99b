// The lives of all workers that were seen: when each started, what it was when, and how it ended. Short enough to be
// kept for an hour after the end; the Time view draws it.

import ReloadModel

/// One worker, from start to end. Times are microseconds since 1970 UTC.
struct Life: Equatable, Sendable {
    struct Phase: Equatable, Sendable {
        var state: WorkerState
        var since: Int64
    }
    var pid: Int32
    var generation: Int?
    var started: Int64
    /// In their order; the first begins with the start.
    var phases: [Phase]
    /// The look that did not see it any more.
    var ended: Int64?
    /// When its hard-stop-after ends it, where that is known.
    var deadline: Int64?
    /// Client connections in the last look that knew them.
    var connections: Int?
    var peak = 0

    /// Connections that it still had when its hard-stop-after ended it: they were cut.
    var cut: Int? {
        guard let ended, let deadline, let connections, ended >= deadline - 1_500_000 else { return nil }
        return connections
    }

    /// What it was at a moment; nil before its start and after its end.
    func state(at time: Int64) -> WorkerState? {
        guard time >= started, ended.map({ time < $0 }) ?? true else { return nil }
        return phases.last { $0.since <= time }?.state ?? phases.first?.state
    }
}

struct Chronicle: Equatable, Sendable {
    /// In the order of their starts.
    private(set) var lives: [Life] = []

    /// Lives kept at most; the ones that ended first go first.
    static let most = 400

    mutating func take(_ snapshot: Snapshot) {
        let time = snapshot.time
        var seen: Set<Int32> = []
        for worker in snapshot.workers {
            seen.insert(worker.pid)
            let started = time - Int64(worker.uptime * 1_000_000)
            // The same pid again with another start is another process.
            if let index = lives.lastIndex(where: { $0.pid == worker.pid && $0.ended == nil }),
                abs(lives[index].started - started) < 5_000_000
            {
                note(worker, time, &lives[index])
            } else {
                begin(worker, started: started, in: snapshot)
            }
        }
        for index in lives.indices where lives[index].ended == nil && !seen.contains(lives[index].pid) {
            lives[index].ended = time
        }
        // A load that failed leaves no generation: the reloads tell of it.
        lives.removeAll { $0.ended != nil && $0.generation == nil && $0.phases.last?.state == .starting }
        forget(before: time - Past.span)
    }

    private mutating func begin(_ worker: WorkerSample, started: Int64, in snapshot: Snapshot) {
        var life = Life(
            pid: worker.pid, generation: worker.generation.value, started: started,
            phases: [Life.Phase(state: worker.state == .starting ? .starting : .serving, since: started)])
        if worker.needsReasons {
            // Nobody saw it happen: it drains since the next younger worker took over.
            let younger = snapshot.workers.filter { $0.uptime < worker.uptime && $0.state != .starting }
            let successor = younger.map(\.uptime).max() ?? 0
            let since = snapshot.time - Int64(successor * 1_000_000)
            life.phases.append(Life.Phase(state: .draining, since: since))
        }
        note(worker, snapshot.time, &life)
        let place = lives.lastIndex { $0.started <= started }.map { $0 + 1 } ?? 0
        lives.insert(life, at: place)
    }

    private func note(_ worker: WorkerSample, _ time: Int64, _ life: inout Life) {
        life.generation = worker.generation.value ?? life.generation
        if life.phases.last?.state != worker.state {
            life.phases.append(Life.Phase(state: worker.state, since: time))
            // One that changes to and fro keeps its latest changes.
            if life.phases.count > 20 { life.phases.remove(at: 1) }
        }
        if let count = worker.connections.value {
            life.connections = count
            life.peak = max(life.peak, count)
        }
        if worker.needsReasons, let left = worker.killIn.value, left.isFinite, abs(left) < 1e9 {
            life.deadline = time + Int64(left * 1_000_000)
        }
    }

    private mutating func forget(before time: Int64) {
        lives.removeAll { life in life.ended.map { $0 < time } ?? false }
        while lives.count > Self.most,
            let first = lives.indices.filter({ lives[$0].ended != nil })
                .min(by: { (lives[$0].ended ?? 0) < (lives[$1].ended ?? 0) })
        {
            lives.remove(at: first)
        }
    }
}
