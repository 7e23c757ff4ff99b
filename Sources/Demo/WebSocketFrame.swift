// As much of RFC 6455 as an echo needs: the handshake with one known key, and unfragmented frames of up to
// 125 bytes. Proxies pass tunnels through unseen, so nothing more is exercised.

/// One frame from a client.
struct WebSocketFrame: Equatable {
    /// Key and acceptance are the pair of RFC 6455's own example, so that no SHA-1 is needed.
    static let key = "dGhlIHNhbXBsZSBub25jZQ=="
    static let acceptance =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

    /// The first byte: FIN and the opcode.
    var opening: UInt8
    var payload: [UInt8]
    /// The frame's length on the wire.
    var length: Int

    var isClose: Bool { opening & 0x0f == 0x8 }

    /// The first frame in `bytes`, unmasked; nil while it is not complete.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 2 else { return nil }
        let count = Int(bytes[1] & 0x7f)
        let masked = bytes[1] & 0x80 != 0
        let start = masked ? 6 : 2
        guard count < 126, bytes.count >= start + count else { return nil }
        opening = bytes[0]
        length = start + count
        payload = Array(bytes[start..<length])
        if masked { for index in payload.indices { payload[index] ^= bytes[2 + index % 4] } }
    }

    /// The same frame as a server sends it.
    var echo: [UInt8] { [opening, UInt8(payload.count)] + payload }

    /// A text frame as a client sends it, masked with zeros; at most 125 bytes.
    static func text(_ payload: some Collection<UInt8>) -> [UInt8] {
        [0x81, 0x80 | UInt8(payload.count), 0, 0, 0, 0] + payload
    }

    /// A client's close frame.
    static let close: [UInt8] = [0x88, 0x80, 0, 0, 0, 0]
}
