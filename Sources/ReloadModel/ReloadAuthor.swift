// Who asked for a reload: a chain of processes, the user behind it, and how sure that is.

/// One process of a chain.
package struct ProcessLink: Equatable, Sendable {
    package var pid: Int32
    package var name: String

    package init(pid: Int32, name: String) {
        self.pid = pid
        self.name = name
    }
}

/// The author of one reload.
package struct ReloadAuthor: Equatable, Sendable {
    /// How it is known.
    package enum Certainty: String, Sendable {
        /// The kernel or the proxy named the process.
        case seen
        /// It ran at the right moment and does such things.
        case likely
        case unknown
    }
    package var certainty: Certainty
    /// From the outermost to the one that asked; empty where not even that is known.
    package var chain: [ProcessLink]
    /// The command of the one that asked; may hold control characters.
    package var command: String?
    /// `SIGUSR2`, `cli`, `systemd`
    package var via: String?
    package var uid: UInt32?
    package var user: String?
    /// `pts/3`
    package var terminal: String?
    /// What makes it likely, or why it is unknown.
    package var why: String?

    package init(
        certainty: Certainty, chain: [ProcessLink] = [], command: String? = nil, via: String? = nil,
        uid: UInt32? = nil, user: String? = nil, terminal: String? = nil, why: String? = nil
    ) {
        self.certainty = certainty
        self.chain = chain
        self.command = command
        self.via = via
        self.uid = uid
        self.user = user
        self.terminal = terminal
        self.why = why
    }

    /// Nobody, because of `why`.
    package static func unknown(_ why: String) -> ReloadAuthor { .init(certainty: .unknown, why: why) }

    /// The longest command that is shown whole.
    private static let longestCommand = 48

    /// `ansible-playbook → sh → kill -USR2 812 (uid 1000 alice, pts/3) - seen`
    package var words: String {
        guard certainty != .unknown || !chain.isEmpty else {
            return "unknown" + (why.map { ": \($0)" } ?? "")
        }
        var text = chain.dropLast().map(\.name).joined(separator: " → ")
        if let last = chain.last {
            let name = command.map(Self.shortened) ?? last.name
            text += (text.isEmpty ? "" : " → ") + (name.isEmpty ? "pid \(last.pid)" : name)
        }
        let details = details(besides: text)
        if !details.isEmpty {
            text += (text.isEmpty ? "" : " ") + "(" + details.joined(separator: ", ") + ")"
        }
        return "\(text) - \(certainty.rawValue)"
    }

    /// The one that asked first, the outermost last, for where room is short and the end is cut:
    /// `likely: kill ← sh ← ansible-playbook (uid 1000 alice, pts/3)`; `from`: the arrow.
    package func nearestFirst(from arrow: String) -> String {
        guard let last = chain.last else { return words }
        let name = command.flatMap { Self.saysMore($0) ? Self.shortened($0) : nil } ?? last.name
        let chain = [name.isEmpty ? "pid \(last.pid)" : name] + chain.dropLast().reversed().map(\.name)
        let details = details(besides: "")
        return "\(certainty.rawValue): " + chain.joined(separator: " \(arrow) ")
            + (details.isEmpty ? "" : " (" + details.joined(separator: ", ") + ")")
    }

    /// Whether its words tell more than its name: of `kill -USR2 812` they do not.
    private static func saysMore(_ command: String) -> Bool {
        command.split(separator: " ").dropFirst().contains { word in
            !word.hasPrefix("-") && Int32(word) == nil && !word.hasSuffix("USR2")
        }
    }

    private func details(besides text: String) -> [String] {
        var details: [String] = []
        if let last = chain.last, command == nil, !last.name.isEmpty { details.append("pid \(last.pid)") }
        if let uid { details.append("uid \(uid)" + (user.map { " \($0)" } ?? "")) }
        if let terminal { details.append(terminal) }
        if let via, !text.contains(via) { details.append("by \(via)") }
        return details
    }

    static func shortened(_ command: String) -> String {
        command.count > longestCommand ? command.prefix(longestCommand - 1) + "…" : command
    }
}
