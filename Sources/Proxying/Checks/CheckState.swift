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

    init(rise: Int, fall: Int) {
        self.rise = rise
        self.fall = fall
        health = rise
    }

    package enum Change: Sendable { case none, up, down }

    /// Notes a check's result and tells what changed.
    mutating func note(_ result: CheckResult, milliseconds: Int) -> Change {
        self.result = result
        durationMilliseconds = milliseconds
        if result.passed {
            guard health < rise + fall - 1 else { return .none }
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
        failures += 1
        if health > rise {
            health -= 1
            return .none
        }
        health = 0
        timesDown += 1
        return .down
    }

    /// As after a success: an admin has enabled the server.
    mutating func restore() {
        health = rise
    }
}

/// A check's result, in HAProxy's words.
package enum CheckResult: Equatable, Sendable {
    case connected
    case refused(String)
    case timedOut

    package var passed: Bool { self == .connected }

    /// `check_status` of `show stat`.
    package var code: String {
        switch self {
        case .connected: "L4OK"
        case .refused: "L4CON"
        case .timedOut: "L4TOUT"
        }
    }

    /// `check_desc`.
    package var description: String {
        switch self {
        case .connected: "Layer4 check passed"
        case .refused: "Layer4 connection problem"
        case .timedOut: "Layer4 timeout"
        }
    }

    /// The number of `srv_check_status` in `show servers state`.
    package var number: Int {
        switch self {
        case .connected: 6
        case .refused: 8
        case .timedOut: 7
        }
    }

    /// `last_chk`: the system's words, where there are any.
    package var detail: String {
        if case .refused(let words) = self { words } else { "" }
    }
}
