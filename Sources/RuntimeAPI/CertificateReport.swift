// `show ssl cert FILE`: what is in one certificate file of a worker's memory, a line a field.

package struct CertificateReport: Equatable, Sendable {
    package enum Status: String, Sendable {
        /// A bind uses it.
        case used = "Used"
        case unused = "Unused"
        /// It was made with `new ssl cert` and never filled.
        case empty = "Empty"
    }

    /// The certificate that is shown to clients.
    package struct Leaf: Equatable, Sendable {
        /// Hexadecimal, upper case, as in `0A` and `4330DF…`.
        package var serial: String
        /// Seconds since 1970 UTC.
        package var notBefore: Int64
        package var notAfter: Int64
        /// `DNS:example.com`, `IP Address:10.0.0.1`
        package var alternativeNames: [String]
        /// `RSA2048`, `EC256`; empty for kinds that have no such name.
        package var algorithm: String
        /// 40 hexadecimal digits, upper case, without colons.
        package var sha1Fingerprint: String
        /// `/O=Acme/CN=example.com`
        package var subject: String
        package var issuer: String

        package init(
            serial: String, notBefore: Int64, notAfter: Int64, alternativeNames: [String], algorithm: String,
            sha1Fingerprint: String, subject: String, issuer: String
        ) {
            self.serial = serial
            self.notBefore = notBefore
            self.notAfter = notAfter
            self.alternativeNames = alternativeNames
            self.algorithm = algorithm
            self.sha1Fingerprint = sha1Fingerprint
            self.subject = subject
            self.issuer = issuer
        }
    }

    /// A certificate of the chain behind the leaf.
    package struct Link: Equatable, Sendable {
        package var subject: String
        package var issuer: String

        package init(subject: String, issuer: String) {
            self.subject = subject
            self.issuer = issuer
        }
    }

    /// With a `*` before it for a change that is not committed.
    package var file: String
    package var status: Status
    /// Nil: the store is empty.
    package var leaf: Leaf?
    package var chain: [Link]

    package init(file: String, status: Status, leaf: Leaf?, chain: [Link] = []) {
        self.file = file
        self.status = status
        self.leaf = leaf
        self.chain = chain
    }

    /// The reply.
    package var text: String {
        var fields = [("Filename", file), ("Status", status.rawValue)]
        if let leaf {
            fields += [
                ("Serial", leaf.serial),
                ("notBefore", CivilTime.certificateText(ofSeconds: leaf.notBefore)),
                ("notAfter", CivilTime.certificateText(ofSeconds: leaf.notAfter)),
                ("Subject Alternative Name", leaf.alternativeNames.joined(separator: ", ")),
                ("Algorithm", leaf.algorithm), ("SHA1 FingerPrint", leaf.sha1Fingerprint),
                ("Subject", leaf.subject), ("Issuer", leaf.issuer),
            ]
            for link in chain { fields += [("Chain Subject", link.subject), ("Chain Issuer", link.issuer)] }
        }
        fields.append(("OCSP Response Key", ""))
        return fields.map { "\($0): \($1)\n" }.joined()
    }

    /// Finds the reply in what a worker said, up to its blank line. Fields that are not known are left out, for other
    /// versions have more. Nil: there is none, or a date of it cannot be read.
    package init?(parsing text: some StringProtocol) {
        var fields: [Substring: String] = [:]
        var chain: [Link] = []
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let begin = lines.firstIndex(where: { $0.hasPrefix("Filename: ") }) else { return nil }
        for line in lines[begin...] {
            if line.isEmpty { break }
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = String(line[line.index(after: colon)...].drop { $0 == " " })
            switch line[..<colon] {
            case "Chain Subject": chain.append(Link(subject: value, issuer: ""))
            case "Chain Issuer": if !chain.isEmpty { chain[chain.count - 1].issuer = value }
            case let name: fields[Substring(name)] = value
            }
        }
        guard let file = fields["Filename"], let word = fields["Status"], let status = Status(rawValue: word)
        else { return nil }
        self.init(file: file, status: status, leaf: nil, chain: chain)
        guard let serial = fields["Serial"] else { return }
        guard let before = fields["notBefore"].flatMap({ CivilTime.seconds(ofCertificateText: $0) }),
            let after = fields["notAfter"].flatMap({ CivilTime.seconds(ofCertificateText: $0) })
        else { return nil }
        leaf = Leaf(
            serial: serial, notBefore: before, notAfter: after,
            alternativeNames: Self.names(fields["Subject Alternative Name"] ?? ""),
            algorithm: Self.algorithm(fields["Algorithm"] ?? ""),
            sha1Fingerprint: fields["SHA1 FingerPrint"] ?? "", subject: fields["Subject"] ?? "",
            issuer: fields["Issuer"] ?? "")
    }

    private static func names(_ text: String) -> [String] {
        text.split(separator: ",").map { String($0.drop { $0 == " " }) }
    }

    /// HAProxy ends no line behind a kind of key that it has no name for.
    private static func algorithm(_ text: String) -> String {
        text.hasPrefix("OCSP Response Key:") ? "" : text
    }
}
