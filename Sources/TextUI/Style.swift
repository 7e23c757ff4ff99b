// How a cell looks, in the terminal's own sixteen colours so that the user's theme is respected.
// Backgrounds are named after their use: the terminal room chooses what its terminal can show.

/// The colour of a character.
package enum Colour: UInt8, CaseIterable, Sendable {
    case standard, red, green, yellow, blue, magenta, cyan
    /// Less important than `standard`.
    case grey
    /// More important than `standard`.
    case bright
}

/// The ground that a character stands on.
package enum Ground: UInt8, CaseIterable, Sendable {
    case standard
    /// The title and other bars.
    case bar
    /// The row under the cursor.
    case selection
    /// Somebody must act.
    case alarm
    /// Somebody should look.
    case caution
    /// A name of a mode or a key.
    case badge
}

/// What besides colour sets a character off.
package struct Emphasis: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let bold = Emphasis(rawValue: 1)
    package static let dim = Emphasis(rawValue: 2)
    package static let underline = Emphasis(rawValue: 4)
    package static let reverse = Emphasis(rawValue: 8)
}

package struct Style: Hashable, Sendable {
    package var foreground: Colour
    package var ground: Ground
    package var emphasis: Emphasis

    package init(_ foreground: Colour = .standard, on ground: Ground = .standard, _ emphasis: Emphasis = []) {
        self.foreground = foreground
        self.ground = ground
        self.emphasis = emphasis
    }

    package static let plain = Style()

    package func on(_ ground: Ground) -> Style {
        Style(foreground, on: ground, emphasis)
    }

    package var bold: Style { Style(foreground, on: ground, emphasis.union(.bold)) }
}
