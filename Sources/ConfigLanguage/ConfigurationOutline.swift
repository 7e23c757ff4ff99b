// A configuration as sections of lines of words, whatever the keywords: for whoever has questions to HAProxy's whole
// language. It refuses nothing; what cannot be split is told and split at its blanks.

/// The sections of a configuration in their order, over all its files.
package struct ConfigurationOutline: Equatable, Sendable {
    package struct Line: Equatable, Sendable {
        package var file: String
        /// From 1 on.
        package var number: Int
        /// At least one; `no` and `default` in front are kept.
        package var words: [String]
        /// It stands between `.if` and `.endif`: whether it holds depends on what runs.
        package var isConditional: Bool

        package var keyword: String { words[0] }
        /// `edge.cfg:12`
        package var place: String { "\(file.split(separator: "/").last ?? ""):\(number)" }

        package func starts(with words: [String]) -> Bool { self.words.starts(with: words) }

        /// The word after `name`, nil where there is none.
        package func value(of name: String) -> String? {
            guard let index = words.firstIndex(of: name), index + 1 < words.count else { return nil }
            return words[index + 1]
        }
    }

    package struct Section: Equatable, Sendable {
        /// `global`, `defaults`, `frontend` …
        package var kind: String
        /// Empty where it has none.
        package var name: String
        /// The header.
        package var head: Line
        package var lines: [Line] = []
        /// The index of the `defaults` that holds for it.
        var defaults: Int?

        /// `frontend 'web'`, `global`
        package var title: String { name.isEmpty ? kind : "\(kind) '\(name)'" }

        package var isProxy: Bool { ConfigurationOutline.proxies.contains(kind) }
        package var hasClients: Bool { kind == "frontend" || kind == "listen" }
        package var hasServers: Bool { kind == "backend" || kind == "listen" }
    }

    package private(set) var sections: [Section] = []
    /// What could not be read: `edge.cfg:3: unmatched quote`.
    package private(set) var problems: [String] = []

    private static let proxies: Set<String> = ["frontend", "backend", "listen"]
    private static let kinds: Set<String> = proxies.union([
        "global", "defaults", "peers", "resolvers", "userlist", "mailers", "program", "cache", "http-errors",
        "ring", "log-forward", "log-profile", "fcgi-app", "crt-store", "traces", "acme",
    ])

    /// `files`: in the order in which they are loaded; `environment`: of the process that loads them.
    package init(
        _ files: [(name: String, bytes: [UInt8])], environment: @escaping (String) -> String? = { _ in nil }
    ) {
        for file in files { read(file.name, file.bytes, environment) }
    }

    private mutating func read(
        _ name: String, _ bytes: [UInt8], _ environment: @escaping (String) -> String?
    ) {
        let tokenizer = Tokenizer(variable: environment)
        var depth = 0
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, bytes) in lines.enumerated() {
            var words: [String]
            do throws(Tokenizer.Failure) {
                words = try tokenizer.words(of: bytes).map(\.text)
            } catch {
                words = Self.roughWords(bytes)
                problems.append("\(name):\(index + 1): \(error.message)")
            }
            guard let first = words.first else { continue }
            if first.hasPrefix("."), first.count > 1 {
                if first == ".if" { depth += 1 } else if first == ".endif" { depth = max(0, depth - 1) }
                continue
            }
            let line = Line(file: name, number: index + 1, words: words, isConditional: depth > 0)
            if Self.kinds.contains(first) { open(line) } else if !sections.isEmpty { add(line) }
        }
    }

    private static func roughWords(_ bytes: ArraySlice<UInt8>) -> [String] {
        String(decoding: bytes.prefix { $0 != UInt8(ascii: "#") }, as: UTF8.self)
            .split(whereSeparator: \.isWhitespace).map { $0.filter { $0 != "\"" && $0 != "'" } }
    }

    private mutating func add(_ line: Line) { sections[sections.count - 1].lines.append(line) }

    private mutating func open(_ line: Line) {
        let words = line.words
        var section = Section(kind: line.keyword, name: words.count > 1 ? words[1] : "", head: line)
        if section.isProxy || section.kind == "defaults" {
            if section.kind == "defaults", section.name == "from" { section.name = "" }
            let isNamed = line.value(of: "from")
            section.defaults = sections.lastIndex { candidate in
                candidate.kind == "defaults" && (isNamed == nil || candidate.name == isNamed)
            }
            if section.kind == "defaults", isNamed == nil { section.defaults = nil }
        }
        sections.append(section)
    }

    // MARK: Questions

    package func sections(_ kind: String) -> [Section] { sections.filter { $0.kind == kind } }

    /// Every line of every `global`, in its order.
    package var global: [Line] { sections("global").flatMap(\.lines) }

    /// The last line of `global` that starts with these words; the last setting holds.
    package func global(_ words: String...) -> Line? { global.last { $0.starts(with: words) } }

    package var proxies: [Section] { sections.filter(\.isProxy) }

    /// The line that holds for a proxy: its own last one, else that of its defaults. `no …` takes a setting away.
    package func setting(_ words: [String], of section: Section) -> Line? {
        if let own = section.lines.last(where: { $0.starts(with: words) || $0.starts(with: ["no"] + words) })
        {
            return own.keyword == "no" ? nil : own
        }
        return section.defaults.flatMap { setting(words, of: sections[$0]) }
    }

    /// `mode` of a proxy; `tcp` unless set.
    package func mode(of section: Section) -> String {
        setting(["mode"], of: section).flatMap { $0.words.count > 1 ? $0.words[1] : nil } ?? "tcp"
    }
}
