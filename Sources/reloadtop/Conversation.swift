// What a command says to a person, and the one question that it asks him. Whoever is gone before the end hears the rest
// no more: the command goes on or not, but it never ends by a broken pipe, which would leave things half done.

import Glibc
import TextUI
import Unix

final class Conversation {
    /// Standard output has lost its reader: nobody sees what is said.
    private(set) var isUnread = false

    init() {
        Signals.ignoreBrokenPipes()
    }

    /// Prints lines, without what would act on the terminal.
    func show(_ text: String) {
        // By bytes: a carriage return and the newline behind it are one character.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let visible = lines.map { VisibleText.of(String(Substring($0))) + "\n" }.joined()
        do throws(Errno) {
            try File.writeAll(STDOUT_FILENO, visible.utf8)
        } catch {
            if error == .brokenPipe { isUnread = true }
        }
    }

    /// Prints a document for programs.
    func deliver(_ document: String) {
        do throws(Errno) {
            try File.writeAll(STDOUT_FILENO, (document + "\n").utf8)
        } catch {
            complain("cannot write the report: \(error)")
        }
    }

    /// Asks on the terminal, and waits for the answer, unless something ends the wait. Nobody there: no.
    func isConfirmed(_ question: String, unless isOver: () -> Bool = { false }) -> Bool {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return false }
        try? File.writeAll(STDERR_FILENO, "\(VisibleText.of(question)) [y/N] ".utf8)
        var asked = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        repeat {
            if isOver() {
                try? File.writeAll(STDERR_FILENO, "\n".utf8)
                return false
            }
        } while poll(&asked, 1, 100) == 0
        return ["y", "yes"].contains((readLine() ?? "").lowercased())
    }
}
