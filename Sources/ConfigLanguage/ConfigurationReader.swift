// Goes through the lines of all files, opens and closes sections, and keeps what was found wrong.

/// One reading of a configuration.
final class ConfigurationReader {
    /// Alerts in one file after which HAProxy gives up on it, and so do we.
    static let mostAlerts = 50

    let surroundings: Surroundings
    /// Changed by `setenv` and its kin.
    var environment: [String: String]
    /// `zero-warning`: a warning is as bad as an alert.
    var zeroWarning = false
    var configuration = Configuration()
    private(set) var diagnostics: [Diagnostic] = []
    var proxies: [ProxyDraft] = []
    var defaults: [ProxyDraft] = []
    /// The proxies of a name, at most a frontend and a backend.
    var proxiesByName: [String: [Int]] = [:]
    var section = Section.none
    /// The line that is being read.
    private(set) var position = Position(file: "", line: 0)
    /// Depth of `.if` blocks whose lines are skipped.
    private var skippedBlocks = 0
    private var alertsInFile = 0
    /// A header was not understood: what refers to its section is not to blame.
    private(set) var lostSections = false
    /// Names that rules and expressions refer to.
    var references: [NameReference] = []
    /// Lists of patterns so far.
    private var patternLists = 0
    /// `peers` sections, and tables that stand in them.
    var peersSections: Set<String> = []
    var sharedTableNames: Set<String> = []

    enum Section {
        case none
        case global
        case proxy(ProxyDraft)
        case peers(PeersSection)
        /// One of HAProxy's that we do not have, or a header that was wrong: its lines are passed over.
        case skipped(String)

        var name: String {
            switch self {
            case .none: ""
            case .global: "global"
            case .proxy(let draft): draft.proxy.name
            case .peers(let peers): peers.name
            case .skipped(let name): name
            }
        }
    }

    init(_ surroundings: Surroundings) {
        self.surroundings = surroundings
        environment = surroundings.environment
    }

    // MARK: Lines

    func read(_ source: Source) {
        alertsInFile = 0
        section = .none
        skippedBlocks = 0
        let bytes = source.bytes
        var start = 0
        var number = 0
        while start < bytes.count {
            number += 1
            position = Position(file: source.name, line: number)
            guard let end = bytes[start...].firstIndex(of: 0x0a) else {
                readLine(bytes[start...])
                let length = bytes.count - start
                alert(
                    Fault(
                        "Missing LF on last line, file might have been truncated at position \(length + 1).",
                        lead: .tight))
                break
            }
            readLine(bytes[start..<end])
            start = end + 1
            if alertsInFile >= Self.mostAlerts {
                let text = "too many fatal errors (\(alertsInFile)), stopping now."
                report(Fault(text, lead: .tight).diagnostic(.alert, at: position))
                break
            }
        }
        closeSection()
        if alertsInFile > 0 {
            report(Diagnostic(.alert, "Error(s) found in configuration file : \(source.name)"))
        }
    }

    private func readLine(_ line: ArraySlice<UInt8>) {
        if let nul = line.firstIndex(of: 0) {
            let column = nul - line.startIndex + 1
            alert(
                Fault(
                    "Stray NUL character at position \(column).",
                    word: Word(text: "", columns: column..<column + 1), lead: .tight))
            return
        }
        let words: [Word]
        do {
            words = try Tokenizer(variable: { [self] in variable($0) }).words(of: line)
        } catch {
            alert(
                Fault(
                    "\(error.message) at position \(error.column):\n"
                        + Self.pointer(to: error.column, in: line),
                    word: Word(text: "", columns: error.column..<error.column + 1), lead: .tight))
            return
        }
        read(withoutEmpty(words))
    }

    /// As in HAProxy an empty word (of a variable that is not set, as a rule) ends the line.
    private func withoutEmpty(_ words: [Word]) -> [Word] {
        guard let end = words.dropFirst().firstIndex(where: \.text.isEmpty) else { return words }
        if words[end...].contains(where: { !$0.text.isEmpty }) {
            warn(
                Fault(
                    "argument at position \(words[end].columns.lowerBound) is empty and marks the end of the "
                        + "line; all subsequent arguments will be ignored.", word: words[end], lead: .tight))
        }
        return Array(words[..<end])
    }

    private func read(_ words: [Word]) {
        guard let first = words.first else { return }
        if first.text.hasPrefix(".") || skippedBlocks > 0 {
            readDirective(Phrase(position: position, words: words))
        } else if first.text == "no" || first.text == "default" {
            readNegated(Phrase(position: position, words: words))
        } else {
            readPhrase(Phrase(position: position, words: words))
        }
    }

    /// The line and a caret under the byte `column`, as HAProxy shows it.
    private static func pointer(to column: Int, in line: ArraySlice<UInt8>) -> String {
        let before = 60
        let first = max(0, column - 1 - before)
        let shown = line.dropFirst(first).prefix(before + 18).map { $0 == 0x09 ? 0x20 : $0 }
        let text = String(decoding: shown, as: UTF8.self)
        return "  \(text)\n  " + String(repeating: " ", count: column - 1 - first) + "^"
    }

    private func variable(_ name: String) -> String? {
        switch name {
        case ".FILE": position.file
        case ".LINE": String(position.line)
        case ".SECTION": section.name
        default: environment[name]
        }
    }

    private func readDirective(_ phrase: Phrase) {
        switch phrase.keyword {
        case ".if":
            if skippedBlocks == 0 {
                alert(phrase.fault("conditional blocks ('.if') are not supported by mwproxy yet", at: 0))
            }
            skippedBlocks += 1
        case ".endif" where skippedBlocks > 0: skippedBlocks -= 1
        case _ where skippedBlocks > 0: break
        case ".endif", ".elif", ".else":
            alert(
                Fault("lone '\(phrase.keyword)' with no matching '.if'.", word: phrase.words[0], lead: .tight)
            )
        case ".notice", ".diag": break
        case ".warning": warn(Fault("'\(phrase.rest(from: 1))'.", lead: .tight))
        case ".alert": alert(Fault("'\(phrase.rest(from: 1))'.", lead: .tight))
        default:
            alert(Fault("unknown directive '\(phrase.keyword)'.", word: phrase.words[0], lead: .tight))
        }
    }

    private static let negatable: Set<String> = [
        "option", "log", "busy-polling", "set-dumpable", "strict-limits", "insecure-fork-wanted",
        "numa-cpu-mapping",
    ]

    private func readNegated(_ phrase: Phrase) {
        guard Self.negatable.contains(phrase[1]) else {
            alert(
                Fault(
                    "negation/default currently supported only for options, log, busy-polling, set-dumpable, "
                        + "strict-limits, insecure-fork-wanted and numa-cpu-mapping.",
                    word: phrase.words.dropFirst().first ?? phrase.words[0], lead: .tight))
            return
        }
        guard phrase.keyword == "no" else {
            alert(phrase.fault("'default \(phrase[1])' is not supported by mwproxy yet", at: 0))
            return
        }
        readPhrase(Phrase(position: position, words: Array(phrase.arguments), isNegated: true))
    }

    private func readPhrase(_ phrase: Phrase) {
        let keyword = phrase.keyword
        do throws(Fault) {
            if keyword == "global" {
                closeSection()
                section = .global
                if phrase.count > 1 {
                    throw phrase.fault("'global' cannot handle unexpected argument '\(phrase[1])'.", at: 1)
                }
            } else if keyword == "defaults" || Proxy.Kind(rawValue: keyword) != nil {
                closeSection()
                section = .skipped(keyword)
                section = .proxy(try openProxy(phrase))
            } else if keyword == "peers" {
                closeSection()
                section = .skipped(keyword)
                let peers = try PeersKeywords.open(phrase, self)
                peersSections.insert(peers.name)
                section = .peers(peers)
            } else if ForeignKeywords.sections.contains(keyword) {
                closeSection()
                section = .skipped(keyword)
                throw phrase.fault(
                    "section '\(keyword)' is a HAProxy section that mwproxy does not support yet", at: 0)
            } else {
                try readInSection(phrase)
            }
        } catch {
            if case .skipped = section { lostSections = true }
            alert(error)
        }
    }

    func nextPatternList() -> Int {
        patternLists += 1
        return patternLists
    }

    // MARK: Diagnostics

    func report(_ diagnostic: Diagnostic) { diagnostics.append(diagnostic) }

    func warn(_ fault: Fault) { report(fault.diagnostic(.warning, at: position)) }

    private func alert(_ fault: Fault) { alert(fault.diagnostic(.alert, at: position)) }

    /// Reports an alert and counts it against the file.
    func alert(_ diagnostic: Diagnostic) {
        alertsInFile += 1
        report(diagnostic)
    }

    func warnIneffective(_ word: Word) {
        warn(Fault("'\(word.text)' has no effect in mwproxy and is ignored.", word: word))
    }

    // MARK: The outside world

    func userID(_ phrase: Phrase, at index: Int) throws(Fault) -> UInt32 {
        guard let id = surroundings.userID(phrase[index]) else {
            throw phrase.fault("cannot find user id for '\(phrase[index])'", at: index)
        }
        return id
    }

    func groupID(_ phrase: Phrase, at index: Int) throws(Fault) -> UInt32 {
        guard let id = surroundings.groupID(phrase[index]) else {
            throw phrase.fault("cannot find group id for '\(phrase[index])'", at: index)
        }
        return id
    }
}
