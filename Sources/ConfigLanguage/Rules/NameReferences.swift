// Names of tables and proxies in rules and expressions: what they refer to may stand further down in the file.

/// One name that must exist in the end.
struct NameReference {
    enum Kind: String { case table, backend, frontend }
    let kind: Kind
    let name: String
    let position: Position
    /// What to say where it does not.
    let message: String
}

extension ConfigurationReader {
    /// An argument of an expression names something; nil: the proxy's own, which always has what it has.
    func expect(_ kind: NameReference.Kind, _ name: String?, of keyword: String, as role: String = "keyword")
    {
        guard let name else { return }
        references.append(
            NameReference(
                kind: kind, name: name, position: position,
                message:
                    "parsing [\(position)]: unable to find \(kind.rawValue) '\(name)' referenced in arg 1 of \(role) "
                    + "'\(keyword)'."))
    }

    /// A rule's table; nil: the proxy's own.
    func expectTable(_ name: String?, of draft: ProxyDraft, at position: Position, _ message: String) {
        if draft.isDefaults && name == nil { return }
        references.append(
            NameReference(
                kind: .table, name: name ?? draft.proxy.name, position: position,
                message: "Proxy '\(draft.proxy.name)': \(message)"))
    }
}

extension ConfigurationChecks {
    /// A table that `stick` rules use stores servers, whether it says so or not.
    func completeStickTables(_ drafts: inout [ProxyDraft]) {
        for draft in drafts {
            for rule in draft.proxy.stickRules {
                let name = rule.table ?? draft.proxy.name
                for index in drafts.indices where drafts[index].proxy.name == name {
                    drafts[index].proxy.stickTable?.add(.serverID)
                    drafts[index].proxy.stickTable?.add(.serverKey)
                }
                for section in reader.configuration.peers.indices {
                    for index in reader.configuration.peers[section].tables.indices
                    where reader.configuration.peers[section].tables[index].name == name {
                        reader.configuration.peers[section].tables[index].add(.serverID)
                        reader.configuration.peers[section].tables[index].add(.serverKey)
                    }
                }
            }
        }
    }

    /// Says which names of rules and expressions name nothing.
    func checkReferences(_ drafts: [ProxyDraft]) {
        let proxies = drafts.map(\.proxy)
        let tables = Set(proxies.filter { $0.stickTable != nil }.map(\.name))
        let backends = Set(proxies.filter(\.isBackend).map(\.name))
        let frontends = Set(proxies.filter(\.isFrontend).map(\.name))
        for reference in reader.references {
            let known =
                switch reference.kind {
                case .table: tables.union(reader.sharedTableNames)
                case .backend: backends
                case .frontend: frontends
                }
            if known.contains(reference.name) || reader.lostSections { continue }
            let near = NearestKeyword.to(reference.name, among: known)
            alert(
                reference.message + (near.map { " Did you mean '\($0)' maybe ?" } ?? ""),
                at: reference.position)
        }
        for proxy in proxies {
            guard let table = proxy.stickTable, let peers = table.peers,
                !reader.peersSections.contains(peers),
                !reader.lostSections
            else { continue }
            alert("Proxy '\(proxy.name)': unable to find sync peers '\(peers)'.", at: proxy.position)
        }
    }
}
