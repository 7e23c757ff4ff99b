// The packet socket between a draining worker and its successor, on the loop of either.

import Handover
import Migration
import Polling
import Unix

/// One end of the socket over which connections move.
final class MigrationLink: Watcher {
    enum Event {
        /// The receiver owns the descriptors.
        case message(MigrationMessage, [Int32])
        /// A batch came whose descriptors this process could not take.
        case overflow
        /// The other side is gone, or has said what nobody understands.
        case closed(MessageError?)
    }

    private let loop: EventLoop
    private var descriptor: Descriptor?
    private var unsent: [(message: MigrationMessage, descriptors: [Int32])] = []
    private let handler: (Event) -> Void

    init(
        owning socket: consuming Descriptor, on loop: EventLoop, handler: @escaping (Event) -> Void
    ) throws(Errno) {
        self.loop = loop
        self.handler = handler
        let raw = socket.raw
        try setNonBlocking(raw)
        try setCloseOnExec(raw, true)
        descriptor = consume socket
        super.init()
        try loop.add(self, descriptor: raw, interest: .edges)
    }

    /// Sends in order; what the socket cannot take now waits, and its descriptors must stay open until the answer.
    /// Throws what no waiting helps against: the message is dropped then.
    func send(_ message: MigrationMessage, descriptors: [Int32] = []) throws(Errno) {
        unsent.append((message, descriptors))
        try flush()
    }

    private func flush() throws(Errno) {
        while let next = unsent.first, let raw = descriptor?.raw {
            do throws(Errno) {
                try DescriptorPassing.send(next.message.encoded, descriptors: next.descriptors, over: raw)
            } catch .wouldBlock {
                return
            } catch {
                unsent.removeFirst()
                throw error
            }
            unsent.removeFirst()
        }
    }

    func close() {
        guard descriptor != nil else { return }
        loop.remove(self)
        descriptor = nil
        unsent = []
    }

    override func ready(_ readiness: UInt32) {
        do throws(Errno) {
            try flush()
        } catch {
            return end(nil)
        }
        while let raw = descriptor?.raw {
            do throws(Errno) {
                switch try DescriptorPassing.receive(over: raw) {
                case .wouldBlock: return
                case .ended: return end(nil)
                case .message(let bytes, let numbers): hand(bytes, numbers)
                case .stripped: handler(.overflow)
                }
            } catch {
                return end(nil)
            }
        }
    }

    private func hand(_ bytes: [UInt8], _ numbers: [Int32]) {
        do throws(MessageError) {
            handler(.message(try MigrationMessage(decoding: bytes), numbers))
        } catch {
            for number in numbers { _ = Descriptor(owning: number) }
            end(error)
        }
    }

    private func end(_ fault: MessageError?) {
        close()
        handler(.closed(fault))
    }
}
