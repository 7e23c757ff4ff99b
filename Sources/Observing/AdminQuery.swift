// One-shot questions to admin sockets: connect, send, end the sending side, read to the end, close. Several run at
// once against one deadline, and none of them is ever held open: a held session keeps an old worker alive.

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
        let exchanges = questions.map { AdminExchange($0.address, $0.command) }
        while true {
            let open = exchanges.filter { $0.outcome == nil }
            let left = (deadline - .now()).nanoseconds
            guard !open.isEmpty, left > 0 else { break }
            var polled = open.map { $0.interest }
            let count = poll(&polled, nfds_t(polled.count), Int32(clamping: (left + 999_999) / 1_000_000))
            if count < 0 && errno != EINTR { break }
            for (exchange, state) in zip(open, polled) where state.revents != 0 { exchange.proceed() }
        }
        return exchanges.map { exchange in
            switch exchange.outcome {
            case .complete: .complete(exchange.text)
            case .refused(let error): .refused(error)
            case .tooLong, nil: .late(exchange.text)
            }
        }
    }
}
