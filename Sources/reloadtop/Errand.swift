// Something slow that a view asked for, fetched beside the screen. An errand owns its descriptors, all of them
// non-blocking, and never waits: it is called when there is something to do, and says when it has its answer.

import Dashboard
import Polling
import Unix

protocol Errand: AnyObject {
    /// What it waits for now; may change with every `proceed`, but none of them is closed before the errand itself
    /// is released.
    var descriptors: [Int32] { get }
    /// When it wants to be called although nothing is ready; `.never` when it does not.
    var deadline: Instant { get }
    /// Goes on as far as it can without waiting. What came of it once it has ended; nil while it goes on.
    func proceed() -> Event?
}

/// The errands that are under way, at most one of a name: a newer one takes the place of an older. They take turns, one
/// step in a round of the loop: twenty at once keep no key waiting longer than one does.
final class Errands {
    private final class Running {
        let errand: any Errand
        var watchers: [Int32: DescriptorWatcher] = [:]
        var timer: Timer?

        init(_ errand: any Errand) { self.errand = errand }
    }

    private let loop: EventLoop
    private let happened: (Event) -> Void
    private var running: [String: Running] = [:]
    /// Those that have something to do, in their order.
    private var waiting: [String] = []
    private var turn: Timer?

    init(on loop: EventLoop, happened: @escaping (Event) -> Void) {
        self.loop = loop
        self.happened = happened
        turn = Timer(on: loop) { [unowned self] in takeTurn() }
    }

    deinit {
        turn?.cancel()
        for name in running.keys { end(name) }
    }

    /// Starts an errand; what it comes back with is told as an event.
    func run(_ errand: any Errand, as name: String) {
        end(name)
        let entry = Running(errand)
        running[name] = entry
        entry.timer = Timer(on: loop) { [unowned self] in queue(name) }
        // Its first step is a round of its own: whoever asked is still in the middle of something.
        entry.timer?.set(at: .now())
    }

    /// Forgets an errand: nothing comes of it any more.
    func end(_ name: String) {
        guard let entry = running.removeValue(forKey: name) else { return }
        for watcher in entry.watchers.values { loop.remove(watcher) }
        entry.timer?.cancel()
    }

    private func queue(_ name: String) {
        if waiting.isEmpty { turn?.set(at: .now()) }
        if !waiting.contains(name) { waiting.append(name) }
    }

    private func takeTurn() {
        guard !waiting.isEmpty else { return }
        let name = waiting.removeFirst()
        if !waiting.isEmpty { turn?.set(at: .now()) }
        proceed(name)
    }

    private func proceed(_ name: String) {
        guard let entry = running[name] else { return }
        if let event = entry.errand.proceed() {
            end(name)
            happened(event)
            return
        }
        follow(entry, name)
    }

    /// Watches exactly what the errand waits for now.
    private func follow(_ entry: Running, _ name: String) {
        let wanted = Set(entry.errand.descriptors)
        for (descriptor, watcher) in entry.watchers where !wanted.contains(descriptor) {
            loop.remove(watcher)
            entry.watchers[descriptor] = nil
        }
        var next = entry.errand.deadline
        for descriptor in wanted where entry.watchers[descriptor] == nil {
            do throws(Errno) {
                entry.watchers[descriptor] = try DescriptorWatcher(
                    descriptor, on: loop, interest: .edges
                ) { [unowned self] _ in queue(name) }
            } catch {
                // What cannot be watched is looked at again soon.
                next = min(next, .now() + .milliseconds(20))
            }
        }
        if next == .never { entry.timer?.cancel() } else { entry.timer?.set(at: next) }
    }
}
