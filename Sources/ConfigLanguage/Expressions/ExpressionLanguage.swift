// Reads expressions: `name(arguments),converter(arguments)…`.

import StickTables

/// A name with its arguments, as it stands in an expression.
struct Call {
    let name: String
    /// Nil: no parentheses.
    let arguments: [String]?

    subscript(index: Int) -> String? {
        guard let arguments, index < arguments.count, !arguments[index].isEmpty else { return nil }
        return arguments[index]
    }
}

/// Why an expression is none, in HAProxy's words.
struct ExpressionFault: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}

/// Cuts an expression into calls.
struct CallReader {
    private let bytes: [UInt8]
    private var index = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { index == bytes.count }
    /// From here on.
    var rest: String { String(decoding: bytes[index...], as: UTF8.self) }

    /// The next name with its arguments.
    mutating func next(_ title: String) throws(ExpressionFault) -> Call {
        let start = index
        while index < bytes.count, bytes[index] != UInt8(ascii: "("), bytes[index] != UInt8(ascii: ",") {
            index += 1
        }
        let name = String(decoding: bytes[start..<index], as: UTF8.self)
        guard index < bytes.count, bytes[index] == UInt8(ascii: "(") else {
            return Call(name: name, arguments: nil)
        }
        index += 1
        var arguments: [String] = []
        var argument: [UInt8] = []
        var quote: UInt8?
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if let open = quote {
                if byte == open { quote = nil } else { argument.append(byte) }
                continue
            }
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\""): quote = byte
            case UInt8(ascii: "\\") where index < bytes.count:
                argument.append(bytes[index])
                index += 1
            case UInt8(ascii: ","):
                arguments.append(String(decoding: argument, as: UTF8.self))
                argument = []
            case UInt8(ascii: ")"):
                arguments.append(String(decoding: argument, as: UTF8.self))
                return Call(name: name, arguments: arguments)
            default: argument.append(byte)
            }
        }
        throw ExpressionFault("\(title) '\(name)' : expected ')'.")
    }

    /// Whether a converter follows.
    mutating func takeComma() throws(ExpressionFault) -> Bool {
        guard index < bytes.count else { return false }
        guard bytes[index] == UInt8(ascii: ",") else {
            throw ExpressionFault("unexpected '\(rest)' behind an argument list; expected ',' or the end.")
        }
        index += 1
        return true
    }
}

/// Reads the expressions of one proxy's lines.
struct ExpressionLanguage {
    let reader: ConfigurationReader

    /// An expression; `suffixed`: it stands in a condition, where `path_beg` means `path -m beg`.
    func expression(
        _ text: String, suffixed: Bool = false
    ) throws(ExpressionFault) -> (expression: Expression, match: Match?) {
        var calls = CallReader(text)
        let title = suffixed ? "ACL keyword" : "fetch method"
        let call = try calls.next(title)
        let (fetch, match) = try self.fetch(call, suffixed: suffixed, text)
        var converters: [Converter] = []
        while try calls.takeComma() {
            if calls.isAtEnd { break }
            let call: Call
            do throws(ExpressionFault) {
                call = try calls.next("converter")
            } catch {
                throw ExpressionFault(
                    "\(title) '\(Self.name(of: text))' : invalid argument list: \(error.message)")
            }
            do throws(ExpressionFault) {
                converters.append(try ConverterKeywords.converter(call, reader))
            } catch {
                throw ExpressionFault("\(title) '\(Self.name(of: text))' : \(error.message)")
            }
        }
        return (Expression(fetch: fetch, converters: converters, text: text), match)
    }

    static func name(of text: String) -> String { String(text.prefix { $0 != "(" && $0 != "," }) }

    private func fetch(
        _ call: Call, suffixed: Bool, _ text: String
    ) throws(ExpressionFault) -> (Fetch, Match?) {
        let context = suffixed ? " in ACL expression '\(text)'" : ""
        guard !call.name.isEmpty else { throw ExpressionFault("missing fetch method\(context).") }
        if let fetch = try FetchKeywords.fetch(call, reader) { return (fetch, nil) }
        if suffixed, call.arguments == nil, let (fetch, match) = TLSFetchKeywords.suffixed[call.name] {
            return (.tls(fetch), match)
        }
        if suffixed, let (base, match) = Self.suffix(of: call.name) {
            let plain = Call(name: base, arguments: call.arguments)
            if let fetch = try FetchKeywords.fetch(plain, reader) { return (fetch, match) }
        }
        if ForeignKeywords.fetches.contains(call.name) {
            throw ExpressionFault(
                "fetch method '\(call.name)' is one of HAProxy's that mwproxy does not support yet\(context)")
        }
        let near = NearestKeyword.to(call.name, among: ForeignKeywords.fetches.union(FetchKeywords.names))
        let hint = near.map { "; did you mean '\($0)' maybe ?" } ?? "."
        throw ExpressionFault("unknown fetch method '\(call.name)'\(context)\(hint)")
    }

    private static let suffixes: [(String, Match)] = [
        ("_beg", .beginning), ("_end", .ending), ("_sub", .substring), ("_dir", .directory),
        ("_dom", .domain),
        ("_len", .length), ("_reg", .regular),
    ]
    private static let suffixable: Set<String> = [
        "path", "url", "base", "hdr", "cook", "urlp", "method", "shdr", "scook",
    ]

    private static func suffix(of name: String) -> (String, Match)? {
        for (suffix, match) in suffixes where name.hasSuffix(suffix) {
            let base = String(name.dropLast(suffix.count))
            return suffixable.contains(base) ? (base, match) : nil
        }
        return nil
    }
}
