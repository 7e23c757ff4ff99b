// `acl` lines and the tests in braces: what is looked at, how, and the patterns.

enum AccessLists {
    /// A fetch by one of its names.
    private struct Fetching: Sendable {
        let fetch: Test.Fetch
        let match: Test.Match
        /// `hdr(host)`.
        var hasArgument = false
    }

    private static let fetches: [String: Fetching] = {
        var table: [String: Fetching] = [
            "method": Fetching(fetch: .method, match: .exact),
            "src": Fetching(fetch: .source, match: .exact),
            "always_true": Fetching(fetch: .alwaysTrue, match: .found),
            "always_false": Fetching(fetch: .alwaysFalse, match: .found),
        ]
        let suffixes: [(String, Test.Match)] = [
            ("", .exact), ("_beg", .beginning), ("_end", .ending), ("_sub", .substring),
        ]
        for (suffix, match) in suffixes {
            table["path\(suffix)"] = Fetching(fetch: .path, match: match)
            table["hdr\(suffix)"] = Fetching(fetch: .header(""), match: match, hasArgument: true)
        }
        table["req.hdr"] = table["hdr"]
        return table
    }()

    private static let matches: [String: Test.Match] = [
        "str": .exact, "beg": .beginning, "end": .ending, "sub": .substring, "found": .found,
    ]
    private static let foreignMatches: Set<String> = ["bool", "int", "bin", "len", "dir", "dom", "reg"]

    private static func methods(_ names: String...) -> [Test.Criterion] {
        [Test.Criterion(fetch: .method, match: .exact, patterns: .strings(names, ignoresCase: false))]
    }

    private static let always = [Test.Criterion(fetch: .alwaysTrue, match: .found, patterns: .none)]

    /// HAProxy's own ACLs.
    static let predefined: [String: [Test.Criterion]] = [
        "TRUE": always,
        "FALSE": [Test.Criterion(fetch: .alwaysFalse, match: .found, patterns: .none)],
        "WAIT_END": always,
        "LOCALHOST": [
            Test.Criterion(
                fetch: .source, match: .exact,
                patterns: .networks([.ipv4(127 << 24, prefix: 8), .ipv6(high: 0, low: 1, prefix: 128)]))
        ],
        "METH_GET": methods("GET", "HEAD"), "METH_HEAD": methods("HEAD"), "METH_POST": methods("POST"),
        "METH_PUT": methods("PUT"), "METH_DELETE": methods("DELETE"), "METH_CONNECT": methods("CONNECT"),
        "METH_OPTIONS": methods("OPTIONS"), "METH_TRACE": methods("TRACE"),
    ]

    static let foreignPredefined: Set<String> = [
        "HTTP", "HTTP_1.0", "HTTP_1.1", "HTTP_2.0", "HTTP_3.0", "HTTP_CONTENT", "HTTP_URL_ABS",
        "HTTP_URL_SLASH", "HTTP_URL_STAR", "RDP_COOKIE", "REQ_CONTENT",
    ]

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
        let fetching = try fetching(phrase, first)
        let flags = try flags(phrase, first + 1..<range.upperBound, reader)
        let match = flags.match ?? fetching.match
        var texts = flags.patterns
        texts += phrase.words[flags.end..<range.upperBound].map(\.text)
        if match == .found {
            return Test.Criterion(fetch: fetching.fetch, match: .found, patterns: .none)
        }
        if texts.isEmpty && !flags.meansNoPattern {
            reader.warn(
                phrase.fault(
                    "ACL '\(phrase[first])' : no pattern to match against were provided, so this ACL will never "
                        + "match. Add '--' to get rid of this warning, or '-m found' to match for existence.",
                    at: first))
        }
        guard fetching.fetch == .source else {
            return Test.Criterion(
                fetch: fetching.fetch, match: match,
                patterns: .strings(texts, ignoresCase: flags.ignoresCase))
        }
        guard match == .exact else {
            throw phrase.fault(
                "'src' takes networks as patterns, and no '-m' but '-m ip' or '-m found'", at: first)
        }
        let networks = try networks(texts, phrase, from: flags.end)
        return Test.Criterion(fetch: .source, match: .exact, patterns: .networks(networks))
    }

    private static func networks(
        _ texts: [String], _ phrase: Phrase, from index: Int
    ) throws(Fault) -> [Network] {
        var networks: [Network] = []
        for text in texts {
            guard let network = Network(text) else {
                let place = phrase.words[index...].firstIndex { $0.text == text } ?? index
                throw phrase.fault("'\(text)' is not a valid IPv4 or IPv6 address.", at: place)
            }
            networks.append(network)
        }
        return networks
    }

    /// `path`, `hdr(host)`.
    private static func fetching(_ phrase: Phrase, _ index: Int) throws(Fault) -> Fetching {
        let text = phrase[index]
        let name = String(text.prefix { $0 != "(" && $0 != "," })
        var rest = text.dropFirst(name.count)
        var argument: String?
        if rest.hasPrefix("(") {
            guard let end = rest.firstIndex(of: ")") else {
                throw phrase.fault("ACL keyword '\(name)' : expected ')'.", at: index)
            }
            argument = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...]
        }
        guard let found = fetches[name] else {
            if ForeignKeywords.fetches.contains(name) {
                throw phrase.fault(
                    "fetch method '\(name)' is one of HAProxy's that mwproxy does not support yet", at: index)
            }
            let near = NearestKeyword.to(name, among: ForeignKeywords.fetches.union(fetches.keys))
            let hint = near.map { "; did you mean '\($0)' maybe ?" } ?? "."
            throw phrase.fault("unknown fetch method '\(name)' in ACL expression '\(text)'\(hint)", at: index)
        }
        guard rest.isEmpty else {
            throw phrase.fault(
                "'\(rest)' : converters behind '\(name)' are HAProxy's that mwproxy does not support yet",
                at: index)
        }
        if found.hasArgument {
            guard let argument, HTTPRequestRules.isHeaderName(argument) else {
                throw phrase.fault(
                    "'\(text)' : mwproxy needs the name of a header and nothing else in parentheses, as in "
                        + "'\(name)(host)'", at: index)
            }
            return Fetching(fetch: .header(argument), match: found.match)
        }
        guard argument?.isEmpty ?? true else {
            throw phrase.fault(
                "ACL keyword '\(name)' takes no argument, found '(\(argument ?? ""))'.", at: index)
        }
        return found
    }

    private struct Flags {
        var ignoresCase = false
        var match: Test.Match?
        /// From `-f`.
        var patterns: [String] = []
        /// `--` or `-f` was there: an empty list is meant.
        var meansNoPattern = false
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
            flags.end += 1
            switch phrase[index] {
            case "--":
                flags.meansNoPattern = true
                return flags
            case "-i": flags.ignoresCase = true
            case "-n": break
            case "-m":
                if value != "ip" { flags.match = try match(value, phrase, at: index + 1) }
                flags.end += 1
            case "-f":
                flags.patterns += try patterns(ofFile: value, phrase, at: index + 1, reader)
                flags.meansNoPattern = true
                flags.end += 1
            case "-u", "-M":
                throw phrase.fault(ForeignKeywords.message("acl … \(phrase[index])"), at: index)
            default:
                throw phrase.fault(
                    "'\(phrase[index])' is not a valid ACL option. Please use '--' before any pattern beginning "
                        + "with a '-'.", at: index)
            }
        }
        return flags
    }

    private static func match(_ name: String, _ phrase: Phrase, at index: Int) throws(Fault) -> Test.Match {
        if let match = matches[name] { return match }
        throw phrase.fault(
            foreignMatches.contains(name)
                ? ForeignKeywords.message("-m \(name)")
                : "unknown matching method '\(name)' when parsing ACL expression.", at: index)
    }

    /// One pattern a line; empty lines and comments do not count.
    private static func patterns(
        ofFile path: String, _ phrase: Phrase, at index: Int, _ reader: ConfigurationReader
    ) throws(Fault) -> [String] {
        guard !path.isEmpty else { throw phrase.fault("'-f' expects a file name.", at: index) }
        switch reader.surroundings.readFile(path) {
        case .success(let bytes):
            return bytes.split(separator: 0x0a).compactMap { line in
                let text = line.drop(while: Tokenizer.isSpace)
                guard let first = text.first, first != UInt8(ascii: "#") else { return nil }
                let end = text.lastIndex { !Tokenizer.isSpace($0) } ?? text.startIndex
                return String(decoding: text[...end], as: UTF8.self)
            }
        case .failure(let failure):
            throw phrase.fault("failed to open pattern file <\(path)>: \(failure.reason).", at: index)
        }
    }
}
