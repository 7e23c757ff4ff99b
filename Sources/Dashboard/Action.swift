// What a key means. `KeyTable` says which key means what and where; views and `State` say what is done then.

/// What a key asks for.
package enum Action: Equatable, Sendable {
    case quit, redraw, help
    /// Esc: leaves what was opened last.
    case leave
    case view(ViewKind)
    case move(Move)
    /// Enter: more about what is under the cursor.
    case open
    case nextPanel, previousPanel
    case filter, sort, reverse, severity, fold, columns, follow, examine
    case pause
    /// Seconds between two looks.
    case slower, faster
    /// Through the looks that are remembered.
    case stepBack, stepForward, live
    /// The span of a time axis.
    case longer, shorter
    /// The masters that run here.
    case masters
    /// Ask the worker again.
    case refresh
    /// Group the connections by something else; those of the next worker.
    case group, nextWorker
    case theme, export, shellCommands
    /// What can be done to the proxy here; the line that arms it.
    case act, command
    /// The demo's proxy.
    case reload

    /// A way of the cursor.
    package enum Move: Sendable {
        case up, down, left, right, pageUp, pageDown, first, last
    }
}
