// The lines of a `peers` section.

enum PeersKeywords {
    static let table = KeywordTable<PeersSection>(
        [
            Keyword("peer", .atLeast(1), expects: "a name") { (phrase, section, reader) throws(Fault) in
                try peer(phrase, &section, reader)
            },
            Keyword("server", .atLeast(1), expects: "a name") { (phrase, section, reader) throws(Fault) in
                try peer(phrase, &section, reader)
            },
            Keyword("bind", .atLeast(1), expects: "an address") { (phrase, section, reader) throws(Fault) in
                try bind(phrase, &section, reader)
            },
            Keyword("default-bind", .atLeast(0)) { (phrase, section, reader) throws(Fault) in
                try BindKeywords.table.applyOptions(of: phrase, from: 1, to: &section.bindDefaults, reader)
            },
            Keyword("default-server", .atLeast(0)) { (phrase, section, reader) throws(Fault) in
                try ServerKeywords.peerTable.applyOptions(
                    of: phrase, from: 1, to: &section.serverDefaults, reader)
            },
            Keyword("table", .atLeast(0)) { (phrase, section, reader) throws(Fault) in
                try table(phrase, &section, reader)
            },
            Keyword("log", .atLeast(0), canBeNegated: true) { (phrase, section, reader) throws(Fault) in
                if try LogLine.clears(phrase) {
                    section.logs = []
                    section.logsToGlobal = false
                } else if phrase[1] == "global" && phrase.count == 2 {
                    section.logsToGlobal = true
                } else {
                    section.logs.append(try LogLine.target(phrase, reader, orGlobal: true))
                }
            },
            Keyword("disabled", 0...0) { (_, section, _) throws(Fault) in section.disabled = true },
            Keyword("enabled", 0...0) { (_, section, _) throws(Fault) in section.disabled = false },
        ],
        foreign: ["shards"])

    /// `peers NAME`
    static func open(_ phrase: Phrase, _ reader: ConfigurationReader) throws(Fault) -> PeersSection {
        guard phrase.count > 1 else { throw phrase.fault("missing name for peers section.", at: 1) }
        let name = phrase[1]
        if phrase.count > 2 {
            throw phrase.fault("'peers' cannot handle unexpected argument '\(phrase[2])'.", at: 2)
        }
        if let wrong = name.unicodeScalars.first(where: { !ConfigurationReader.isNameScalar($0) }) {
            throw phrase.fault("character '\(wrong)' is not permitted in 'peers' name '\(name)'.", at: 1)
        }
        if let twin = reader.configuration.peers.first(where: { $0.name == name }) {
            throw Fault(
                "peers section '\(name)' has the same name as another peers section declared at "
                    + "\(twin.position).", word: phrase.words[1], lead: .tight)
        }
        return PeersSection(name: name, position: phrase.position)
    }

    private static func peer(
        _ phrase: Phrase, _ section: inout PeersSection, _ reader: ConfigurationReader
    ) throws(Fault) {
        let name = phrase[1]
        let context = "'\(phrase.keyword) \(name)'"
        if let wrong = name.unicodeScalars.first(where: { !ConfigurationReader.isNameScalar($0) }) {
            throw phrase.fault("character '\(wrong)' is not permitted in server name '\(name)'.", at: 1)
        }
        if phrase.keyword == "peer" {
            if let bind = section.bindLine { throw mixed(phrase, with: "bind", at: bind) }
            section.peerLine = section.peerLine ?? phrase.position
        }
        let isLocal = name == reader.localPeer
        if isLocal, let earlier = section.local {
            throw phrase.fault(
                "\(context) : local peer name already referenced at \(earlier.position). \(name)", at: 1)
        }
        var peer = PeersSection.Peer(name: name, position: phrase.position, isLocal: isLocal)
        var options = 2
        if phrase.count > 2, !(isLocal && section.bind != nil) {
            peer.endpoint = try endpoint(phrase, context, reader)
            options = 3
            if isLocal, let endpoint = peer.endpoint {
                var bind = Bind(position: phrase.position, endpoints: [endpoint])
                bind.options = section.bindDefaults
                section.bind = bind
            }
        }
        var settings = section.serverDefaults
        do {
            try ServerKeywords.peerTable.applyOptions(of: phrase, from: options, to: &settings, reader)
        } catch {
            var fault = error
            if isLocal && options == 2 { fault.message += " Hint: no address was expected for this server." }
            throw fault.within("'server \(section.name)/\(name)'", lead: .server)
        }
        if settings.check {
            reader.warn(
                phrase.fault(
                    "\(context) : init_addr, resolvers, check and agent are ignored for peers.", at: 1))
        }
        section.peers.append(peer)
    }

    private static func mixed(_ phrase: Phrase, with keyword: String, at position: Position) -> Fault {
        phrase.fault(
            "mixing \"peer\" and \"bind\" line is forbidden: expected 'server' lines beside 'bind', found a "
                + "'\(keyword)' line at [\(position)].", at: 0)
    }

    private static func endpoint(
        _ phrase: Phrase, _ context: String, _ reader: ConfigurationReader
    ) throws(Fault) -> Endpoint {
        let language = AddressLanguage(
            ports: .required, allowsDescriptor: false, resolve: reader.surroundings.resolve)
        do {
            return try language.endpoint(phrase, at: 2)
        } catch {
            throw error.within(context)
        }
    }

    /// `table NAME type …`: a table that no proxy has, named `SECTION/NAME`.
    private static func table(
        _ phrase: Phrase, _ section: inout PeersSection, _ reader: ConfigurationReader
    ) throws(Fault) {
        let name = "\(section.name)/\(phrase[1])"
        if phrase.words.dropFirst(2).contains(where: { $0.text == "peers" }) {
            throw phrase.fault("table: unknown argument 'peers'.", at: 2)
        }
        let line = phrase.part(min(1, phrase.count - 1)..<phrase.count)
        var definition = try StickTableLine.definition(line, name: name, reader)
        definition.peers = section.name
        section.tables.append(definition)
        reader.sharedTableNames.insert(name)
    }

    private static func bind(
        _ phrase: Phrase, _ section: inout PeersSection, _ reader: ConfigurationReader
    ) throws(Fault) {
        if let peer = section.peerLine { throw mixed(phrase, with: "peer", at: peer) }
        section.bindLine = section.bindLine ?? phrase.position
        if let earlier = section.bind {
            throw phrase.fault(
                "One listener per \"peers\" section is authorized but another is already configured at "
                    + "[\(earlier.position)].", at: 0)
        }
        let language = AddressLanguage(
            ports: .required, allowsDescriptor: true, resolve: reader.surroundings.resolve)
        do {
            var bind = Bind(position: phrase.position, endpoints: [try language.endpoint(phrase, at: 1)])
            bind.options = section.bindDefaults
            try BindKeywords.table.applyOptions(of: phrase, from: 2, to: &bind.options, reader)
            section.bind = bind
        } catch {
            throw error.within("'bind \(phrase[1])' in section 'peers'")
        }
    }
}

extension ConfigurationChecks {
    /// Sections without an entry of this process do nothing, as in HAProxy; a peer needs an address.
    func checkPeers(_ drafts: inout [ProxyDraft]) {
        for section in reader.configuration.peers where section.local == nil && !reader.lostSections {
            warn(
                "Removing incomplete section 'peers \(section.name)' (no peer named '\(reader.localPeer)').",
                at: section.position)
        }
        reader.configuration.peers.removeAll { $0.local == nil }
        for index in reader.configuration.peers.indices where reader.configuration.peers[index].logsToGlobal {
            let known = reader.configuration.peers[index].logs
            let targets = reader.configuration.global.logs.filter { !known.contains($0) }
            reader.configuration.peers[index].logs += targets
        }
        let complete = Set(reader.configuration.peers.map(\.name))
        for index in drafts.indices {
            if let peers = drafts[index].proxy.stickTable?.peers, !complete.contains(peers) {
                drafts[index].proxy.stickTable?.peers = nil
            }
        }
        for section in reader.configuration.peers {
            for peer in section.peers where peer.endpoint == nil && !peer.isLocal {
                alert(
                    "parsing [\(peer.position)] : 'peer \(peer.name)' : expects an address such as "
                        + "'192.0.2.7:10000'.", at: peer.position)
            }
        }
    }
}
