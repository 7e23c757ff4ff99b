// Steps through the past: the picture of an earlier look, made anew from what is remembered.

import ReloadModel

extension State {
    /// The picture shown is one of the past, reached by `[`.
    package var isReplay: Bool { paused != nil && replays }

    /// One remembered look back.
    mutating func stepBack() {
        guard let shown = picture?.snapshot.time else { return }
        guard let look = past.look(before: shown) else {
            notice = "nothing older is remembered"
            return
        }
        replay(look)
    }

    /// One remembered look forward; after the last one the screen is live again.
    mutating func stepForward() {
        guard let paused else { return }
        guard let look = past.look(after: paused.snapshot.time), look.time != live?.snapshot.time else {
            return goLive()
        }
        replay(look)
    }

    mutating func goLive() {
        if isReplay { selected = selectedBefore }
        (paused, replays) = (nil, false)
    }

    private mutating func replay(_ look: Snapshot) {
        guard let live else { return }
        if !isReplay { selectedBefore = selected }
        paused = Picture(
            snapshot: look,
            history: past.curves(of: look, interval: settings.interval, longest: Picture.longestHistory),
            log: live.log.filter { $0.at <= look.time }, stepStarted: look.time)
        replays = true
    }
}
