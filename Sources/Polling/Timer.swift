// A deadline with a closure, for things that are not connections.

import Unix

/// Calls an action once, at a moment; can be set again, also from the action.
package final class Timer: Watcher {
    private unowned let loop: EventLoop
    private let action: () -> Void

    package init(on loop: EventLoop, action: @escaping () -> Void) {
        self.loop = loop
        self.action = action
    }

    /// Sets or moves the moment.
    package func set(after span: Duration) {
        loop.setDeadline(loop.now + span, of: self)
    }

    package func set(at moment: Instant) {
        loop.setDeadline(moment, of: self)
    }

    package func cancel() {
        loop.cancelDeadline(of: self)
    }

    override package func deadlineReached() {
        action()
    }
}
