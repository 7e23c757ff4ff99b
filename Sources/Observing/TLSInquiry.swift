// Asks a worker once for everything that it has for TLS: its ticket keys, and each certificate in its memory. It waits
// for nothing itself, and holds one session at a time, for some milliseconds.

import ReloadModel
import RuntimeAPI
import Unix

/// What one worker has for TLS.
package struct TLSReport: Equatable, Sendable {
    /// Fingerprints in place of the keys.
    package var keys: TicketKeyTable
    /// Certificates whose change was begun by command and is not committed.
    package var transactions: [String]
    package var certificates: [CertificateReport]

    package init(
        keys: TicketKeyTable = TicketKeyTable([]), transactions: [String] = [],
        certificates: [CertificateReport] = []
    ) {
        self.keys = keys
        self.transactions = transactions
        self.certificates = certificates
    }
}

package final class TLSInquiry {
    private static let longestAnswer = Duration.milliseconds(800)
    private static let longestReply = 4 << 20
    /// Whoever has more is not asked about each: that costs it.
    private static let mostCertificates = 500
    /// Of one question: a proxy's command line has an end.
    private static let certificatesAtOnce = 20

    private let pid: Int32
    private let address: SocketAddress
    private let began = Instant.now()
    /// All are kept to the end: whoever watches a descriptor may still do so.
    private var exchanges: [AdminExchange] = []
    private var report: TLSReport?
    private var unasked: ArraySlice<String> = []

    package init(_ pid: Int32, address: SocketAddress) {
        self.pid = pid
        self.address = address
        ask(TLSReplies.question(to: pid))
    }

    /// What it waits for.
    package var descriptor: Int32? { exchanges.last?.descriptor }

    /// Goes on as far as it can; the report once it is complete.
    package func proceed() -> Known<TLSReport>? {
        while let exchange = exchanges.last {
            exchange.proceed()
            switch exchange.outcome {
            case .complete: break
            case .tooLong: return .unknown(Unknown("the reply is endless: it was left"))
            case .refused(let error):
                return .unknown(Unknown("the admin socket: \(error)\(MasterSearch.remedy(error))"))
            case nil:
                guard Instant.now() >= began + Self.longestAnswer else { return nil }
                exchange.end()
                return .unknown(Unknown("worker \(pid) did not answer in time"))
            }
            if let end = take(String(decoding: exchange.take(), as: UTF8.self)) { return end }
        }
        return nil
    }

    /// Takes an answer and asks on; the report, or why there is none, when there is nothing left to ask.
    private func take(_ text: String) -> Known<TLSReport>? {
        if var report {
            for reply in text.split(separator: "\n\n", omittingEmptySubsequences: true) {
                if let certificate = CertificateReport(parsing: reply) {
                    report.certificates.append(certificate)
                }
            }
            self.report = report
        } else {
            switch TLSReplies.read(text, isWhole: true) {
            case .unknown(let why): return .unknown(why)
            case .known(let (keys, list)):
                guard list.files.count <= Self.mostCertificates else {
                    return .unknown(
                        Unknown("\(list.files.count) certificates: asking about each costs the worker"))
                }
                report = TLSReport(keys: keys, transactions: list.transactions)
                unasked = list.files[...]
            }
        }
        guard !unasked.isEmpty else { return report.map { .known($0) } }
        let files = unasked.prefix(Self.certificatesAtOnce)
        unasked = unasked.dropFirst(files.count)
        ask(files.map { "@!\(pid) show ssl cert \(Self.escaped($0))" }.joined(separator: ";"))
        return nil
    }

    private func ask(_ command: String) {
        exchanges.append(AdminExchange(address, command, limit: Self.longestReply))
    }

    /// A word of an admin command.
    private static func escaped(_ file: String) -> String {
        file.map { " \\;\t".contains($0) ? "\\\($0)" : String($0) }.joined()
    }
}
