// How a line of an admin session is cut into commands and words: `;` between commands, blanks between words,
// a backslash takes the next character as it is. As in HAProxy there are no quotes.

package enum CommandText {
    /// The most words that one command has; the rest of the line is ignored.
    package static let longest = 64

    /// The commands of a line, without the `;` between them. An escaped `\;` separates nothing; the escapes
    /// stay in for `words`.
    package static func commands(in line: String) -> [String] {
        var commands: [String] = []
        var current = ""
        var escaped = false
        for character in line {
            if escaped {
                escaped = false
                current.append(character)
            } else if character == ";" {
                commands.append(current)
                current = ""
            } else {
                escaped = character == "\\"
                current.append(character)
            }
        }
        commands.append(current)
        return commands
    }

    /// The words of a command, unescaped.
    package static func words(of command: String) -> [String] {
        var words: [String] = []
        var word: String?
        var escaped = false
        for character in command {
            if escaped {
                escaped = false
                word = (word ?? "") + String(character)
            } else if character == " " || character == "\t" {
                if let complete = word {
                    words.append(complete)
                    if words.count == longest { return words }
                }
                word = nil
            } else if character == "\\" {
                escaped = true
                word = word ?? ""
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word) }
        return words
    }

    /// A line that ends in ` <<` announces lines of payload, up to an empty line: the line without the mark.
    package static func withoutPayloadMark(_ line: String) -> String? {
        var text = Substring(line)
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        guard text.hasSuffix("<<") else { return nil }
        text.removeLast(2)
        guard text.isEmpty || text.last == " " || text.last == "\t" else { return nil }
        return String(text)
    }

    /// `10s`, `1500ms`, `2m`, `1h`, `1d`, `500us`, or a number in `unit` nanoseconds. Nil: no duration.
    package static func nanoseconds(ofDuration text: String, unit: Int64) -> Int64? {
        let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty, let number = Int64(String(decoding: digits, as: UTF8.self)) else { return nil }
        let scale: Int64
        switch text.dropFirst(digits.count) {
        case "": scale = unit
        case "us": scale = 1_000
        case "ms": scale = 1_000_000
        case "s": scale = 1_000_000_000
        case "m": scale = 60_000_000_000
        case "h": scale = 3_600_000_000_000
        case "d": scale = 86_400_000_000_000
        default: return nil
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: scale)
        return overflow ? nil : product
    }
}
