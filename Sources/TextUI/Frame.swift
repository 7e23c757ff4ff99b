// One picture of the whole screen, made anew for each draw. The only way in is `put`, which clips, measures
// and spells out what does not print; so nothing on the screen can be wider than its place.

/// One character cell.
package struct Cell: Equatable, Sendable {
    /// The character; 0 in the right half of a wide one.
    package var scalar: UInt32
    /// A mark that combines with it, or 0.
    package var mark: UInt32
    package var style: Style

    package init(scalar: UInt32 = 0x20, mark: UInt32 = 0, style: Style = .plain) {
        self.scalar = scalar
        self.mark = mark
        self.style = style
    }

    package static let blank = Cell()
}

/// Which characters the terminal can show.
package enum Repertoire: Sendable {
    case unicode
    /// Everything else is drawn as `?`.
    case ascii
}

package struct Frame: Equatable, Sendable {
    package let size: Size
    package let repertoire: Repertoire
    /// Row by row.
    package private(set) var cells: [Cell]
    /// Where the terminal's cursor is shown, if anywhere: while a text is typed.
    package var cursor: (column: Int, row: Int)?

    package init(size: Size, repertoire: Repertoire = .unicode) {
        self.size = size
        self.repertoire = repertoire
        cells = Array(repeating: .blank, count: size.columns * size.rows)
    }

    package static func == (left: Frame, right: Frame) -> Bool {
        left.size == right.size && left.cells == right.cells
            && left.cursor?.column == right.cursor?.column && left.cursor?.row == right.cursor?.row
    }

    /// A blank outside of the frame.
    package subscript(column: Int, row: Int) -> Cell {
        guard column >= 0, column < size.columns, row >= 0, row < size.rows else { return .blank }
        return cells[row * size.columns + column]
    }

    // MARK: Writing

    /// Writes `text` from `column` on, at most `width` columns of it; a text that does not fit ends in `…`.
    /// Returns the column after it. Places outside the frame are skipped.
    @discardableResult
    package mutating func put(
        _ text: String, at column: Int, _ row: Int, width: Int = .max, style: Style = .plain
    ) -> Int {
        guard row >= 0, row < size.rows, column < size.columns else { return column }
        let limit = min(size.columns, width > size.columns ? size.columns : column + width)
        guard limit > column else { return column }
        var x = column
        for scalar in text.unicodeScalars {
            if let spelled = VisibleText.spelling(of: scalar) {
                for letter in spelled.unicodeScalars {
                    guard place(letter, columns: 1, at: &x, row, limit, from: column, style) else { return x }
                }
                continue
            }
            let columns = CharacterWidth.columns(of: scalar)
            guard place(scalar, columns: columns, at: &x, row, limit, from: column, style) else { return x }
        }
        return x
    }

    /// Places one scalar; false when it does not fit any more and the text was ended.
    private mutating func place(
        _ scalar: Unicode.Scalar, columns: Int, at x: inout Int, _ row: Int, _ limit: Int, from start: Int,
        _ style: Style
    ) -> Bool {
        let base = row * size.columns
        if columns == 0 {
            if repertoire == .unicode, x > start, x > 0 {
                let owner = cells[base + x - 1].scalar == 0 && x > 1 ? x - 2 : x - 1
                if cells[base + owner].mark == 0 { cells[base + owner].mark = scalar.value }
            }
            return true
        }
        if x + columns > limit {
            endClipped(at: x, row, limit, from: start, style)
            x = limit
            return false
        }
        var shown = scalar.value
        // An arrow has a stand-in, every other character is a question mark.
        if repertoire == .ascii && shown > 0x7E { shown = shown == 0x2192 ? 0x3E : 0x3F }
        set(Cell(scalar: shown, style: style), base + x)
        if columns == 2 {
            set(
                Cell(scalar: repertoire == .ascii ? 0x20 : 0, style: style),
                base + x + 1)
        }
        x += columns
        return true
    }

    /// Replaces the last character of a text that was cut by an ellipsis.
    private mutating func endClipped(at x: Int, _ row: Int, _ limit: Int, from start: Int, _ style: Style) {
        let base = row * size.columns
        var last = limit - 1
        guard last >= max(0, start) else { return }
        if last < x, cells[base + last].scalar == 0, last > 0 { last -= 1 }
        for column in last..<limit { set(Cell(style: style), base + column) }
        set(Cell(scalar: repertoire == .ascii ? 0x7E : 0x2026, style: style), base + last)
    }

    /// Sets a cell; the other half of a wide character that was there is wiped.
    private mutating func set(_ cell: Cell, _ index: Int) {
        guard cells.indices.contains(index) else { return }
        if cells[index].scalar == 0, cell.scalar != 0, index > 0, index % size.columns > 0 {
            cells[index - 1].scalar = 0x20
            cells[index - 1].mark = 0
        }
        let next = index + 1
        if cells[index].scalar != 0, next % size.columns > 0, cells[next].scalar == 0 {
            cells[next] = Cell(style: cells[next].style)
        }
        cells[index] = cell
    }

    /// Writes `text` so that it ends before `end`.
    package mutating func putRight(
        _ text: String, before end: Int, _ row: Int, width: Int, style: Style = .plain
    ) {
        let columns = min(CharacterWidth.columns(of: text), width)
        put(text, at: end - columns, row, width: columns, style: style)
    }

    /// Gives every cell of `area` a ground and leaves its characters.
    package mutating func paint(_ ground: Ground, _ area: Area) {
        forEachIndex(of: area) { frame, index in frame.cells[index].style.ground = ground }
    }

    /// Fills `area` with one narrow character.
    package mutating func fill(_ character: Unicode.Scalar, _ area: Area, style: Style = .plain) {
        forEachIndex(of: area) { frame, index in
            frame.set(Cell(scalar: character.value, style: style), index)
        }
    }

    private mutating func forEachIndex(of area: Area, _ body: (inout Frame, Int) -> Void) {
        let columns = max(0, area.column)..<max(0, area.column, min(size.columns, area.column + area.width))
        let rows = max(0, area.row)..<max(0, area.row, min(size.rows, area.row + area.height))
        for row in rows {
            for column in columns { body(&self, row * size.columns + column) }
        }
    }

    // MARK: Reading

    /// The characters without their styles, a line a row, trailing blanks cut: for tests.
    package var text: String {
        var lines: [String] = []
        for row in 0..<size.rows {
            var line = String.UnicodeScalarView()
            for column in 0..<size.columns {
                let cell = self[column, row]
                if let scalar = Unicode.Scalar(cell.scalar), cell.scalar != 0 { line.append(scalar) }
                if let mark = Unicode.Scalar(cell.mark), cell.mark != 0 { line.append(mark) }
            }
            while line.last == " " { line.removeLast() }
            lines.append(String(line))
        }
        return lines.joined(separator: "\n")
    }
}
