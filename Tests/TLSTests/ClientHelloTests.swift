// What is read of a client's first bytes: real ones, as far as they have come, and anything else, without a trap.

import TestSupport
import Testing
import Unix

@testable import TLS

@Suite struct ClientHelloTests {
    private func read(_ bytes: some Sequence<UInt8>) -> ClientHello.Reading {
        ClientHello.read(Array(bytes).span)
    }

    /// As OpenSSL writes it.
    private func hello(_ terms: TLSClient.Terms) throws -> [UInt8] {
        let address = SocketAddress.ipv4(0x7f00_0001, port: 0)
        let listener = try Socket.stream(for: address)
        try Socket.bind(listener, to: address)
        try Socket.listen(listener, backlog: 1)
        let port = try #require(try Socket.localAddress(listener.raw).port)
        return try TLSClient(port: port, terms).takeHello()
    }

    private let hellos: [(terms: TLSClient.Terms, name: String?)] = [
        (.init(.v12), nil), (.init(.v13), nil), (.init(.v12, name: "a.test"), "a.test"),
        (.init(.v13, name: "www.Example.org", alpn: ["h2", "http/1.1"]), "www.Example.org"),
        (
            .init(name: String(repeating: "a", count: 60) + ".test"),
            String(repeating: "a", count: 60) + ".test"
        ),
    ]

    @Test func wholeOnesAndTheirBeginnings() throws {
        for (terms, name) in hellos {
            let bytes = try hello(terms)
            #expect(read(bytes) == .complete(ClientHello(serverName: name)))
            #expect(read(bytes + [23, 3, 3]) == .complete(ClientHello(serverName: name)))
            for count in 0..<bytes.count { #expect(read(bytes[..<count]) == .partial, "\(count)") }
        }
    }

    @Test func otherThings() {
        for bytes in [
            Array("GET / HTTP/1.1\r\n\r\n".utf8), [0], [22, 2, 0], [21, 3, 1, 0, 2, 1, 0],
            [22, 3, 1, 0, 4, 2, 0, 0, 0], [22, 3, 1, 0, 0, 1], [22, 3, 1, 0, 1, 1],
            [22, 3, 1, 0, 4, 1, 0, 0, 0],
        ] as [[UInt8]] {
            #expect(read(bytes) == .none, "\(bytes)")
        }
    }

    /// A hello that is cut inside, with the record's length made to match, and with every byte changed.
    @Test func anythingElseIsReadWithoutATrap() throws {
        let whole = try hello(.init(name: "a.test", alpn: ["http/1.1"]))
        for count in 5..<whole.count {
            var bytes = Array(whole[..<count])
            bytes[3] = UInt8((count - 5) >> 8)
            bytes[4] = UInt8((count - 5) & 255)
            #expect(read(bytes) != .partial || count == 5)
        }
        var random = SystemRandomNumberGenerator()
        for place in 0..<whole.count {
            for value in [0, 1, 127, 128, 255, UInt8.random(in: 0...255, using: &random)] {
                var bytes = whole
                bytes[place] = value
                _ = read(bytes)
            }
        }
        for _ in 0..<2000 {
            let count = Int.random(in: 0...200, using: &random)
            let tail = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = read([22, 3, 1, 0, UInt8(count), 1] + tail)
        }
    }

    @Test func namesThatAreNone() {
        /// A hello with this server name extension.
        func named(_ content: [UInt8]) -> ClientHello.Reading {
            let field = [0, 0, 0, UInt8(content.count)] + content
            let body =
                [3, 3] + [UInt8](repeating: 7, count: 32) + [0, 0, 2, 19, 1, 1, 0, 0, UInt8(field.count)]
                + field
            return read([22, 3, 1, 0, UInt8(body.count + 4), 1, 0, 0, UInt8(body.count)] + body)
        }
        #expect(named([0, 4, 0, 0, 1, 97]) == .complete(ClientHello(serverName: "a")))
        for content in [
            [], [0], [0, 0], [0, 3, 0, 0, 0], [0, 4, 1, 0, 1, 97], [0, 4, 0, 0, 9, 97], [0, 4, 0, 0, 1, 0],
        ]
            as [[UInt8]]
        {
            #expect(named(content) == .complete(ClientHello()), "\(content)")
        }
    }
}
