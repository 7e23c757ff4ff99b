// When the demo reloads by itself: irregular, so dense at times that draining workers stack up, then calm enough
// that all of them leave; now and then with a file that must fail.

/// The schedule of automatic reloads. Pure: it only tells what comes next.
struct DemoScript {
    enum Step: Equatable {
        case reload
        case brokenReload
    }

    /// Seconds before each step, and the step; then from the start again.
    private static let round: [(Double, Step)] = [
        (3, .reload), (2.5, .reload), (2, .reload), (1.5, .reload), (2, .reload), (1, .reload),
        (9, .brokenReload), (5, .reload), (7, .reload), (11, .reload), (6, .brokenReload), (2, .brokenReload),
        (4, .reload),
    ]

    private var index = 0

    /// The next step and how long to wait for it; `jitter` from 0 up to 1 stretches the pause by up to a fifth.
    mutating func next(jitter: Double) -> (pause: Duration, step: Step) {
        let (seconds, step) = Self.round[index % Self.round.count]
        index += 1
        return (.milliseconds(Int(seconds * 1000 * (1 + jitter / 5))), step)
    }
}
