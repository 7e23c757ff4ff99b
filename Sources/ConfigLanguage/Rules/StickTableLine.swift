// `stick-table type … size … [expire …] [nopurge] [peers …] [store …]`.

import StickTables

enum StickTableLine {
    static func definition(
        _ phrase: Phrase, name: String, _ reader: ConfigurationReader
    ) throws(Fault) -> StickTableDefinition {
        var type: KeyType?
        var size: Int?
        var definition = StickTableDefinition(name: name, keyType: .ip, size: 0)
        var stored: [StickTableDefinition.Stored] = []
        var index = 1
        func value() throws(Fault) -> String {
            guard index + 1 < phrase.count else {
                throw fault("missing argument after '\(phrase[index])'.", phrase, index)
            }
            return phrase[index + 1]
        }
        while index < phrase.count {
            switch phrase[index] {
            case "type": type = try keyType(phrase, &index)
            case "size":
                size = try number(of: try value(), "size", phrase, index + 1)
                index += 2
            case "expire":
                _ = try value()
                definition.expire = try milliseconds(phrase, index + 1)
                index += 2
            case "nopurge":
                definition.noPurge = true
                index += 1
            case "peers":
                definition.peers = try value()
                index += 2
            case "store":
                _ = try value()
                try store(phrase, index + 1, &stored, reader)
                index += 2
            case "srvkey":
                guard try value() == "name" else {
                    throw phrase.fault(
                        try value() == "addr"
                            ? ForeignKeywords.message("stick-table … srvkey addr")
                            : "stick-table : unknown server key type '\(phrase[index + 1])'.", at: index + 1)
                }
                index += 2
            case "write-to", "recv-only":
                throw phrase.fault(ForeignKeywords.message("stick-table … \(phrase[index])"), at: index)
            default: throw fault("unknown argument '\(phrase[index])'.", phrase, index)
            }
        }
        guard let type else { throw fault("missing type.", phrase, phrase.count) }
        guard let size, size > 0 else { throw fault("missing size.", phrase, phrase.count) }
        return StickTableDefinition(
            name: name, keyType: type, size: size, expire: definition.expire, noPurge: definition.noPurge,
            peers: definition.peers, stored: stored)
    }

    private static func fault(_ message: String, _ phrase: Phrase, _ index: Int) -> Fault {
        phrase.fault("stick-table: \(message)", at: index)
    }

    /// `type string len 40`; `index` is at `type`.
    private static func keyType(_ phrase: Phrase, _ index: inout Int) throws(Fault) -> KeyType {
        let name = phrase[index + 1]
        index += 2
        var length: Int?
        if name == "string" || name == "binary", phrase[index] == "len" {
            length = Int(phrase[index + 1])
            guard let length, (1...16384).contains(length) else {
                throw fault("'len' expects 1 to 16384, found '\(phrase[index + 1])'.", phrase, index + 1)
            }
            index += 2
        }
        switch name {
        case "ip": return .ip
        case "ipv6": return .ipv6
        case "integer": return .integer
        case "string": return .string(length: length ?? 31)
        case "binary": return .binary(length: length ?? 32)
        case "": throw fault("missing argument after 'type'.", phrase, index - 1)
        default:
            throw fault(
                "unknown type '\(name)'; expected ip, ipv6, integer, string or binary.", phrase, index - 1)
        }
    }

    /// `100k`, `1m`.
    private static func number(
        of text: String, _ name: String, _ phrase: Phrase, _ index: Int
    ) throws(Fault) -> Int {
        let digits = text.prefix { $0.isASCII && $0.isWholeNumber }
        let unit = text.dropFirst(digits.count)
        let factor = ["": 1, "k": 1024, "K": 1024, "m": 1 << 20, "M": 1 << 20][String(unit)]
        guard let factor, let number = Int(digits) else {
            let wrong = unit.first ?? text.first ?? " "
            throw fault(
                "unexpected character '\(wrong)' in argument of '\(name)': expected a number such as '100k', found "
                    + "'\(text)'.", phrase, index)
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        // Entries are numbered with 31 bits.
        guard !overflow, product < Int(Int32.max) else {
            throw fault("'\(name)' of \(text) is too large; at most 2047m.", phrase, index)
        }
        return product
    }

    private static func milliseconds(_ phrase: Phrase, _ index: Int) throws(Fault) -> UInt32 {
        milliseconds(try phrase.time(index, "in argument of '\(phrase[index - 1])'"))
    }

    private static func milliseconds(_ time: Duration) -> UInt32 {
        let (seconds, attoseconds) = time.components
        return UInt32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }

    private static func store(
        _ phrase: Phrase, _ index: Int, _ stored: inout [StickTableDefinition.Stored],
        _ reader: ConfigurationReader
    ) throws(Fault) {
        for word in split(phrase[index]) {
            let name = word.prefix { $0 != "(" }
            guard let type = DataType(name: name) else {
                if ["gpc", "gpt", "gpc_rate", "http_fail_cnt", "http_fail_rate", "glitch_cnt", "glitch_rate"]
                    .contains(String(name))
                {
                    throw phrase.fault(ForeignKeywords.message("stick-table … store \(name)"), at: index)
                }
                let near = NearestKeyword.to(String(name), among: DataType.allCases.map(\.name))
                let hint = near.map { " Did you mean '\($0)' maybe ?" } ?? ""
                throw fault("unknown store option '\(name)'.\(hint)", phrase, index)
            }
            var period: UInt32 = 0
            if type.kind == .rate {
                guard word.count > name.count, word.hasSuffix(")") else {
                    throw fault(
                        "missing argument to store option '\(name)': expected a period, as in '\(name)(10s)'.",
                        phrase, index)
                }
                let text = String(word.dropFirst(name.count + 1).dropLast())
                let part = Phrase(
                    position: phrase.position, words: [Word(text: text, columns: phrase.words[index].columns)]
                )
                do {
                    period = milliseconds(try part.time(0, "in the period of '\(name)'"))
                } catch {
                    throw fault(
                        "error when processing store option '\(name)': \(error.message)", phrase, index)
                }
                guard period > 0 else {
                    throw fault(
                        "the period of '\(name)' must be more than 0, found '\(text)'.", phrase, index)
                }
            } else if word.count > name.count {
                throw fault("unexpected argument to store option '\(name)'.", phrase, index)
            }
            if stored.contains(where: { $0.type == type }) {
                reader.warn(
                    Fault(
                        "stick-table: store option '\(name)' already enabled, ignored.",
                        word: phrase.words[index],
                        lead: .tight))
                continue
            }
            stored.append(.init(type, period: period))
        }
    }

    /// At the commas outside of parentheses.
    private static func split(_ text: String) -> [Substring] {
        var parts: [Substring] = []
        var start = text.startIndex
        var depth = 0
        for index in text.indices {
            switch text[index] {
            case "(": depth += 1
            case ")": depth -= 1
            case "," where depth == 0:
                parts.append(text[start..<index])
                start = text.index(after: index)
            default: break
            }
        }
        parts.append(text[start...])
        return parts.filter { !$0.isEmpty }
    }
}
