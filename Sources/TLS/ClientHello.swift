// The first message of a client that speaks TLS, for those who pass it on unread: which server it asks for (RFC 8446,
// 4.1.2; RFC 6066, 3). OpenSSL reads it only for itself.

/// What a ClientHello tells.
package struct ClientHello: Equatable, Sendable {
    /// Nil: it names none.
    package var serverName: String?

    /// What some bytes are.
    package enum Reading: Equatable, Sendable {
        case complete(ClientHello)
        /// The beginning of one.
        case partial
        /// Something else.
        case none
    }

    private static let handshakeRecord: UInt8 = 22
    private static let clientHello: UInt8 = 1
    private static let serverNameExtension = 0

    /// Reads the first record of a connection.
    package static func read(_ bytes: borrowing Span<UInt8>) -> Reading {
        if bytes.count > 0 && bytes[0] != handshakeRecord { return .none }
        if bytes.count > 1 && bytes[1] != 3 { return .none }
        if bytes.count > 5 && bytes[5] != clientHello { return .none }
        guard bytes.count >= 5 else { return .partial }
        let end = 5 + Int(bytes[3]) << 8 + Int(bytes[4])
        guard bytes.count >= end else { return .partial }
        var reader = Reader(position: 9, end: end)
        // Version and random, session id, cipher suites, compression.
        guard reader.skip(34), reader.skipField(1, bytes), reader.skipField(2, bytes),
            reader.skipField(1, bytes)
        else { return .none }
        guard reader.position < end else { return .complete(ClientHello()) }
        guard reader.number(2, bytes) != nil else { return .none }
        while let kind = reader.number(2, bytes), let length = reader.number(2, bytes) {
            let start = reader.position
            guard reader.skip(length) else { return .none }
            if kind == serverNameExtension {
                return .complete(ClientHello(serverName: name(bytes, start, start + length)))
            }
        }
        return .complete(ClientHello())
    }

    private static func name(_ bytes: borrowing Span<UInt8>, _ start: Int, _ end: Int) -> String? {
        var reader = Reader(position: start, end: end)
        // The list's length, then a host name's kind.
        guard reader.number(2, bytes) != nil, reader.number(1, bytes) == 0,
            let length = reader.number(2, bytes), length > 0
        else { return nil }
        let first = reader.position
        guard reader.skip(length) else { return nil }
        let text = (first..<first + length).map { bytes[$0] }
        return text.contains(0) ? nil : String(decoding: text, as: UTF8.self)
    }

    /// Walks through fields that have their length before them.
    private struct Reader {
        var position: Int
        let end: Int

        mutating func skip(_ count: Int) -> Bool {
            guard count <= end - position else { return false }
            position += count
            return true
        }

        mutating func number(_ size: Int, _ bytes: borrowing Span<UInt8>) -> Int? {
            guard size <= end - position else { return nil }
            var value = 0
            for index in position..<position + size { value = value << 8 | Int(bytes[index]) }
            position += size
            return value
        }

        mutating func skipField(_ size: Int, _ bytes: borrowing Span<UInt8>) -> Bool {
            guard let count = number(size, bytes) else { return false }
            return skip(count)
        }
    }
}
