// What a line means in its section: headers with their names and defaults, and which table of keywords reads it.

extension ConfigurationReader {
    /// Reads a line that opens no section.
    func readInSection(_ phrase: Phrase) throws(Fault) {
        switch section {
        case .none:
            let sections = ForeignKeywords.ownSections.union(ForeignKeywords.sections)
            let near = NearestKeyword.to(phrase.keyword, among: sections)
            let hint = near.map { "; did you mean '\($0)' maybe ?" } ?? ""
            if near != nil { section = .skipped(phrase.keyword) }
            throw Fault(
                "unknown keyword '\(phrase.keyword)' out of section\(hint.isEmpty ? "." : hint)",
                word: phrase.words[0], lead: .tight)
        case .skipped: break
        case .global: try readGlobal(phrase)
        case .proxy(var draft):
            section = .none
            defer { section = .proxy(draft) }
            try ProxyKeywords.apply(phrase, to: &draft, self)
        case .peers(var peers):
            section = .none
            defer { section = .peers(peers) }
            try read(phrase, in: &peers)
        }
    }

    private func read(_ phrase: Phrase, in peers: inout PeersSection) throws(Fault) {
        let table = PeersKeywords.table
        if let keyword = table.keywords[phrase.keyword] {
            try keyword.apply(phrase, to: &peers, self)
        } else if table.ineffective.contains(phrase.keyword) {
            warnIneffective(phrase.words[0])
        } else {
            throw unknown(phrase, in: "peers", table)
        }
    }

    /// This process's name among peers.
    var localPeer: String {
        surroundings.localPeer ?? configuration.global.localPeer ?? surroundings.hostName
    }

    private func readGlobal(_ phrase: Phrase) throws(Fault) {
        let table = GlobalKeywords.table
        if let keyword = table.keywords[phrase.keyword] {
            try keyword.apply(phrase, to: &configuration.global, self)
        } else if table.ineffective.contains(phrase.keyword)
            || phrase.keyword.hasPrefix("tune.") && !phrase.keyword.hasPrefix("tune.reload")
        {
            warnIneffective(phrase.words[0])
        } else {
            throw unknown(phrase, in: "global", table)
        }
    }

    /// The fault about a keyword that `table` does not have.
    func unknown<Subject>(_ phrase: Phrase, in section: String, _ table: KeywordTable<Subject>) -> Fault {
        let name = phrase.keyword
        if table.foreign.contains(name) { return phrase.fault(ForeignKeywords.message(name), at: 0) }
        return phrase.fault(
            "unknown keyword '\(name)' in '\(section)' section\(table.suggestion(for: name))", at: 0)
    }

    /// The draft that a proxy's header begins.
    func openProxy(_ phrase: Phrase) throws(Fault) -> ProxyDraft {
        let kind = Proxy.Kind(rawValue: phrase.keyword)
        let hasName = phrase.count > 1 && !(kind == nil && phrase[1] == "from" && phrase.count > 2)
        let name = hasName ? phrase[1] : ""
        if name.isEmpty && kind != nil {
            throw phrase.fault("'\(phrase.keyword)' expects an <id> argument", at: 1)
        }
        if let wrong = name.unicodeScalars.first(where: { !Self.isNameScalar($0) }) {
            throw phrase.fault(
                "character '\(wrong)' is not permitted in '\(phrase.keyword)' name '\(name)'.", at: 1)
        }
        var base = kind == nil ? nil : defaults.last
        let next = hasName ? 2 : 1
        if phrase.count > next {
            guard phrase[next] == "from" else {
                let message =
                    kind == nil
                    ? "'defaults' cannot handle unexpected argument '\(phrase[next])'."
                    : "please use the 'bind' keyword for listening addresses."
                throw phrase.fault(message, at: next)
            }
            base = try namedDefaults(phrase, at: next + 1, for: "\(phrase.keyword) '\(name)'")
            if phrase.count > next + 2 {
                let extra = phrase[next + 2]
                throw phrase.fault(
                    "'\(phrase.keyword)' cannot handle unexpected argument '\(extra)'.", at: next + 2)
            }
        }
        let draft = ProxyDraft(kind: kind, name: name, position: position, from: base)
        refuseTwin(of: draft, phrase)
        return draft
    }

    private func namedDefaults(_ phrase: Phrase, at index: Int, for title: String) throws(Fault) -> ProxyDraft
    {
        let name = phrase[index]
        guard !name.isEmpty else {
            throw phrase.fault("'from' expects the name of a 'defaults' section.", at: index)
        }
        let found = defaults.filter { $0.proxy.name == name }
        guard let last = found.last else {
            let near = NearestKeyword.to(name, among: defaults.map(\.proxy.name).filter { !$0.isEmpty })
            let hint = near.map { "; did you mean '\($0)' maybe ?" } ?? ""
            throw phrase.fault("defaults section '\(name)' not found for \(title).\(hint)", at: index)
        }
        if found.count > 1 {
            throw phrase.fault(
                "ambiguous defaults section name '\(name)' referenced by \(title) exists at least at "
                    + "\(found[0].proxy.position) and \(last.proxy.position).", at: index)
        }
        return last
    }

    /// Two proxies may share a name only where one is a frontend and the other a backend.
    private func refuseTwin(of draft: ProxyDraft, _ phrase: Phrase) {
        guard let kind = draft.kind else { return }
        let twin = proxiesByName[draft.proxy.name, default: []].first {
            proxies[$0].kind == kind || proxies[$0].kind == .listen || kind == .listen
        }
        guard let twin = twin.map({ proxies[$0] }) else { return }
        // HAProxy words this one apart: a capital letter and no space before the colon.
        alert(
            Diagnostic(
                .alert, at: position, columns: phrase.words[1].columns,
                "Parsing [\(position)]: \(draft.title) has the same name as \(twin.title) declared at "
                    + "\(twin.proxy.position)."))
    }

    /// Keeps what the section that ends here has brought.
    func closeSection() {
        if case .proxy(let draft) = section {
            if draft.isDefaults {
                defaults.append(draft)
            } else {
                proxiesByName[draft.proxy.name, default: []].append(proxies.count)
                proxies.append(draft)
            }
        }
        if case .peers(let peers) = section { configuration.peers.append(peers) }
        section = .none
    }

    /// What HAProxy permits in the names of proxies, servers and ACLs.
    static func isNameByte(_ byte: UInt8) -> Bool {
        isNameScalar(Unicode.Scalar(byte))
    }

    static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                || "-_.:".unicodeScalars.contains(scalar))
    }
}
