// The average of the last 1024 values, without keeping them.

/// A time that `show stat` tells as an average, with the longest seen.
package struct SlidingAverage: Sendable {
    private static let window = 1024
    private var sum = 0

    /// The largest value added.
    package var max = 0

    package init() {}

    @inline(__always)
    package mutating func add(_ value: Int) {
        sum += value - (sum + Self.window - 1) / Self.window
        if value > max { max = value }
    }

    package var average: Int { (sum + Self.window - 1) / Self.window }

    package mutating func clear() {
        self = SlidingAverage()
    }
}
