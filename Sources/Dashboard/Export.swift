// What the screen shows as JSON: for a ticket, or to be looked at later.

import Reporting
import RuntimeAPI

enum Export {
    /// One object, a newline at its end: which view of which moment, and the view's own members.
    static func text(_ state: State) -> String? {
        guard let snapshot = state.picture?.snapshot else { return nil }
        let shown =
            state.isReplay ? "past" : state.paused != nil ? "paused" : state.isStale ? "stale" : "live"
        let members =
            [
                JSON.Member("schema", .integer(1)),
                JSON.Member("view", .string(subject(state))),
                JSON.Member("shown", .string(shown)),
                JSON.Member("time", .string(CivilTime.text(ofMicroseconds: snapshot.time))),
                JSON.Member("master", .integer(Int64(snapshot.master.pid))),
                JSON.Member("filter", state.filter.isEmpty ? .null : .string(state.filter)),
            ] + state.view.view.export(state)
        return JSON.object(members).text + "\n"
    }

    /// The view, or the page that is open in it.
    private static func subject(_ state: State) -> String {
        state.showsWhy ? "why-alive" : state.view.view.name.lowercased()
    }

    /// `reloadtop-tree-20260301T102431Z.json`
    static func name(_ state: State) -> String? {
        guard let time = state.picture?.snapshot.time else { return nil }
        let stamp = CivilTime.text(ofMicroseconds: time).prefix(19).filter { $0 != "-" && $0 != ":" }
        return "reloadtop-\(subject(state))-\(stamp)Z.json"
    }
}
