// Asks a worker for its stick tables and its peers, once, beside the screen.

import Glibc
import ReloadModel
import Unix

package final class TablesInquiry {
    private static let longestAnswer = Duration.seconds(1)
    private static let longestReply = 1 << 20
    /// Lines that are kept of a reply.
    private static let mostLines = 2000

    private let pid: Int32
    private let address: SocketAddress?
    private let began = Instant.now()
    /// Both are kept to the end: whoever watches a descriptor may still do so.
    private var exchanges: [AdminExchange] = []
    private var texts: [Known<[String]>] = []
    private static let commands = ["show table", "show peers"]

    init(_ pid: Int32, address: SocketAddress?) {
        self.pid = pid
        self.address = address
        next()
    }

    package var descriptor: Int32? { texts.count < exchanges.count ? exchanges.last?.descriptor : nil }
    package var nextStep: Instant {
        guard let exchange = exchanges.last, texts.count < exchanges.count else { return .now() }
        return exchange.isSending ? .now() + .milliseconds(5) : began + Self.longestAnswer
    }

    /// The report once it is complete.
    package func step() -> TablesReport? {
        while texts.count < Self.commands.count {
            guard let exchange = exchanges.last, texts.count < exchanges.count else {
                texts.append(
                    .unknown(Unknown("no admin socket is known", remedy: "start the master with -S")))
                continue
            }
            exchange.proceed()
            switch exchange.outcome {
            case .complete: texts.append(Self.lines(exchange.text))
            case .tooLong: texts.append(.unknown(Unknown("the reply is endless: it was left")))
            case .refused(let error):
                texts.append(.unknown(Unknown("the admin socket: \(error)\(MasterSearch.remedy(error))")))
            case nil:
                guard Instant.now() >= began + Self.longestAnswer else { return nil }
                exchange.end()
                texts.append(.unknown(Unknown("worker \(pid) did not answer in time")))
            }
            next()
        }
        return TablesReport(
            pid: pid, at: WallClock.now().microseconds, tablesText: texts[0], peersText: texts[1])
    }

    private func next() {
        guard let address, texts.count < Self.commands.count else { return }
        exchanges.append(
            AdminExchange(address, "@!\(pid) \(Self.commands[texts.count])", limit: Self.longestReply))
    }

    private static func lines(_ text: String) -> Known<[String]> {
        let lines = text.split(separator: "\n").map(String.init)
        if let first = lines.first, first.lowercased().hasPrefix("unknown command") {
            return .unknown(
                Unknown("this proxy does not know the command: it has no stick tables and peers yet"))
        }
        if let first = lines.first, first.hasPrefix("Can't find the target") {
            return .unknown(Unknown("the master does not know this worker any more"))
        }
        return .known(Array(lines.prefix(mostLines)))
    }
}

extension Observer {
    /// Begins to ask a worker for its tables; nil where no such worker is watched.
    package func inquireTables(of pid: Int32) -> TablesInquiry? {
        guard let watch, watch.watches[pid] != nil, watch.silence[pid] == nil else { return nil }
        return TablesInquiry(pid, address: watch.adminAddress)
    }
}
