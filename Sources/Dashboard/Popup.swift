// A few lines above the tabs that answer a key: a command to copy, the path of a file. Any key closes it; lines are
// never cut, so that they can be copied.

import TextUI

/// A title and lines.
package struct Popup: Equatable, Sendable {
    package var title: String
    package var lines: [String]

    package init(_ title: String, _ lines: [String]) {
        self.title = title
        self.lines = lines
    }

    func draw(_ body: Area, _ frame: inout Frame) {
        guard body.width > 4, body.height > 1 else { return }
        let wrapped = lines.flatMap { WrappedText.lines($0, width: body.width - 2) }
        let height = min(body.height, wrapped.count + 1)
        let area = Area(
            column: body.column, row: body.row + body.height - height, width: body.width, height: height)
        frame.fill(" ", area)
        frame.putRule(title, right: "any key closes", focused: true, area)
        for (offset, line) in wrapped.prefix(height - 1).enumerated() {
            frame.put(line, at: area.column + 1, area.row + 1 + offset, style: .strong)
        }
    }
}
