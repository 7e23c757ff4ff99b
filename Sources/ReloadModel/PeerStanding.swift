// How a worker stands with the peers of its sections, read from `show peers`.

/// One peer of a `peers` section.
package struct PeerStanding: Equatable, Sendable {
    package var section: String
    package var name: String
    /// It is the proxy itself.
    package var isLocal: Bool
    package var isConnected: Bool
    /// `127.0.0.1:10000`
    package var address: String
    /// Four letters: `ESTA`, `CONN`, `NONE`, …
    package var status: String
    /// How long ago the last greeting was, as the proxy writes it: `4s`; nil: never.
    package var greeted: String?
    /// When it is called again, as the proxy writes it; nil: nobody says.
    package var callsAgain: String?
    /// The tables of which it was not told all, with the number of changes. Of peers without a connection the proxy
    /// does not know.
    package var lags: [Lag] = []

    package struct Lag: Equatable, Sendable {
        package var table: String
        package var changes: Int

        package init(table: String, changes: Int) {
            self.table = table
            self.changes = changes
        }
    }

    package init(
        section: String, name: String, isLocal: Bool, isConnected: Bool, address: String, status: String
    ) {
        self.section = section
        self.name = name
        self.isLocal = isLocal
        self.isConnected = isConnected
        self.address = address
        self.status = status
    }

    /// Changes that it was not told of; nil: not known.
    package var changesBehind: Int? { isConnected ? lags.reduce(0) { $0 + $1.changes } : nil }

    /// All peers of the reply to `show peers`, in its order; what is no line of it is passed over.
    package static func read(_ lines: [String]) -> [PeerStanding] {
        var standings: [PeerStanding] = []
        var section = "?"
        var pushed: UInt32?
        for line in lines {
            let fields = Fields(line)
            if fields["resync_timeout"] != nil {
                section = fields["id"] ?? "?"
            } else if let peer = PeerStanding(fields, of: section) {
                standings.append(peer)
            } else if let word = fields["reconnect"], !standings.isEmpty {
                standings[standings.count - 1].callsAgain = word.hasPrefix("<") ? nil : word
            } else if let word = fields["last_pushed"] {
                pushed = UInt32(word)
            } else if let word = fields["localupdate"], let latest = UInt32(word), let told = pushed,
                !standings.isEmpty
            {
                pushed = nil
                // Numbers of changes begin anew behind the last.
                let changes = Int(Int32(bitPattern: latest &- told))
                guard changes > 0, standings[standings.count - 1].isConnected else { continue }
                standings[standings.count - 1].lags.append(Lag(table: fields["id"] ?? "?", changes: changes))
            }
        }
        return standings
    }

    /// `0x55…: id=B(remote,active) addr=127.0.0.1:7342 last_status=ESTA last_hdshk=4s`. HAProxy says `active` of a peer
    /// that it only calls, too.
    private init?(_ fields: Fields, of section: String) {
        guard let id = fields["id"], let status = fields["last_status"], id.hasSuffix(")"),
            let open = id.lastIndex(of: "(")
        else { return nil }
        let words = id[id.index(after: open)...].dropLast().split(separator: ",")
        self.init(
            section: section, name: String(id[..<open]), isLocal: words.first == "local",
            isConnected: words.last == "active" && status == "ESTA", address: fields["addr"] ?? "?",
            status: status)
        greeted = fields["last_hdshk"].flatMap { $0.hasPrefix("<") ? nil : $0 }
    }

    /// The words of a line that have a `=`.
    private struct Fields {
        private var values: [Substring: String] = [:]

        init(_ line: String) {
            for word in line.split(separator: " ") {
                guard let equals = word.firstIndex(of: "=") else { continue }
                values[word[..<equals]] = String(word[word.index(after: equals)...])
            }
        }

        subscript(name: Substring) -> String? { values[name] }
    }
}

extension TablesReport {
    package var peers: [PeerStanding] { PeerStanding.read(peersText.value ?? []) }
}
