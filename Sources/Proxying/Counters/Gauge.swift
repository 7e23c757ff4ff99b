// A number with its maximum.

/// A number that rises and falls, with its maximum.
package struct Gauge: Sendable {
    package private(set) var current = 0
    package private(set) var max = 0

    package init() {}

    @inline(__always)
    package mutating func rise() {
        current += 1
        if current > max { max = current }
    }

    @inline(__always)
    package mutating func fall() {
        current -= 1
    }

    package mutating func clearMaximum() {
        max = current
    }
}
