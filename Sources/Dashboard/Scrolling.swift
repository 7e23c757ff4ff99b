// Where a list is scrolled to: one arithmetic for all of them.

enum Scrolling {
    /// A position from 0 to `last` after a move; sideways moves leave it.
    static func moved(_ position: Int, _ move: Action.Move, page: Int, last: Int) -> Int {
        let next =
            switch move {
            case .up: position - 1
            case .down: position + 1
            case .pageUp: position - page
            case .pageDown: position + page
            case .first: 0
            case .last: last
            case .left, .right: position
            }
        return max(0, min(last, next))
    }

    /// The first row shown, so that the row `chosen` is in sight and no room is left empty without need.
    static func first(showing chosen: Int, from first: Int, visible: Int, total: Int) -> Int {
        var first = first
        if chosen < first { first = chosen }
        if chosen >= first + visible { first = chosen - visible + 1 }
        return max(0, min(first, total - visible))
    }
}
