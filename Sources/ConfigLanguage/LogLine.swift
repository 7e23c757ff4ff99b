// `log <address> [len <bytes>] [format <name>] <facility> [<level> [<least severe>]]`.

enum LogLine {
    private static let facilities = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2", "ftp",
        "ntp", "audit", "alert", "cron2", "local0", "local1", "local2", "local3", "local4", "local5",
        "local6",
        "local7",
    ]
    private static let levels = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]

    /// `no log`: forgets what was there.
    static func clears(_ phrase: Phrase) throws(Fault) -> Bool {
        guard phrase.isNegated else { return false }
        guard phrase.count == 1 else {
            throw phrase.fault("log : 'no log' does not expect arguments, found '\(phrase[1])'", at: 1)
        }
        return true
    }

    static func target(
        _ phrase: Phrase, _ reader: ConfigurationReader, orGlobal: Bool
    ) throws(Fault) -> LogTarget {
        do {
            return try parse(phrase, reader, orGlobal: orGlobal)
        } catch {
            throw error.within("log")
        }
    }

    private static func parse(
        _ phrase: Phrase, _ reader: ConfigurationReader, orGlobal: Bool
    ) throws(Fault) -> LogTarget {
        let missing =
            "expects <address> and <facility> \(orGlobal ? "or global as arguments" : " as arguments")"
        guard phrase.count > 2 else { throw phrase.fault(missing, at: phrase.count) }
        var target = LogTarget(destination: try destination(phrase, reader), facility: 0)
        var index = 2
        if phrase[index] == "len" {
            guard let length = Int(phrase[3]), (80...65535).contains(length) else {
                throw phrase.fault("invalid log length '\(phrase[3])', must be between 80 and 65535", at: 3)
            }
            target.length = length
            index += 2
        }
        if phrase[index] == "format" {
            guard let format = LogTarget.Format(rawValue: phrase[index + 1]) else {
                throw unknown("log format", phrase, index + 1, LogTarget.Format.allNames)
            }
            target.format = format
            index += 2
        }
        if phrase[index] == "sample" || phrase[index] == "profile" {
            throw phrase.fault(ForeignKeywords.message("log … \(phrase[index])"), at: index)
        }
        guard index < phrase.count else { throw phrase.fault(missing, at: phrase.count) }
        guard let facility = facilities.firstIndex(of: phrase[index]) else {
            throw unknown("log facility", phrase, index, facilities)
        }
        target.facility = facility
        if index + 1 < phrase.count {
            target.maxLevel = try level("optional log level", phrase, index + 1)
        }
        if index + 2 < phrase.count {
            target.minLevel = try level("optional minimum log level", phrase, index + 2)
        }
        if index + 3 < phrase.count {
            throw phrase.fault("cannot handle unexpected argument '\(phrase[index + 3])'", at: index + 3)
        }
        return target
    }

    private static func level(_ what: String, _ phrase: Phrase, _ index: Int) throws(Fault) -> Int {
        guard let level = levels.firstIndex(of: phrase[index]) else {
            throw unknown(what, phrase, index, levels)
        }
        return level
    }

    private static func unknown(
        _ what: String, _ phrase: Phrase, _ index: Int, _ known: [String]
    ) -> Fault {
        let near = NearestKeyword.to(phrase[index], among: known)
        let hint =
            near.map { "; did you mean '\($0)' maybe ?" }
            ?? ", expected one of \(known.joined(separator: " "))"
        return phrase.fault("unknown \(what) '\(phrase[index])'\(hint)", at: index)
    }

    private static func destination(
        _ phrase: Phrase, _ reader: ConfigurationReader
    ) throws(Fault) -> LogTarget.Destination {
        switch phrase[1] {
        case "stdout": return .stdout
        case "stderr": return .stderr
        default: break
        }
        let text = phrase[1]
        let plain = ["udp@", "udp4@", "udp6@", "dgram+"].first { text.hasPrefix($0) }.map(\.count) ?? 0
        if text.hasPrefix("ring@") || text.hasPrefix("tcp") || text.hasPrefix("stream+") {
            throw phrase.fault(
                "log address '\(text)' is of a kind of HAProxy's that mwproxy does not support yet", at: 1)
        }
        let word = Word(text: String(text.dropFirst(plain)), columns: phrase.words[1].columns)
        let language = AddressLanguage(
            ports: .fixed(514), allowsDescriptor: true, resolve: reader.surroundings.resolve)
        let address = Phrase(position: phrase.position, words: [word])
        switch try language.endpoint(address, at: 0) {
        case .unix(let path): return .unix(path: path)
        case .descriptor(1): return .stdout
        case .descriptor(2): return .stderr
        case .descriptor(let number): return .descriptor(number)
        case .abstract:
            throw phrase.fault(
                "log address '\(text)': abstract names are not supported by mwproxy yet", at: 1)
        case .tcp(let host, let family, let port):
            return .udp(.tcp(host: host ?? "127.0.0.1", family: family, port: port))
        }
    }
}

extension LogTarget.Format {
    fileprivate static let allNames = [
        "local", "rfc3164", "rfc5424", "priority", "short", "timed", "iso", "raw",
    ]
}
