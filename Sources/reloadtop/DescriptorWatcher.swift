// A descriptor that somebody else owns, with a closure for when it is readable.

import Polling
import Unix

final class DescriptorWatcher: Watcher {
    private let action: (Readiness) -> Void

    init(
        _ descriptor: Int32, on loop: EventLoop, interest: EventLoop.Interest = .readable,
        action: @escaping (Readiness) -> Void
    ) throws(Errno) {
        self.action = action
        super.init()
        try loop.add(self, descriptor: descriptor, interest: interest)
    }

    override func ready(_ readiness: UInt32) {
        action(Readiness(rawValue: readiness))
    }
}
