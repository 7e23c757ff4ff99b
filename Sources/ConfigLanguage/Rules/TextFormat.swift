// Texts with variables and expressions: header values, answers and `log-format`.

/// A log-format string.
package struct TextFormat: Sendable {
    /// `%{+Q}`, `%{+E}`, `%{+X}`.
    package struct Options: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let quote = Options(rawValue: 1)
        package static let escape = Options(rawValue: 2)
        package static let hexadecimal = Options(rawValue: 4)
    }
    /// A piece of the text.
    package enum Part: Sendable {
        case text([UInt8])
        case expression(Expression, Options)
        case variable(LogVariable, Options)
    }
    package var parts: [Part]

    package init(parts: [Part]) {
        self.parts = parts
    }

    /// Nothing to fill in.
    package var literal: [UInt8]? {
        if parts.isEmpty { return [] }
        guard parts.count == 1, case .text(let text) = parts[0] else { return nil }
        return text
    }
}

/// `%ci` and its kin.
package enum LogVariable: String, CaseIterable, Sendable {
    case clientAddress = "ci", clientPort = "cp", frontendAddress = "fi", frontendPort = "fp"
    case backendAddress = "bi", backendPort = "bp", serverAddress = "si", serverPort = "sp"
    case frontend = "f", frontendTransport = "ft", backend = "b", server = "s"
    case acceptDate = "t", requestDate = "tr", acceptDateUTC = "T", acceptDateLocal = "Tl", requestDateUTC =
        "trg", requestDateLocal = "trl"
    case acceptSeconds = "Ts", milliseconds = "ms"
    case host = "H", processID = "pid", counter = "rt", retries = "rc"
    case status = "ST", bytesRead = "B", bytesUploaded = "U"
    case requestTime = "TR", queueTime = "Tw", connectTime = "Tc", responseTime = "Tr", activeTime = "Ta"
    case totalTime = "Tt", handshakeTime = "Th", idleTime = "Ti", dataTime = "Td", queryTime = "Tq",
        userTime = "Tu"
    case activeConnections = "ac", frontendConnections = "fc", backendConnections = "bc", serverConnections =
        "sc"
    case serverQueue = "sq", backendQueue = "bq", termination = "tsc", terminationShort = "ts"
    case capturedRequest = "hr", capturedResponse = "hs", requestLine = "r"
    case method = "HM", path = "HP", pathOnly = "HPO", version = "HV", target = "HU", query = "HQ"
    case requestCookie = "CC", responseCookie = "CS", logCounter = "lc", uniqueID = "ID"
    /// `TLSv1.3`, and the cipher's name.
    case tlsVersion = "sslv", tlsCipher = "sslc"
}

/// Reads texts for one place.
struct TextFormatLanguage {
    let reader: ConfigurationReader
    /// Nil: the log, where a request and its response are over.
    let place: RulePlace?
    let draft: ProxyDraft

    private func offers(_ need: Fetch.Need) -> Bool {
        guard let place else {
            return need == .nothing || need == .clientConnection || need == .serverConnection
        }
        return place.offers(need, in: draft)
    }

    /// A line of the log has no spaces in front, and never more than one.
    private func keepsSpace(_ literal: [UInt8], behind parts: [TextFormat.Part]) -> Bool {
        guard place == nil else { return true }
        return literal.isEmpty ? !parts.isEmpty : literal.last != 0x20
    }

    func format(_ text: String) throws(ExpressionFault) -> TextFormat {
        let bytes = Array(text.utf8)
        var parts: [TextFormat.Part] = []
        var literal: [UInt8] = []
        var general: TextFormat.Options = []
        var index = 0
        func flush(_ parts: inout [TextFormat.Part]) {
            if !literal.isEmpty { parts.append(.text(literal)) }
            literal = []
        }
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "%") else {
                if bytes[index] != 0x20 || keepsSpace(literal, behind: parts) { literal.append(bytes[index]) }
                index += 1
                continue
            }
            index += 1
            var options = general
            if index < bytes.count, bytes[index] == UInt8(ascii: "{") {
                guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "}")) else {
                    throw ExpressionFault("missing closing '}' in '\(text)'.")
                }
                try Self.apply(String(decoding: bytes[index + 1..<end], as: UTF8.self), to: &options)
                index = end + 1
            }
            guard index < bytes.count else {
                throw ExpressionFault("truncated format in '\(text)': to say '%', write '%%'.")
            }
            if bytes[index] == UInt8(ascii: "%") {
                literal.append(UInt8(ascii: "%"))
                index += 1
            } else if bytes[index] == UInt8(ascii: "[") {
                let end = try Self.endOfExpression(bytes, from: index + 1, text)
                flush(&parts)
                let source = String(decoding: bytes[index + 1..<end], as: UTF8.self)
                parts.append(.expression(try expression(source), options))
                index = end + 1
            } else {
                let name = bytes[index...].prefix { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a }
                index += name.count
                let word = String(decoding: name, as: UTF8.self)
                if word == "o" {
                    general = options
                    continue
                }
                flush(&parts)
                parts.append(.variable(try Self.variable(word, text), options))
            }
        }
        flush(&parts)
        return TextFormat(parts: parts)
    }

    private func expression(_ source: String) throws(ExpressionFault) -> Expression {
        let expression: Expression
        do throws(ExpressionFault) {
            expression = try ExpressionLanguage(reader: reader).expression(source).expression
        } catch {
            throw ExpressionFault("failed to parse sample expression <\(source)> : \(error.message)")
        }
        guard offers(expression.fetch.need) else { throw ExpressionFault(Self.notHere(expression)) }
        return expression
    }

    static func notHere(_ expression: Expression) -> String {
        "fetch method '\(expression.text)' extracts information from '\(expression.fetch.need.rawValue)', none of "
            + "which is available here."
    }

    /// The bracket that ends an expression, not one within quotes or parentheses.
    private static func endOfExpression(
        _ bytes: [UInt8], from start: Int, _ text: String
    ) throws(ExpressionFault) -> Int {
        var depth = 0
        for index in start..<bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: "]") where depth <= 0: return index
            default: break
            }
        }
        throw ExpressionFault("missing closing ']' in '\(text)'.")
    }

    private static func apply(_ text: String, to options: inout TextFormat.Options) throws(ExpressionFault) {
        for word in text.split(separator: ",") {
            let option: TextFormat.Options
            switch word.dropFirst() {
            case "Q": option = .quote
            case "E": option = .escape
            case "X": option = .hexadecimal
            default: throw ExpressionFault("invalid option '\(word)' in a format; expected +Q, +E or +X.")
            }
            switch word.first {
            case "+": options.insert(option)
            case "-": options.remove(option)
            default:
                throw ExpressionFault("invalid option '\(word)' in a format; expected '+' or '-' in front.")
            }
        }
    }

    private static func variable(_ word: String, _ text: String) throws(ExpressionFault) -> LogVariable {
        if let variable = LogVariable(rawValue: word) { return variable }
        if ["E", "X", "Q", "CSl", "hrl", "hsl"].contains(word) {
            throw ExpressionFault(
                "variable '%\(word)' is one of HAProxy's that mwproxy does not support yet.")
        }
        throw ExpressionFault(
            "no such format variable '\(word)'. If you wanted to emit the '%' character verbatim, you need to use "
                + "'%%'.")
    }
}
