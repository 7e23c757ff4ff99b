// What a session on an admin socket may do, in HAProxy's three steps.

/// Level of an admin session; a session can lower its own and never raise it.
package enum CommandLevel: Int, Comparable, CaseIterable, Sendable {
    case user, `operator`, admin

    package static func < (left: CommandLevel, right: CommandLevel) -> Bool { left.rawValue < right.rawValue }

    /// As `show cli level` and `show cli sockets` print it.
    package var name: String {
        switch self {
        case .user: "user"
        case .operator: "operator"
        case .admin: "admin"
        }
    }

    /// Reads `level`'s argument.
    package init?(name: String) {
        guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }
}
