// The keywords of a section, of `bind` or of `server` as one table: name, number of arguments, what to do.
// A new keyword is one more entry.

/// One keyword that acts on a `Subject`.
struct Keyword<Subject>: Sendable {
    typealias Action = @Sendable (Phrase, inout Subject, ConfigurationReader) throws(Fault) -> Void

    let name: String
    /// How many words may follow it.
    let arguments: ClosedRange<Int>
    /// What must follow, for the message: `an integer argument`.
    let expects: String
    /// It may stand behind `no`.
    let canBeNegated: Bool
    let action: Action

    init(
        _ name: String, _ arguments: ClosedRange<Int> = 1...1, expects: String = "an argument",
        canBeNegated: Bool = false, _ action: @escaping Action
    ) {
        self.name = name
        self.arguments = arguments
        self.expects = expects
        self.canBeNegated = canBeNegated
        self.action = action
    }

    /// Checks the number of arguments and acts.
    func apply(_ phrase: Phrase, to subject: inout Subject, _ reader: ConfigurationReader) throws(Fault) {
        let given = phrase.count - 1
        if given < arguments.lowerBound {
            throw phrase.fault("'\(name)' expects \(expects).", at: phrase.count)
        }
        if phrase.count - 1 > arguments.upperBound {
            let index = arguments.upperBound + 1
            throw phrase.fault("'\(name)' cannot handle unexpected argument '\(phrase[index])'.", at: index)
        }
        try action(phrase, &subject, reader)
    }
}

extension Keyword {
    /// The same option for what holds the subject.
    func of<Whole>(_ path: WritableKeyPath<Whole, Subject> & Sendable) -> Keyword<Whole> {
        Keyword<Whole>(name, arguments, expects: expects, canBeNegated: canBeNegated) {
            (phrase, whole, reader) throws(Fault) in
            try self.action(phrase, &whole[keyPath: path], reader)
        }
    }
}

extension ClosedRange<Int> {
    /// Any number of arguments from `lowest` on.
    static func atLeast(_ lowest: Int) -> ClosedRange<Int> { lowest...Tokenizer.mostWords }
}

/// All keywords that may stand in one place.
struct KeywordTable<Subject>: Sendable {
    let keywords: [String: Keyword<Subject>]
    /// Accepted with a warning: they cannot change what is served.
    let ineffective: Set<String>
    /// HAProxy's, not ours.
    let foreign: Set<String>

    init(_ keywords: [Keyword<Subject>], ineffective: Set<String> = [], foreign: Set<String> = []) {
        self.keywords = Dictionary(keywords.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.ineffective = ineffective
        self.foreign = foreign
    }

    /// ` ; did you mean …` for a word that is none of them.
    func suggestion(for word: String) -> String {
        // The word may have been meant to begin a section.
        let known = ineffective.union(foreign).union(keywords.keys).union(ForeignKeywords.ownSections)
        return NearestKeyword.to(word, among: known).map { "; did you mean '\($0)' maybe ?" } ?? ""
    }

    /// Acts on the options from word `index` to the end of the line.
    func applyOptions(
        of phrase: Phrase, from index: Int, to subject: inout Subject, _ reader: ConfigurationReader
    ) throws(Fault) {
        var index = index
        while index < phrase.count {
            let name = phrase[index]
            guard let keyword = keywords[name] else {
                if ineffective.contains(name) {
                    reader.warnIneffective(phrase.words[index])
                    let takesValue = ForeignKeywords.withValue.contains(name)
                    index += takesValue ? 2 : 1
                    continue
                }
                let message =
                    foreign.contains(name)
                    ? ForeignKeywords.message(name) : "unknown keyword '\(name)'\(suggestion(for: name))"
                throw phrase.fault(message, at: index)
            }
            let end = min(phrase.count, index + 1 + keyword.arguments.upperBound)
            try keyword.apply(phrase.part(index..<end), to: &subject, reader)
            index = end
        }
    }
}

/// The keyword that a mistyped word may have meant.
enum NearestKeyword {
    /// Nil where none is near. The result does not depend on the order of `known`.
    static func to(_ word: String, among known: some Sequence<String>) -> String? {
        let limit = word.utf8.count < 3 ? 0 : word.utf8.count < 5 ? 1 : word.utf8.count < 9 ? 2 : 3
        guard word.utf8.count <= 64, limit > 0 else { return nil }
        let length = word.utf8.count
        var best: (distance: Int, name: String)?
        for name in known where abs(name.utf8.count - length) <= limit {
            let candidate = (distance: distance(word, name), name: name)
            guard candidate.distance <= limit else { continue }
            if best.map({ candidate < $0 }) ?? true { best = candidate }
        }
        return best?.name
    }

    /// Insertions, deletions, replacements and swaps of neighbours from one word to the other.
    static func distance(_ one: String, _ other: String) -> Int {
        let (one, other) = (Array(one.utf8), Array(other.utf8))
        var older: [Int] = []
        var previous = Array(0...other.count)
        for i in 0..<one.count {
            var row = [i + 1]
            for j in 0..<other.count {
                var cost = min(row[j] + 1, previous[j + 1] + 1, previous[j] + (one[i] == other[j] ? 0 : 1))
                if i > 0, j > 0, one[i] == other[j - 1], one[i - 1] == other[j] {
                    cost = min(cost, older[j - 1] + 1)
                }
                row.append(cost)
            }
            (older, previous) = (previous, row)
        }
        return previous[other.count]
    }
}
