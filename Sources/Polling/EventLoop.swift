// One thread, one epoll: calls watchers when their descriptor is ready or their deadline has passed.
//
// Descriptors are registered once, edge-triggered, for both directions: a watcher that reads or writes until
// the kernel says "would block" needs no further call. A token carries the descriptor and a generation, so an
// event for a descriptor that was closed and opened again in the same round reaches nobody.
// Deadlines that move later cost one store: the heap finds out when the old one comes up.

import CLinux
import Unix

/// What is ready on a descriptor.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    @inline(__always) package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: 0x001)
    package static let writable = Readiness(rawValue: 0x004)
    package static let failed = Readiness(rawValue: 0x008)
    /// Both directions are closed.
    package static let hungUp = Readiness(rawValue: 0x010)
    /// The other side has ended its sending direction.
    package static let peerEnded = Readiness(rawValue: 0x2000)
}

/// Something that the loop calls back. Subclasses override what they need.
open class Watcher {
    /// The registered descriptor, or -1.
    public fileprivate(set) final var watched: Int32 = -1
    /// Where this watcher's deadline stands in the loop's heap, or -1.
    @exclusivity(unchecked) fileprivate final var heapIndex: Int32 = -1
    /// When `deadlineReached` is due.
    @exclusivity(unchecked) public fileprivate(set) final var deadlineNanoseconds: Int64 = .max

    public init() {}

    /// The descriptor became ready. Edge-triggered: use it until it would block.
    open func ready(_ readiness: UInt32) {}

    /// The deadline has passed; none is set any more.
    open func deadlineReached() {}
}

/// The loop. Not thread-safe: one loop, one thread.
package final class EventLoop {
    private struct Slot {
        var watcher: Watcher?
        var generation: UInt32 = 0
    }

    private struct Due {
        var when: Int64
        var watcher: Watcher
    }

    private let epoll: Descriptor
    private var slots: [Slot] = []
    @exclusivity(unchecked) private var heap: [Due] = []
    private var deferred: [() -> Void] = []
    private var running = false

    /// The time at which this round's events were fetched.
    package private(set) var now = Instant.now()

    package init() throws(Errno) {
        epoll = Descriptor(owning: try Errno.check(clinux_epoll_create()))
    }

    // MARK: Descriptors

    /// Which events a registration asks for.
    package enum Interest {
        /// Both directions, edge-triggered: streams.
        case edges
        /// Readable, level-triggered: listeners, signals and other small things.
        case readable
    }

    /// Watches a descriptor until `remove`. The watcher must stay the only one for it, and the descriptor open.
    package func add(_ watcher: Watcher, descriptor: Int32, interest: Interest) throws(Errno) {
        precondition(watcher.watched < 0, "a watcher watches one descriptor")
        let index = Int(descriptor)
        while slots.count <= index { slots.append(Slot()) }
        slots[index].generation &+= 1
        let token = UInt64(slots[index].generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
        let events =
            switch interest {
            case .edges: CLINUX_EPOLLIN | CLINUX_EPOLLOUT | CLINUX_EPOLLRDHUP | CLINUX_EPOLLET
            case .readable: CLINUX_EPOLLIN
            }
        _ = try Errno.check(
            clinux_epoll_control(epoll.raw, Int32(CLINUX_EPOLL_ADD.rawValue), descriptor, events, token))
        slots[index].watcher = watcher
        watcher.watched = descriptor
    }

    /// Stops watching and forgets the deadline. Call it before the descriptor is closed.
    package func remove(_ watcher: Watcher) {
        let descriptor = watcher.watched
        forget(watcher)
        guard descriptor >= 0 else { return }
        _ = clinux_epoll_control(epoll.raw, Int32(CLINUX_EPOLL_DELETE.rawValue), descriptor, 0, 0)
    }

    /// As `remove`, for a descriptor whose only copy is closed right afterwards: the kernel forgets it then,
    /// and a system call is saved.
    @inline(__always)
    package func forget(_ watcher: Watcher) {
        cancelDeadline(of: watcher)
        let descriptor = watcher.watched
        guard descriptor >= 0 else { return }
        watcher.watched = -1
        slots[Int(descriptor)].watcher = nil
        slots[Int(descriptor)].generation &+= 1
    }

    // MARK: Deadlines

    /// Sets or moves a watcher's only deadline; `.never` leaves none.
    @inline(__always)
    package func setDeadline(_ when: Instant, of watcher: Watcher) {
        watcher.deadlineNanoseconds = when.nanoseconds
        if watcher.heapIndex >= 0 {
            if when.nanoseconds < heap[Int(watcher.heapIndex)].when {
                heap[Int(watcher.heapIndex)].when = when.nanoseconds
                siftUp(Int(watcher.heapIndex))
            }
        } else if when != .never {
            heap.append(Due(when: when.nanoseconds, watcher: watcher))
            watcher.heapIndex = Int32(heap.count - 1)
            siftUp(heap.count - 1)
        }
    }

    package func cancelDeadline(of watcher: Watcher) {
        watcher.deadlineNanoseconds = .max
        let index = Int(watcher.heapIndex)
        guard index >= 0 else { return }
        watcher.heapIndex = -1
        let last = heap.removeLast()
        guard index < heap.count else { return }
        heap[index] = last
        last.watcher.heapIndex = Int32(index)
        siftUp(index)
        siftDown(Int(last.watcher.heapIndex))
    }

    private func siftUp(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].when < heap[parent].when else { return }
            swapDue(index, parent)
            index = parent
        }
    }

    private func siftDown(_ start: Int) {
        var index = start
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && heap[child].when < heap[least].when {
                least = child
            }
            guard least != index else { return }
            swapDue(index, least)
            index = least
        }
    }

    private func swapDue(_ one: Int, _ other: Int) {
        heap.swapAt(one, other)
        heap[one].watcher.heapIndex = Int32(one)
        heap[other].watcher.heapIndex = Int32(other)
    }

    /// Calls every watcher whose deadline has passed; returns the time until the next, in ms (-1: none).
    private func runDeadlines() -> Int32 {
        while let first = heap.first {
            if first.when > now.nanoseconds {
                let rest = (first.when - now.nanoseconds + 999_999) / 1_000_000
                return Int32(clamping: rest)
            }
            let watcher = first.watcher
            if watcher.deadlineNanoseconds > now.nanoseconds && watcher.deadlineNanoseconds != .max {
                heap[0].when = watcher.deadlineNanoseconds
                siftDown(0)
                continue
            }
            let due = watcher.deadlineNanoseconds != .max
            cancelDeadline(of: watcher)
            if due { watcher.deadlineReached() }
        }
        return -1
    }

    // MARK: Running

    /// Runs `action` at the end of this round, after all events were handed out.
    package func atEndOfRound(_ action: @escaping () -> Void) {
        deferred.append(action)
    }

    /// Runs until `stop`. An error of epoll itself ends it.
    package func run() throws(Errno) {
        running = true
        while running { try runOnce() }
    }

    /// Lets `run` return after this round.
    package func stop() {
        running = false
    }

    /// One round: waits for events (at most `longestWait`), hands them out, then the deadlines.
    package func runOnce(longestWait: Duration? = nil) throws(Errno) {
        now = Instant.now()
        var wait = runDeadlines()
        runDeferred()
        if !running && longestWait == nil { return }
        if !deferred.isEmpty { wait = 0 }
        if let longestWait {
            let limit = Int32(clamping: longestWait.milliseconds)
            wait = wait < 0 ? limit : min(wait, limit)
        }
        let capacity = 256
        let count = withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: capacity) { events in
            let count = clinux_epoll_wait(epoll.raw, events.baseAddress, Int32(capacity), wait)
            now = Instant.now()
            if count > 0 {
                for index in 0..<Int(count) {
                    let token = clinux_event_token(events.baseAddress, Int32(index))
                    let slot = Int(UInt32(truncatingIfNeeded: token))
                    guard slots[slot].generation == UInt32(truncatingIfNeeded: token >> 32),
                        let watcher = slots[slot].watcher
                    else { continue }
                    watcher.ready(clinux_event_flags(events.baseAddress, Int32(index)))
                }
            }
            return count
        }
        if count < 0 && count != -Errno.interrupted.rawValue { throw Errno(rawValue: -count) }
        _ = runDeadlines()
        runDeferred()
    }

    private func runDeferred() {
        guard !deferred.isEmpty else { return }
        let actions = deferred
        deferred.removeAll(keepingCapacity: true)
        for action in actions { action() }
    }
}
