// Places on the screen, in character cells from the upper left corner.

/// How many cells a screen has.
package struct Size: Equatable, Sendable {
    package var columns: Int
    package var rows: Int

    package init(columns: Int, rows: Int) {
        self.columns = max(0, columns)
        self.rows = max(0, rows)
    }
}

/// A rectangle of cells; never has a negative size.
package struct Area: Equatable, Sendable {
    package var column: Int
    package var row: Int
    package var width: Int
    package var height: Int

    package init(column: Int, row: Int, width: Int, height: Int) {
        self.column = column
        self.row = row
        self.width = max(0, width)
        self.height = max(0, height)
    }

    package func contains(column x: Int, row y: Int) -> Bool {
        x >= column && x < column + width && y >= row && y < row + height
    }
}
