// What one check found, in HAProxy's words.

/// A check's result.
package struct CheckResult: Equatable, Sendable {
    /// What kind of result, by the number of `srv_check_status` in `show servers state`.
    package enum Kind: Int, Sendable {
        case connected = 6
        case notConnected = 7
        case refused = 8
        case secured = 9
        case notSecured = 10
        case unsafe = 11
        case unanswered = 12
        case misunderstood = 13
        case answered = 15
        case unwanted = 17
    }
    package let kind: Kind
    /// `last_chk`: the system's words or the server's, where there are any.
    package let detail: String
    /// `check_code`: of an HTTP check.
    package let status: Int?

    private init(_ kind: Kind, _ detail: String = "", status: Int? = nil) {
        self.kind = kind
        self.detail = detail
        self.status = status
    }

    /// A result of which only the number of its kind is known.
    init?(number: Int) {
        guard let kind = Kind(rawValue: number) else { return nil }
        self.init(kind)
    }

    /// The server has taken the connection.
    package static let connected = CheckResult(.connected)
    /// It has taken all those of `tcp-check`.
    package static let allConnected = CheckResult(.connected, "(tcp-check)")
    package static let timedOut = CheckResult(.notConnected)
    /// No connection came about; `words`: why.
    package static func refused(_ words: String) -> CheckResult { CheckResult(.refused, words) }
    /// The TLS handshake came about, and nothing more was asked; or it did not, in time or at all.
    package static let secured = CheckResult(.secured)
    package static let notSecured = CheckResult(.notSecured)
    package static func unsafe(_ words: String) -> CheckResult { CheckResult(.unsafe, words) }
    /// `place`: which connection of `tcp-check` did not come about in time.
    package static func timedOut(_ place: String) -> CheckResult { CheckResult(.notConnected, place) }
    /// An HTTP check had its answer …
    package static func answered(_ status: Int) -> CheckResult { CheckResult(.answered, status: status) }
    /// … and another status than was wanted.
    package static func unwanted(_ status: Int, _ reason: String) -> CheckResult {
        CheckResult(.unwanted, reason, status: status)
    }
    /// What came is no answer, or says what it must not say.
    package static func misunderstood(_ words: String = "") -> CheckResult {
        CheckResult(.misunderstood, words)
    }
    /// Connected, and then nothing more.
    package static let unanswered = CheckResult(.unanswered)

    /// The server is well.
    package var passed: Bool { kind == .connected || kind == .secured || kind == .answered }

    /// `check_status` of `show stat`.
    package var code: String {
        switch kind {
        case .connected: "L4OK"
        case .notConnected: "L4TOUT"
        case .refused: "L4CON"
        case .secured: "L6OK"
        case .notSecured: "L6TOUT"
        case .unsafe: "L6RSP"
        case .unanswered: "L7TOUT"
        case .misunderstood: "L7RSP"
        case .answered: "L7OK"
        case .unwanted: "L7STS"
        }
    }

    /// `check_desc`.
    package var description: String {
        switch kind {
        case .connected: "Layer4 check passed"
        case .notConnected: "Layer4 timeout"
        case .refused: "Layer4 connection problem"
        case .secured: "Layer6 check passed"
        case .notSecured: "Layer6 timeout"
        case .unsafe: "Layer6 invalid response"
        case .unanswered: "Layer7 timeout"
        case .misunderstood: "Layer7 invalid response"
        case .answered: "Layer7 check passed"
        case .unwanted: "Layer7 wrong status"
        }
    }
}
