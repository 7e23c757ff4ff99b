// The command lines that reach a host: ssh's words here, and the words of the shell there.

package struct RemoteCommand: Equatable, Sendable {
    /// What the host writes before it waits for the word to go on; its process number follows.
    static let mark = "reloadtop-process "
    /// Nothing is begun there before the word has come: a connection that is lost earlier has changed nothing. The outer
    /// shell stays behind: ssh does not tell which signal has ended what it started, a shell does.
    private static let script = """
        sh -c 'echo "\(mark)$$"; read -r go && exec "$@"' sh "$@"; exit $?
        """
    /// For ssh: no question in the middle of a fleet, and a host that is gone is noticed. An option of the user's own
    /// stands in front and holds.
    private static let ssh = [
        "BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=10", "ServerAliveCountMax=3",
        "ClearAllForwardings=yes", "ForwardAgent=no", "ForwardX11=no", "RequestTTY=no",
    ]

    /// The first is the program.
    package let words: [String]

    private init(_ remote: [String], on host: FleetHost, _ wishes: RolloutWishes) {
        words =
            wishes.ssh + Self.ssh.flatMap { ["-o", $0] }
            + ["--", host.name, RemoteShell.line(remote)]
    }

    /// `reloadtop reload` on `host`; `isDry`: changes nothing. It reads the new content after the word to go on.
    static func reload(on host: FleetHost, _ wishes: RolloutWishes, isDry: Bool) -> RemoteCommand {
        var remote = program(wishes) + ["reload", "--json", isDry ? "--dry-run" : "--yes"] + wishes.options
        if let content = wishes.content { remote += ["--sha256", content.hash, "-"] }
        return RemoteCommand(["sh", "-c", script, "sh"] + remote, on: host, wishes)
    }

    /// Ends the waits of a reload that is under way: its verdict is still told and written down.
    static func interrupt(_ process: Int32, on host: FleetHost, _ wishes: RolloutWishes) -> RemoteCommand {
        let sudo = wishes.usesSudo ? ["sudo", "-n"] : []
        return RemoteCommand(sudo + ["kill", "-s", "INT", "\(process)"], on: host, wishes)
    }

    /// For a person who looks what became of `host`.
    static func look(at host: FleetHost, _ wishes: RolloutWishes) -> String {
        (wishes.ssh + [host.name] + program(wishes) + ["--once"]).joined(separator: " ")
    }

    private static func program(_ wishes: RolloutWishes) -> [String] {
        (wishes.usesSudo ? ["sudo", "-n"] : []) + [wishes.program]
    }
}
