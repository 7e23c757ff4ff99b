// What workers have for session tickets, asked when it is needed and no more: once of each worker that serves, again
// in its last moment, and of both workers at a hand-over. HAProxy answers with the keys themselves: they become
// fingerprints here, and neither the answer nor a key is kept.

import ReloadModel
import RuntimeAPI
import Unix

struct TicketWatch {
    private static let limit = Duration.milliseconds(50)
    /// How often a worker that does not answer is asked.
    private static let mostTries = 3

    private let inquiry: MasterInquiry?
    private var known: [Int32: Known<WorkerTickets>] = [:]
    private var tries: [Int32: Int] = [:]
    private var pending: (id: Int, old: Known<WorkerTickets>, new: Int32)?

    init(_ inquiry: MasterInquiry?) {
        self.inquiry = inquiry
    }

    /// Asks a worker that has not told yet. `binds`: those of the files that it was loaded from.
    mutating func meet(_ pid: Int32, binds: () -> Known<TicketBinds>) {
        guard known[pid]?.value == nil, tries[pid, default: 0] < Self.mostTries else { return }
        ask(pid, binds: binds())
    }

    /// What belongs to its last words: its keys may have changed by command since it told them.
    func lastQuestion(to pid: Int32) -> [String] {
        known[pid]?.value?.files.isEmpty == false ? [TLSReplies.keysCommand] : []
    }

    /// Takes what a worker said in the moment in which a reload began. Returns it without keys.
    mutating func takeLastWords(_ text: String, of pid: Int32) -> String {
        guard let keys = text[...].range(of: TicketKeyTable.keysHeading) else { return text }
        if var tickets = known[pid]?.value, let told = TLSReplies.keys(in: String(text[keys.lowerBound...])) {
            tickets.files = Self.files(told)
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
        if let before = known[old]?.value {
            if !before.files.isEmpty { ask(old, binds: before.binds) }
        } else {
            meet(old) { .unknown(Unknown("other files are loaded by now")) }
        }
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
        let fresh = read(inquiry.answer(TLSReplies.question(to: pid), within: Self.limit), binds: binds)
        if case .unknown = fresh { tries[pid, default: 0] += 1 }
        // What it told before holds where it does not answer now.
        if fresh.value != nil || known[pid]?.value == nil { known[pid] = fresh }
    }

    private func read(_ answer: AdminAnswer?, binds: Known<TicketBinds>) -> Known<WorkerTickets> {
        var isWhole = false
        if case .complete? = answer { isWhole = true }
        return TLSReplies.read(answer?.text ?? "", isWhole: isWhole).map { keys, certificates in
            WorkerTickets(
                speaksTLS: !certificates.files.isEmpty || !keys.sets.isEmpty, files: Self.files(keys),
                binds: binds)
        }
    }

    private static func files(_ keys: TicketKeyTable) -> [WorkerTickets.KeyFile] {
        keys.sets.map { set in
            WorkerTickets.KeyFile(
                name: set.file, keys: set.keys.map(\.text), encrypting: set.encrypting?.text)
        }
    }
}
