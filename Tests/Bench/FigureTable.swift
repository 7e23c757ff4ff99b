// The table of figures: medians, paired ratios and targets.

import Demo
import TestSupport

struct FigureTable {
    private let subjects: [ProxyKind]
    private var rows: [[String]] = []

    init(subjects: [ProxyKind]) {
        self.subjects = subjects
    }

    /// Adds a figure that was measured in pairs, one value a round of each subject.
    ///
    /// - Parameters:
    ///   - target: the highest ratio of the second to the first that is good.
    mutating func add(
        _ name: String, unit: String, _ first: [Double], _ second: [Double], target: Double?
    ) {
        let ratios = zip(first, second).map { $0 == 0 ? .infinity : $1 / $0 }
        let ratio = median(ratios)
        let verdict = target.map { ratio <= $0 ? "yes" : "**no**" } ?? ""
        add([
            name, show(median(first), unit), show(median(second), unit), hundredths(ratio),
            target.map { "≤ \(hundredths($0))" } ?? "", verdict,
        ])
    }

    /// Adds a figure of which more is better, measured in pairs.
    ///
    /// - Parameters:
    ///   - target: the lowest ratio of the second to the first that is good.
    mutating func add(rate name: String, _ first: [Double], _ second: [Double], target: Double) {
        let ratio = median(zip(first, second).map { $0 == 0 ? .infinity : $1 / $0 })
        add([
            name, show(median(first), ""), show(median(second), ""), hundredths(ratio),
            "≥ \(hundredths(target))", ratio >= target ? "yes" : "**no**",
        ])
    }

    /// Adds a figure of each subject with a target that is no ratio.
    mutating func add(_ name: String, _ first: String, _ second: String, target: String, isGood: Bool) {
        add([name, first, second, "", target, isGood ? "yes" : "**no**"])
    }

    /// Adds a row of the table, and tells it at once: a run takes minutes.
    private mutating func add(_ row: [String]) {
        rows.append(row)
        print("  " + row.joined(separator: "  "))
    }

    var markdown: String {
        let head = ["figure", "\(subjects[0])", "\(subjects[1])", "ratio", "target", "reached"]
        let lines = [head, head.map { _ in "---" }] + rows
        return "\n" + lines.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    }

    private func show(_ value: Double, _ unit: String) -> String {
        value.isFinite ? "\(hundredths(value)) \(unit)" : "-"
    }
}

func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
}
