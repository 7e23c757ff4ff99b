// Which of the terminal's colours a style gets: any (a `-direct` terminal), 256, 8 or none.

import CNcurses
import TextUI

struct TerminalPalette {
    struct Look {
        var attributes: attr_t
        var pair: Int32
    }

    private enum Depth {
        case none, eight, full, direct
    }

    private let depth: Depth
    private let theme: Theme
    private var looks: [Style: Look] = [:]
    private var pairs: [Int64: Int32] = [:]

    /// `theme`: `mono` keeps to bold, dim, underlined and reversed, whatever the terminal can show.
    init(_ theme: Theme) {
        self.theme = theme
        guard theme != .mono, has_colors(), start_color() == OK else {
            depth = .none
            return
        }
        use_default_colors()
        depth =
            switch shim_colors() {
            case 0x100_0000...: .direct
            case 256...: .full
            default: .eight
            }
    }

    mutating func look(_ style: Style) -> Look {
        if let known = looks[style] { return known }
        let look = depth == .none ? plain(style) : coloured(style)
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

    private mutating func coloured(_ style: Style) -> Look {
        var result = attributes(style)
        let foreground = ThemeColours.foreground(style.foreground, on: style.ground, theme)
        let ground = ThemeColours.ground(style.ground, theme)
        if theme == .highContrast {
            result |= shim_bold()
        } else if depth == .eight, style.foreground == .grey, style.ground == .standard {
            result |= shim_dim()
        }
        return Look(attributes: result, pair: pair(number(foreground), number(ground)))
    }

    private func number(_ tint: Tint) -> Int32 {
        switch depth {
        case .direct: tint.direct
        case .full: tint.full
        case .eight, .none: tint.eight
        }
    }

    private mutating func pair(_ foreground: Int32, _ ground: Int32) -> Int32 {
        if foreground == -1 && ground == -1 { return 0 }
        let key = Int64(foreground) << 32 | Int64(UInt32(bitPattern: ground))
        if let known = pairs[key] { return known }
        let number = Int32(pairs.count + 1)
        guard number < shim_color_pairs(), shim_init_pair(number, foreground, ground) == OK else { return 0 }
        pairs[key] = number
        return number
    }
}
