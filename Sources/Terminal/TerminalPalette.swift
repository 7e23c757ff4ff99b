// Which of the terminal's colours a style gets: 256, 8 or none.

import CNcurses
import TextUI

struct TerminalPalette {
    struct Look {
        var attributes: attr_t
        var pair: Int16
    }

    private let depth: Depth
    private var looks: [Style: Look] = [:]
    private var pairs: [Int32: Int16] = [:]

    private enum Depth {
        case none, eight, full
    }

    init(usesColour: Bool) {
        guard usesColour, has_colors(), start_color() == OK else {
            depth = .none
            return
        }
        use_default_colors()
        depth = shim_colors() >= 256 ? .full : .eight
    }

    mutating func look(_ style: Style) -> Look {
        if let known = looks[style] { return known }
        let look =
            switch depth {
            case .none: plain(style)
            case .eight: eight(style)
            case .full: full(style)
            }
        looks[style] = look
        return look
    }

    private func attributes(_ style: Style) -> attr_t {
        var attributes: attr_t = 0
        if style.emphasis.contains(.bold) { attributes |= shim_bold() }
        if style.emphasis.contains(.dim) { attributes |= shim_dim() }
        if style.emphasis.contains(.underline) { attributes |= shim_underline() }
        if style.emphasis.contains(.reverse) { attributes |= shim_reverse() }
        return attributes
    }

    private func plain(_ style: Style) -> Look {
        var result = attributes(style)
        switch style.ground {
        case .standard: if style.foreground == .grey { result |= shim_dim() }
        case .bar: result |= shim_underline()
        case .selection, .caution, .badge: result |= shim_reverse()
        case .alarm: result |= shim_reverse() | shim_bold()
        }
        return Look(attributes: result, pair: 0)
    }

    private mutating func eight(_ style: Style) -> Look {
        var result = attributes(style)
        let foreground: Int32
        let ground: Int32
        switch style.ground {
        case .standard:
            if style.foreground == .grey { result |= shim_dim() }
            (foreground, ground) = (TerminalPalette.basic(style.foreground), -1)
        case .bar: (foreground, ground) = (0, 7)
        case .selection: (foreground, ground) = (0, 6)
        case .alarm: (foreground, ground) = (7, 1)
        case .caution: (foreground, ground) = (0, 3)
        case .badge: (foreground, ground) = (7, 4)
        }
        return Look(attributes: result, pair: pair(foreground, ground))
    }

    private mutating func full(_ style: Style) -> Look {
        let foreground: Int32
        switch style.ground {
        case .standard:
            foreground = style.foreground == .grey ? 244 : TerminalPalette.basic(style.foreground)
        case .caution: foreground = 16
        default: foreground = TerminalPalette.onDark(style.foreground)
        }
        let ground: Int32 =
            switch style.ground {
            case .standard: -1
            case .bar: 236
            case .selection: 239
            case .alarm: 160
            case .caution: 214
            case .badge: 25
            }
        return Look(attributes: attributes(style), pair: pair(foreground, ground))
    }

    /// One of the terminal's own colours; -1: its standard one.
    private static func basic(_ colour: Colour) -> Int32 {
        switch colour {
        case .standard, .bright, .grey: -1
        case .red: 1
        case .green: 2
        case .yellow: 3
        case .blue: 4
        case .magenta: 5
        case .cyan: 6
        }
    }

    /// Light enough for our own dark grounds, whatever the user's theme is.
    private static func onDark(_ colour: Colour) -> Int32 {
        switch colour {
        case .standard: 252
        case .bright: 231
        case .grey: 247
        case .red: 210
        case .green: 114
        case .yellow: 221
        case .blue: 111
        case .magenta: 177
        case .cyan: 80
        }
    }

    private mutating func pair(_ foreground: Int32, _ ground: Int32) -> Int16 {
        if foreground == -1 && ground == -1 { return 0 }
        let key = foreground << 16 | (ground & 0xFFFF)
        if let known = pairs[key] { return known }
        let number = Int16(clamping: pairs.count + 1)
        guard Int32(number) < shim_color_pairs(),
            init_pair(number, Int16(foreground), Int16(ground)) == OK
        else { return 0 }
        pairs[key] = number
        return number
    }
}
