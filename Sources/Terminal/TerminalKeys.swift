// ncurses' key codes as keys.

import CNcurses
import TextUI

enum TerminalKeys {
    /// A character that was typed; nil for one that means nothing.
    static func key(character code: wint_t) -> Key? {
        switch code {
        case 9: return .tab
        case 10, 13: return .enter
        case 27: return .escape
        case 8, 127: return .backspace
        case 1...26: return Unicode.Scalar(code + 0x60).map { .control($0) }
        default:
            guard code >= 0x20, let scalar = Unicode.Scalar(code) else { return nil }
            return .character(scalar)
        }
    }

    /// A key with a code of its own; nil for one that means nothing here.
    static func key(code: Int32) -> Key? {
        switch code {
        case KEY_UP: return .up
        case KEY_DOWN: return .down
        case KEY_LEFT: return .left
        case KEY_RIGHT: return .right
        case KEY_PPAGE: return .pageUp
        case KEY_NPAGE: return .pageDown
        case KEY_HOME: return .home
        case KEY_END: return .end
        case KEY_BTAB: return .backTab
        case KEY_BACKSPACE: return .backspace
        case KEY_DC: return .delete
        case KEY_ENTER: return .enter
        case KEY_MOUSE: return mouse()
        default:
            let number = code - shim_key_function(0)
            return (1...12).contains(number) ? .function(Int(number)) : nil
        }
    }

    private static func mouse() -> Key? {
        var row: Int32 = 0
        var column: Int32 = 0
        switch UInt32(shim_mouse_next(&row, &column)) {
        case SHIM_MOUSE_PRESS.rawValue: return .mouse(.press(column: Int(column), row: Int(row)))
        case SHIM_MOUSE_WHEEL_UP.rawValue: return .mouse(.wheelUp(column: Int(column), row: Int(row)))
        case SHIM_MOUSE_WHEEL_DOWN.rawValue: return .mouse(.wheelDown(column: Int(column), row: Int(row)))
        default: return nil
        }
    }
}
