// Before there is anything to show.

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
