// The master's end of the packet socket to one worker: sends without blocking, in order, and reads what comes.

import Handover
import Polling
import Unix

/// A channel to one worker.
package final class WorkerChannel: Watcher {
    /// What the channel tells its owner.
    package enum Event {
        /// A message; the receiver owns the descriptors.
        case message(WorkerMessage, descriptors: [Int32])
        /// A message came whose descriptors this process could not take.
        case stripped
        /// Nothing more will come.
        case closed
    }

    let pid: Int32
    private let loop: EventLoop
    private var descriptor: Descriptor?
    /// Messages that the socket could not take yet, with descriptors that wait with them.
    private var unsent: [(bytes: [UInt8], descriptors: [Int32], owned: Bool)] = []
    private let received: (WorkerChannel, Event) -> Void
    private static let retryDelay: Duration = .milliseconds(10)

    init(
        pid: Int32, owning descriptor: consuming Descriptor, on loop: EventLoop,
        received: @escaping (WorkerChannel, Event) -> Void
    ) {
        self.pid = pid
        self.loop = loop
        self.received = received
        self.descriptor = consume descriptor
        super.init()
    }

    /// Begins to receive; until it has succeeded it can be tried again.
    func watch() throws(Errno) {
        guard let raw = descriptor?.raw else { return }
        try loop.add(self, descriptor: raw, interest: .edges)
    }

    /// The number, to carry it over an exec.
    var raw: Int32? { descriptor?.raw }

    /// Sends a message; the caller keeps its descriptors open until the channel is closed, unless `owned`:
    /// then they are closed once sent.
    ///
    /// A channel that is closed drops the message: the kernel tells of the worker's end, maybe a moment later.
    func send(_ message: MasterMessage, descriptors: [Int32] = [], owned: Bool = false) {
        unsent.append((message.encoded, descriptors, owned))
        if descriptor == nil { dropUnsent() } else { flush() }
    }

    private func flush() {
        while let raw = descriptor?.raw, let next = unsent.first {
            do {
                try DescriptorPassing.send(next.bytes, descriptors: next.descriptors, over: raw)
            } catch .wouldBlock {
                return
            } catch  where error.isExhaustion {
                // The kernel has no room for it, which it will not tell when it has.
                return loop.setDeadline(loop.now + Self.retryDelay, of: self)
            } catch {
                // The worker is gone: its end is reported by the kernel, and nobody needs the message.
            }
            unsent.removeFirst()
            if next.owned { for number in next.descriptors { _ = Descriptor(owning: number) } }
        }
    }

    override package func ready(_ readiness: UInt32) {
        flush()
        receive()
    }

    override package func deadlineReached() {
        flush()
    }

    private func receive() {
        while let raw = descriptor?.raw {
            do {
                switch try DescriptorPassing.receive(over: raw, capacity: DescriptorPassing.longest) {
                case .wouldBlock: return
                case .ended: return close(telling: true)
                case .message(let bytes, let descriptors):
                    let message: WorkerMessage
                    do throws(MessageError) {
                        message = try WorkerMessage(decoding: bytes)
                    } catch {
                        for number in descriptors { _ = Descriptor(owning: number) }
                        // A worker of a later release may say more; only what is broken ends the channel.
                        if case .unknownKind = error { continue }
                        return close(telling: true)
                    }
                    received(self, .message(message, descriptors: descriptors))
                case .stripped: received(self, .stripped)
                }
            } catch {
                return close(telling: true)
            }
        }
    }

    /// Takes what a process has said before it ended, then closes.
    func finish() {
        receive()
        close(telling: false)
    }

    private func close(telling: Bool) {
        guard descriptor != nil else { return }
        loop.remove(self)
        descriptor = nil
        dropUnsent()
        if telling { received(self, .closed) }
    }

    private func dropUnsent() {
        for waiting in unsent where waiting.owned {
            for number in waiting.descriptors { _ = Descriptor(owning: number) }
        }
        unsent = []
    }
}
