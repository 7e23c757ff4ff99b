// Lines of a log that carry no time, from before this program watched: what the master writes to its standard error. Of
// them only the newest load is of use: why it failed, where it did.

import ReloadModel

struct UntimedPast {
    private static let longest = 200
    private var errors: [String] = []
    private var hasFailed = false

    /// Why the newest load of the log failed; nil where it did not, or nothing tells.
    var reason: String? { hasFailed ? FailureReason.first(in: errors) : nil }

    mutating func take(_ line: ProxyLine, _ text: String) {
        switch line.meaning {
        case .reloading, .loaded: self = UntimedPast()
        case .loadFailed: hasFailed = true
        default: if line.isAlert, errors.count < Self.longest { errors.append(text) }
        }
    }
}
