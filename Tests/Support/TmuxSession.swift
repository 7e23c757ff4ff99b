// A terminal for the dashboard: tmux on a socket of its own, driven by keys and read as screens.

import Demo
import Glibc
import Unix

package final class TmuxSession {
    private let tmux: String
    private let folder: ScratchFolder
    private let server: pid_t

    /// Runs `command` in a terminal of that size. The session stays after the command's end, so that the last
    /// screen and the exit status can be seen.
    package init(
        _ command: [String], columns: Int, rows: Int, environment: [String: String] = [:]
    ) throws {
        tmux = try Program.system("tmux")
        folder = try ScratchFolder()
        let settings = try folder.write(
            "tmux.conf",
            """
            set -g remain-on-exit on
            set -g status off
            set -g default-terminal tmux-256color
            set -g escape-time 0
            set -g history-limit 1000

            """)
        let variables = environment.flatMap { ["-e", "\($0.key)=\($0.value)"] }
        let started = try Program.run(
            tmux,
            ["-u", "-S", folder.file("tmux.sock"), "-f", settings, "new-session", "-d", "-P", "-F", "#{pid}"]
                + variables + ["-x", "\(columns)", "-y", "\(rows)"] + [Self.shellLine(command)],
            environment: ["TMUX": nil, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"])
        guard let pid = pid_t(started.line) else {
            throw ProgramError("tmux did not start: \(started.errors)")
        }
        server = pid
        ChildGuard.shared.adopt(server)
    }

    deinit {
        _ = try? ask(["kill-server"])
        ChildGuard.shared.release(server)
    }

    private static func shellLine(_ words: [String]) -> String {
        "exec "
            + words.map {
                "'"
                    + $0.split(separator: "'", omittingEmptySubsequences: false)
                    .joined(separator: "'\\''") + "'"
            }.joined(separator: " ")
    }

    @discardableResult
    private func ask(_ arguments: [String]) throws -> String {
        let answer = try Program.run(
            tmux, ["-u", "-S", folder.file("tmux.sock")] + arguments, environment: ["TMUX": nil])
        if answer.end != .exited(0) {
            throw ProgramError("tmux \(arguments.joined(separator: " ")): \(answer.errors)")
        }
        return answer.output
    }

    /// Presses keys by tmux's names: `q`, `F10`, `Escape`, `Down`, `C-c`.
    package func press(_ keys: String...) throws { try ask(["send-keys"] + keys) }

    /// Presses keys one after the other and waits until `text` stands on the screen.
    package func press(_ keys: String..., toSee text: String) throws {
        try ask(["send-keys"] + keys)
        try wait(forText: text)
    }

    /// Types text as it is.
    package func type(_ text: String) throws { try ask(["send-keys", "-l", text]) }

    /// The rows of the screen; `colors`: with escape sequences for colours and attributes.
    package func screen(colors: Bool = false) throws -> [String] {
        let text = try ask(["capture-pane", "-p"] + (colors ? ["-e", "-N"] : []))
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// Writes everything that the command sends to its terminal from now on to a file, as it is.
    package func record(to path: String) throws {
        try ask(["pipe-pane", "-O", "exec cat > '\(path)'"])
    }

    package func resize(columns: Int, rows: Int) throws {
        try ask(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
    }

    /// The pid of the command.
    package var pid: pid_t? {
        get throws { pid_t(try ask(["display-message", "-p", "#{pane_pid}"]).filter { $0 != "\n" }) }
    }

    /// How the command ended: its exit status, or 128 + the signal; nil while it runs.
    package var exitStatus: Int32? {
        get throws {
            let answer = try ask(
                ["display-message", "-p", "#{pane_dead} #{pane_dead_status} #{pane_dead_signal}"])
            let words = answer.split(whereSeparator: { $0 == " " || $0 == "\n" }).compactMap { Int32($0) }
            guard words.first == 1 else { return nil }
            // A signal's row has no status; tmux older than 3.3 knows no signal.
            return answer.hasPrefix("1  ")
                ? words.dropFirst().first.map { 128 + $0 } : words.dropFirst().first
        }
    }

    /// Waits until the screen satisfies `condition` and returns it.
    @discardableResult
    package func wait(
        for what: String, atMost limit: Duration = .patience, until condition: ([String]) -> Bool
    ) throws -> [String] {
        var last: [String] = []
        do {
            try TestSupport.wait(for: what, atMost: limit) {
                last = try screen()
                return condition(last)
            }
        } catch let error as TimedOut {
            throw ProgramError("\(error); the screen was:\n\(last.joined(separator: "\n"))")
        }
        return last
    }

    /// Waits until `text` stands somewhere on the screen.
    @discardableResult
    package func wait(forText text: String, atMost limit: Duration = .patience) throws -> [String] {
        try wait(for: "'\(text)'", atMost: limit) { rows in rows.contains { $0.contains(text) } }
    }
}
