// One command of a unit's Exec line, as systemd splits it: quotes, prefixes, several behind each other. Variables and
// specifiers stay as they are written: what they mean is known when systemd runs the command.

/// A program with its arguments.
package struct UnitCommand: Equatable, Sendable {
    /// At least one.
    package var words: [String]
    /// `-` stands in front: what becomes of it does not matter to systemd.
    package var ignoresFailure = false
    /// `/lib/systemd/system/haproxy.service:14`
    package var place: String

    package init(_ words: [String], ignoresFailure: Bool = false, place: String) {
        self.words = words
        self.ignoresFailure = ignoresFailure
        self.place = place
    }

    /// As a person would write it.
    package var text: String { words.joined(separator: " ") }

    /// The program without its folder.
    package var program: String { words[0].split(separator: "/").last.map(String.init) ?? words[0] }

    package func contains(_ word: String) -> Bool { words.contains(word) }

    private static let shells: Set<String> = ["sh", "bash", "dash", "zsh", "ksh"]
    /// What may stand before a command in a script.
    private static let openings: Set<String> = ["if", "then", "else", "exec", "!", "{", "("]

    /// The commands of one assignment.
    static func read(_ line: String, at place: String) -> [UnitCommand] {
        split(line).split(separator: .end).flatMap { parts -> [UnitCommand] in
            var words = parts.compactMap(\.text)
            guard let first = words.first else { return [] }
            let prefix = first.prefix { "@-:+!|".contains($0) }
            words[0] = String(first.dropFirst(prefix.count))
            // The word behind the program is then its name, no argument.
            if prefix.contains("@"), words.count > 1 { words.remove(at: 1) }
            if words[0].isEmpty { return [] }
            let command = UnitCommand(words, ignoresFailure: prefix.contains("-"), place: place)
            // Also among others: `-ec`.
            let isScript: (String) -> Bool = { $0.hasPrefix("-") && !$0.hasPrefix("--") && $0.hasSuffix("c") }
            guard shells.contains(command.program), let option = words.firstIndex(where: isScript),
                option + 1 < words.count
            else { return [command] }
            return script(words[option + 1]).map {
                UnitCommand($0, ignoresFailure: command.ignoresFailure, place: place)
            }
        }
    }

    private static func script(_ text: String) -> [[String]] {
        text.split { ";&|\n()".contains($0) }.compactMap { part in
            let words = split(String(part)).compactMap(\.text)
            let command = Array(words.drop(while: openings.contains))
            return command.isEmpty ? nil : command
        }
    }

    private enum Part: Equatable {
        case word(String)
        /// A semicolon of its own.
        case end

        var text: String? {
            if case .word(let text) = self { text } else { nil }
        }
    }

    private static func split(_ line: String) -> [Part] {
        var parts: [Part] = []
        var word = ""
        var isOpen = false
        var quote: Character?
        var isEscaped = false
        func close() {
            if isOpen { parts.append(word == ";" ? .end : .word(word == "\\;" ? ";" : word)) }
            (word, isOpen) = ("", false)
        }
        for character in line {
            if isEscaped {
                word += character == ";" ? "\\;" : String(character)
                isEscaped = false
            } else if character == "\\" {
                (isEscaped, isOpen) = (true, true)
            } else if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "\"" || character == "'" {
                (quote, isOpen) = (character, true)
            } else if character == " " || character == "\t" {
                close()
            } else {
                word.append(character)
                isOpen = true
            }
        }
        close()
        return parts
    }
}
