// Where a person is in a list: the part of a list that is state.

/// Cursor, order and scroll position of one list.
struct ListPosition: Equatable, Sendable {
    /// The identity of the row under the cursor; nil: none yet.
    var selected: String?
    /// Where that row was last: the cursor stays there when the row goes.
    var selectedIndex = 0
    /// The first row shown.
    var first = 0
    /// The title of the column that it is sorted by; nil: the rows' own order.
    var sort: String?
    /// Sorted the other way round.
    var isReversed = false
    /// The identities in the order in which they are shown: what they are sorted by may change a little without
    /// moving a row.
    var order: [String] = []
}
