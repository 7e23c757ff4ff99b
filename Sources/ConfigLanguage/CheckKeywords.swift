// `option httpchk`, `http-check`, `option tcp-check`, `tcp-check` and `option log-health-checks`.

import RegularExpressions

enum CheckKeywords {
    static let options: [Keyword<ProxyDraft>] = [
        Keyword("httpchk", 0...3) { (phrase, draft, reader) throws(Fault) in
            draft.proxy.settings.check.method = .http
            var request = CheckRequest()
            if phrase.count > 2 {
                request.method = phrase[1]
                request.uri = phrase[2]
            } else if phrase.count > 1 {
                request.uri = phrase[1]
            }
            if phrase.count > 3 { readVersion(phrase, &request, reader) }
            draft.proxy.settings.check.request = request
        },
        Keyword("tcp-check", 0...0) { (_, draft, _) throws(Fault) in
            draft.proxy.settings.check.method = .tcp
        },
        Keyword("log-health-checks", 0...0, canBeNegated: true) { (phrase, draft, _) throws(Fault) in
            draft.proxy.settings.check.areLogged = !phrase.isNegated
        },
    ]

    static let lines: [Keyword<ProxyDraft>] = [
        Keyword("http-check", .atLeast(0)) { (phrase, draft, _) throws(Fault) in
            switch phrase[1] {
            case "send": try send(phrase, to: &draft.proxy.settings.check.request)
            case "expect":
                if draft.hasCheckExpectation {
                    throw phrase.fault(
                        ForeignKeywords.message("http-check expect after http-check expect"), at: 1)
                }
                draft.proxy.settings.check.expectation = try expectation(phrase)
                draft.hasCheckExpectation = true
            case "comment": break
            default:
                throw other(
                    phrase, than: "'disable-on-404', 'send-state', 'comment', 'connect', 'send', 'expect'",
                    foreign: ["disable-on-404", "send-state", "connect"])
            }
        },
        Keyword("tcp-check", .atLeast(0)) { (phrase, draft, _) throws(Fault) in
            switch phrase[1] {
            case "connect": draft.proxy.settings.check.connections.append(try connection(phrase))
            case "comment": break
            default:
                throw other(
                    phrase, than: "'comment', 'connect', 'send', 'send-binary', 'expect'",
                    foreign: ["send", "send-binary", "expect", "send-lf", "send-binary-lf"])
            }
        },
    ]

    /// The fault about a second word that is not read here: one of HAProxy's, which is named as such, or a mistake.
    private static func other(_ phrase: Phrase, than known: String, foreign: Set<String>) -> Fault {
        let (keyword, name) = (phrase.keyword, phrase[1])
        let isVariable = ["set-var(", "set-var-fmt(", "unset-var("].contains { name.hasPrefix($0) }
        if isVariable || foreign.contains(name) {
            return phrase.fault(ForeignKeywords.message("\(keyword) \(name)"), at: 1)
        }
        return phrase.fault(
            "'\(keyword)' only supports \(known), 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'. but got '\(name)'",
            at: 1)
    }

    /// The version may hide fields and a body behind line ends, as was usual before `http-check send`.
    private static func readVersion(
        _ phrase: Phrase, _ request: inout CheckRequest, _ reader: ConfigurationReader
    ) {
        let lines = phrase[3].split(separator: "\r\n", omittingEmptySubsequences: false)
        request.version = String(lines[0])
        guard lines.count > 1 else { return }
        reader.warn(
            Fault(
                "'option httpchk' : hiding headers or body at the end of the version string is deprecated. Please, "
                    + "consider to use 'http-check send' directive instead.", word: phrase.words[3],
                lead: .tight))
        let fields = lines.dropFirst().prefix { !$0.isEmpty }
        for field in fields {
            let parts = field.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? parts[1].drop { $0 == " " } : ""
            request.headers.append((String(parts[0]), String(value)))
        }
        request.body = lines.dropFirst(2 + fields.count).joined(separator: "\r\n")
    }

    // MARK: http-check send

    private static func send(_ phrase: Phrase, to request: inout CheckRequest) throws(Fault) {
        var headers: [(name: String, value: String)] = []
        var index = 2
        while index < phrase.count {
            let name = phrase[index]
            guard ["comment", "meth", "uri", "uri-lf", "ver", "hdr", "body", "body-lf"].contains(name) else {
                throw phrase.fault(
                    "'http-check send' : expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf' but "
                        + "got '\(name)' as argument.", at: index)
            }
            if name == "uri-lf" || name == "body-lf" {
                throw phrase.fault(ForeignKeywords.message("http-check send … \(name)"), at: index)
            }
            if name == "hdr" {
                guard index + 2 < phrase.count else {
                    throw phrase.fault(
                        "'http-check send' : 'hdr' expects <name> and <value> as arguments.", at: index)
                }
                guard RuleLanguage.isHeaderName(phrase[index + 1]) else {
                    throw phrase.fault("'\(phrase[index + 1])' is not the name of a header.", at: index + 1)
                }
                headers.append((phrase[index + 1], try literal(phrase, index + 2)))
                index += 3
                continue
            }
            guard index + 1 < phrase.count else {
                throw phrase.fault("'http-check send' : '\(name)' expects a string as argument.", at: index)
            }
            let value = phrase[index + 1]
            switch name {
            case "meth": request.method = try clean(value, phrase, index + 1)
            case "uri": request.uri = try clean(value, phrase, index + 1)
            case "ver": request.version = try clean(value, phrase, index + 1)
            case "body": request.body = value
            default: break
            }
            index += 2
        }
        request.headers = headers
    }

    /// A header's value: a text whose only `%` is written twice.
    private static func literal(_ phrase: Phrase, _ index: Int) throws(Fault) -> String {
        let parts = phrase[index].split(separator: "%%", omittingEmptySubsequences: false)
        if parts.contains(where: { $0.contains("%") }) {
            throw phrase.fault(ForeignKeywords.message("http-check send … hdr with a variable"), at: index)
        }
        return try clean(parts.joined(separator: "%"), phrase, index)
    }

    /// Nothing that would end the line that it goes into.
    private static func clean(_ text: String, _ phrase: Phrase, _ index: Int) throws(Fault) -> String {
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw phrase.fault("'\(text)' has a control character", at: index)
        }
        return text
    }

    // MARK: http-check expect

    private static func expectation(_ phrase: Phrase) throws(Fault) -> CheckExpectation {
        var index = 2
        if phrase[index] == "comment" { index += 2 }
        var isNegated = false
        var kind = phrase[index]
        if kind.hasPrefix("!") {
            isNegated = true
            kind.removeFirst()
            if kind.isEmpty {
                index += 1
                kind = phrase[index]
            }
        }
        guard index < phrase.count else {
            throw phrase.fault(
                "'http-check expect' : expects at least a matching pattern as arguments.", at: index)
        }
        let isForeign = [
            "min-recv", "ok-status", "error-status", "tout-status", "on-success", "on-error", "status-code",
            "hdr",
            "fhdr", "string-lf",
        ].contains(kind)
        if isForeign { throw phrase.fault(ForeignKeywords.message("http-check expect … \(kind)"), at: index) }
        guard ["status", "rstatus", "string", "rstring"].contains(kind) else { throw other(phrase, index) }
        guard index + 1 < phrase.count else {
            throw phrase.fault("'http-check expect' : '\(kind)' expects a <pattern> as argument.", at: index)
        }
        if index + 2 < phrase.count { throw other(phrase, index + 2) }
        let value = phrase[index + 1]
        let pattern: CheckExpectation.Pattern =
            switch kind {
            case "status": .statuses(try statuses(value, phrase, index + 1))
            case "rstatus": .statusPattern(try regular(phrase, index + 1))
            case "string": .text(value)
            default: .pattern(try regular(phrase, index + 1))
            }
        return CheckExpectation(isNegated: isNegated, pattern: pattern)
    }

    private static func other(_ phrase: Phrase, _ index: Int) -> Fault {
        phrase.fault(
            "'http-check expect' : 'only supports min-recv, [!]string', '[!]rstring', '[!]string-lf', '[!]status', "
                + "'[!]rstatus', [!]hdr, [!]fhdr or comment but got '\(phrase[index])' as argument.",
            at: index)
    }

    private static func regular(_ phrase: Phrase, _ index: Int) throws(Fault) -> RegularExpression {
        do throws(RegularExpression.Fault) {
            return try RegularExpression(phrase[index].utf8)
        } catch {
            throw phrase.fault(
                "'http-check expect' : regex '\(phrase[index])' is invalid (error=\(error.reason), "
                    + "erroffset=\(error.offset)).", at: index)
        }
    }

    /// `200-299,404`
    private static func statuses(
        _ text: String, _ phrase: Phrase, _ index: Int
    ) throws(Fault) -> [ClosedRange<Int>] {
        if let wrong = text.first(where: { !"0123456789-,".contains($0) }) {
            throw phrase.fault(
                "'http-check expect' : invalid character '\(wrong)' in the list of status codes.", at: index)
        }
        var ranges: [ClosedRange<Int>] = []
        for part in text.split(separator: ",") {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
            guard let first = Int(ends[0]), let last = Int(ends[ends.count - 1]), ends.count <= 2,
                first <= last
            else {
                throw phrase.fault(
                    "'http-check expect' : invalid range of status codes '\(part)'.", at: index)
            }
            ranges.append(first...last)
        }
        return ranges
    }

    // MARK: tcp-check connect

    private static func connection(_ phrase: Phrase) throws(Fault) -> UInt16? {
        var port: UInt16?
        var index = 2
        while index < phrase.count {
            switch phrase[index] {
            case "default": index += 1
            case "comment": index += 2
            case "port":
                guard let number = UInt16(phrase[index + 1]), number > 0 else {
                    throw phrase.fault(
                        "'tcp-check connect' : 'port' expects a port number, found '\(phrase[index + 1])'.",
                        at: index + 1)
                }
                port = number
                index += 2
            case "addr", "send-proxy", "ssl", "sni", "alpn", "via-socks4", "linger", "proto":
                throw phrase.fault(ForeignKeywords.message("tcp-check connect … \(phrase[index])"), at: index)
            default:
                throw phrase.fault(
                    "'tcp-check connect' : expects 'comment', 'port', 'addr', 'send-proxy', 'ssl', 'sni', 'alpn' or "
                        + "'via-socks4', 'linger', 'default' but got '\(phrase[index])' as argument.",
                    at: index)
            }
        }
        return port
    }
}
