// A list that fills a view: columns, filter, sort, cursor and scroll position, in one component. A view says what
// its rows are and what each column shows of one; only the rows in sight are formatted.

import RuntimeAPI
import TextUI

/// What one column shows of one row.
struct ListCell {
    var text: String
    var style: Style
    /// What it is sorted by and exported as.
    var value: SortValue

    init(_ text: String, _ style: Style = .value) {
        self.init(text, style, .text(text))
    }

    init(_ text: String, _ style: Style = .value, _ value: SortValue) {
        self.text = text
        self.style = style
        self.value = value
    }

    /// A number as `format` shows it, or `?`.
    static func number<Number: BinaryInteger>(
        _ number: Number?, _ style: Style = .value, _ format: (Number) -> String = { String($0) }
    ) -> ListCell {
        guard let number else { return ListCell("?", .unknown, .unknown) }
        return ListCell(format(number), style, .number(Double(number)))
    }

    /// Seconds as a span, or `?`.
    static func span(_ seconds: Double?, _ style: Style = .value) -> ListCell {
        guard let seconds else { return ListCell("?", .unknown, .unknown) }
        return ListCell(Figures.span(seconds), style, .number(seconds))
    }
}

struct ListColumn<Item> {
    /// Its head, and its name in an export (in small letters, blanks as `_`).
    var title: String
    var alignment: Column.Alignment
    /// As wide as its widest content, at most.
    var width: Int
    /// It is not shown narrower.
    var minimum: Int
    /// The least is dropped last where room is short; 0 never.
    var rank: Int
    /// Of a text that is too long the end is shown: of a path it tells more than the beginning.
    var keepsEnd: Bool
    var cell: (Item) -> ListCell

    init(
        _ title: String, _ alignment: Column.Alignment = .left, width: Int, minimum: Int? = nil, rank: Int,
        keepsEnd: Bool = false, _ cell: @escaping (Item) -> ListCell
    ) {
        self.title = title
        self.alignment = alignment
        self.width = width
        self.minimum = minimum ?? min(width, max(4, CharacterWidth.columns(of: title)))
        self.rank = rank
        self.keepsEnd = keepsEnd
        self.cell = cell
    }
}

struct ListTable<Item> {
    var columns: [ListColumn<Item>]
    /// In their own order.
    var items: [Item]
    /// What tells a row from the others, the same in the next look.
    var identity: (Item) -> String
    /// Said where there is nothing to list.
    var empty: String

    // MARK: Which rows

    /// The rows that the filter leaves, in the order to show.
    func shown(_ position: ListPosition, filter: String) -> [Item] {
        let matching = filter.isEmpty ? items : items.filter { matches($0, filter) }
        guard let column = columns.first(where: { $0.title == position.sort }) else {
            return position.isReversed ? matching.reversed() : matching
        }
        var places: [String: Int] = [:]
        for (index, name) in position.order.enumerated() { places[name] = index }
        let previous = matching.map { places[identity($0)] }
        let order = StableOrder.arrange(
            matching.map { column.cell($0).value }, previous: previous, reversed: position.isReversed)
        return order.map { matching[$0] }
    }

    private func matches(_ item: Item, _ filter: String) -> Bool {
        columns.contains { Filter.matches($0.cell(item).text, filter) }
    }

    /// The row under the cursor.
    func selected(_ position: ListPosition, filter: String) -> Item? {
        guard let selected = position.selected else { return nil }
        return items.first { identity($0) == selected }
    }

    /// Keeps the cursor on a row that exists and in sight; a row that went leaves it where it was.
    func settle(_ position: inout ListPosition, filter: String, height: Int) {
        let names = shown(position, filter: filter).map(identity)
        position.order = position.sort == nil ? [] : names
        guard !names.isEmpty else {
            (position.selectedIndex, position.first) = (0, 0)
            return
        }
        if let index = names.firstIndex(where: { $0 == position.selected }) {
            position.selectedIndex = index
        } else {
            position.selectedIndex = max(0, min(names.count - 1, position.selectedIndex))
            position.selected = names[position.selectedIndex]
        }
        position.first = Scrolling.first(
            showing: position.selectedIndex, from: position.first, visible: max(1, height - 1),
            total: names.count)
    }

    // MARK: Keys and mouse

    /// False: the action is none of a list's.
    func press(_ action: Action, _ position: inout ListPosition, filter: String, height: Int) -> Bool {
        switch action {
        case .move(let move):
            let names = shown(position, filter: filter).map(identity)
            guard !names.isEmpty else { return true }
            let index = Scrolling.moved(
                position.selectedIndex, move, page: max(1, height - 2), last: names.count - 1)
            position.selected = names[index]
        case .sort:
            let index = columns.firstIndex { $0.title == position.sort } ?? -1
            sort(by: index + 1 < columns.count ? columns[index + 1].title : nil, &position)
        case .reverse:
            position.isReversed.toggle()
            position.order = []
        default: return false
        }
        return true
    }

    private func sort(by title: String?, _ position: inout ListPosition) {
        if position.sort == title { position.isReversed.toggle() } else { position.isReversed = false }
        position.sort = title
        position.order = []
    }

    /// A click on a head sorts, one on a row chooses it. True: the row that was chosen already was clicked.
    func click(
        column: Int, row: Int, _ position: inout ListPosition, filter: String, hidden: Set<String>,
        _ area: Area
    ) -> Bool {
        if row == area.row {
            for (index, place) in places(hidden, area).enumerated() where place?.contains(column) == true {
                sort(by: columns[index].title, &position)
            }
            return false
        }
        let rows = shown(position, filter: filter)
        let index = row - area.row - 1 + position.first
        guard row > area.row, rows.indices.contains(index) else { return false }
        let name = identity(rows[index])
        defer { position.selected = name }
        return position.selected == name
    }

    /// The same in the list of a view.
    func click(column: Int, row: Int, of kind: ViewKind, _ area: Area, _ state: inout State) -> Bool {
        var position = state.list(of: kind)
        defer { state.lists[kind] = position }
        return click(
            column: column, row: row, &position, filter: state.filter(of: .view(kind)),
            hidden: state.hiddenColumns(of: kind), area)
    }

    // MARK: Drawing

    /// Where each column is; nil: not shown.
    private func places(_ hidden: Set<String>, _ area: Area) -> [Range<Int>?] {
        let visible = columns.map { column in
            hidden.contains(column.title)
                ? nil
                : Column(
                    column.title, column.alignment, width: column.width, minimum: column.minimum,
                    rank: column.rank)
        }
        var places = Column.place(visible.compactMap(\.self), width: area.width - 2)[...]
        return visible.map { column in
            guard column != nil, let place = places.popFirst() else { return nil }
            return place.map { $0.lowerBound + area.column + 1..<$0.upperBound + area.column + 1 }
        }
    }

    /// The head in the first line of `area`, rows below it.
    func draw(
        _ position: ListPosition, filter: String, hidden: Set<String>, _ area: Area, _ frame: inout Frame
    ) {
        guard area.height > 0 else { return }
        let places = places(hidden, area)
        let glyphs = Glyphs(repertoire: frame.repertoire)
        drawHead(position, places, area, &frame)
        let rows = shown(position, filter: filter)
        if rows.isEmpty, area.height > 1 {
            let words = items.isEmpty ? empty : "nothing matches '\(filter)'; Esc clears the filter"
            frame.put(words, at: area.column + 2, area.row + 1, width: area.width - 3, style: .label)
        }
        for (offset, item) in rows.dropFirst(position.first).prefix(area.height - 1).enumerated() {
            let row = area.row + 1 + offset
            for (column, place) in zip(columns, places) {
                guard let place else { continue }
                let cell = column.cell(item)
                let text =
                    column.keepsEnd ? Clipped.end(of: cell.text, width: place.count, glyphs) : cell.text
                put(text, column.alignment, place, row, cell.style, &frame)
            }
            if identity(item) == position.selected {
                frame.paint(.selection, Area(column: area.column, row: row, width: area.width, height: 1))
            }
        }
    }

    private func drawHead(
        _ position: ListPosition, _ places: [Range<Int>?], _ area: Area, _ frame: inout Frame
    ) {
        let glyphs = Glyphs(repertoire: frame.repertoire)
        for (column, place) in zip(columns, places) {
            guard let place else { continue }
            let isKey = column.title == position.sort
            let mark = isKey ? (position.isReversed ? glyphs.sortedUp : glyphs.sorted) : ""
            let style = isKey ? Style(.cyan).bold : Style(.grey).bold
            put(mark + column.title, column.alignment, place, area.row, style, &frame)
        }
        frame.paint(.bar, Area(column: area.column, row: area.row, width: area.width, height: 1))
    }

    private func put(
        _ text: String, _ alignment: Column.Alignment, _ place: Range<Int>, _ row: Int, _ style: Style,
        _ frame: inout Frame
    ) {
        switch alignment {
        case .left: frame.put(text, at: place.lowerBound, row, width: place.count, style: style)
        case .right: frame.putRight(text, before: place.upperBound, row, width: place.count, style: style)
        }
    }

    // MARK: Export

    /// The rows as they are shown, each an object with the columns' values.
    func export(_ position: ListPosition, filter: String) -> JSON {
        let names = columns.map { column in
            String(column.title.lowercased().map { $0 == " " ? "_" : $0 })
        }
        return .array(
            shown(position, filter: filter).map { item in
                .object(
                    zip(names, columns).map { name, column in
                        JSON.Member(name, column.cell(item).value.json)
                    })
            })
    }
}

extension SortValue {
    var json: JSON {
        switch self {
        case .number(let number):
            number == number.rounded() && abs(number) < 9e15 ? .integer(Int64(number)) : .number(number)
        case .text(let text): .string(text)
        case .unknown: .null
        }
    }
}
