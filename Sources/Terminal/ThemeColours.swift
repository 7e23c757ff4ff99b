// The colours of each theme, for terminals of every depth.

import TextUI

/// One colour, as terminals of each depth name it; -1: the terminal's standard one.
struct Tint: Equatable {
    /// 0xRRGGBB, or one of the terminal's own eight below 8.
    var direct: Int32
    /// Of 256.
    var full: Int32
    /// Of 8.
    var eight: Int32

    static let standard = Tint(direct: -1, full: -1, eight: -1)

    /// One of the terminal's own eight colours.
    static func own(_ number: Int32) -> Tint { Tint(direct: number, full: number, eight: number) }
}

enum ThemeColours {
    /// The colour of a character; on a ground that is not the terminal's own it is light enough for that ground.
    static func foreground(_ colour: Colour, on ground: Ground, _ theme: Theme) -> Tint {
        switch (ground, theme) {
        case (.standard, .colourBlind): safe(colour)
        case (.standard, .highContrast): strong(colour)
        case (.standard, _): plain(colour)
        case (.caution, _): Tint(direct: 0x000010, full: 16, eight: 0)
        case (.bar, .highContrast), (.selection, .highContrast): Tint(direct: 0x000010, full: 16, eight: 0)
        case (_, .highContrast): Tint(direct: 0xFFFFFF, full: 231, eight: 7)
        case (_, .colourBlind): onDark(colour, ground, safe: true)
        default: onDark(colour, ground, safe: false)
        }
    }

    static func ground(_ ground: Ground, _ theme: Theme) -> Tint {
        if theme == .highContrast {
            switch ground {
            case .standard: return .standard
            case .bar: return Tint(direct: 0xFFFFFF, full: 231, eight: 7)
            case .selection: return Tint(direct: 0xFFFF00, full: 226, eight: 3)
            case .alarm: return Tint(direct: 0xC00000, full: 124, eight: 1)
            case .caution: return Tint(direct: 0xFFFF00, full: 226, eight: 3)
            case .badge: return Tint(direct: 0x0000C0, full: 19, eight: 4)
            }
        }
        switch ground {
        case .standard: return .standard
        case .bar: return Tint(direct: 0x2E3238, full: 236, eight: 7)
        case .selection: return Tint(direct: 0x4A4F57, full: 239, eight: 6)
        case .alarm:
            return theme == .colourBlind
                ? Tint(direct: 0xB34700, full: 130, eight: 1) : Tint(direct: 0xD7000F, full: 160, eight: 1)
        case .caution:
            return theme == .colourBlind
                ? Tint(direct: 0xF0E442, full: 227, eight: 3) : Tint(direct: 0xFFAF00, full: 214, eight: 3)
        case .badge: return Tint(direct: 0x005FAF, full: 25, eight: 4)
        }
    }

    private static func plain(_ colour: Colour) -> Tint {
        switch colour {
        case .standard, .bright: .standard
        case .grey: Tint(direct: 0x808080, full: 244, eight: -1)
        case .red: .own(1)
        case .green: .own(2)
        case .yellow: .own(3)
        case .blue: .own(4)
        case .magenta: .own(5)
        case .cyan: .own(6)
        }
    }

    private static func strong(_ colour: Colour) -> Tint {
        switch colour {
        case .standard, .bright, .grey: .standard
        case .red: Tint(direct: 0xFF5F5F, full: 203, eight: 1)
        case .green: Tint(direct: 0x5FFF5F, full: 83, eight: 2)
        case .yellow: Tint(direct: 0xFFFF5F, full: 227, eight: 3)
        case .blue: Tint(direct: 0x87AFFF, full: 111, eight: 6)
        case .magenta: Tint(direct: 0xFF87FF, full: 213, eight: 5)
        case .cyan: Tint(direct: 0x5FFFFF, full: 87, eight: 6)
        }
    }

    /// After Okabe and Ito: told apart whatever colours somebody sees.
    private static func safe(_ colour: Colour) -> Tint {
        switch colour {
        case .standard, .bright: .standard
        case .grey: Tint(direct: 0x808080, full: 244, eight: -1)
        case .red: Tint(direct: 0xE66100, full: 166, eight: 1)
        case .green: Tint(direct: 0x3D9BE9, full: 75, eight: 4)
        case .yellow: Tint(direct: 0xE8C400, full: 220, eight: 3)
        case .blue: Tint(direct: 0x0072B2, full: 25, eight: 4)
        case .magenta: Tint(direct: 0xCC79A7, full: 175, eight: 5)
        case .cyan: Tint(direct: 0x56B4E9, full: 117, eight: 6)
        }
    }

    /// For the quiet dark grounds of 256 colours and more; in eight colours a ground decides alone.
    private static func onDark(_ colour: Colour, _ ground: Ground, safe: Bool) -> Tint {
        let eight: Int32 = ground == .bar || ground == .selection ? 0 : 7
        let (direct, full): (Int32, Int32) =
            switch colour {
            case .standard: (0xD0D0D0, 252)
            case .bright: (0xFFFFFF, 231)
            case .grey: (0x9E9E9E, 247)
            case .red: safe ? (0xFFAF5F, 215) : (0xFF8787, 210)
            case .green: safe ? (0x87CEFA, 117) : (0x87D787, 114)
            case .yellow: (0xFFD75F, 221)
            case .blue: (0x87AFFF, 111)
            case .magenta: (0xD787FF, 177)
            case .cyan: (0x5FD7D7, 80)
            }
        return Tint(direct: direct, full: full, eight: eight)
    }
}
