// `help` and the reply to an unknown command: lists of usage lines in HAProxy's form.

/// One line of `help`.
package struct HelpLine: Equatable, Sendable {
    /// `show info [desc|json|typed]*`
    package var usage: String
    /// `report …`
    package var text: String

    package init(usage: String, text: String) {
        self.usage = usage
        self.text = text
    }

    /// The line as printed.
    package var line: String { "  \(usage.padded(to: 40)): \(text)\n" }

    /// The words of the command itself, before arguments.
    fileprivate var words: [Substring] {
        usage.split(separator: " ").prefix { !$0.hasPrefix("[") && !$0.hasPrefix("<") && !$0.hasPrefix("(") }
    }
}

/// All lines of a session's help.
package struct HelpList: Sendable {
    /// In the order of the alphabet.
    package let commands: [HelpLine]
    /// What stands at the end of each list: `help`, `prompt`, `quit`.
    package let always: [HelpLine]

    package init(commands: [HelpLine], always: [HelpLine]) {
        self.commands = commands.sorted { $0.usage < $1.usage }
        self.always = always
    }

    /// The reply to `help [<command>]`, without the blank line that ends it.
    package func text(about words: [String] = []) -> String {
        let lines = commands.filter { line in
            zip(words, line.words).allSatisfy { $1.hasPrefix($0) } && words.count <= line.words.count
        }
        return "The following commands are valid at this level:\n" + Self.joined(lines + always)
    }

    /// The reply to a command that does not exist: the nearest ones, or all where none is near.
    package func unknown(_ words: [String]) -> String {
        var near: [(line: HelpLine, distance: Int)] = []
        for line in commands {
            let distance = Self.distance(words, line.words)
            if distance < 100 { near.append((line, distance)) }
        }
        near.sort { one, other in
            one.distance == other.distance ? one.line.usage < other.line.usage : one.distance < other.distance
        }
        let nearest: [HelpLine] = near.prefix(5).map { $0.line }
        // A word that stands alone, or is longer than any command's, may be a line of a key whose payload ended early.
        let first = words.first ?? ""
        let name = words.count > 1 && first.utf8.count <= 20 ? ": '\(Self.printable(first))'" : ""
        if nearest.isEmpty {
            return "Unknown command\(name). Please enter one of the following commands only:\n"
                + Self.joined(commands + always)
        }
        return "Unknown command\(name), but maybe one of the following ones is a better match:\n"
            + Self.joined(nearest.sorted { $0.usage < $1.usage } + always)
    }

    private static func joined(_ lines: [HelpLine]) -> String { lines.map(\.line).joined() }

    /// A word of a client as it may be shown to one: no control characters.
    private static func printable(_ word: String) -> String {
        String(
            String.UnicodeScalarView(
                word.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
    }

    /// 0 for equal words, 100 and more for nothing in common.
    private static func distance(_ typed: [String], _ known: [Substring]) -> Int {
        var total = 0
        var common = false
        for index in 0..<max(known.count, min(typed.count, known.count + 1)) {
            guard index < typed.count else {
                total += 2
                continue
            }
            guard index < known.count else {
                total += 1
                continue
            }
            let one = Array(typed[index].utf8.prefix(64))
            let other = Array(known[index].utf8)
            if one == other {
                common = true
                continue
            }
            let edits = edits(one, other)
            if edits * 2 <= max(one.count, other.count) { common = true }
            total += 3 + edits
        }
        return common ? total : total + 100
    }

    /// Insertions, removals and replacements from one to the other.
    private static func edits(_ one: [UInt8], _ other: [UInt8]) -> Int {
        var row = Array(0...other.count)
        for (index, byte) in one.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, wanted) in other.enumerated() {
                let replaced = diagonal + (byte == wanted ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[other.count]
    }
}
