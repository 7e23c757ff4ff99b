// Single lines in the section that they belong to, for tables of good and bad ones.

import Testing

@testable import ConfigLanguage

/// A line, perhaps marked, in a section of its own.
struct LineCase: Sendable, CustomTestStringConvertible {
    enum Section: String, Sendable {
        case global = "global\n"
        case frontend = "backend b\n mode http\nfrontend f\n mode http\n bind :8000\n timeout client 1s\n"
        case backend = "backend f\n mode http\n timeout server 1s\n timeout connect 1s\n"
        case listen = "listen f\n mode http\n bind :8000\n timeout client 1s\n"
        case defaults = "defaults\n"
        case peers = "frontend f\n mode http\n bind :8000\n timeout client 1s\npeers mp\n"
        case none = ""
    }

    let section: Section
    let line: String
    /// What the first alert or warning must contain.
    let message: String

    init(_ section: Section, _ line: String, _ message: String = "") {
        self.section = section
        self.line = line
        self.message = message
    }

    /// The rows of `text`, each `line → message` or a line alone; `⏎` stands for a line's end within a row.
    static func table(_ section: Section, _ text: String) -> [LineCase] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { row in
            let parts = row.split(separator: " → ", maxSplits: 1, omittingEmptySubsequences: false)
            let line = parts[0].split(separator: "⏎", omittingEmptySubsequences: false)
                .joined(separator: "\n")
            return LineCase(section, line, parts.count > 1 ? String(parts[1]) : "")
        }
    }

    var text: String { section.rawValue + line + "\n" }
    var testDescription: String { line }
}
