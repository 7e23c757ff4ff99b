// Which columns of a table are shown in a given width, and how wide each is.

package struct Column: Equatable, Sendable {
    package enum Alignment: Sendable {
        case left, right
    }
    package var title: String
    package var alignment: Alignment
    /// As wide as its widest content, at most.
    package var width: Int
    /// The column is not shown narrower than this.
    package var minimum: Int
    /// The least rank is dropped last; rank 0 never.
    package var rank: Int

    package init(_ title: String, _ alignment: Alignment, width: Int, minimum: Int? = nil, rank: Int) {
        self.title = title
        self.alignment = alignment
        self.width = width
        self.minimum = min(width, minimum ?? width)
        self.rank = rank
    }

    /// Where each column goes in `width` columns with one blank between; nil for the ones that are not shown.
    /// Columns shrink to their minimum first, then the ones of the highest rank are dropped.
    package static func place(_ columns: [Column], width: Int) -> [Range<Int>?] {
        var shown = Array(columns.indices)
        func least() -> Int { shown.reduce(0) { $0 + columns[$1].minimum } + max(0, shown.count - 1) }
        while least() > width,
            let dropped = shown.filter({ columns[$0].rank > 0 })
                .max(by: { columns[$0].rank < columns[$1].rank })
        {
            shown.removeAll { $0 == dropped }
        }
        var spare = width - least()
        var start = 0
        var places = [Range<Int>?](repeating: nil, count: columns.count)
        var widths = shown.map { columns[$0].minimum }
        for rank in Set(shown.map { columns[$0].rank }).sorted() {
            for (position, index) in shown.enumerated() where columns[index].rank == rank {
                let more = min(max(0, spare), columns[index].width - widths[position])
                widths[position] += more
                spare -= more
            }
        }
        for (position, index) in shown.enumerated() {
            places[index] = start..<start + widths[position]
            start += widths[position] + 1
        }
        return places
    }
}
