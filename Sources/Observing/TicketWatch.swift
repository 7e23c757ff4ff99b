// What workers have for session tickets, asked when it is needed and no more: once of each worker that serves, again
// in its last moment, and of both workers at a hand-over. HAProxy answers with the keys themselves: they become
// fingerprints here, and neither the answer nor a key is kept.

import ReloadModel
import RuntimeAPI
import Unix

struct TicketWatch {
    /// The list of certificates is asked for last: where it is there, the keys before it are complete.
    private static let keysCommand = "show tls-keys *"
    private static let certificatesCommand = "show ssl cert"
    private static let limit = Duration.milliseconds(50)
    /// How often a worker that does not answer is asked.
    private static let mostTries = 3
    private static let late = Unknown("the worker did not tell its ticket keys in time")
    private static let refused = Unknown(
        "the admin socket does not list certificates: its level is too low",
        remedy: "start the master with -S SOCKET,level,operator or higher")

    private let inquiry: MasterInquiry?
    /// The digest of a key.
    private let sha256: ([UInt8]) -> [UInt8]
    private var known: [Int32: Known<WorkerTickets>] = [:]
    private var tries: [Int32: Int] = [:]
    private var pending: (id: Int, old: Known<WorkerTickets>, new: Int32)?

    init(_ inquiry: MasterInquiry?, sha256: @escaping ([UInt8]) -> [UInt8]) {
        self.inquiry = inquiry
        self.sha256 = sha256
    }

    /// Asks a worker that has not told yet. `binds`: those of the files that it was loaded from.
    mutating func meet(_ pid: Int32, binds: () -> Known<TicketBinds>) {
        guard known[pid]?.value == nil, tries[pid, default: 0] < Self.mostTries else { return }
        ask(pid, binds: binds())
    }

    /// What belongs to its last words: its keys may have changed by command since it told them.
    func lastQuestion(to pid: Int32) -> [String] {
        known[pid]?.value?.files.isEmpty == false ? [Self.keysCommand] : []
    }

    /// Takes what a worker said in the moment in which a reload began. Returns it without keys.
    mutating func takeLastWords(_ text: String, of pid: Int32) -> String {
        guard let keys = text[...].range(of: TicketKeyTable.keysHeading) else { return text }
        if var tickets = known[pid]?.value, let files = files(in: String(text[keys.lowerBound...])) {
            tickets.files = files
            known[pid] = .known(tickets)
        }
        return String(text[..<keys.lowerBound])
    }

    /// `old` has given its place to `new`, by the reload `id`.
    mutating func handOver(
        _ id: Int, from old: Int32, to new: Int32, binds: () -> Known<TicketBinds>,
        into book: inout VerdictBook
    ) {
        let isOf = { (pid: Int32) in pid == old || pid == new }
        known = known.filter { isOf($0.key) }
        tries = tries.filter { isOf($0.key) }
        if let before = known[old]?.value, !before.files.isEmpty { ask(old, binds: before.binds) }
        meet(new, binds: binds)
        let before =
            inquiry == nil
            ? .unknown(Unknown("workers cannot be asked", remedy: "start the master with -S"))
            : known[old]
                ?? .unknown(Unknown("worker \(old) had gone before it could be asked for its ticket keys"))
        pending = (id, before, new)
        book.tickets(id, .unknown(Unknown("the new worker has not told its ticket keys yet")))
        settle(into: &book)
    }

    /// Compares, once the new worker has answered.
    mutating func settle(into book: inout VerdictBook) {
        guard let (id, old, new) = pending else { return }
        switch (old, known[new]) {
        case (.unknown(let why), _): book.tickets(id, .unknown(why))
        case (.known(let before), _) where !before.speaksTLS: book.tickets(id, .known(.noTLS))
        case (.known(let before), .known(let after)?): book.tickets(id, .known(before.survival(in: after)))
        case (.known, .unknown(let why)?):
            book.tickets(id, .unknown(why))
            guard tries[new, default: 0] >= Self.mostTries else { return }
        case (.known, nil): return
        }
        pending = nil
    }

    private mutating func ask(_ pid: Int32, binds: Known<TicketBinds>) {
        guard let inquiry else { return }
        let command = [Self.keysCommand, Self.certificatesCommand].map { "@!\(pid) \($0)" }
        let text = inquiry.askPartly(command.joined(separator: ";"), within: Self.limit)
        let fresh = read(text ?? "", binds: binds)
        if case .unknown = fresh { tries[pid, default: 0] += 1 }
        // What it told before holds where it does not answer now.
        if fresh.value != nil || known[pid]?.value == nil { known[pid] = fresh }
    }

    private func read(_ text: String, binds: Known<TicketBinds>) -> Known<WorkerTickets> {
        guard let certificates = CertificateList(parsing: text) else {
            let lines = text.split(separator: "\n")
            if lines.contains(where: { $0.lowercased().hasPrefix("unknown command") }) {
                return .known(WorkerTickets(speaksTLS: false, files: [], binds: binds))
            }
            return .unknown(text[...].range(of: TicketKeyTable.keysHeading) == nil ? Self.late : Self.refused)
        }
        guard let files = files(in: text) else {
            return .unknown(Unknown("its reply to '\(Self.keysCommand)' cannot be read"))
        }
        return .known(
            WorkerTickets(
                speaksTLS: !certificates.files.isEmpty || !files.isEmpty, files: files, binds: binds))
    }

    private func files(in text: String) -> [WorkerTickets.KeyFile]? {
        TicketKeyTable(parsing: text, sha256: sha256)?.sets.map { set in
            WorkerTickets.KeyFile(
                name: set.file, keys: set.keys.map(\.text), encrypting: set.encrypting?.text)
        }
    }
}
