// One-shot questions to admin sockets: connect, send, end the sending side, read to the end, close. Several run at
// once against one deadline, and none of them is ever held open: a held session keeps an old worker alive.

import CLinux
import Glibc
import Unix

/// What an admin socket said.
package enum AdminAnswer: Equatable, Sendable {
    case complete(String)
    /// The deadline came first; what had arrived by then.
    case late(String)
    case refused(Errno)

    /// What arrived.
    package var text: String {
        switch self {
        case .complete(let text), .late(let text): text
        case .refused: ""
        }
    }
}

package enum AdminQuery {
    /// The longest reply that is taken in.
    private static let longestReply = 32 << 20

    package static func ask(
        _ address: SocketAddress, _ command: String, within limit: Duration
    ) -> AdminAnswer {
        ask([(address, command)], within: limit)[0]
    }

    /// Asks all at the same time; the answers are in the questions' order.
    package static func ask(
        _ questions: [(address: SocketAddress, command: String)], within limit: Duration
    ) -> [AdminAnswer] {
        let deadline = Instant.now() + limit
        let exchanges = questions.map { Exchange($0.address, $0.command) }
        while true {
            let open = exchanges.filter { $0.answer == nil }
            let left = (deadline - .now()).nanoseconds
            guard !open.isEmpty, left > 0 else { break }
            var polled = open.map { $0.interest }
            let count = poll(&polled, nfds_t(polled.count), Int32(clamping: (left + 999_999) / 1_000_000))
            if count < 0 && errno != EINTR { break }
            for (exchange, state) in zip(open, polled) where state.revents != 0 { exchange.proceed() }
        }
        return exchanges.map { $0.answer ?? .late(String(decoding: $0.received, as: UTF8.self)) }
    }

    /// One question on its way.
    private final class Exchange {
        private var socket: Int32 = -1
        private var unsent: ArraySlice<UInt8>
        private(set) var received: [UInt8] = []
        private(set) var answer: AdminAnswer?

        init(_ address: SocketAddress, _ command: String) {
            unsent = Array((command + "\n").utf8)[...]
            do throws(Errno) {
                socket = try Socket.stream(for: address).release()
                if try Socket.connect(socket, to: address) { send() }
            } catch {
                finish(.refused(error))
            }
        }

        deinit {
            if socket >= 0 { close(socket) }
        }

        var interest: pollfd {
            pollfd(fd: socket, events: Int16(unsent.isEmpty ? POLLIN : POLLOUT), revents: 0)
        }

        func proceed() {
            if unsent.isEmpty { receive() } else { send() }
        }

        private func send() {
            if let error = Socket.pendingError(socket) { return finish(.refused(error)) }
            let result = unsent.withUnsafeBytes { Socket.write(socket, $0) }
            switch result {
            case .moved(let count):
                unsent = unsent.dropFirst(count)
                if unsent.isEmpty { Socket.shutdownWrite(socket) }
            case .failed(let error): finish(.refused(error))
            case .wouldBlock, .ended: break
            }
        }

        private func receive() {
            while answer == nil {
                var result = Transfer.wouldBlock
                withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { buffer in
                    result = Socket.read(socket, into: buffer)
                    if case .moved(let count) = result { received.append(contentsOf: buffer[..<count]) }
                }
                switch result {
                case .moved:
                    if received.count > longestReply { finish(.late(text)) }
                case .wouldBlock: return
                case .ended: finish(.complete(text))
                case .failed(let error): finish(received.isEmpty ? .refused(error) : .complete(text))
                }
            }
        }

        private var text: String { String(decoding: received, as: UTF8.self) }

        private func finish(_ answer: AdminAnswer) {
            self.answer = answer
            if socket >= 0 { close(socket) }
            socket = -1
        }
    }
}
