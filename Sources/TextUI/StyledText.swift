// A line of several styles, and lines made of parts that are dropped whole where the width does not suffice:
// a word is better missing than cut.

package struct StyledText: Equatable, Sendable {
    package struct Run: Equatable, Sendable {
        package var text: String
        package var style: Style
    }
    package private(set) var runs: [Run] = []

    package init(_ text: String = "", _ style: Style = .plain) {
        if !text.isEmpty { runs = [Run(text: text, style: style)] }
    }

    package static func + (left: StyledText, right: StyledText) -> StyledText {
        var sum = left
        sum.runs += right.runs
        return sum
    }

    package var columns: Int {
        runs.reduce(0) { $0 + CharacterWidth.columns(of: $1.text) }
    }

    /// A part of a line and how much it matters: the least `rank` is dropped last.
    package struct Part {
        package var text: StyledText
        package var rank: Int

        package init(_ text: StyledText, rank: Int) {
            self.text = text
            self.rank = rank
        }
    }

    /// The parts that fit into `width` with `gap` columns between them, in their order.
    package static func fitting(_ parts: [Part], width: Int, gap: Int) -> [StyledText] {
        var chosen = Array(parts.indices)
        func total() -> Int {
            chosen.reduce(0) { $0 + parts[$1].text.columns } + gap * max(0, chosen.count - 1)
        }
        while chosen.count > 1, total() > width,
            let least = chosen.max(by: { parts[$0].rank < parts[$1].rank })
        {
            chosen.removeAll { $0 == least }
        }
        return chosen.map { parts[$0].text }
    }
}

extension Frame {
    /// Writes a text of several styles; see `put`.
    @discardableResult
    package mutating func put(_ text: StyledText, at column: Int, _ row: Int, width: Int = .max) -> Int {
        var x = column
        let end = width > size.columns ? size.columns : column + width
        for run in text.runs where x < end {
            x = put(run.text, at: x, row, width: end - x, style: run.style)
        }
        return x
    }
}
