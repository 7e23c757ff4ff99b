// Counters and running state of the workers around a reload, asked every few seconds: of the serving worker always,
// of the old and the new one for ten seconds after a reload. What a large configuration would make dear is asked
// less often or not at all.

import ReloadModel
import RuntimeAPI
import Unix

final class WorkerSurvey {
    private static let pendingPeriod = Duration.milliseconds(2400)
    private static let limit = Duration.milliseconds(50)
    private static let longest = 512 << 10
    /// The part of the time that waiting for an answer may take: 1/500, and 1/20 for whoever looks closely for a while.
    private var share: Double { period < .seconds(5) ? 20 : 500 }
    /// How long after a hand-over stick tables may take to come over from their peers, in microseconds.
    private static let tablesSettle: Int64 = 3_500_000
    private static let commands = ["show stat -1 3 -1", "show servers state", "show table", "show map"]

    private let inquiry: MasterInquiry?
    private let period: Duration
    private var timeline = HealthTimeline()
    private var nextAsk: [Int32: Instant] = [:]
    /// The last answer of each worker.
    private var answers: [Int32: (text: String, at: Int64)] = [:]
    private var handedOver: HandOver?
    private struct HandOver {
        var id: Int
        var at: Int64
        var old: Int32
        var new: Int32
        var oldState: Known<RunningState>
        var undoneIsKnown = false
    }
    private(set) var refusal: Unknown?
    private var tickets: TicketWatch

    /// - Parameter period: how often the serving worker is asked.
    init(_ inquiry: MasterInquiry?, period: Duration) {
        self.inquiry = inquiry
        self.period = period
        tickets = TicketWatch(inquiry)
    }

    /// Asks whoever is due. `serving`: the worker that takes new clients; `isAnswering`: who answered its last
    /// question; `binds`: of the files that a worker was loaded from.
    func look(
        serving: Int32?, now: Int64, isAnswering: (Int32) -> Bool, binds: (Int32) -> Known<TicketBinds>,
        into book: inout VerdictBook, thresholds: AlertThresholds
    ) {
        let pending = timeline.pending(at: now)
        var pids = serving.map { [$0] } ?? []
        if let pending { pids += [pending.old, pending.new] }
        let instant = Instant.now()
        for pid in Set(pids).sorted()
        where isAnswering(pid) && instant >= nextAsk[pid] ?? .init(nanoseconds: 0) {
            ask(pid, now: now, period: pending == nil ? period : min(period, Self.pendingPeriod))
            tickets.meet(pid) { binds(pid) }
        }
        nextAsk = nextAsk.filter { instant - $0.value < .seconds(120) }
        tickets.settle(into: &book)
        settle(now: now, into: &book, thresholds: thresholds)
    }

    private func ask(_ pid: Int32, now: Int64, period: Duration) {
        let begin = Instant.now()
        let text = inquiry?.ask(
            Self.commands.map { "@!\(pid) \($0)" }.joined(separator: ";"), within: Self.limit)
        let took = Instant.now() - begin
        let pause = Duration.nanoseconds(Int64(Double(took.nanoseconds) * share))
        nextAsk[pid] = .now() + max(period, pause)
        guard let text else { return }
        if text.utf8.count > Self.longest {
            refusal = Unknown(
                "'show stat' is \(text.utf8.count >> 10) KiB long: too dear to ask every few seconds")
            nextAsk[pid] = .now() + .seconds(60)
        }
        take(text, of: pid, at: now)
    }

    private func take(_ text: String, of pid: Int32, at: Int64) {
        // A worker that has gone answers with a sentence of the master's.
        guard let counters = SurveyReplies.counters(in: text, pid: pid, at: at) else { return }
        timeline.take(counters)
        answers[pid] = (text, at)
        if answers.count > 8 { answers = answers.filter { at - $0.value.at < 60_000_000 } }
    }

    /// The last words of a worker over its own socket, in the moment in which a reload begins: an idle worker is
    /// gone when the reload is over.
    func takeLastWords(of pid: Int32, at address: SocketAddress, now: Int64) {
        let command = ["show info"] + Self.commands + tickets.lastQuestion(to: pid)
        guard
            case .complete(let text) = AdminQuery.ask(
                address, command.joined(separator: ";"), within: .milliseconds(20)),
            ProxyReplies.infos(in: text)[pid] != nil
        else { return }
        take(tickets.takeLastWords(text, of: pid), of: pid, at: now)
    }

    /// `binds`: of the files that the new worker was loaded from.
    func handOver(
        _ record: ReloadRecord, from old: Int32, to new: Int32, now: Int64, binds: () -> Known<TicketBinds>,
        into book: inout VerdictBook
    ) {
        let at = (record.at ?? now) + Int64((record.durationMilliseconds.value ?? 0) * 1000)
        timeline.handOver(record.id, at: min(at, now), from: old, to: new)
        // The old worker is asked once more when it is still there, the new one for the first time.
        for pid in [old, new] { ask(pid, now: now, period: Self.pendingPeriod) }
        let state: Known<RunningState> =
            answers[old].map { .known(SurveyReplies.runningState(in: $0.text)) }
            ?? .unknown(refusal ?? Unknown("worker \(old) had gone before it could be asked"))
        handedOver = HandOver(id: record.id, at: min(at, now), old: old, new: new, oldState: state)
        tickets.handOver(record.id, from: old, to: new, binds: binds, into: &book)
        book.undone(record.id, .unknown(Unknown("the new worker has not answered yet")))
        book.tablesLost(record.id, .unknown(Unknown("compared some seconds after the reload")))
        if let before = answers[old],
            let counters = SurveyReplies.counters(in: before.text, pid: old, at: now)
        {
            book.reset(record.id, requests: counters.requests)
        }
    }

    private func settle(now: Int64, into book: inout VerdictBook, thresholds: AlertThresholds) {
        guard var handed = handedOver else { return }
        if let health = timeline.comparison(handed.id, thresholds: thresholds) {
            book.compared(handed.id, health)
        }
        guard let new = answers[handed.new], new.at >= handed.at else { return }
        let state = SurveyReplies.runningState(in: new.text)
        if !handed.undoneIsKnown {
            book.undone(handed.id, handed.oldState.map { $0.undone(in: state) })
            handed.undoneIsKnown = true
            handedOver = handed
        }
        if new.at - handed.at >= Self.tablesSettle {
            book.tablesLost(handed.id, handed.oldState.map { $0.lostTables(in: state) })
        }
        if now - handed.at > HealthTimeline.span + 3_000_000 { handedOver = nil }
    }
}
