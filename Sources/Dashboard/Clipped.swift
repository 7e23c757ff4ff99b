// Texts of which the end tells more than the beginning: paths, and what is being typed.

import TextUI

enum Clipped {
    /// The end of a text that is too long, behind a mark; what does not print is spelled out.
    static func end(of text: String, width: Int, _ glyphs: Glyphs) -> String {
        let visible = VisibleText.of(text)
        guard CharacterWidth.columns(of: visible) > width else { return visible }
        var rest = visible.suffix(max(0, width - 1))
        while CharacterWidth.columns(of: String(rest)) > max(0, width - 1) { rest.removeFirst() }
        return glyphs.cut + rest
    }
}
