// What changed between two configurations, as lines to show: unified, with a few lines around each change, and
// without the secrets that stand in them.

package struct ConfigurationDiff: Equatable, Sendable {
    package enum Kind: String, Sendable {
        /// A file's name: `edge.cfg`, with ` (new)` or ` (gone)`.
        case file
        /// Lines that are the same were left out here.
        case gap
        case same, removed, added
    }
    package struct Line: Equatable, Sendable {
        package var kind: Kind
        /// From 1 on, in the file before and in the file after.
        package var before: Int?
        package var after: Int?
        package var text: String
    }

    package private(set) var lines: [Line] = []
    package private(set) var added = 0
    package private(set) var removed = 0
    package var isEmpty: Bool { lines.isEmpty }

    /// `context`: how many lines around a change are shown.
    package init(
        from old: [ConfigurationFile], to new: [ConfigurationFile], context: Int = 3
    ) {
        var names = old.map(\.path)
        names += new.map(\.path).filter { !names.contains($0) }
        for name in names {
            let before = old.first { $0.path == name }?.bytes
            let after = new.first { $0.path == name }?.bytes
            if before == after { continue }
            let note = before == nil ? " (new)" : after == nil ? " (gone)" : ""
            lines.append(Line(kind: .file, text: name + note))
            compare(before ?? [], after ?? [], context)
        }
    }

    private mutating func compare(_ before: [UInt8], _ after: [UInt8], _ context: Int) {
        let old = Self.split(before)
        let new = Self.split(after)
        let steps = LineDiff.steps(old, new)
        let changed = steps.indices.filter { if case .same = steps[$0] { false } else { true } }
        var shown: Set<Int> = []
        for index in changed {
            shown.formUnion(max(0, index - context)...min(steps.count - 1, index + context))
        }
        var last = -1
        for index in shown.sorted() {
            if index != last + 1 { lines.append(Line(kind: .gap, text: "")) }
            last = index
            switch steps[index] {
            case .same(let one, let other): append(.same, one, other, new[other])
            case .removed(let one):
                removed += 1
                append(.removed, one, nil, old[one])
            case .added(let other):
                added += 1
                append(.added, nil, other, new[other])
            }
        }
    }

    private mutating func append(_ kind: Kind, _ before: Int?, _ after: Int?, _ bytes: ArraySlice<UInt8>) {
        let text = Secrets.hidden(in: String(decoding: bytes, as: UTF8.self))
        lines.append(Line(kind: kind, before: before.map { $0 + 1 }, after: after.map { $0 + 1 }, text: text))
    }

    private static func split(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}

/// Passwords and the like in a configuration's lines.
package enum Secrets {
    private static let mask = "<hidden>"
    private static let keywords: Set<Substring> = ["password", "insecure-password"]
    private static let telling = ["PASS", "SECRET", "TOKEN", "KEY", "AUTH"]

    /// The line with each secret replaced; everything else, its blanks too, as it was.
    package static func hidden(in line: String) -> String {
        let words = words(of: line)
        guard let first = words.first else { return line }
        var hidden: [Range<String.Index>] = []
        for (index, word) in words.enumerated() where index + 1 < words.count {
            let next = words[index + 1]
            if keywords.contains(line[word]) { hidden.append(next) }
            // `stats auth user:password`
            if line[word] == "auth", index > 0, line[words[index - 1]] == "stats",
                let colon = line[next].firstIndex(of: ":")
            {
                hidden.append(line.index(after: colon)..<next.upperBound)
            }
            if word == first, ["setenv", "presetenv"].contains(line[word]), index + 2 < words.count,
                telling.contains(where: { line[next].uppercased().contains($0) })
            {
                hidden.append(words[index + 2])
            }
        }
        var result = line
        for range in hidden.reversed() { result.replaceSubrange(range, with: mask) }
        return result
    }

    /// Where the words are; quotes and backslashes keep blanks inside one.
    private static func words(of line: String) -> [Range<String.Index>] {
        var words: [Range<String.Index>] = []
        var start: String.Index?
        var quote: Character?
        var isEscaped = false
        for index in line.indices {
            let character = line[index]
            let isBlank = quote == nil && !isEscaped && (character == " " || character == "\t")
            if isBlank {
                if let begin = start { words.append(begin..<index) }
                start = nil
                continue
            }
            if start == nil { start = index }
            if isEscaped {
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if character == quote {
                quote = nil
            } else if quote == nil, character == "\"" || character == "'" {
                quote = character
            }
        }
        if let begin = start { words.append(begin..<line.endIndex) }
        return words
    }
}
