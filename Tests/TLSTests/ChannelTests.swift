// Bytes through a channel, however few of them the other side takes: what is said to be moved is with the kernel.

import TestSupport
import Testing
import Unix

@testable import TLS

@Suite struct ChannelTests {
    private static func acceptor() throws -> TLSAcceptor {
        let files = try Certificates.shared.get()
        let identity = try Identity(text: File.read(files.file("a.pem"))) { nil }
        return try TLSAcceptor([identity], TLSAcceptor.Terms(), tickets: try TicketKeys())
    }

    private static func limits(_ version: ProtocolVersion) -> ProtocolTerms {
        var limits = ProtocolTerms()
        limits.maximum = version
        return limits
    }

    private static func pattern(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
    }

    /// Writes `bytes` as a caller of a plain socket does, split into two runs at `split`; returns what was moved. Each
    /// `.moved` is held against what the other side can read without another write.
    private static func write(
        _ bytes: [UInt8], over line: Line, split: Int, most: Int, checks: Bool
    ) throws {
        var sent = 0
        try work(for: "\(bytes.count) bytes to go") {
            let rest = bytes[sent...]
            let first = Array(rest.prefix(max(0, split - sent)))
            let second = Array(rest.dropFirst(first.count))
            let result = first.withUnsafeBytes { one in
                second.withUnsafeBytes { other in
                    one.isEmpty
                        ? line.server.write(other, .init(start: nil, count: 0))
                        : line.server.write(one, other)
                }
            }
            switch result {
            case .moved(let count):
                sent += count
                if checks {
                    line.drain()
                    #expect(line.received.count == sent, "moved \(sent)")
                }
            case .wouldBlock: #expect(line.relay(most), "it would block, and nothing is on its way")
            case .ended, .failed: throw ProgramError("\(result) after \(sent)")
            }
            line.take()
            return sent == bytes.count
        }
        line.drain()
        #expect(line.received == bytes)
    }

    @Test(arguments: [ProtocolVersion.v12, .v13])
    func everyByteArrivesWhateverIsTaken(version: ProtocolVersion) throws {
        // How many bytes, where their second run begins, how many the other side takes at a time, and the kernel's
        // room.
        let cases: [(count: Int, split: Int, most: Int, buffer: Int32?, checks: Bool)] = [
            (1, 1, 1, nil, true), (300_000, 100, 1 << 18, nil, true), (300_000, 0, 700, 2048, true),
            (300_000, 70_000, 4096, 2048, true), (200_000, 64 << 10, 16_389, 2048, true),
            (9_000, 17, 1, 2048, false), (400_000, 50_000, 1000, 2048, false),
        ]
        for (count, split, most, buffer, checks) in cases {
            let line = try Line(try Self.acceptor(), Self.limits(version), sendBuffer: buffer)
            #expect(try line.shakeHands())
            try Self.write(Self.pattern(count), over: line, split: split, most: most, checks: checks)
        }
    }

    @Test(arguments: [ProtocolVersion.v12, .v13])
    func aHandshakeByteByByte(version: ProtocolVersion) throws {
        let line = try Line(try Self.acceptor(), Self.limits(version), sendBuffer: 2048)
        #expect(try line.shakeHands(1))
        #expect(line.server.version == (version == .v12 ? "TLSv1.2" : "TLSv1.3"))
        try Self.write(Self.pattern(100), over: line, split: 10, most: 1, checks: true)
    }

    @Test func smallRoomsAreFilledAndGoodbyeIsAnEnd() throws {
        let line = try Line(try Self.acceptor())
        #expect(try line.shakeHands())
        let bytes = Self.pattern(1000)
        _ = bytes.withUnsafeBytes { line.server.write($0, .init(start: nil, count: 0)) }
        line.server.sayGoodbye()
        line.relay()
        var kept = [UInt8](repeating: 0, count: 10)
        let peeked = kept.withUnsafeMutableBytes {
            line.client.read(into: $0, mayHaveEnded: true, keeps: true)
        }
        #expect(peeked == .moved(10) && kept == Array(bytes[..<10]))
        var seen: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 7)
        var result = room.withUnsafeMutableBytes { line.client.read(into: $0, mayHaveEnded: true) }
        while case .moved(let count) = result {
            seen += room[..<count]
            result = room.withUnsafeMutableBytes { line.client.read(into: $0, mayHaveEnded: true) }
        }
        #expect(seen == bytes && result == .ended)
    }

    @Test func whatIsNoTLSFails() throws {
        let pair = try Socket.streamPair()
        let workspace = try TLSWorkspace()
        let channel = try #require(try Self.acceptor().channel(on: pair.one.raw, in: workspace))
        withExtendedLifetime(workspace) {
            #expect(channel.handshake(mayHaveEnded: false) == .waits)
            _ = Array("GET / HTTP/1.0\r\n\r\n".utf8).withUnsafeBytes { Socket.write(pair.other.raw, $0) }
            #expect(channel.handshake(mayHaveEnded: false) == .failed(.refused("http request")))
        }
    }

    @Test(arguments: [false, true])
    func anEndInTheMiddle(_ saysSomething: Bool) throws {
        let workspace = try TLSWorkspace()
        let pair = try Socket.streamPair()
        let channel = try #require(try Self.acceptor().channel(on: pair.one.raw, in: workspace))
        if saysSomething {
            _ = [UInt8]([22, 3, 1, 1]).withUnsafeBytes { Socket.write(pair.other.raw, $0) }
        }
        Socket.shutdownBoth(pair.other.raw)
        withExtendedLifetime(workspace) {
            #expect(channel.handshake(mayHaveEnded: true) == .failed(.closed))
        }
    }
}
