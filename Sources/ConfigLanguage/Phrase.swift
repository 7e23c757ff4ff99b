// Words with their place, a keyword with its arguments, and the fault that a parse function throws about them.

/// One word of a line after quotes, escapes and variables.
struct Word: Hashable, Sendable {
    var text: String
    /// The bytes it took in the line, the first byte being 1.
    var columns: Range<Int>
}

/// A keyword and its arguments: a whole line, or one option of a `bind` or `server` line.
struct Phrase: Sendable {
    let position: Position
    /// The first is the keyword.
    let words: [Word]
    /// It stood behind `no`.
    var isNegated = false

    var keyword: String { words[0].text }
    var arguments: ArraySlice<Word> { words.dropFirst() }
    var count: Int { words.count }

    /// The text of word `index`; empty behind the end, as HAProxy has it.
    subscript(index: Int) -> String {
        index < words.count ? words[index].text : ""
    }

    /// The words from `index` on, joined by single spaces.
    func rest(from index: Int) -> String {
        words.dropFirst(index).map(\.text).joined(separator: " ")
    }

    func fault(_ message: String, at index: Int? = nil) -> Fault {
        Fault(message, word: index.flatMap { $0 < words.count ? words[$0] : words.last })
    }

    /// Words `range` as a phrase of their own.
    func part(_ range: Range<Int>) -> Phrase {
        Phrase(position: position, words: Array(words[range]), isNegated: isNegated)
    }
}

/// What is wrong with a phrase; the reader knows file and line.
struct Fault: Error {
    /// How HAProxy leads over from the place to the message.
    enum Lead {
        /// `parsing [file:1] : `
        case spaced
        /// `parsing [file:1]: `
        case tight
        /// `[file:1] : `
        case server
    }

    var message: String
    var word: Word?
    var lead = Lead.spaced

    init(_ message: String, word: Word? = nil, lead: Lead = .spaced) {
        self.message = message
        self.word = word
        self.lead = lead
    }

    /// The same fault with HAProxy's words for where it happened in front.
    func within(_ context: String, lead: Lead = .spaced) -> Fault {
        Fault("\(context) : \(message)", word: word, lead: lead)
    }

    func diagnostic(_ severity: Diagnostic.Severity, at position: Position) -> Diagnostic {
        let place = "[\(position)]"
        let start =
            switch lead {
            case .spaced: "parsing \(place) : "
            case .tight: "parsing \(place): "
            case .server: "\(place) : "
            }
        return Diagnostic(
            severity, at: position, columns: word?.columns, (start + message).withVisibleControls)
    }
}

extension String {
    /// Control characters but the newline as `\xHH`: messages quote what a file says, and go to terminals.
    var withVisibleControls: String {
        func isHidden(_ scalar: Unicode.Scalar) -> Bool {
            (scalar.value < 0x20 && scalar != "\n") || (0x7f..<0xa0).contains(scalar.value)
        }
        guard unicodeScalars.contains(where: isHidden) else { return self }
        var text = ""
        for scalar in unicodeScalars {
            if isHidden(scalar) {
                let digits = String(scalar.value, radix: 16)
                text += "\\x" + (digits.count == 1 ? "0" : "") + digits
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
