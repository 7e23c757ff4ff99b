// The thresholds by name, for the command line and the file of preferences.

/// One threshold as a person sets it.
package struct NamedThreshold: Sendable {
    package var name: String
    package var range: ClosedRange<Double>
    package var isWhole = false
    package var meaning: String
    package var value: @Sendable (AlertThresholds) -> Double
    let set: @Sendable (inout AlertThresholds, Double) -> Void

    private init(
        _ name: String, _ range: ClosedRange<Double>, _ meaning: String,
        _ path: WritableKeyPath<AlertThresholds, Double> & Sendable
    ) {
        self.name = name
        self.range = range
        self.meaning = meaning
        value = { $0[keyPath: path] }
        set = { $0[keyPath: path] = $1 }
    }

    private init(
        _ name: String, _ range: ClosedRange<Double>, _ meaning: String,
        whole path: WritableKeyPath<AlertThresholds, Int> & Sendable
    ) {
        self.name = name
        self.range = range
        self.meaning = meaning
        isWhole = true
        value = { Double($0[keyPath: path]) }
        set = { $0[keyPath: path] = Int($1) }
    }

    /// All but the stack limit, which has an option of its own.
    package static let all: [NamedThreshold] = [
        .init("used-warning", 0...1, "Part of a limit whose use is a warning.", \.usedWarning),
        .init("used-critical", 0...1, "Part of a limit whose use is critical.", \.usedCritical),
        .init(
            "time-left-warning", 0...1e7, "Seconds until a limit is reached that are a warning.",
            \.timeLeftWarning),
        .init(
            "time-left-critical", 0...1e7, "Seconds until a limit is reached that are critical.",
            \.timeLeftCritical),
        .init(
            "share-that-matters", 0...1, "Part of a limit from which on old workers matter for it.",
            \.shareThatMatters),
        .init(
            "reloads-for-slope", 2...100, "Reloads before a growth is believed.", whole: \.reloadsForSlope),
        .init(
            "spinning-percent", 1...100, "Percent of a CPU that is spinning when nothing moves.",
            \.spinningPercent),
        .init("spinning-looks", 1...1000, "Looks in a row that make it so.", whole: \.spinningLooks),
        .init("stuck-after", 0...3600, "Seconds that a reload signal may wait for the master.", \.stuckAfter),
        .init(
            "stranded-after", 0...3600, "Seconds that an old worker may go on listening.", \.strandedAfter),
        .init(
            "reloads-per-ten-minutes", 1...10_000, "Load attempts in ten minutes above which to warn.",
            whole: \.reloadsPerTenMinutes),
        .init(
            "endless-after", 0...1e7, "Seconds that an old worker may drain without a hard-stop-after.",
            \.endlessAfter),
        .init("drift-after", 0...1e7, "Seconds that an edited file may wait for its load.", \.driftAfter),
        .init("restart-shown-for", 0...86400, "Seconds that a restart stays an alert.", \.restartShownFor),
        .init(
            "reset-shown-for", 0...86400, "Seconds that reset counters and tables stay an alert.",
            \.resetShownFor),
        .init(
            "worse-shown-for", 0...86400, "Seconds that a reload that made it worse stays an alert.",
            \.worseShownFor),
        .init(
            "requests-kept", 0...1, "Part of the requests below which a reload made it worse.", \.requestsKept
        ),
        .init("errors-added", 0...1e6, "Errors a second more that make it worse.", \.errorsAdded),
        .init("queue-added", 0...1_000_000, "Queued requests more that make it worse.", whole: \.queueAdded),
    ]

    /// `a number from 0 to 1`, `a whole number from 1 to 1000`
    package var need: String {
        func short(_ number: Double) -> String { number == number.rounded() ? "\(Int(number))" : "\(number)" }
        return
            "a \(isWhole ? "whole " : "")number from \(short(range.lowerBound)) to \(short(range.upperBound))"
    }
}

extension AlertThresholds {
    /// Takes in `name=value`; the sentence says what is wrong with it, nil when nothing is.
    package mutating func assign(_ assignment: String) -> String? {
        let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return "a threshold is set by name=value, found '\(assignment)'" }
        guard let named = NamedThreshold.all.first(where: { $0.name == parts[0] }) else {
            let names = NamedThreshold.all.map(\.name).joined(separator: ", ")
            return "there is no threshold '\(parts[0])'; there are \(names)"
        }
        guard let value = Double(parts[1]), named.range.contains(value),
            !named.isWhole || value == value.rounded()
        else { return "the threshold '\(named.name)' needs \(named.need), found '\(parts[1])'" }
        named.set(&self, value)
        return nil
    }
}
