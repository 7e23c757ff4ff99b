// Before there is anything to show, and the choice among several masters.

import ReloadModel
import TextUI

enum Connecting {
    static func draw(_ what: String, _ state: State, _ area: Area, _ frame: inout Frame) {
        let row = area.row + area.height / 2
        let glyphs = Glyphs(repertoire: frame.repertoire)
        let dots = frame.repertoire == .unicode ? "…" : "..."
        let text = "\(glyphs.running) \(what)\(dots)"
        let width = min(area.width - 2, CharacterWidth.columns(of: text))
        frame.put(text, at: (area.width - width) / 2, row, width: width, style: .strong)
    }
}

enum Chooser {
    /// The row of the first candidate, for clicks as well.
    static let firstRow = 5

    static func draw(
        _ candidates: [RunningMaster], _ selected: Int, _ state: State, _ area: Area, _ frame: inout Frame
    ) {
        frame.put("Several masters run here. Which one?", at: 2, area.row + 1, style: .strong)
        let header = Area(column: 0, row: firstRow - 1, width: area.width, height: 1)
        let place = (pid: 2, program: 11, command: 20)
        frame.put("PID", at: place.pid + 4, header.row, style: Style(.grey).bold)
        frame.put("PROGRAM", at: place.program, header.row, style: Style(.grey).bold)
        frame.put("COMMAND LINE AND MASTER SOCKET", at: place.command, header.row, style: Style(.grey).bold)
        frame.paint(.bar, header)
        let room = max(1, area.row + area.height - firstRow)
        let first = max(0, selected - room + 1)
        for (offset, candidate) in candidates.dropFirst(first).prefix(room).enumerated() {
            let row = firstRow + offset
            frame.putRight(String(candidate.pid), before: place.program - 2, row, width: 7, style: .strong)
            frame.put(candidate.program.rawValue, at: place.program, row, width: 8)
            let width = area.width - place.command - 1
            let end = frame.put(candidate.commandLine, at: place.command, row, width: width)
            let socket = candidate.masterSocket.value.map { "  \($0)" } ?? "  no master socket known"
            frame.put(socket, at: end, row, width: area.width - 1 - end, style: .label)
            if first + offset == selected {
                frame.paint(.selection, Area(column: 0, row: row, width: area.width, height: 1))
            }
        }
    }
}
