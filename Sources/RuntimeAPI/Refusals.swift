// What admin sessions answer when they cannot do what was asked, worded as HAProxy words it.

package enum Refusal {
    package static let permission = "Permission denied\n"

    /// The master CLI's answer to `@1` or `@!PID` without such a process; `prefix` with its `@`.
    package static func noTarget(prefix: String) -> String {
        "Can't find the target PID matching the prefix '\(prefix)'\n"
    }

    /// The pid of that answer's prefix, where `text` is one.
    package static func missingTarget(in text: some StringProtocol) -> String? {
        let opening = "Can't find the target PID matching the prefix '"
        guard text.hasPrefix(opening) else { return nil }
        let rest = text.dropFirst(opening.count)
        return rest.firstIndex(of: "'").map { String(rest[..<$0]) }
    }

    /// Whether a reply says that the command does not exist in that version.
    package static func isUnknownCommand(_ text: some StringProtocol) -> Bool {
        text.hasPrefix("Unknown command")
    }

    /// Whether a reply says that the socket's level is too low.
    package static func isPermissionDenied(_ text: some StringProtocol) -> Bool {
        text.hasPrefix("Permission denied")
    }

    package static let noBackend = "No such backend.\n"
    package static let noFrontend = "No such frontend.\n"
    package static let noProxy = "No such proxy.\n"
    package static let noServer = "No such server.\n"
    package static let needsServer = "Require 'backend/server'.\n"
    package static let noSession = "No such session (use 'show sess').\n"
    package static let sessionNotFound = "Session not found.\n"
    package static let backendNotFound = "Can't find backend.\n"
    package static let variableNotFound = "Variable not found\n"
    package static let badTimeout = "Invalid timeout value.\n"
}
