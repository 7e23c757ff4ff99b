// What systemd and the masters themselves said about the end of a master, kept for a while: the master that started
// right after such words took the place of another, which is a restart and no reload.

import ReloadModel
import Unix

struct UnitEndings {
    /// An end that was longer ago is none that the next start belongs to.
    private static let span: Int64 = 120_000_000
    /// How exactly a start is known.
    private static let slack: Int64 = 1_000_000
    private static let kept = 64

    private struct Ending {
        var at: Int64
        var text: String
        /// How much it tells: the highest is shown.
        var rank: Int
    }
    private var endings: [Ending] = []
    /// What was said before the machine started belongs to the boot before.
    private let boot: Int64

    init(boot: Int64 = WallClock.now().microseconds - Int64(ProcTree.sinceBoot() * 1_000_000)) {
        self.boot = boot
    }

    mutating func take(_ text: String, at: Int64, isOfSystemd: Bool) {
        guard at > boot, let rank = Self.rank(text, isOfSystemd) else { return }
        endings.append(Ending(at: at, text: text, rank: rank))
        if endings.count > Self.kept { endings.removeFirst() }
    }

    private static func rank(_ text: String, _ isOfSystemd: Bool) -> Int? {
        guard isOfSystemd else { return text.contains("All workers exited. Exiting...") ? 0 : nil }
        if text.contains(": Main process exited, code=killed")
            || text.contains(": Main process exited, code=dumped")
        {
            return 4
        }
        if text.contains(": Scheduled restart job") { return 3 }
        return text.hasPrefix("Stopping ") ? 2 : text.hasPrefix("Stopped ") ? 1 : nil
    }

    /// How the master before the one that started at `start` ended; nil where nothing tells of one.
    func words(before start: Int64) -> String? {
        let near = endings.filter { $0.at <= start + Self.slack && start - $0.at <= Self.span }
        guard let best = near.max(by: { ($0.rank, $0.at) < ($1.rank, $1.at) }) else { return nil }
        let before = Wording.span(seconds: Double(max(0, start - best.at)) / 1_000_000)
        return "another master ended \(before) before: '\(best.text)'"
    }
}
