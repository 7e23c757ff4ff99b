// The health of a server as its checks see it: pure counting with rise and fall.

/// What the last check found, and how healthy the server is.
package struct CheckState: Sendable {
    package let rise: Int
    package let fall: Int
    /// 0 … rise + fall - 1; from `rise` on the server is up.
    package private(set) var health: Int
    /// The last result; nil before the first.
    package private(set) var result: CheckResult?
    /// How long the last check took, in milliseconds.
    package private(set) var durationMilliseconds = 0
    /// `chkfail`: checks that failed while the server was up; `chkdown`: times it went down.
    package internal(set) var failures = 0
    package internal(set) var timesDown = 0
    /// The last check found something else than the one before, or changed the health: `option log-health-checks`
    /// tells of it.
    private(set) var isNews = false

    init(rise: Int, fall: Int) {
        self.rise = rise
        self.fall = fall
        health = rise
    }

    package enum Change: Sendable { case none, up, down }

    /// Notes a check's result and tells what changed.
    mutating func note(_ result: CheckResult, milliseconds: Int) -> Change {
        isNews = self.result?.kind != result.kind
        self.result = result
        durationMilliseconds = milliseconds
        if result.passed {
            guard health < rise + fall - 1 else { return .none }
            isNews = true
            health += 1
            guard health >= rise else { return .none }
            let wasDown = health == rise
            health = rise + fall - 1
            return wasDown ? .up : .none
        }
        guard health >= rise else {
            health = 0
            return .none
        }
        isNews = true
        failures += 1
        if health > rise {
            health -= 1
            return .none
        }
        health = 0
        timesDown += 1
        return .down
    }

    /// As the process before this one saw it; `number`: its last result, by HAProxy's numbers.
    mutating func restore(isUp: Bool, number: Int) {
        health = isUp ? rise + fall - 1 : 0
        result = CheckResult(number: number)
    }

    /// As after a success: an admin has enabled the server.
    mutating func restore() {
        health = rise
    }
}
