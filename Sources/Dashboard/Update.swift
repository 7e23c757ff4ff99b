// How the state changes with each event.
//
// Something that a look does not bring, and that takes time, is asked for by an `Effect` and comes back as an
// `Event`. To add one: a case in each (`Event.swift`), what is kept of it in `State`, the event's arm below; in
// reloadtop an `Errand` that fetches it without blocking, and the effect's arm in `LiveScreen.perform`.

import ReloadModel
import TextUI

/// Takes in one event; returns what somebody else has to do about it, in order.
package func update(_ state: inout State, _ event: Event) -> [Effect] {
    var effects: [Effect] = []
    switch event {
    case .key(let key):
        state.notice = nil
        effects = state.receive(key)
    case .resized(let size):
        state.size = size
        effects = [.redraw]
    case .clock(let now):
        state.now = now
        // Nothing moves because time passes.
        return []
    case .progress(let sentence):
        if state.live == nil { state.phase = .connecting(sentence) } else { state.lost = sentence }
    case .found(let masters): MasterList.take(masters, &state)
    case .attached(let master, let isDemo): state.attach(to: master, isDemo: isDemo)
    case .notAttached(let sentence):
        state.popup = Popup("Not watched", [sentence])
        // The list that it was chosen from is old.
        if state.masters != nil { effects = [.findMasters] }
    case .looked(let snapshot):
        let isFirst = state.live == nil
        state.look(snapshot)
        if isFirst { effects = state.view.view.opened(&state) }
        effects += state.view.view.looked(&state) + TablesView.askInTime(&state)
    case .inquired(let report):
        state.inquiries.take(report, worker: state.live?.snapshot.workers.first { $0.pid == report.pid })
    case .tablesRead(let report):
        state.tables.history.take(report)
    case .lost(let sentence):
        state.lost = sentence
        if state.live == nil { state.phase = .connecting(sentence) }
    case .exported(let sentence):
        state.popup = Popup("Export", [sentence])
    case .examined(let report):
        state.doctor.report = report
        state.doctor.isExamining = false
    case .intervened(let result):
        state.notice = nil
        state.popup = Popup(result.succeeded ? "Done" : "Not done", [result.sentence])
        if result.intervention.master == state.live?.snapshot.master.pid {
            state.live?.note(result, at: state.now)
        }
    }
    if let masters = state.masters { MasterList.settle(masters, &state) }
    state.view.view.settle(&state, state.viewArea)
    return effects
}

extension State {
    /// Begins anew with another master: nothing that was seen of the one before is left, only how a person looks.
    fileprivate mutating func attach(to master: RunningMaster, isDemo: Bool) {
        var fresh = State(size: size, settings: settings)
        fresh.settings.demo = isDemo
        (fresh.now, fresh.master) = (now, master.pid)
        (fresh.view, fresh.sort, fresh.folded, fresh.hidden) = (view, sort, folded, hidden)
        fresh.phase = .connecting("asking master \(master.pid)")
        self = fresh
    }

    fileprivate mutating func look(_ snapshot: Snapshot) {
        phase = .watching
        lost = nil
        master = snapshot.master.pid
        now = max(now, snapshot.time)
        if live == nil {
            live = Picture(snapshot)
        } else {
            live?.take(snapshot, interval: settings.interval)
            LogView.took(snapshot.newLines, &self)
        }
        past.take(snapshot)
        chronicle.take(snapshot)
        if selected == nil { selected = snapshot.master.pid }
        inquiries.keep(Set(snapshot.workers.map(\.pid)), and: why?.pid)
        if let why { inquiries.judgeAgain(why.pid, worker: snapshot.workers.first { $0.pid == why.pid }) }
    }
}
