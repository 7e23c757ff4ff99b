// Reads the header at the beginning of a connection's bytes. It is stricter than HAProxy where that takes addresses and
// ports for something else (`1.2.3.400`, port 99999), and takes what the protocol wants to be taken: `UNKNOWN` with
// further words, a version 2 without addresses, unix addresses, and a header that comes in pieces.

import Unix

extension ProxyHeader {
    static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]
    private static let word = Array("PROXY ".utf8)
    /// Of a version 1, with its line's end.
    private static let longestLine = 107

    /// Reads the header that `bytes` begin with; what follows it is not looked at.
    package static func read(_ bytes: UnsafeRawBufferPointer) -> ProxyHeaderReading {
        if isBeginning(of: signature, bytes) {
            return bytes.count < 16 ? .partial : readBinary(bytes)
        }
        guard isBeginning(of: word, bytes) else { return .failed(.foreign) }
        return bytes.count < word.count ? .partial : readLine(bytes)
    }

    /// Whether `bytes` begin with `mark`, as far as both go.
    private static func isBeginning(of mark: [UInt8], _ bytes: UnsafeRawBufferPointer) -> Bool {
        zip(mark, bytes).allSatisfy { $0 == $1 }
    }

    // MARK: Version 1

    private static func readLine(_ bytes: UnsafeRawBufferPointer) -> ProxyHeaderReading {
        let start = bytes.prefix(longestLine)
        guard let end = start.firstIndex(of: 10) else {
            return bytes.count < longestLine ? .partial : .failed(.invalid)
        }
        guard end > 0, bytes[end - 1] == 13 else { return .failed(.invalid) }
        let words = bytes[word.count..<end - 1].split(separator: 0x20, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        let length = end + 1
        switch words[0] {
        case "UNKNOWN": return .complete(.local, length: length)
        case "TCP4", "TCP6":
            guard words.count == 5,
                let source = address(words[1], words[3], isIPv6: words[0] == "TCP6"),
                let destination = address(words[2], words[4], isIPv6: words[0] == "TCP6")
            else { return .failed(.invalid) }
            return .complete(.forwarded(source: source, destination: destination), length: length)
        default: return .failed(.unhandled)
        }
    }

    private static func address(_ host: String, _ port: String, isIPv6: Bool) -> SocketAddress? {
        // No sign, no more than five digits, and no interface behind a link-local address.
        guard port.utf8.count <= 5, port.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = UInt16(port), !host.contains("%"),
            let address = SocketAddress(numeric: host, port: number)
        else { return nil }
        switch address {
        case .ipv4: return isIPv6 ? nil : address
        case .ipv6: return isIPv6 ? address : nil
        case .unix, .abstract: return nil
        }
    }

    // MARK: Version 2

    private static func readBinary(_ bytes: UnsafeRawBufferPointer) -> ProxyHeaderReading {
        let length = 16 + Int(bytes.word(at: 14))
        let command = bytes[12]
        guard command >> 4 == 2 else { return .failed(.foreign) }
        guard length <= longest, command == 0x20 || command == 0x21 else { return .failed(.invalid) }
        guard bytes.count >= length else { return .partial }
        if command == 0x20 { return .complete(.local, length: length) }
        let content = UnsafeRawBufferPointer(rebasing: bytes[16..<length])
        let header: ProxyHeader
        let addresses: Int
        switch bytes[13] {
        case 0x00: (header, addresses) = (.local, 0)
        case 0x11:
            addresses = 12
            guard content.count >= addresses else { return .failed(.invalid) }
            header = .forwarded(
                source: .ipv4(content.number(at: 0), port: content.word(at: 8)),
                destination: .ipv4(content.number(at: 4), port: content.word(at: 10)))
        case 0x21:
            addresses = 36
            guard content.count >= addresses else { return .failed(.invalid) }
            header = .forwarded(
                source: .ipv6(
                    high: content.number(at: 0), low: content.number(at: 8), port: content.word(at: 32),
                    scope: 0),
                destination: .ipv6(
                    high: content.number(at: 16), low: content.number(at: 24), port: content.word(at: 34),
                    scope: 0))
        case 0x31:
            addresses = 2 * pathRoom
            guard content.count >= addresses else { return .failed(.invalid) }
            header = .forwarded(
                source: unixAddress(content[..<pathRoom]),
                destination: unixAddress(content[pathRoom..<addresses]))
        default: return .failed(.invalid)
        }
        guard holdsWholeExtensions(content[addresses...]) else { return .failed(.invalid) }
        return .complete(header, length: length)
    }

    /// Bytes of a unix socket's path.
    static let pathRoom = 108

    private static func unixAddress(_ bytes: Slice<UnsafeRawBufferPointer>) -> SocketAddress {
        let isAbstract = bytes.first == 0 && bytes.contains { $0 != 0 }
        let name = String(decoding: bytes.dropFirst(isAbstract ? 1 : 0).prefix { $0 != 0 }, as: UTF8.self)
        return isAbstract ? .abstract(name: name) : .unix(path: name)
    }

    /// What stands behind the addresses says nothing to us, but must be whole: a type, a length of two bytes and as many
    /// bytes, again and again.
    private static func holdsWholeExtensions(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            guard rest.count >= 3 else { return false }
            let length = Int(rest[rest.startIndex + 1]) << 8 | Int(rest[rest.startIndex + 2])
            guard rest.count >= 3 + length else { return false }
            rest = rest.dropFirst(3 + length)
        }
        return true
    }
}

extension UnsafeRawBufferPointer {
    /// A number in network order.
    fileprivate func number<Number: FixedWidthInteger>(at offset: Int) -> Number {
        Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    fileprivate func word(at offset: Int) -> UInt16 { number(at: offset) }
}
