// Whether the session tickets of TLS clients outlive a reload: what the worker before made tickets with, and whether
// the worker after it can read them. A client whose ticket cannot be read pays for a full handshake.

/// What one worker has for tickets. Keys are known by their fingerprints only.
package struct WorkerTickets: Equatable, Sendable {
    /// One file of keys.
    package struct KeyFile: Equatable, Sendable {
        /// As the configuration names it.
        package var name: String
        /// Fingerprints, oldest first.
        package var keys: [String]
        /// Of the key that new tickets are made with.
        package var encrypting: String?

        package init(name: String, keys: [String], encrypting: String?) {
            self.name = name
            self.keys = keys
            self.encrypting = encrypting
        }
    }

    /// It has certificates for clients, or ticket keys.
    package var speaksTLS: Bool
    package var files: [KeyFile]
    /// The binds of the files that it was loaded from; unknown where they have changed since.
    package var binds: Known<TicketBinds>

    package init(speaksTLS: Bool, files: [KeyFile], binds: Known<TicketBinds>) {
        self.speaksTLS = speaksTLS
        self.files = files
        self.binds = binds
    }

    /// What became of this worker's tickets in the worker that took over.
    package func survival(in new: WorkerTickets) -> TicketSurvival {
        guard speaksTLS else { return .noTLS }
        // A client certificate for servers is a certificate as well.
        if let binds = binds.value, binds.withTickets == 0 { return .noTLS }
        guard new.speaksTLS else { return .lost(["the new worker has no TLS"]) }
        guard !files.isEmpty else { return .lost([TicketSurvival.noFile]) }
        var reasons = files.compactMap { loss(of: $0, in: new) }
        if let binds = binds.value, binds.withoutKeys > 0 {
            reasons.append(
                "\(binds.withoutKeys) of \(binds.withTickets) TLS binds have \(TicketSurvival.noFile)")
        }
        return reasons.isEmpty ? .survived(files.compactMap(\.encrypting)) : .lost(reasons)
    }

    /// Why the tickets of one file are lost; nil: they are not.
    private func loss(of file: KeyFile, in new: WorkerTickets) -> String? {
        guard let key = file.encrypting else { return "no keys of \(file.name) were told" }
        let same = new.files.filter { $0.name == file.name }
        // The same keys may have got another name.
        if (same.isEmpty ? new.files : same).contains(where: { $0.keys.contains(key) }) { return nil }
        if new.files.isEmpty { return TicketSurvival.noFile + " any more" }
        return "the new worker does not have the old one's key \(key) of \(file.name)"
    }
}

/// What became of the tickets at a reload.
package enum TicketSurvival: Equatable, Sendable {
    /// The new worker has the keys that the old one made tickets with; their fingerprints.
    case survived([String])
    /// Why.
    case lost([String])
    /// The old worker spoke no TLS with clients.
    case noTLS

    static let noFile = "no tls-ticket-keys file: every worker makes its own key"

    /// Why they are lost; nil where they are not.
    package var reason: String? {
        guard case .lost(let reasons) = self else { return nil }
        return reasons.joined(separator: "; ")
    }

    /// `survived: the new worker has the key sha256:… that tickets were made with`
    package var sentence: String {
        switch self {
        case .noTLS: "no TLS here"
        case .lost(let reasons): "LOST: " + reasons.joined(separator: "; ")
        case .survived(let keys):
            "survived: the new worker has the key\(keys.count == 1 ? "" : "s") "
                + "\(keys.joined(separator: ", ")) that the old one made tickets with"
        }
    }

    /// Somebody meant the tickets to survive, and they did not.
    package var isMishap: Bool {
        guard case .lost(let reasons) = self else { return false }
        return reasons.contains { !$0.hasSuffix(Self.noFile) }
    }
}

/// The binds of one configuration that speak TLS and give tickets.
package struct TicketBinds: Equatable, Sendable {
    package var withTickets: Int
    /// Those of them that name no file of keys.
    package var withoutKeys: Int

    package init(withTickets: Int, withoutKeys: Int) {
        self.withTickets = withTickets
        self.withoutKeys = withoutKeys
    }

    /// Reads the files of a configuration.
    package static func find(in texts: [String]) -> TicketBinds {
        var section = ""
        var found = TicketBinds(withTickets: 0, withoutKeys: 0)
        var areOff = false
        for line in texts.lazy.flatMap({ $0.split(whereSeparator: \.isNewline) }) {
            let words = ConfigurationLine.words(of: line)
            guard let first = words.first else { continue }
            if words.count <= 3, ConfigurationLine.sections.contains(first) { section = first }
            if first == "ssl-default-bind-options" { areOff = words.contains("no-tls-tickets") }
            guard first == "bind", section == "frontend" || section == "listen", words.contains("ssl"),
                !words.contains("no-tls-tickets")
            else { continue }
            found.withTickets += 1
            if !words.contains("tls-ticket-keys") { found.withoutKeys += 1 }
        }
        return areOff ? TicketBinds(withTickets: 0, withoutKeys: 0) : found
    }
}
