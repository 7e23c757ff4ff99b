// `acl` lines and the tests in braces: what is looked at, how, and the patterns.

enum AccessLists {
    private static let nowhere = Position(file: "<internal>", line: 0)

    private static func test(_ fetch: Fetch, _ match: Match, _ patterns: String...) -> [Test.Criterion] {
        var source = PatternSource(match: match)
        source.written = patterns
        return [
            Test.Criterion(
                expression: Expression(fetch: fetch, converters: [], text: "internal"), patterns: source,
                position: nowhere)
        ]
    }

    private static func methods(_ names: String...) -> [Test.Criterion] {
        var tests = test(.method, .exact)
        tests[0].patterns.written = names
        return tests
    }

    /// HAProxy's own ACLs.
    static let predefined: [String: [Test.Criterion]] = [
        "TRUE": test(.constant(true), .bool), "FALSE": test(.constant(false), .bool),
        "WAIT_END": test(.waitEnd, .bool), "HTTP": test(.isHTTP, .bool),
        "REQ_CONTENT": test(.inputLength, .integer, "1:"),
        "LOCALHOST": test(.source, .address, "127.0.0.1/8", "::1"),
        "METH_GET": methods("GET", "HEAD"), "METH_HEAD": methods("HEAD"), "METH_POST": methods("POST"),
        "METH_PUT": methods("PUT"), "METH_DELETE": methods("DELETE"), "METH_CONNECT": methods("CONNECT"),
        "METH_OPTIONS": methods("OPTIONS"), "METH_TRACE": methods("TRACE"),
        "HTTP_1.0": test(.version, .exact, "1.0"), "HTTP_1.1": test(.version, .exact, "1.1"),
        "HTTP_CONTENT": test(
            .headerNumber(name: Array("content-length".utf8), .any, inResponse: false), .integer, "1:"),
        "HTTP_URL_ABS": test(.target, .regular, "^[^/:]*://"),
        "HTTP_URL_SLASH": test(.target, .beginning, "/"),
        "HTTP_URL_STAR": test(.target, .exact, "*"),
    ]

    static let foreignPredefined: Set<String> = ["HTTP_2.0", "HTTP_3.0", "RDP_COOKIE"]

    /// `acl <name> <criterion> [flags] [patterns]`; several lines of one name are alternatives.
    static func define(
        _ phrase: Phrase, in draft: inout ProxyDraft, _ reader: ConfigurationReader
    ) throws(Fault) {
        let name = phrase[1]
        guard !name.isEmpty else { throw phrase.fault("'acl' expects a name and a criterion.", at: 1) }
        if let wrong = name.unicodeScalars.first(where: { !ConfigurationReader.isNameScalar($0) }) {
            throw phrase.fault("character '\(wrong)' is not permitted in acl name '\(name)'.", at: 1)
        }
        if name.lowercased() == "or" {
            throw phrase.fault(
                "acl name '\(name)' will never match. 'or' is used to express a logical disjunction within a "
                    + "condition.", at: 1)
        }
        do {
            let criterion = try criterion(phrase, 2..<phrase.count, reader)
            draft.acls[name, default: Test(name: name, criteria: [])].criteria.append(criterion)
        } catch {
            throw error.within("error detected while parsing ACL '\(name)'")
        }
    }

    /// The words `range` of a line as one criterion.
    static func criterion(
        _ phrase: Phrase, _ range: Range<Int>, _ reader: ConfigurationReader
    ) throws(Fault) -> Test.Criterion {
        guard let first = range.first else {
            throw phrase.fault("missing fetch method in ACL expression ''.", at: range.lowerBound)
        }
        let expression: Expression
        let suffix: Match?
        do throws(ExpressionFault) {
            (expression, suffix) = try ExpressionLanguage(reader: reader).expression(
                phrase[first], suffixed: true)
        } catch {
            throw phrase.fault(error.message, at: first)
        }
        let flags = try flags(phrase, first + 1..<range.upperBound, reader)
        if case .variable = expression.fetch, expression.converters.isEmpty, flags.match == nil {
            throw phrase.fault(
                "matching method must be specified first (using '-m') when using a sample fetch of type 'any' "
                    + "('\(expression.text)').", at: first)
        }
        if expression.isBinary, flags.match == nil {
            throw phrase.fault(
                "matching method must be specified first (using '-m') when using a sample fetch of this type "
                    + "('\(expression.text)').", at: first)
        }
        let match = flags.match ?? suffix ?? Match.usual(of: expression.type)
        try checkType(of: expression, match, phrase, at: first)
        var source = PatternSource(match: match)
        source.ignoresCase = flags.ignoresCase
        source.number = reader.nextPatternList()
        if match == .found || (match == .bool && flags.end == range.upperBound && flags.files.isEmpty) {
            return Test.Criterion(expression: expression, patterns: source, position: phrase.position)
        }
        source.written = try written(phrase, flags.end..<range.upperBound, match, flags.ignoresCase)
        for (path, index) in flags.files {
            source.files.append(
                (path, try lines(ofFile: path, match, flags, phrase, at: index, reader)))
        }
        if source.written.isEmpty && flags.files.isEmpty && !flags.hasEnd && match != .bool {
            reader.warn(
                phrase.fault(
                    "ACL '\(phrase[first])' : no pattern to match against were provided, so this ACL will never "
                        + "match. Add '--' to get rid of this warning, or '-m found' to match for existence.",
                    at: first))
        }
        return Test.Criterion(expression: expression, patterns: source, position: phrase.position)
    }

    /// Numbers and addresses have no beginning.
    private static func checkType(
        of expression: Expression, _ match: Match, _ phrase: Phrase, at index: Int
    ) throws(Fault) {
        guard match == .address, expression.type == .integer || expression.type == .bool else { return }
        throw phrase.fault(
            "matching method 'ip' is not usable with '\(expression.text)', which gives a number.", at: index)
    }

    /// The patterns on the line; numbers may have a comparison in front, which holds until the next.
    private static func written(
        _ phrase: Phrase, _ range: Range<Int>, _ match: Match, _ ignoresCase: Bool
    ) throws(Fault) -> [String] {
        var patterns: [String] = []
        var comparison: String?
        for index in range {
            let text = phrase[index]
            if match == .integer || match == .length {
                if ["eq", "gt", "ge", "lt", "le"].contains(text) {
                    comparison = text
                    continue
                }
                guard NumberRange(text) != nil else {
                    throw phrase.fault(
                        comparison == nil && !text.utf8.contains { (0x30...0x39).contains($0) }
                            && text.utf8.count == 1
                            ? "'\(text)' is neither a number nor a supported operator."
                            : "'\(text)' is not a number.", at: index)
                }
                if let comparison {
                    guard let number = Int64(text), let range = NumberRange.written(comparison, number) else {
                        throw phrase.fault("'\(comparison)' expects a number, found '\(text)'.", at: index)
                    }
                    patterns.append(range)
                } else {
                    patterns.append(text)
                }
                continue
            }
            if let fault = match.fault(in: text, ignoresCase: ignoresCase) {
                throw phrase.fault(fault, at: index)
            }
            patterns.append(text)
        }
        return patterns
    }

    private struct Flags {
        var ignoresCase = false
        /// `-M`: files have a value behind each pattern, which does not count.
        var areMaps = false
        var match: Match?
        /// From `-f`, with the place of the name.
        var files: [(path: String, index: Int)] = []
        /// `--` was there: an empty list is meant.
        var hasEnd = false
        /// Behind the flags.
        var end: Int
    }

    private static func flags(
        _ phrase: Phrase, _ range: Range<Int>, _ reader: ConfigurationReader
    ) throws(Fault) -> Flags {
        var flags = Flags(end: range.lowerBound)
        while flags.end < range.upperBound, phrase[flags.end].hasPrefix("-") {
            let index = flags.end
            let value = index + 1 < range.upperBound ? phrase[index + 1] : ""
            // A negative number is a pattern.
            if Int64(phrase[index]) != nil { break }
            flags.end += 1
            switch phrase[index] {
            case "--":
                flags.hasEnd = true
                return flags
            case "-i": flags.ignoresCase = true
            case "-n": break
            case "-m":
                flags.match = try match(value, phrase, at: index + 1)
                flags.end += 1
            case "-f":
                guard !value.isEmpty else { throw phrase.fault("'-f' expects a file name.", at: index + 1) }
                flags.files.append((value, index + 1))
                flags.end += 1
            case "-M": flags.areMaps = true
            case "-u":
                throw phrase.fault(ForeignKeywords.message("acl … \(phrase[index])"), at: index)
            default:
                throw phrase.fault(
                    "'\(phrase[index])' is not a valid ACL option. Please use '--' before any pattern beginning "
                        + "with a '-'.", at: index)
            }
        }
        return flags
    }

    private static func match(_ name: String, _ phrase: Phrase, at index: Int) throws(Fault) -> Match {
        if let match = Match(rawValue: name) { return match }
        throw phrase.fault("unknown matching method '\(name)' when parsing ACL expression.", at: index)
    }

    private static func lines(
        ofFile path: String, _ match: Match, _ flags: Flags, _ phrase: Phrase, at index: Int,
        _ reader: ConfigurationReader
    ) throws(Fault) -> [PatternLine] {
        switch reader.surroundings.readFile(path) {
        case .failure(let failure):
            throw phrase.fault("failed to open pattern file <\(path)>: \(failure.reason).", at: index)
        case .success(let bytes):
            let lines = PatternLine.read(bytes, withValues: flags.areMaps)
            for line in lines {
                if let fault = match.fault(in: line.pattern, ignoresCase: flags.ignoresCase) {
                    throw phrase.fault("\(fault) (in pattern file <\(path)>)", at: index)
                }
            }
            return lines
        }
    }
}
