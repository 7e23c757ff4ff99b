// Signals as events of the loop.

import Unix

/// Calls back for each signal of a set, with its sender.
package final class SignalWatcher: Watcher {
    private let descriptor: Descriptor
    private let received: (ReceivedSignal) -> Void

    /// Blocks `numbers` for the process and watches them on `loop`.
    package init(
        _ numbers: [Int32], on loop: EventLoop, received: @escaping (ReceivedSignal) -> Void
    ) throws(Errno) {
        Signals.block(numbers)
        descriptor = try Signals.descriptor(numbers)
        self.received = received
        super.init()
        try loop.add(self, descriptor: descriptor.raw, interest: .readable)
    }

    override package func ready(_ readiness: UInt32) {
        while let signal = Signals.next(from: descriptor.raw) { received(signal) }
    }
}
