// Which set of colours the screen has. What a colour says is said by a glyph and a word as well, in every theme.

package enum Theme: String, CaseIterable, Sendable {
    /// The terminal's own sixteen colours, on quiet grounds.
    case standard = "default"
    /// Nothing dim, nothing on grey: the strongest contrast that the terminal has.
    case highContrast = "high-contrast"
    /// Blue, yellow and vermilion in the place of green and red: told apart by people who do not see those.
    case colourBlind = "colour-blind"
    /// Bold, dim, underlined and reversed only.
    case mono
}
