// One master under observation: looks at it every interval, and soon after something happened to it.

import Dashboard
import Observing
import Polling
import ReloadModel
import Unix

final class Sighting {
    /// Seconds between two looks.
    var interval: Double { didSet { timer?.set(after: .milliseconds(Int64(interval * 1000))) } }
    /// Events often come in flocks; a look shows all that came before it. The first of a flock is shown almost at
    /// once, those behind it together: what happened is on the screen within 50 ms.
    private static let pause = Duration.milliseconds(20)
    private static let firstPause = Duration.milliseconds(2)

    /// The master that is watched now.
    var master: RunningMaster { observer.master }

    private let observer: Observer
    private let loop: EventLoop
    private let happened: (Event) -> Void
    private var timer: Timer?
    private var poll: Timer?
    private var early: Timer?
    private var earlyIsSet = false
    private var watchers: [Int32: DescriptorWatcher] = [:]
    private var nextLook: Instant
    private var lastLook = Instant(nanoseconds: 0)
    /// What was told while no master ran.
    private var untold: [LogLine] = []

    init(
        _ master: RunningMaster, options: ObserverOptions, interval: Double, on loop: EventLoop,
        happened: @escaping (Event) -> Void
    ) {
        self.interval = interval
        self.loop = loop
        self.happened = happened
        observer = Observer(master, options: options)
        nextLook = Instant.now()
        timer = Timer(on: loop) { [unowned self] in regularLook() }
        early = Timer(on: loop) { [unowned self] in
            earlyIsSet = false
            look()
        }
        poll = Timer(on: loop) { [unowned self] in drain() }
    }

    /// Takes the first look and goes on looking.
    func begin() {
        regularLook()
        // Processor shares and rates need a second look: do not let them wait for a long interval.
        if interval > 0.5 { lookSoon(after: .milliseconds(300)) }
    }

    deinit {
        for watcher in watchers.values { loop.remove(watcher) }
        for timer in [timer, poll, early].compactMap(\.self) { timer.cancel() }
    }

    /// Begins to look into a worker's connections; nil where it has gone.
    func inquire(into pid: Int32) -> WorkerInquiry? { observer.inquire(into: pid) }

    /// Begins to ask a worker for its stick tables; nil where it has gone or does not answer.
    func inquireTables(of pid: Int32) -> TablesInquiry? { observer.inquireTables(of: pid) }

    private func regularLook() {
        look()
        nextLook = nextLook + .milliseconds(Int64(interval * 1000))
        if nextLook < Instant.now() { nextLook = Instant.now() + .milliseconds(Int64(interval * 1000)) }
        timer?.set(at: nextLook)
    }

    private func look() {
        var snapshot = observer.sample()
        lastLook = .now()
        snapshot.newLines = untold + snapshot.newLines
        untold = observer.isAlive ? [] : snapshot.newLines
        if observer.isAlive {
            happened(.looked(snapshot))
        } else {
            // The observer looks for the one that takes its place, and then knows a restart.
            let master = observer.master
            let socket = master.masterSocket.value.map { " on \($0)" } ?? ""
            happened(.lost("master \(master.pid) has ended: waiting for another\(socket)"))
        }
        follow()
    }

    private func drain() {
        if observer.drainEvents() {
            lookSoon(after: Instant.now() - lastLook > .milliseconds(80) ? Self.firstPause : Self.pause)
        }
        follow()
    }

    private func lookSoon(after span: Duration) {
        guard !earlyIsSet else { return }
        earlyIsSet = true
        early?.set(at: Instant.now() + span)
    }

    /// Watches exactly the descriptors that the observer has now.
    private func follow() {
        let wanted = Set(observer.eventDescriptors)
        for (descriptor, watcher) in watchers where !wanted.contains(descriptor) {
            loop.remove(watcher)
            watchers[descriptor] = nil
        }
        for descriptor in wanted where watchers[descriptor] == nil {
            // One that cannot be watched is asked at the next regular look.
            watchers[descriptor] = try? DescriptorWatcher(descriptor, on: loop) { [unowned self] _ in drain()
            }
        }
        let next = observer.nextPoll
        if next == .never { poll?.cancel() } else { poll?.set(at: next) }
    }
}
