// What one command on a host has left: its output, its end, and how far it got.

import Glibc
import RuntimeAPI

package struct Transcript: Equatable, Sendable {
    package enum Ending: Equatable, Sendable {
        /// As a shell tells it; 255 is ssh's own.
        case exited(Int32)
        /// It was given up here, and why.
        case cut(String)
    }
    package var ending: Ending
    /// The host was told to go on.
    package var wasReleased = false
    package var output = ""
    package var errors: [String] = []
    package var milliseconds = 0.0

    package init(_ ending: Ending) { self.ending = ending }

    /// ssh's status for faults of its own.
    private static let sshFault: Int32 = 255
    /// A shell's status for a program that is not there.
    private static let notFound: Int32 = 127

    /// A shell's status for a program that a signal has ended. A reload holds these back before it changes anything.
    private static let signals: [Int32: String] = [
        128 + SIGHUP: "SIGHUP", 128 + SIGINT: "SIGINT", 128 + SIGTERM: "SIGTERM",
    ]
    private var signal: String? {
        if case .exited(let code) = ending { Self.signals[code] } else { nil }
    }

    /// Whether something may have been changed there.
    var mayHaveBegun: Bool {
        wasReleased && signal == nil && ending != .exited(Self.notFound) && ending != .exited(EX_USAGE)
    }

    /// The object that the host printed: the last line that begins one, since a login may print more.
    var document: JSON? {
        let line = output.split(separator: "\n").last { $0.hasPrefix("{") }
        return line.flatMap { try? JSON(parsing: $0) }
    }

    /// Why there is no document, a sentence.
    var silence: String {
        let said = errors.last { !$0.isEmpty }
        if let signal { return "\(signal) ended it before anything was changed there" }
        switch ending {
        case .cut(let why): return why
        case .exited(Self.sshFault) where !wasReleased:
            return "cannot be reached: \(said ?? "ssh ended with 255 and said nothing")"
        case .exited(Self.sshFault):
            return "the connection was lost (\(said ?? "ssh said nothing"))"
        case .exited(Self.notFound):
            return "no reloadtop there: \(said ?? "exit status 127") (--remote-program names it)"
        case .exited(EX_USAGE):
            return
                "its reloadtop does not take these options: \(said ?? "exit status 64") (is it as new as this one?)"
        case .exited(let code):
            return "no answer, exit status \(code)" + (said.map { ": \($0)" } ?? "")
        }
    }
}
