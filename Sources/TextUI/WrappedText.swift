// A sentence in lines of at most a width, broken at its blanks; a word that is longer than a line is cut.

package enum WrappedText {
    package static func lines(_ text: String, width: Int) -> [String] {
        guard width > 0 else { return [] }
        var lines: [String] = []
        var line = ""
        var columns = 0
        for word in text.split(separator: " ") {
            var rest = VisibleText.of(String(word))
            var needed = CharacterWidth.columns(of: rest)
            if columns > 0, columns + 1 + needed > width {
                lines.append(line)
                (line, columns) = ("", 0)
            }
            while needed > width {
                let piece = String(rest.prefix(width))
                lines.append(piece)
                rest = String(rest.dropFirst(piece.count))
                needed = CharacterWidth.columns(of: rest)
            }
            if columns > 0 {
                line += " "
                columns += 1
            }
            line += rest
            columns += needed
        }
        if columns > 0 { lines.append(line) }
        return lines
    }
}
