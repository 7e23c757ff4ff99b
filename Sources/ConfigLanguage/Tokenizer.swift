// One line into words: HAProxy's quotes, escapes, comments and environment variables.

/// Splits lines into words.
struct Tokenizer {
    static let mostWords = 64

    /// Why a line has no words, and the byte (the first is 1) where that shows.
    struct Failure: Error {
        var message: String
        var column: Int
    }

    /// The value of a variable, nil where it is not set. `.FILE`, `.LINE` and `.SECTION` are asked for as well.
    let variable: (String) -> String?

    /// The words of a line without its newline.
    func words(of line: ArraySlice<UInt8>) throws(Failure) -> [Word] {
        var scan = Scan(line: Array(line), variable: variable)
        return try scan.split()
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}

/// The work on one line.
private struct Scan {
    let line: [UInt8]
    let variable: (String) -> String?
    var index = 0
    var text: [UInt8] = []
    /// Where the word began; nil between words.
    var start: Int?
    var quote: (mark: UInt8, at: Int)?
    var words: [Word] = []

    init(line: [UInt8], variable: @escaping (String) -> String?) {
        self.line = line
        self.variable = variable
    }

    mutating func split() throws(Tokenizer.Failure) -> [Word] {
        while index < line.count {
            let byte = line[index]
            if quote == nil && byte == UInt8(ascii: "#") { break }
            if quote == nil && Tokenizer.isSpace(byte) {
                try endWord()
                index += 1
                continue
            }
            if start == nil { start = index }
            try takeCharacter(byte)
        }
        if let quote { throw failure("unmatched quote", at: quote.at) }
        try endWord()
        return words
    }

    private mutating func takeCharacter(_ byte: UInt8) throws(Tokenizer.Failure) {
        let inSingle = quote?.mark == UInt8(ascii: "'")
        let inDouble = quote?.mark == UInt8(ascii: "\"")
        switch byte {
        case UInt8(ascii: "\"") where !inSingle, UInt8(ascii: "'") where !inDouble:
            quote = quote == nil ? (byte, index) : nil
            index += 1
        case UInt8(ascii: "\\") where !inSingle:
            try takeEscape(inDoubleQuotes: inDouble)
        case UInt8(ascii: "$") where inDouble:
            try takeVariable()
        default:
            text.append(byte)
            index += 1
        }
    }

    private mutating func takeEscape(inDoubleQuotes: Bool) throws(Tokenizer.Failure) {
        let escaped = index + 1 < line.count ? line[index + 1] : nil
        switch escaped {
        case UInt8(ascii: " "), UInt8(ascii: "\\"), UInt8(ascii: "#"), UInt8(ascii: "'"), UInt8(ascii: "\""):
            text.append(line[index + 1])
        case UInt8(ascii: "$") where inDoubleQuotes: text.append(UInt8(ascii: "$"))
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "x"):
            guard index + 3 < line.count, let high = hexadecimal(line[index + 2]),
                let low = hexadecimal(line[index + 3])
            else { throw failure("truncated or invalid hexadecimal sequence", at: index) }
            guard high + low > 0 else { throw failure("a NUL character ends no word: '\\x00'", at: index) }
            text.append(high << 4 | low)
            index += 2
        default:
            text.append(UInt8(ascii: "\\"))
            index -= 1
        }
        index += 2
    }

    private mutating func takeVariable() throws(Tokenizer.Failure) {
        index += 1
        let brace = index < line.count && line[index] == UInt8(ascii: "{")
        let openedAt = index
        if brace { index += 1 }
        let nameStart = index
        if index < line.count && line[index] == UInt8(ascii: ".") && brace { index += 1 }
        guard index < line.count, isLetter(line[index]) else {
            throw failure("forbidden first char in environment variable name", at: index)
        }
        while index < line.count, isLetter(line[index]) || isDigit(line[index]) { index += 1 }
        let name = String(decoding: line[nameStart..<index], as: UTF8.self)
        var value = variable(name)
        if brace {
            if index < line.count && line[index] == UInt8(ascii: "[") {
                throw failure("'[*]' in a variable is not supported by mwproxy yet", at: index)
            }
            let defaultStart = index
            if index < line.count && line[index] == UInt8(ascii: "-") {
                while index < line.count && line[index] != UInt8(ascii: "}") { index += 1 }
            }
            guard index < line.count && line[index] == UInt8(ascii: "}") else {
                throw failure("unmatched brace in environment variable name", at: openedAt)
            }
            if value == nil && defaultStart < index {
                value = String(decoding: line[(defaultStart + 1)..<index], as: UTF8.self)
            }
            index += 1
        }
        text.append(contentsOf: (value ?? "").utf8)
    }

    private mutating func endWord() throws(Tokenizer.Failure) {
        guard let begin = start else { return }
        guard let text = String(validating: text, as: UTF8.self) else {
            throw failure("a word that is not UTF-8 text, which mwproxy does not support", at: begin)
        }
        guard words.count < Tokenizer.mostWords else {
            throw failure("too many words, more than \(Tokenizer.mostWords) with <\(text)>", at: begin)
        }
        words.append(Word(text: text, columns: begin + 1..<index + 1))
        self.text.removeAll(keepingCapacity: true)
        start = nil
    }

    private func failure(_ message: String, at index: Int) -> Tokenizer.Failure {
        Tokenizer.Failure(message: message, column: index + 1)
    }

    private func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5a).contains(byte & 0xdf) && byte < 0x80 || byte == UInt8(ascii: "_")
    }

    private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
