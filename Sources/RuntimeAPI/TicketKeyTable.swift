// `show tls-keys`: which files of session ticket keys a worker has, and a fingerprint of each key. A key itself is
// never in here: HAProxy prints its secrets, and a reader of them hashes each before anything else is done with it.

/// What a key is known by: the first 64 bits of the SHA-256 of its bytes.
package struct TicketKeyFingerprint: Hashable, Sendable {
    /// `sha256:0123456789abcdef`
    package let text: String

    private static let mark = "sha256:"
    private static let bytes = 8

    /// `digest`: the SHA-256 of the key's bytes. Nil: it is too short to be one.
    package init?(digest: [UInt8]) {
        guard digest.count == 32 else { return nil }
        text =
            Self.mark
            + digest.prefix(Self.bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Reads what `text` is; nil: something else.
    package init?(parsing text: some StringProtocol) {
        let digits = text.utf8.dropFirst(Self.mark.utf8.count)
        guard text.hasPrefix(Self.mark), digits.count == 2 * Self.bytes,
            digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        self.text = String(text)
    }
}

/// The keys of one file, as a worker has them now.
package struct TicketKeySet: Equatable, Sendable {
    /// The number that `show tls-keys #id` takes.
    package var id: Int
    /// As the configuration names it.
    package var file: String
    /// Oldest first, as they take their turns; empty in the list of files.
    package var keys: [TicketKeyFingerprint]

    package init(id: Int, file: String, keys: [TicketKeyFingerprint] = []) {
        self.id = id
        self.file = file
        self.keys = keys
    }

    /// The key that new tickets are made with: the last but one. The last is only known in advance, so that
    /// every host has it before any of them uses it. Nil: no keys were told.
    package var encrypting: TicketKeyFingerprint? { keys.count < 2 ? nil : keys[keys.count - 2] }
}

/// The reply to `show tls-keys`, with or without an argument.
package struct TicketKeyTable: Equatable, Sendable {
    package var sets: [TicketKeySet]

    private static let listHeading = "# id (file)"
    /// Behind it come the keys: what is kept of joined replies is the part before.
    package static let keysHeading = "# id secret"

    package init(_ sets: [TicketKeySet]) {
        self.sets = sets
    }

    /// The reply to `show tls-keys`: the files alone.
    package var list: String {
        Self.listHeading + "\n" + sets.map { "\($0.id) (\($0.file))\n" }.joined()
    }

    /// The reply to `show tls-keys *`, and with one set to `show tls-keys #id`.
    package var text: String {
        Self.keysHeading + "\n"
            + sets.map { set in
                "# \(set.id) (\(set.file))\n"
                    + set.keys.enumerated().map { "\(set.id).\($0) \($1.text)\n" }.joined()
            }.joined()
    }

    /// Finds either reply in what a worker said, up to its blank line. Secrets go through `sha256` and are gone.
    /// Nil: there is no such reply, or a line of it cannot be read.
    package init?(parsing text: some StringProtocol, sha256: ([UInt8]) -> [UInt8]) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard
            let begin = lines.firstIndex(where: { $0 == Self.keysHeading })
                ?? lines.firstIndex(where: { $0 == Self.listHeading })
        else { return nil }
        let isList = lines[begin] == Self.listHeading
        sets = []
        for line in lines[(begin + 1)...] {
            if line.isEmpty { break }
            if isList || line.hasPrefix("# ") {
                guard let set = Self.heading(isList ? Substring(line) : Substring(line.dropFirst(2))) else {
                    return nil
                }
                sets.append(set)
            } else {
                guard let key = Self.key(Substring(line), of: sets.last?.id, sha256) else { return nil }
                sets[sets.count - 1].keys.append(key)
            }
        }
    }

    /// `0 (/etc/haproxy/tickets.keys)`
    private static func heading(_ line: Substring) -> TicketKeySet? {
        guard let open = line.firstIndex(of: "("), line.hasSuffix(")"),
            let id = Int(line[..<open].prefix { $0 != " " })
        else { return nil }
        return TicketKeySet(id: id, file: String(line[line.index(after: open)...].dropLast()))
    }

    /// `0.2 BASE64` or `0.2 sha256:0123456789abcdef`
    private static func key(
        _ line: Substring, of id: Int?, _ sha256: ([UInt8]) -> [UInt8]
    ) -> TicketKeyFingerprint? {
        let words = line.split(separator: " ")
        guard words.count == 2, let id, words[0].hasPrefix("\(id).") else { return nil }
        if let fingerprint = TicketKeyFingerprint(parsing: words[1]) { return fingerprint }
        return Base64.bytes(words[1]).flatMap { TicketKeyFingerprint(digest: sha256($0)) }
    }
}
