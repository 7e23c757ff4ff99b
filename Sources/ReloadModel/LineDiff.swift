// The shortest way from one list of lines to another: Myers' greedy algorithm, without what both have at their
// beginning and end. Two texts that have little in common are told as one taken out and the other put in.

package enum LineDiff {
    package enum Step: Equatable, Sendable {
        /// The same line: its index in the old and in the new list.
        case same(Int, Int)
        case removed(Int)
        case added(Int)
    }

    /// More changes than this are not looked for.
    private static let mostChanges = 1000

    package static func steps(_ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>]) -> [Step] {
        var numbers: [ArraySlice<UInt8>: Int] = [:]
        func number(_ line: ArraySlice<UInt8>) -> Int {
            if let known = numbers[line] { return known }
            numbers[line] = numbers.count
            return numbers.count - 1
        }
        let left = old.map(number)
        let right = new.map(number)
        var head = 0
        while head < left.count, head < right.count, left[head] == right[head] { head += 1 }
        var tail = 0
        while tail < left.count - head, tail < right.count - head,
            left[left.count - 1 - tail] == right[right.count - 1 - tail]
        {
            tail += 1
        }
        let middle = changes(
            Array(left[head..<(left.count - tail)]), Array(right[head..<(right.count - tail)]))
        return (0..<head).map { .same($0, $0) }
            + middle.map { step in
                switch step {
                case .same(let one, let other): .same(one + head, other + head)
                case .removed(let index): .removed(index + head)
                case .added(let index): .added(index + head)
                }
            } + (0..<tail).map { .same(left.count - tail + $0, right.count - tail + $0) }
    }

    /// `reached[k]`: how far into `old` the furthest path on diagonal k has come.
    private static func changes(_ old: [Int], _ new: [Int]) -> [Step] {
        let limit = min(old.count + new.count, mostChanges)
        let center = limit + 1
        var reached = [Int](repeating: 0, count: 2 * limit + 3)
        var trace: [[Int]] = []
        for count in 0...limit {
            trace.append(reached)
            for diagonal in stride(from: -count, through: count, by: 2) {
                let goesDown =
                    diagonal == -count
                    || diagonal != count && reached[center + diagonal - 1] < reached[center + diagonal + 1]
                var x = goesDown ? reached[center + diagonal + 1] : reached[center + diagonal - 1] + 1
                while x < old.count, x - diagonal < new.count, old[x] == new[x - diagonal] { x += 1 }
                reached[center + diagonal] = x
                if x >= old.count, x - diagonal >= new.count {
                    return path(old.count, new.count, trace, center)
                }
            }
        }
        return old.indices.map { .removed($0) } + new.indices.map { .added($0) }
    }

    /// Goes back from the end to the start.
    private static func path(_ oldCount: Int, _ newCount: Int, _ trace: [[Int]], _ center: Int) -> [Step] {
        var (x, y) = (oldCount, newCount)
        var steps: [Step] = []
        for (count, reached) in trace.enumerated().reversed() {
            let diagonal = x - y
            let wentDown =
                diagonal == -count
                || diagonal != count && reached[center + diagonal - 1] < reached[center + diagonal + 1]
            let before = wentDown ? diagonal + 1 : diagonal - 1
            let startX = count == 0 ? 0 : reached[center + before]
            let startY = count == 0 ? 0 : startX - before
            while x > startX, y > startY {
                (x, y) = (x - 1, y - 1)
                steps.append(.same(x, y))
            }
            if count > 0 {
                (x, y) = (startX, startY)
                steps.append(wentDown ? .added(y) : .removed(x))
            }
        }
        return steps.reversed()
    }
}
