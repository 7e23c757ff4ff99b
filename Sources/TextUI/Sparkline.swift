// A curve in one row of block characters. The highest step is 7/8 of the row, so that rows above each other
// do not merge.

package enum Sparkline {
    private static let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇"]
    private static let letters: [Character] = ["_", ".", ":", "-", "=", "+", "#"]

    /// One character for each of the last `width` values, right-aligned; a blank for nil (not known then), and
    /// for what lies before the first value. `peak`: the value of the highest step; 0 is the lowest.
    package static func draw(
        _ values: some BidirectionalCollection<Int?>, width: Int, peak: Int, repertoire: Repertoire
    )
        -> String
    {
        let steps = repertoire == .unicode ? blocks : letters
        var line = values.suffix(max(0, width)).map { value -> Character in
            guard let value else { return " " }
            guard value > 0, peak > 0 else { return steps[0] }
            let step = (min(value, peak) * (steps.count - 1) + peak - 1) / peak
            return steps[step]
        }
        if line.count < width {
            line.insert(contentsOf: repeatElement(" ", count: width - line.count), at: 0)
        }
        return String(line)
    }
}
