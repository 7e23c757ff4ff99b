// Enter on a worker: why it is alive. The verdict first, then what ends it and what would have, then the process, then
// its connections; all of it one page that is scrolled.

import ReloadModel
import TextUI

/// The worker that is looked into, and how far its page is scrolled.
struct WhyAlivePosition: Equatable, Sendable {
    var pid: Int32
    var scrolled = 0
}

enum WhyAliveScreen {
    /// Opens it for a worker.
    static func open(_ pid: Int32, _ state: inout State) -> [Effect] {
        state.why = WhyAlivePosition(pid: pid)
        return state.inquiries.refresh([pid], now: state.now)
    }

    static func draw(_ position: WhyAlivePosition, _ state: State, _ area: Area, _ frame: inout Frame) {
        guard area.height > 0 else { return }
        let worker = state.worker(position.pid)
        let question =
            worker?.needsReasons == false
            ? "What worker \(position.pid) does" : "Why worker \(position.pid) is alive"
        frame.putRule(question, right: asked(position.pid, state), focused: true, area)
        let page = WhyAlivePage(position.pid, state, width: area.width - 3)
        let room = area.height - 1
        let first = max(0, min(position.scrolled, page.count - room))
        for offset in 0..<min(room, page.count - first) {
            frame.put(
                page.line(first + offset), at: area.column + 1, area.row + 1 + offset, width: area.width - 2)
        }
        let hidden = page.count - first - room
        if hidden > 0 {
            let more = " \(hidden) more below "
            frame.putRight(
                more, before: area.column + area.width - 1, area.row + area.height - 1,
                width: more.utf8.count, style: Style(.standard, on: .badge))
        }
    }

    /// How old the values are.
    private static func asked(_ pid: Int32, _ state: State) -> String {
        if state.inquiries.isAwaited(pid, now: state.now) { return "asking" }
        guard let age = state.inquiries.age(of: pid, now: state.now),
            let took = state.inquiries.entries[pid]?.report.milliseconds
        else { return "not asked" }
        return "asked \(Figures.span(age)) ago, took \(Figures.milliseconds(took)); r asks again"
    }

    static func press(_ action: Action, _ position: WhyAlivePosition, _ state: inout State) -> [Effect]? {
        switch action {
        case .open, .leave: state.why = nil
        case .refresh: return state.inquiries.ask([position.pid], now: state.now)
        case .move(let move):
            let area = state.viewArea
            let page = WhyAlivePage(position.pid, state, width: area.width - 3)
            let room = area.height - 1
            state.why?.scrolled = Scrolling.moved(
                min(position.scrolled, max(0, page.count - room)), move, page: max(1, room - 1),
                last: max(0, page.count - room))
        default: return nil
        }
        return []
    }
}

extension State {
    /// The page has the keys.
    var showsWhy: Bool { view == .tree && why != nil }

    func worker(_ pid: Int32) -> WorkerSample? {
        picture?.snapshot.workers.first { $0.pid == pid }
    }

    /// What a worker that drains has given to its successor; nil where that is not known.
    func moves(of pid: Int32) -> ConnectionMoves? {
        let drains = picture?.snapshot.reloads.reversed().flatMap(\.verdict.drains) ?? []
        return drains.first { $0.pid == pid && $0.endedAt == nil }?.moves.value
    }
}
