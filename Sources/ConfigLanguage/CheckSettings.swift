// How the checks of a backend find out whether a server is well.

import RegularExpressions

/// `option httpchk`, `option tcp-check` and their lines.
package struct CheckSettings: Sendable {
    /// What is done once a check is connected.
    package enum Method: Sendable {
        /// Nothing: the connection is the answer.
        case connection
        /// `option tcp-check`.
        case tcp
        /// `option httpchk`.
        case http
    }
    package var method = Method.connection
    package var request = CheckRequest()
    /// Nil: a status of 200 to 399 is good.
    package var expectation: CheckExpectation?
    /// `tcp-check connect`, one after the other; nil: the port that checks go to anyway.
    package var connections: [UInt16?] = []
    /// `option log-health-checks`.
    package var areLogged = false

    package init() {}
}

/// What an HTTP check sends.
package struct CheckRequest: Sendable {
    package var method = "OPTIONS"
    package var uri = "/"
    package var version = "HTTP/1.0"
    package var headers: [(name: String, value: String)] = []
    package var body = ""
}

/// `http-check expect`.
package struct CheckExpectation: Sendable {
    /// What the answer is compared with.
    package enum Pattern: Sendable {
        case statuses([ClosedRange<Int>])
        case statusPattern(RegularExpression)
        /// In the body.
        case text(String)
        case pattern(RegularExpression)
    }
    /// `!`: the answer is good unless it is so.
    package var isNegated: Bool
    package var pattern: Pattern
}
