// Headers as they come: whole, in pieces, wrong and damaged; and as they are written.

import Testing
import Unix

@testable import ProxyProtocol

@Suite struct ProxyHeaderTests {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10] + Array("QUIT".utf8) + [10]

    /// A header of version 2.
    private static func binary(_ command: UInt8, _ family: UInt8, _ content: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(content.count >> 8), UInt8(content.count & 0xff)] + content
    }

    private static func address(_ host: String, _ port: UInt16) -> SocketAddress {
        guard let address = SocketAddress(numeric: host, port: port) else {
            preconditionFailure("no address: \(host)")
        }
        return address
    }

    private static let ipv4 = ProxyHeader.forwarded(
        source: address("10.1.2.3", 1111), destination: address("10.4.5.6", 80))
    private static let ipv6 = ProxyHeader.forwarded(
        source: address("2001:db8::1", 65535), destination: address("2001:db8::2", 0))

    private static let fourBytes: [UInt8] = [10, 1, 2, 3, 10, 4, 5, 6, 0x04, 0x57, 0, 80]
    private static let sixBytes: [UInt8] =
        [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1]
        + [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [2] + [0xff, 0xff, 0, 0]
    private static func path(_ text: String) -> [UInt8] {
        Array(text.utf8) + [UInt8](repeating: 0, count: 108 - text.utf8.count)
    }
    private static let identity: [UInt8] = [0xea, 0, 1, 0x78]

    private static let good: [(name: String, bytes: [UInt8], header: ProxyHeader)] = [
        ("1 of IPv4", Array("PROXY TCP4 10.1.2.3 10.4.5.6 1111 80\r\n".utf8), ipv4),
        ("1 of IPv6", Array("PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\n".utf8), ipv6),
        ("1 with zeros before a port", Array("PROXY TCP4 10.1.2.3 10.4.5.6 01111 080\r\n".utf8), ipv4),
        ("1 of nothing", Array("PROXY UNKNOWN\r\n".utf8), .local),
        ("1 of something else", Array("PROXY UNKNOWN ffff:f::1 ffff:f::2 65535 65535\r\n".utf8), .local),
        ("2 of IPv4", binary(0x21, 0x11, fourBytes), ipv4),
        ("2 of IPv6", binary(0x21, 0x21, sixBytes), ipv6),
        (
            "2 of unix", binary(0x21, 0x31, path("/a/b") + path("\0name")),
            .forwarded(source: .unix(path: "/a/b"), destination: .abstract(name: "name"))
        ),
        ("2 with more", binary(0x21, 0x11, fourBytes + [4, 0, 2, 1, 2] + identity), ipv4),
        ("2 of a check", binary(0x20, 0x00, []), .local),
        ("2 of a check with addresses", binary(0x20, 0x11, fourBytes + identity), .local),
        ("2 of nothing", binary(0x21, 0x00, identity), .local),
    ]

    private func read(_ bytes: [UInt8]) -> ProxyHeaderReading {
        bytes.withUnsafeBytes { ProxyHeader.read($0) }
    }

    @Test func whatIsWholeIsRead() {
        for (name, bytes, header) in Self.good {
            #expect(read(bytes) == .complete(header, length: bytes.count), "\(name)")
            let followed = bytes + Array("GET / HTTP/1.1\r\n\r\n".utf8)
            #expect(read(followed) == .complete(header, length: bytes.count), "\(name)")
        }
    }

    @Test func whatIsCutAtAnyByteIsWaitedFor() {
        for (name, bytes, _) in Self.good {
            for count in 0..<bytes.count {
                #expect(read(Array(bytes[..<count])) == .partial, "\(name) cut at \(count)")
            }
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n", ProxyHeaderFault.foreign), ("\u{16}\u{3}\u{1}", .foreign),
        ("proxy TCP4 ", .foreign),
        ("PROXZ", .foreign), ("\r\nPROXY UNKNOWN\r\n", .foreign),
        ("PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n", .unhandled), ("PROXY UNKNOWNX\r\n", .unhandled),
        ("PROXY \r\n", .unhandled),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", .invalid), ("PROXY UNKNOWN\n", .invalid), ("PROXY \n", .invalid),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", .invalid), ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", .invalid),
        ("PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n", .invalid), ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", .invalid),
        ("PROXY TCP4 1.2.3.400 5.6.7.8 1 2\r\n", .invalid), ("PROXY TCP4 ::1 ::2 1 2\r\n", .invalid),
        ("PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", .invalid), ("PROXY TCP6 fe80::1%lo ::2 1 2\r\n", .invalid),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 99999 2\r\n", .invalid),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n", .invalid),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n", .invalid),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 000001 2\r\n", .invalid),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2x\r\n", .invalid),
        ("PROXY UNKNOWN " + String(repeating: "x", count: 100), .invalid),
    ])
    func linesThatAreNone(_ text: String, _ fault: ProxyHeaderFault) {
        #expect(read(Array(text.utf8)) == .failed(fault), "\(text)")
    }

    @Test func binariesThatAreNone() {
        for (name, bytes) in [
            ("another command", Self.binary(0x22, 0x11, Self.fourBytes)),
            ("datagrams", Self.binary(0x21, 0x12, Self.fourBytes)),
            ("another family", Self.binary(0x21, 0x41, Self.fourBytes)),
            ("half of an address", Self.binary(0x21, 0x11, Array(Self.fourBytes[..<8]))),
            ("IPv6 too short", Self.binary(0x21, 0x21, Self.fourBytes)),
            ("a path too short", Self.binary(0x21, 0x31, Self.path("/a"))),
            ("an extension that is cut", Self.binary(0x21, 0x11, Self.fourBytes + [4, 0])),
            ("an extension that is longer", Self.binary(0x21, 0x11, Self.fourBytes + [4, 0, 255, 1])),
            ("too much", Self.signature + [0x21, 0x11, 0xf0, 0x00]),
        ] {
            #expect(read(bytes) == .failed(.invalid), "\(name)")
        }
        #expect(read(Self.binary(0x31, 0x11, Self.fourBytes)) == .failed(.foreign))
    }

    /// Whatever is changed, the reading ends, and takes no more than there is.
    @Test func damagedHeaders() {
        for (_, bytes, _) in Self.good {
            for place in bytes.indices {
                for change in [0, 1, 9, 10, 13, 0x20, 0x7f, 0x80, 0xff] as [UInt8] {
                    var damaged = bytes
                    damaged[place] = change
                    if case .complete(_, let length) = read(damaged) { #expect(length <= damaged.count) }
                    damaged.insert(change, at: place)
                    if case .complete(_, let length) = read(damaged) { #expect(length <= damaged.count) }
                }
            }
        }
    }

    @Test func whatIsWrittenIsReadAgain() {
        for header in [Self.ipv4, Self.ipv6, .local] {
            for version in [ProxyHeaderVersion.text, .binary] {
                let bytes = header.bytes(version)
                #expect(read(bytes) == .complete(header, length: bytes.count))
            }
        }
    }

    @Test func writtenAsHAProxyDoes() {
        #expect(Self.ipv4.bytes(.text) == Array("PROXY TCP4 10.1.2.3 10.4.5.6 1111 80\r\n".utf8))
        #expect(Self.ipv4.bytes(.binary) == Self.binary(0x21, 0x11, Self.fourBytes))
        #expect(Self.ipv6.bytes(.binary) == Self.binary(0x21, 0x21, Self.sixBytes))
        let unix = ProxyHeader.forwarded(source: .unix(path: ""), destination: .unix(path: "/a"))
        let mixed = ProxyHeader.forwarded(
            source: Self.address("10.1.2.3", 1), destination: Self.address("::1", 2))
        for header in [ProxyHeader.local, unix, mixed] {
            #expect(header.bytes(.text) == Array("PROXY UNKNOWN\r\n".utf8))
            #expect(header.bytes(.binary) == Self.binary(0x20, 0x00, []))
        }
    }
}
