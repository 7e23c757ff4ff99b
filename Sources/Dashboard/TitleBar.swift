// The first line: which proxy, how long, and whether what is shown is live.

import ReloadModel
import TextUI

enum TitleBar {
    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        frame.paint(.bar, area)
        let right = parts(status(state) + [(clock(state), 3)])
        let rightWidth = width(right)
        var left: [StyledText.Part] = [.init(StyledText("reloadtop", Style(.bright, on: .bar).bold), rank: 0)]
        if state.settings.demo {
            left.append(.init(StyledText(" DEMO ", Style(.bright, on: .badge).bold), rank: 1))
        }
        if let snapshot = state.picture?.snapshot {
            let bar = Style(.standard, on: .bar)
            let version =
                snapshot.proxy.version.value.map { " " + $0.prefix { $0 != "-" && $0 != "+" } } ?? ""
            left.append(.init(StyledText(snapshot.proxy.program.rawValue + version, bar), rank: 2))
            left.append(.init(named("master", String(snapshot.master.pid)), rank: 1))
            left.append(.init(named("up", Figures.span(snapshot.master.uptime)), rank: 4))
            if let socket = snapshot.proxy.masterSocket.value {
                left.append(.init(named("socket", socket), rank: 5))
            }
        }
        let room = area.width - rightWidth - 3
        var x = area.column + 1
        for text in StyledText.fitting(left, width: room, gap: 2) {
            x = frame.put(text, at: x, area.row, width: max(0, room + 1 - x)) + 2
        }
        x = area.column + area.width - rightWidth - 1
        for part in right { x = frame.put(part.text, at: x, area.row) + 2 }
    }

    private static func parts(_ texts: [(StyledText, Int)]) -> [StyledText.Part] {
        texts.map { StyledText.Part($0.0, rank: $0.1) }
    }

    private static func width(_ parts: [StyledText.Part]) -> Int {
        parts.reduce(0) { $0 + $1.text.columns } + 2 * max(0, parts.count - 1)
    }

    private static func named(_ name: String, _ value: String) -> StyledText {
        StyledText(name + " ", Style(.grey, on: .bar)) + StyledText(value, Style(.standard, on: .bar))
    }

    /// LIVE, PAST, PAUSED or STALE: never by colour alone.
    private static func status(_ state: State) -> [(StyledText, Int)] {
        let age = Figures.span(state.pictureAge)
        if state.isReplay, let time = state.picture?.snapshot.time {
            let words = " PAST \(Figures.time(time)), \(age) ago "
            return [(StyledText(words, Style(.standard, on: .caution).bold), 0)]
        }
        if state.paused != nil {
            return [(StyledText(" PAUSED \(age) ago ", Style(.standard, on: .caution).bold), 0)]
        }
        guard state.live != nil else { return [] }
        if state.isStale {
            return [(StyledText(" STALE \(age) old ", Style(.bright, on: .alarm).bold), 0)]
        }
        let interval = state.settings.interval
        let every = Figures.fixed(interval, digits: interval < 1 ? 1 : 0) + "s"
        return [
            (StyledText("LIVE ", Style(.green, on: .bar).bold) + StyledText(every, Style(.grey, on: .bar)), 0)
        ]
    }

    private static func clock(_ state: State) -> StyledText {
        guard state.now > 0 else { return StyledText() }
        return StyledText(Figures.time(state.now), Style(.bright, on: .bar))
            + StyledText(" UTC", Style(.grey, on: .bar))
    }
}
