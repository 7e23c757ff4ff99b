// Commands are data: the words that name one, who may run it, what `help` says, and what it does.

import RuntimeAPI
import Unix

/// One command of an admin socket.
package struct AdminCommand {
    /// The words that name it: `["show", "info"]`.
    package let words: [String]
    /// The level that a session needs.
    package let level: CommandLevel
    /// Nil for commands that `help` does not list.
    package let help: HelpLine?
    package let run: (AdminRequest) -> AdminReply

    /// `usage` starts with the words that name the command: `show info [desc|json|typed]*`; they end at the
    /// first word that starts with `[` or `<`.
    package init(
        _ usage: String, help: String, level: CommandLevel = .user,
        run: @escaping (AdminRequest) -> AdminReply
    ) {
        self.words = usage.split(separator: " ").prefix { !$0.hasPrefix("[") && !$0.hasPrefix("<") }
            .map(String.init)
        self.level = level
        self.help = HelpLine(usage: usage, text: help)
        self.run = run
    }

    /// A command that `help` does not list.
    package init(
        unlisted words: String, level: CommandLevel = .user, run: @escaping (AdminRequest) -> AdminReply
    ) {
        self.words = words.split(separator: " ").map(String.init)
        self.level = level
        self.help = nil
        self.run = run
    }
}

/// One command as a client typed it.
package struct AdminRequest {
    /// All words, unescaped.
    package let words: [String]
    /// The words after those that name the command.
    package let arguments: ArraySlice<String>
    /// The command as typed, without `;`, newline and payload mark.
    package let text: String
    /// The lines after `<<`, each with its newline; nil where the command has none.
    package let payload: String?
    package let session: AdminSession

    /// The command and its payload as they would be typed, with the final newline: to pass them on.
    package var script: String { payload.map { "\(text) <<\n\($0)\n" } ?? "\(text)\n" }
}

/// What a command does with its session.
package enum AdminReply {
    /// The whole reply, with its last newline; the session adds the blank line that ends it.
    case text(String)
    /// A long reply: asked for the next piece whenever the socket has taken the last, until it gives nil.
    /// Pieces of about `portion` bytes are best.
    case pieces(() -> [UInt8]?)
    /// The reply comes later, through the `PendingReply` that the closure is given at once.
    case later((PendingReply) -> Void)
    /// Somebody else replies: the session passes on what it says until it ends.
    case relay(AdminUpstream)
    /// Somebody else has the connection from here on; the session is over. What came before is sent.
    case takeOver((consuming Descriptor) -> Void)
    /// Nothing to say. On a worker's socket the blank line still comes, on the master's nothing.
    case nothing
    /// Says this without the blank line, then closes the connection.
    case farewell(String)

    /// Bytes of a long reply that are made at a time: enough for one system call to be worth its while, and made in
    /// well under a millisecond.
    package static let portion = 16_384
}

/// The commands of one kind of socket.
package struct CommandTable {
    private let commands: [AdminCommand]
    private let help: HelpList
    private let route: ((AdminRequest) -> AdminReply?)?

    /// `commands` and those that every session has (`help`, `prompt`, `quit`, `user`, `operator`,
    /// `show cli level`, and `set timeout cli` where sessions have a timeout).
    /// `route` is asked first: it may take over any command (the master's `@1 …`); nil leaves it to the table.
    /// `extraHelp`: lines for what only `route` knows.
    package init(
        _ commands: [AdminCommand], extraHelp: [HelpLine] = [], route: ((AdminRequest) -> AdminReply?)? = nil
    ) {
        self.commands = (commands + BuiltInCommands.listed + BuiltInCommands.last)
        self.help = HelpList(
            commands: (commands + BuiltInCommands.listed).compactMap(\.help) + extraHelp,
            always: BuiltInCommands.last.compactMap(\.help))
        self.route = route
    }

    /// What to do with a command.
    func reply(to text: String, payload: String?, in session: AdminSession) -> AdminReply {
        let words = CommandText.words(of: text)
        func request(_ nameLength: Int) -> AdminRequest {
            AdminRequest(
                words: words, arguments: words.dropFirst(nameLength), text: text, payload: payload,
                session: session)
        }
        if let reply = route?(request(0)) { return reply }
        var best: AdminCommand?
        for command in commands
        where words.starts(with: command.words) && command.words.count > best?.words.count ?? 0 {
            best = command
        }
        guard let command = best else { return .text(help.unknown(words)) }
        if session.level < command.level { return .text(Refusal.permission) }
        if command.words == ["help"] { return .text(help.text(about: Array(words.dropFirst()))) }
        return command.run(request(command.words.count))
    }
}
