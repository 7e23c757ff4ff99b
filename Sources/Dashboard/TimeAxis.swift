// Columns of a screen as moments: which span of time is drawn, and the marks of its scale.

import TextUI

struct TimeAxis {
    /// Microseconds since 1970 UTC of the left edge of the first column.
    let start: Int64
    /// Microseconds of one column.
    let step: Int64
    let columns: Int

    /// Spans that can be chosen, in seconds.
    static let spans: [Int64] = [60, 120, 300, 600, 1200, 1800, 3600, 10800, 43200, 86400, 604800]

    /// `end`: the right edge.
    init(end: Int64, seconds: Int64, columns: Int) {
        self.columns = max(1, columns)
        step = max(1, seconds * 1_000_000 / Int64(self.columns))
        start = end - step * Int64(self.columns)
    }

    var end: Int64 { start + step * Int64(columns) }

    /// The middle of a column.
    func time(_ column: Int) -> Int64 { start + step * Int64(column) + step / 2 }

    /// The column of a moment; nil where it is not on the axis.
    func column(_ time: Int64) -> Int? {
        guard time >= start, time < end else { return nil }
        return Int((time - start) / step)
    }

    /// Round moments far enough from each other for their words.
    func marks(wordWidth: Int) -> [(column: Int, time: Int64)] {
        let rounds: [Int64] = [
            1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
            172_800,
        ]
        let least = Int64(wordWidth + 2) * step / 1_000_000
        let distance = (rounds.first { $0 >= least } ?? 604_800) * 1_000_000
        var marks: [(Int, Int64)] = []
        var time = (start / distance + 1) * distance
        while let column = column(time) {
            marks.append((column, time))
            time += distance
        }
        return marks
    }
}
