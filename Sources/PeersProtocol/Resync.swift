// How a process that has just started gets the entries that others have: from one peer after the other, until one has
// told all or the time is over.

import StickTables

/// The lessons of one `peers` section. Peers are named by their place in it.
package struct Resync: Sendable {
    package enum Stage: Equatable, Sendable {
        /// Everything is wanted; nobody was asked yet.
        case wanted
        case asked(peer: Int)
        case finished
    }

    /// How it came to its end, for `show peers`.
    package enum Outcome: Equatable, Sendable {
        case none
        /// From the process before this one.
        case fromPredecessor
        case fromPeer
        case timedOut
    }

    /// How long a peer is waited for, in milliseconds.
    package static let patience: Int64 = 5000

    package private(set) var stage = Stage.wanted
    package private(set) var outcome = Outcome.none
    /// Some peer has told what it knew, which was not all.
    package private(set) var wasPartial = false
    package private(set) var deadline: Tick
    private var behind: Set<Int> = []

    package init(now: Tick) {
        deadline = now.advanced(byMilliseconds: Self.patience)
    }

    package var isFinished: Bool { stage == .finished }

    /// Everything has come from the process before this one.
    package mutating func learnedFromPredecessor() {
        stage = .finished
        outcome = .fromPredecessor
    }

    /// Whom to ask now, among those with whom a conversation stands.
    package mutating func nextTeacher(among established: [Int], now: Tick) -> Int? {
        guard stage == .wanted, let peer = established.first(where: { !behind.contains($0) }) else {
            return nil
        }
        stage = .asked(peer: peer)
        deadline = now.advanced(byMilliseconds: Self.patience)
        return peer
    }

    /// The peer has taught. True: that was all.
    package mutating func ended(by peer: Int, isPartial: Bool, now: Tick) {
        guard stage == .asked(peer: peer) else { return }
        if isPartial {
            wasPartial = true
            behind.insert(peer)
            stage = .wanted
            deadline = now.advanced(byMilliseconds: Self.patience)
        } else {
            stage = .finished
            outcome = .fromPeer
        }
    }

    /// The conversation with a peer has ended.
    package mutating func lost(_ peer: Int) {
        behind.remove(peer)
        if stage == .asked(peer: peer) { stage = .wanted }
    }

    /// A peer that teaches is given time as long as it speaks.
    package mutating func heard(_ peer: Int, now: Tick) {
        if stage == .asked(peer: peer) { deadline = now.advanced(byMilliseconds: Self.patience) }
    }

    /// The peer whose lesson is not waited for any longer; the entries that are here are all that there will be.
    package mutating func clock(now: Tick) -> Int? {
        guard stage != .finished, now >= deadline else { return nil }
        defer {
            stage = .finished
            outcome = .timedOut
        }
        if case .asked(let peer) = stage { return peer }
        return nil
    }
}
