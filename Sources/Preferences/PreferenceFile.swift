// The file of preferences: `name = value`, one a line, `#` for comments. What is wrong is told with its place; then
// nothing of the file holds, so that no half of it surprises anybody.

/// What is wrong with a file: `~/.config/reloadtop/config:3: 'interval' needs …, found …`.
package struct PreferenceFault: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// What a file says.
package struct PreferenceFile: Equatable, Sendable {
    /// In their order; of a name that comes twice the last holds.
    package private(set) var values: [(name: String, value: String)] = []

    package static func == (left: PreferenceFile, right: PreferenceFile) -> Bool {
        left.values.elementsEqual(right.values) { $0.name == $1.name && $0.value == $1.value }
    }

    /// `name`: the file's, for what is wrong in it.
    package init(_ text: String, name: String) throws(PreferenceFault) {
        for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = Self.trimmed(raw)
            if line.isEmpty || line.hasPrefix("#") { continue }
            func fault(_ sentence: String) -> PreferenceFault {
                PreferenceFault("\(name):\(index + 1): \(sentence); nothing of this file holds")
            }
            guard let equals = line.firstIndex(of: "=") else {
                throw fault("expected 'name = value', found '\(line)'")
            }
            let key = Self.trimmed(line[..<equals])
            let value = Self.trimmed(line[line.index(after: equals)...])
            guard let preference = Preference.all.first(where: { $0.name == key }) else {
                let names = Preference.all.map(\.name).joined(separator: ", ")
                throw fault("expected one of \(names), found '\(key)'")
            }
            guard preference.accepts(value) else {
                throw fault("'\(key)' needs \(preference.need), found '\(value)'")
            }
            values.append((key, value))
        }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" }
        return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }

    /// Whether a command line only asks for a text that no preference changes: a mistake in the file is no reason
    /// to refuse it.
    package static func isNotNeeded(for words: [String]) -> Bool {
        let texts = [
            "help", "--help", "-h", "--version", "--write-config", "--generate-completion-script",
            "--experimental-dump-help",
        ]
        return words.contains { texts.contains($0) }
    }

    /// The words of a command line with those of the file in front, which therefore hold less.
    package func arguments(before words: [String]) -> [String] {
        // A rollout is about other hosts.
        guard !Self.isNotNeeded(for: words), words.first != "rollout" else { return words }
        // Subcommands that only know which proxy is meant.
        let subcommand = words.first.flatMap { ["doctor", "reload"].contains($0) ? $0 : nil }
        func isGiven(_ name: String) -> Bool {
            words.contains { $0 == "--\(name)" || $0.hasPrefix("--\(name)=") }
        }
        let own = values.flatMap { name, value -> [String] in
            guard let preference = Preference.all.first(where: { $0.name == name }),
                !isGiven(name), !preference.yieldsTo.contains(where: isGiven),
                subcommand == nil || preference.isForDoctor
            else { return [] }
            // Of a threshold that comes twice the last holds: that of the command line.
            if let option = preference.option { return ["--\(option)=\(name)=\(value)"] }
            if preference.kind == .flag { return value == "yes" ? ["--\(name)"] : [] }
            return ["--\(name)=\(value)"]
        }
        return subcommand.map { [$0] + own + words.dropFirst() } ?? own + words
    }
}
