// A text in lines of at most a width, broken at its blanks; only a word that is longer than a line is cut. Blanks inside
// a line stay as they are: those of a command matter.

/// Texts in lines.
package enum WrappedText {
    /// `indent`: blanks before each line but the first. What does not print is spelled out. An empty text is one
    /// empty line; where there is no width there are no lines.
    package static func lines(_ text: String, width: Int, indent: Int = 0) -> [String] {
        guard width > 0 else { return [] }
        let visible = VisibleText.of(text)
        guard CharacterWidth.columns(of: visible) > width else { return [visible] }
        // Room for a wide character is left.
        let margin = indent + 2 <= width ? indent : 0
        var lines: [String] = []
        var line = ""
        var columns = 0
        var isEmpty = true
        var gap = -1
        func flush() {
            lines.append(line)
            (line, columns, isEmpty) = (String(repeating: " ", count: margin), margin, true)
        }
        for word in visible.split(separator: " ", omittingEmptySubsequences: false) {
            gap += 1
            guard !word.isEmpty else { continue }
            var rest = word
            var needed = CharacterWidth.columns(of: String(word))
            if !isEmpty, columns + gap + needed > width {
                flush()
            } else if columns + gap < width {
                line += String(repeating: " ", count: gap)
                columns += gap
            }
            while columns + needed > width {
                let piece = piece(of: rest, columns: width - columns)
                line += piece
                rest = rest.dropFirst(piece.count)
                needed = CharacterWidth.columns(of: String(rest))
                flush()
            }
            line += rest
            columns += needed
            isEmpty = rest.isEmpty
            gap = 0
        }
        if !isEmpty { lines.append(line) }
        return lines
    }

    /// The beginning of a word that fits; at least one character, however wide.
    private static func piece(of word: Substring, columns: Int) -> Substring {
        var end = word.startIndex
        var taken = 0
        while end < word.endIndex {
            taken += CharacterWidth.columns(of: String(word[end]))
            if taken > columns, end > word.startIndex { break }
            word.formIndex(after: &end)
        }
        return word[..<end]
    }
}
