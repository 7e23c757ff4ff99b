// The reason for a `?` on the screen, and what mends it; the help has them all.

import TextUI

enum NoteLine {
    static func draw(_ state: State, _ area: Area, _ frame: inout Frame) {
        let notes = Notes.all(of: state)
        guard let note = Notes.first(of: state) else { return }
        let glyphs = Glyphs(repertoire: frame.repertoire)
        var end = area.column + area.width - 1
        if notes.count > 1 {
            let more = "+\(notes.count - 1) in the help"
            frame.putRight(more, before: end, area.row, width: more.utf8.count, style: .label)
            end -= more.utf8.count + 2
        }
        var x = frame.put("? ", at: area.column + 1, area.row, style: Style(.yellow).bold)
        x = frame.put(
            "\(note.what): ", at: x, area.row, width: end - x, style: Style(.standard).bold)
        let remedy = note.unknown.remedy.map { " \(glyphs.to) \($0)" } ?? ""
        frame.put(note.unknown.reason + remedy, at: x, area.row, width: end - x, style: .label)
    }
}
