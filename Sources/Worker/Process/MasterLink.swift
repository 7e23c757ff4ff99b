// The worker's end of the packet socket to its master.

import Glibc
import Handover
import Polling
import Unix

/// What the master gave this worker before its load.
package struct Inheritance {
    package var assignment: Assignment
    /// The numbers of the inherited listeners; whoever takes one out owns it.
    package var listeners: [ListenerKey: Int32] = [:]
    /// Connections to older workers that hold stick tables; whoever takes one out owns it.
    package var predecessors: [(descriptor: Int32, teachesAll: Bool)] = []
}

/// The link to the master.
package final class MasterLink: Watcher {
    /// What the master asks for, or that it has gone.
    package enum Event {
        case drain(removed: [ListenerKey])
        /// A connected admin client; the receiver owns the descriptor.
        case admin(AdminLevel, descriptor: Int32)
        /// A connection to a worker that learns stick tables from this one; the receiver owns the descriptor.
        case successor(descriptor: Int32, teachesAll: Bool)
        /// A socket to the worker that serves now: what can move goes there; the receiver owns the descriptor. Nil: that
        /// worker takes nothing.
        case departures(descriptor: Int32?)
        /// A socket from an older worker: what moves arrives there; the receiver owns the descriptor.
        case arrivals(descriptor: Int32)
        /// This came, but not the descriptor that belongs to it: this process could not take it.
        case stripped(MasterMessage)
        /// The master is gone.
        case closed
    }

    private let descriptor: Descriptor
    private var unsent: [(bytes: [UInt8], descriptors: [Int32])] = []
    private var received: ((Event) -> Void)?
    /// Since `watch`.
    private weak var loop: EventLoop?
    private static let retryDelay: Duration = .milliseconds(10)
    /// Descriptors that make room for those that the master gives, when clients have taken all others.
    private var reserve: [Int32] = []
    private static let reserveSize = 4

    package init(owning number: Int32) throws(Errno) {
        descriptor = Descriptor(owning: number)
        super.init()
        try setCloseOnExec(number, true)
    }

    /// Waits for everything that goes before a load; nil when the master has gone. Throws EMFILE where this process cannot
    /// take what comes.
    package func receiveInheritance() throws -> Inheritance? {
        var inheritance: Inheritance?
        while true {
            var waiting = pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0)
            if poll(&waiting, 1, -1) < 0, errno != EINTR { throw Errno.last }
            switch try DescriptorPassing.receive(over: descriptor.raw, capacity: DescriptorPassing.longest) {
            case .wouldBlock: continue
            case .ended: return nil
            case .stripped: throw Errno.tooManyOpenFiles
            case .message(let bytes, let numbers):
                switch try MasterMessage(decoding: bytes) {
                case .start(let assignment): inheritance = Inheritance(assignment: assignment)
                case .listeners(let keys):
                    for (key, number) in zip(keys, numbers) { inheritance?.listeners[key] = number }
                case .predecessor(let teachesAll):
                    for number in numbers { inheritance?.predecessors.append((number, teachesAll)) }
                case .begin: return inheritance
                case .drain, .admin, .successor, .departures, .arrivals: return nil
                }
            }
        }
    }

    /// Hands out what comes from now on.
    package func watch(on loop: EventLoop, received: @escaping (Event) -> Void) throws(Errno) {
        self.received = received
        self.loop = loop
        restock()
        try loop.add(self, descriptor: descriptor.raw, interest: .edges)
    }

    /// Sends in order; what the socket cannot take now waits for the loop.
    package func send(_ message: WorkerMessage, descriptors: [Int32] = []) {
        unsent.append((message.encoded, descriptors))
        flush()
    }

    private func flush() {
        if sendAll() == .noRoom { loop?.setDeadline(.now() + Self.retryDelay, of: self) }
    }

    /// Why messages still wait.
    private enum Obstacle {
        /// The master has not read yet; the kernel tells when it has.
        case fullSocket
        /// The kernel has no room for a message, and will not tell when it has.
        case noRoom
    }

    /// Sends what waits; nil: nothing does any more.
    private func sendAll() -> Obstacle? {
        while let next = unsent.first {
            do {
                try DescriptorPassing.send(next.bytes, descriptors: next.descriptors, over: descriptor.raw)
            } catch .wouldBlock {
                return .fullSocket
            } catch  where error.isExhaustion {
                return .noRoom
            } catch {
                // The master is gone, which `receive` reports.
            }
            unsent.removeFirst()
        }
        return nil
    }

    /// Sends what waits, while the master takes it, for at most a second: the last words before an exit.
    package func flushBeforeExit() {
        let limit = Instant.now() + .seconds(1)
        while let obstacle = sendAll(), Instant.now() < limit {
            switch obstacle {
            case .fullSocket:
                var waiting = pollfd(fd: descriptor.raw, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, Int32((limit - .now()).milliseconds + 1))
            case .noRoom: poll(nil, 0, Int32(Self.retryDelay.milliseconds))
            }
        }
    }

    override package func deadlineReached() {
        flush()
    }

    /// As far as there are any.
    private func restock() {
        while reserve.count < Self.reserveSize, let spare = try? descriptor.duplicate() {
            reserve.append(spare.release())
        }
    }

    override package func ready(_ readiness: UInt32) {
        flush()
        for spare in reserve { _ = Descriptor(owning: spare) }
        reserve = []
        defer { restock() }
        while true {
            do {
                switch try DescriptorPassing.receive(
                    over: descriptor.raw, capacity: DescriptorPassing.longest)
                {
                case .wouldBlock: return
                case .ended: return closed()
                case .message(let bytes, let numbers): try hand(bytes, numbers)
                case .stripped(let bytes):
                    // What is not understood is not missed either.
                    if let message = try? MasterMessage(decoding: bytes) { received?(.stripped(message)) }
                }
            } catch {
                return closed()
            }
        }
    }

    private func hand(_ bytes: [UInt8], _ numbers: [Int32]) throws(MessageError) {
        do {
            hand(try MasterMessage(decoding: bytes), numbers)
        } catch .unknownKind {
            // A master of a later release says more than this worker was made for.
            for number in numbers { _ = Descriptor(owning: number) }
        }
    }

    private func hand(_ message: MasterMessage, _ numbers: [Int32]) {
        switch message {
        case .drain(let removed): received?(.drain(removed: removed))
        case .admin(let level):
            for number in numbers { received?(.admin(level, descriptor: number)) }
        case .successor(let teachesAll):
            for number in numbers { received?(.successor(descriptor: number, teachesAll: teachesAll)) }
        case .departures:
            received?(.departures(descriptor: numbers.first))
        case .arrivals:
            for number in numbers { received?(.arrivals(descriptor: number)) }
        case .start, .listeners, .begin, .predecessor:
            for number in numbers { _ = Descriptor(owning: number) }
        }
    }

    private func closed() {
        received?(.closed)
        received = nil
    }
}
