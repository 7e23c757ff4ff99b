// Words for the shell of a remote user, whichever that is: ssh sends one line, and the shell there takes it apart again.

enum RemoteShell {
    /// Each of `words` arrives as it is: with sh, bash, zsh, fish and csh. Single quotes keep everything but themselves
    /// and, for fish, the backslash and, for csh, the exclamation mark.
    static func line(_ words: [String]) -> String { words.map(quoted).joined(separator: " ") }

    private static func quoted(_ word: String) -> String {
        let isPlain = word.unicodeScalars.allSatisfy {
            $0.isPlainLetterOrDigit || "_./:,-".unicodeScalars.contains($0)
        }
        if isPlain, !word.isEmpty { return word }
        var line = "'"
        for character in word.unicodeScalars {
            if "'\\!".unicodeScalars.contains(character) {
                line += "'\\\(character)'"
            } else {
                line.unicodeScalars.append(character)
            }
        }
        return line + "'"
    }
}

extension Unicode.Scalar {
    /// Of ASCII.
    var isPlainLetterOrDigit: Bool {
        switch self {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }
}
