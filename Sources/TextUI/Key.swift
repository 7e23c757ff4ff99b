// What a person can press or click.

package enum Key: Equatable, Sendable {
    case character(Unicode.Scalar)
    /// With Control held: `control("l")`.
    case control(Unicode.Scalar)
    case enter, escape, tab, backTab, backspace, delete
    case up, down, left, right, pageUp, pageDown, home, end
    case function(Int)
    case mouse(Mouse)

    package enum Mouse: Equatable, Sendable {
        case press(column: Int, row: Int)
        case wheelUp(column: Int, row: Int)
        case wheelDown(column: Int, row: Int)
    }
}
