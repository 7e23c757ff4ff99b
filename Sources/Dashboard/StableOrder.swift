// Sorts rows whose values change all the time so that a person can still read them: a row changes its place only
// when its value has become clearly larger than its neighbour's.

/// What a row is sorted by.
enum SortValue: Equatable, Sendable {
    case number(Double)
    case text(String)
    /// Comes last, however it is sorted.
    case unknown
}

enum StableOrder {
    /// Numbers closer than this part of the larger one keep their order.
    private static let tolerance = 0.1

    /// The indices of `values` in the order to show: numbers from large to small, texts from A to Z, or reversed.
    /// `previous`: the places that the rows had, nil for a new row; equal ones keep their order.
    static func arrange(_ values: [SortValue], previous: [Int?], reversed: Bool) -> [Int] {
        var order = Array(values.indices)
        if previous.contains(where: { $0 != nil }) {
            // First as they were, new ones at the end, then each moves up past those that are clearly smaller.
            order.sort { (previous[$0] ?? .max, $0) < (previous[$1] ?? .max, $1) }
            for start in order.indices.dropFirst() {
                let moving = order[start]
                let margin = previous[moving] == nil ? 0 : tolerance
                var place = start
                while place > 0, isClearly(values[moving], before: values[order[place - 1]], margin, reversed)
                {
                    order[place] = order[place - 1]
                    place -= 1
                }
                order[place] = moving
            }
            return order
        }
        order.sort { left, right in
            if isClearly(values[left], before: values[right], 0, reversed) { return true }
            if isClearly(values[right], before: values[left], 0, reversed) { return false }
            return left < right
        }
        return order
    }

    private static func isClearly(
        _ left: SortValue, before right: SortValue, _ margin: Double, _ reversed: Bool
    ) -> Bool {
        switch (left, right) {
        case (.unknown, _): return false
        case (_, .unknown): return true
        case (.number(let left), .number(let right)):
            let (large, small) = reversed ? (right, left) : (left, right)
            return large > small && large - small > margin * max(abs(large), abs(small))
        case (.text(let left), .text(let right)): return reversed ? left > right : left < right
        case (.number, .text): return true
        case (.text, .number): return false
        }
    }
}
