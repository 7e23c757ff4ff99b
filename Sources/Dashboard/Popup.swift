// A few lines above the tabs that answer a key: a command to copy, the path of a file. Any key closes it; lines are
// never cut, so that they can be copied.

import TextUI

package struct Popup: Equatable, Sendable {
    package var title: String
    package var lines: [String]

    package init(_ title: String, _ lines: [String]) {
        self.title = title
        self.lines = lines
    }

    func draw(_ body: Area, _ frame: inout Frame) {
        guard body.width > 4, body.height > 1 else { return }
        let wrapped = lines.flatMap { Popup.pieces($0, width: body.width - 2) }
        let height = min(body.height, wrapped.count + 1)
        let area = Area(
            column: body.column, row: body.row + body.height - height, width: body.width, height: height)
        frame.fill(" ", area)
        frame.putRule(title, right: "any key closes", focused: true, area)
        for (offset, line) in wrapped.prefix(height - 1).enumerated() {
            frame.put(line, at: area.column + 1, area.row + 1 + offset, style: .strong)
        }
    }

    /// Breaks anywhere: blanks of a command matter.
    private static func pieces(_ text: String, width: Int) -> [String] {
        var pieces: [String] = []
        var piece = ""
        var columns = 0
        for character in VisibleText.of(text) {
            let width1 = CharacterWidth.columns(of: String(character))
            if columns + width1 > width {
                pieces.append(piece)
                (piece, columns) = ("", 0)
            }
            piece.append(character)
            columns += width1
        }
        return pieces + [piece]
    }
}
