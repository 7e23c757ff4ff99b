// What admin sessions answer when they cannot do what was asked, worded as HAProxy words it.

package enum Refusal {
    package static let permission = "Permission denied\n"

    /// The master CLI's answer to `@1` or `@!PID` without such a process; `prefix` with its `@`.
    package static func noTarget(prefix: String) -> String {
        "Can't find the target PID matching the prefix '\(prefix)'\n"
    }

    package static let noBackend = "No such backend.\n"
    package static let noProxy = "No such proxy.\n"
    package static let noServer = "No such server.\n"
    package static let needsServer = "Require 'backend/server'.\n"
    package static let noSession = "No such session (use 'show sess').\n"
    package static let sessionNotFound = "Session not found.\n"
    package static let backendNotFound = "Can't find backend.\n"
    package static let variableNotFound = "Variable not found\n"
    package static let badTimeout = "Invalid timeout value.\n"
}
