// Addresses as HAProxy writes them: `:80`, `10.0.0.1:80-89`, `/run/x.sock`, `abns@x`, `fd@3`, `ipv6@:443`.

/// Reads one address, or a list of them, of a certain line.
struct AddressLanguage {
    /// What may stand behind the last colon.
    enum Ports {
        /// One port or a range, at least 1 (`bind`).
        case required
        /// One port, an offset or none (`server`).
        case optional
        /// One port or none (`log`), with this one as the default.
        case fixed(UInt16)
    }

    let ports: Ports
    /// `fd@N` may stand here.
    let allowsDescriptor: Bool
    /// Host names to numbers; nil leaves names as they are.
    let resolve: ((String, Endpoint.Family?) -> Result<String, OutsideFailure>)?

    /// A list with commas.
    func endpoints(_ phrase: Phrase, at index: Int) throws(Fault) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        let parts = phrase[index].split(separator: ",", omittingEmptySubsequences: false)
        for (place, part) in parts.enumerated() {
            // HAProxy allows one comma at the end.
            if part.isEmpty && place == parts.count - 1 && place > 0 { break }
            endpoints += try self.endpoints(of: String(part), phrase, at: index)
        }
        return endpoints
    }

    /// One address, no range.
    func endpoint(_ phrase: Phrase, at index: Int) throws(Fault) -> Endpoint {
        let endpoints = try endpoints(of: phrase[index], phrase, at: index)
        guard endpoints.count == 1 else {
            throw phrase.fault("port range not permitted here in '\(phrase[index])'", at: index)
        }
        return endpoints[0]
    }

    private func endpoints(of text: String, _ phrase: Phrase, at index: Int) throws(Fault) -> [Endpoint] {
        guard !text.isEmpty else {
            throw phrase.fault("'' resolves to an empty address (environment variable missing?)", at: index)
        }
        var rest = Substring(text)
        if let plain = rest.removing(prefix: "stream+") { rest = plain }
        if rest.hasPrefix("/") { return [.unix(path: String(rest))] }
        if let path = rest.removing(prefix: "unix@") ?? rest.removing(prefix: "uxst@") {
            guard !path.isEmpty else { throw phrase.fault("missing path in '\(text)'", at: index) }
            return [.unix(path: String(path))]
        }
        if let name = rest.removing(prefix: "abns@") {
            guard !name.isEmpty else { throw phrase.fault("missing name in '\(text)'", at: index) }
            return [.abstract(name: String(name))]
        }
        if let number = rest.removing(prefix: "fd@") {
            guard allowsDescriptor else {
                throw phrase.fault("a file descriptor is not acceptable here in '\(text)'", at: index)
            }
            guard let descriptor = Int32(number), descriptor >= 0 else {
                throw phrase.fault(
                    "file descriptor '\(number)' is not a valid integer in '\(text)'", at: index)
            }
            return [.descriptor(descriptor)]
        }
        for foreign in Self.foreignPrefixes where rest.hasPrefix(foreign) {
            throw phrase.fault(
                "address family '\(foreign)' in '\(text)' is one of HAProxy's that mwproxy does not support "
                    + "here", at: index)
        }
        var family: Endpoint.Family?
        for (prefix, named) in Self.families {
            if let plain = rest.removing(prefix: prefix) {
                (rest, family) = (plain, named)
                break
            }
        }
        return try tcp(rest, family: family, text: text, phrase, at: index)
    }

    private static let foreignPrefixes = [
        "udp@", "udp4@", "udp6@", "uxdg@", "dgram+", "quic4@", "quic6@", "sockpair@", "rhttp@", "rev@",
        "mptcp@", "mptcp4@", "mptcp6@", "abnsz@", "ring@",
    ]
    private static let families: [(String, Endpoint.Family?)] = [
        ("ipv4@", .ipv4), ("ipv6@", .ipv6), ("tcp4@", .ipv4), ("tcp6@", .ipv6), ("tcp@", nil), ("ip@", nil),
    ]

    private func tcp(
        _ rest: Substring, family: Endpoint.Family?, text: String, _ phrase: Phrase, at index: Int
    ) throws(Fault) -> [Endpoint] {
        var host = rest
        var port: Substring?
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") {
            host = rest[..<colon]
            port = rest[rest.index(after: colon)...]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        let numeric = try self.host(String(host), family: family, text: text, phrase, at: index)
        return try portsOf(port ?? "", text: text, phrase, at: index).map {
            .tcp(host: numeric, family: family, port: $0)
        }
    }

    private func host(
        _ host: String, family: Endpoint.Family?, text: String, _ phrase: Phrase, at index: Int
    ) throws(Fault) -> String? {
        if host.isEmpty || host == "*" { return nil }
        let invalid = "invalid address: '\(host)' in '\(text)'"
        let plain = host.prefix { $0 != "%" }
        if Network.parseIPv4(Substring(host)) != nil {
            guard family != .ipv6 else { throw phrase.fault(invalid, at: index) }
            return host
        }
        if Network.parseIPv6(plain) != nil {
            guard family != .ipv4 else { throw phrase.fault(invalid, at: index) }
            return host
        }
        guard Self.mayBeHostName(host) else { throw phrase.fault(invalid, at: index) }
        guard let resolve else { return host }
        switch resolve(host, family) {
        case .success(let address): return address
        case .failure(let failure): throw phrase.fault("\(invalid): \(failure.reason)", at: index)
        }
    }

    /// Letters, digits, `-`, `_` and dots, and not only digits and dots.
    private static func mayBeHostName(_ host: String) -> Bool {
        host.utf8.count <= 253
            && host.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_.".unicodeScalars.contains($0))
            }
            && host.unicodeScalars.contains { $0.properties.isAlphabetic }
    }

    private func portsOf(
        _ port: Substring, text: String, _ phrase: Phrase, at index: Int
    ) throws(Fault) -> [Endpoint.Port] {
        if port.isEmpty {
            switch ports {
            case .required: throw phrase.fault("missing port specification in '\(text)'", at: index)
            case .optional: return [.same]
            case .fixed(let number): return [.number(number)]
            }
        }
        if port.hasPrefix("+") || port.hasPrefix("-") {
            guard case .optional = ports else {
                throw phrase.fault("port offset not permitted here in '\(text)'", at: index)
            }
            guard let offset = Int(port), abs(offset) <= 65535 else {
                throw phrase.fault("invalid port '\(port)'", at: index)
            }
            return [.offset(offset)]
        }
        let ends = port.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        var numbers: [UInt16] = []
        for end in ends {
            if let wrong = end.unicodeScalars.first(where: { !("0"..."9").contains($0) }) {
                throw phrase.fault(
                    "invalid character '\(wrong)' in port number '\(port)' in '\(text)'", at: index)
            }
            guard let number = UInt16(end) else {
                throw phrase.fault("invalid port '\(end)'", at: index)
            }
            numbers.append(number)
        }
        guard numbers.count == 2 else {
            if case .required = ports, numbers[0] == 0 {
                throw phrase.fault("invalid port '0'", at: index)
            }
            return [.number(numbers[0])]
        }
        guard case .required = ports else {
            throw phrase.fault("port range not permitted here in '\(text)'", at: index)
        }
        guard numbers[0] >= 1, numbers[0] <= numbers[1] else {
            throw phrase.fault("invalid port range '\(port)'", at: index)
        }
        return (numbers[0]...numbers[1]).map { .number($0) }
    }
}

extension Substring {
    /// The rest behind `prefix`; nil where it does not stand there.
    func removing(prefix: String) -> Substring? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}
