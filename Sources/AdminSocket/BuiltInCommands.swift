// The commands that concern the session itself.

import RuntimeAPI

enum BuiltInCommands {
    static var listed: [AdminCommand] {
        [
            AdminCommand("user", help: "lower this session's level to user") { request in
                request.session.lowerLevel(to: .user)
                return .nothing
            },
            AdminCommand("operator", help: "lower this session's level to operator", level: .operator) {
                request in
                request.session.lowerLevel(to: .operator)
                return .nothing
            },
            AdminCommand("show cli level", help: "tell the level of this session") { request in
                .text(request.session.level.name + "\n")
            },
            AdminCommand("set timeout [cli] <delay>", help: "change how long this session may be silent") {
                request in
                setTimeout(request)
            },
            AdminCommand(unlisted: "expert-mode") { _ in .nothing },
            AdminCommand(unlisted: "experimental-mode") { _ in .nothing },
        ]
    }

    /// At the end of every list.
    static var last: [AdminCommand] {
        [
            AdminCommand("help [<command>]", help: "list matching or all commands") { _ in .nothing },
            AdminCommand("prompt", help: "toggle interactive mode with prompt") { request in
                request.session.togglePrompt()
                return .nothing
            },
            AdminCommand("quit", help: "disconnect") { _ in .farewell("") },
        ]
    }

    private static func setTimeout(_ request: AdminRequest) -> AdminReply {
        let words = request.arguments
        guard words.first == "cli" else { return .text("'set timeout' only supports 'cli'.\n") }
        guard let value = words.dropFirst().first else { return .text("Expects an integer value.\n") }
        guard let span = CommandText.nanoseconds(ofDuration: value, unit: 1_000_000_000), span > 0 else {
            return .text(Refusal.badTimeout)
        }
        request.session.timeout = .nanoseconds(span)
        return .nothing
    }
}
