// The loop's promises: edges are told once, deadlines come in order and only when due, and nobody gets an
// event that was meant for a descriptor's earlier owner.

import Testing
import Unix

@testable import Polling

private final class Recorder: Watcher {
    var seen: [Readiness] = []
    var deadlines = 0
    var onReady: ((Readiness) -> Void)?
    var onDeadline: (() -> Void)?

    override func ready(_ readiness: UInt32) {
        seen.append(Readiness(rawValue: readiness))
        onReady?(Readiness(rawValue: readiness))
    }

    override func deadlineReached() {
        deadlines += 1
        onDeadline?()
    }
}

private func write(_ text: String, to socket: Int32) -> Transfer {
    Array(text.utf8).withUnsafeBytes { Socket.write(socket, $0) }
}

@Suite struct EventLoopTests {
    private let brief = Duration.milliseconds(1)

    @Test func tellsAnEdgeOnce() throws {
        let loop = try EventLoop()
        let pair = try Socket.streamPair()
        let watcher = Recorder()
        try loop.add(watcher, descriptor: pair.one.raw, interest: .edges)
        try loop.runOnce(longestWait: brief)
        #expect(watcher.seen == [.writable])
        #expect(write("x", to: pair.other.raw) == .moved(1))
        try loop.runOnce(longestWait: brief)
        try loop.runOnce(longestWait: brief)
        #expect(watcher.seen.count == 2)
        #expect(watcher.seen.last?.contains(.readable) == true)
        loop.remove(watcher)
    }

    @Test func tellsALevelUntilItIsRead() throws {
        let loop = try EventLoop()
        let pair = try Socket.streamPair()
        let watcher = Recorder()
        try loop.add(watcher, descriptor: pair.one.raw, interest: .readable)
        _ = write("x", to: pair.other.raw)
        try loop.runOnce(longestWait: brief)
        try loop.runOnce(longestWait: brief)
        #expect(watcher.seen.count == 2)
        loop.remove(watcher)
    }

    @Test func tellsTheEndOfThePeer() throws {
        let loop = try EventLoop()
        let pair = try Socket.streamPair()
        let watcher = Recorder()
        try loop.add(watcher, descriptor: pair.one.raw, interest: .edges)
        Socket.shutdownWrite(pair.other.raw)
        try loop.runOnce(longestWait: brief)
        #expect(watcher.seen.last?.contains(.peerEnded) == true)
        loop.remove(watcher)
    }

    @Test func anEventOfAClosedDescriptorReachesNobody() throws {
        let loop = try EventLoop()
        let first = try Socket.streamPair()
        let second = try Socket.streamPair()
        let early = Recorder()
        let late = Recorder()
        try loop.add(early, descriptor: first.one.raw, interest: .edges)
        try loop.add(late, descriptor: second.one.raw, interest: .edges)
        // Both are ready in one round; whichever comes first removes the other.
        early.onReady = { _ in loop.remove(late) }
        late.onReady = { _ in loop.remove(early) }
        try loop.runOnce(longestWait: brief)
        #expect(early.seen.count + late.seen.count == 1)
        loop.remove(early)
        loop.remove(late)
    }

    @Test func deadlinesComeInOrder() throws {
        let loop = try EventLoop()
        var order: [Int] = []
        let watchers = (0..<50).map { _ in Recorder() }
        for (index, watcher) in watchers.enumerated() {
            watcher.onDeadline = { order.append(index) }
            let distance = (index * 7) % 50
            loop.setDeadline(loop.now.advanced(byNanoseconds: Int64(distance) * 100_000), of: watcher)
        }
        let end = Instant.now() + .seconds(5)
        while order.count < 50 && Instant.now() < end { try loop.runOnce(longestWait: brief) }
        #expect(order.map { ($0 * 7) % 50 } == Array(0..<50))
    }

    @Test func aDeadlineMovedLaterFiresOnceAndLater() throws {
        let loop = try EventLoop()
        let watcher = Recorder()
        let start = Instant.now()
        loop.setDeadline(start + .milliseconds(1), of: watcher)
        loop.setDeadline(start + .milliseconds(20), of: watcher)
        let end = start + .seconds(5)
        while watcher.deadlines == 0 && Instant.now() < end { try loop.runOnce(longestWait: .seconds(1)) }
        #expect(watcher.deadlines == 1)
        #expect(Instant.now() - start >= .milliseconds(20))
    }

    @Test func aDeadlineMovedEarlierFiresEarlier() throws {
        let loop = try EventLoop()
        let watcher = Recorder()
        loop.setDeadline(Instant.now() + .seconds(3600), of: watcher)
        loop.setDeadline(Instant.now() + .milliseconds(1), of: watcher)
        let end = Instant.now() + .seconds(5)
        while watcher.deadlines == 0 && Instant.now() < end { try loop.runOnce(longestWait: .seconds(1)) }
        #expect(watcher.deadlines == 1)
    }

    @Test func removedWatchersAndNeverHaveNoDeadline() throws {
        let loop = try EventLoop()
        let removed = Recorder()
        let never = Recorder()
        let others = (0..<20).map { _ in Recorder() }
        for (index, other) in others.enumerated() {
            loop.setDeadline(loop.now.advanced(byNanoseconds: Int64(index)), of: other)
        }
        loop.setDeadline(loop.now.advanced(byNanoseconds: 3), of: removed)
        loop.setDeadline(loop.now.advanced(byNanoseconds: 4), of: never)
        loop.remove(removed)
        loop.setDeadline(.never, of: never)
        let end = Instant.now() + .seconds(5)
        while others.contains(where: { $0.deadlines == 0 }) && Instant.now() < end {
            try loop.runOnce(longestWait: brief)
        }
        #expect(others.allSatisfy { $0.deadlines == 1 })
        #expect(removed.deadlines == 0)
        #expect(never.deadlines == 0)
    }

    @Test func aTimerCanSetItselfAgain() throws {
        let loop = try EventLoop()
        var fired = 0
        var timer: Timer?
        timer = Timer(on: loop) {
            fired += 1
            if fired < 3 { timer?.set(after: .microseconds(10)) } else { loop.stop() }
        }
        timer?.set(after: .microseconds(10))
        try loop.run()
        #expect(fired == 3)
    }

    @Test func actionsRunAtTheEndOfTheRound() throws {
        let loop = try EventLoop()
        var ran = false
        loop.atEndOfRound { ran = true }
        #expect(!ran)
        try loop.runOnce(longestWait: brief)
        #expect(ran)
    }
}
