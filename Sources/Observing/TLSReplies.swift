// What a worker says of ticket keys and certificates. HAProxy answers with the keys themselves: they become
// fingerprints as the reply is read.

import ReloadModel
import RuntimeAPI
import TLS

enum TLSReplies {
    static let keysCommand = "show tls-keys *"
    static let certificatesCommand = "show ssl cert"

    private static let late = Unknown("the worker did not tell its ticket keys in time")
    private static let refused = Unknown(
        "the admin socket does not list certificates: its level is too low",
        remedy: "start the master with -S SOCKET,level,operator or higher")

    /// Both questions to a worker, for the master's socket.
    static func question(to pid: Int32) -> String {
        [keysCommand, certificatesCommand].map { "@!\(pid) \($0)" }.joined(separator: ";")
    }

    /// The reply to both; what knows no such commands has neither keys nor certificates. `isWhole`: the session
    /// ended by itself. Where the list of certificates has begun, the keys before it are complete.
    static func read(
        _ text: String, isWhole: Bool
    ) -> Known<(keys: TicketKeyTable, certificates: CertificateList)> {
        let lines = text.split(separator: "\n")
        if lines.contains(where: { $0.lowercased().hasPrefix("unknown command") }) {
            return .known((TicketKeyTable([]), CertificateList(files: [])))
        }
        let list = CertificateList(parsing: text)
        guard list != nil || isWhole && lines.contains(where: { $0 == TicketKeyTable.keysHeading }) else {
            return .unknown(late)
        }
        // HAProxy's words to a level that may not see them.
        if list == nil, lines.contains(where: { $0.hasPrefix("Can't allocate memory") }) {
            return .unknown(refused)
        }
        guard let keys = keys(in: text) else {
            return .unknown(Unknown("its reply to '\(keysCommand)' cannot be read"))
        }
        // Without a certificate there is no heading either.
        return .known((keys, list ?? CertificateList(files: [])))
    }

    static func keys(in text: String) -> TicketKeyTable? {
        TicketKeyTable(parsing: text, sha256: Digest.sha256)
    }
}
