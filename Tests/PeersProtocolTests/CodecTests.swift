// Numbers, greetings and messages as bytes.

import StickTables
import Testing

@testable import PeersProtocol

struct CodecTests {
    @Test(
        arguments: [0, 1, 239, 240, 241, 2287, 2288, 2289, 264_431, 264_432, 3_600_000, 1 << 40, .max]
            as [UInt64])
    func aNumberIsReadAsWritten(_ number: UInt64) {
        var bytes: [UInt8] = []
        PeerInteger.append(number, to: &bytes)
        #expect(bytes.count <= PeerInteger.longest)
        bytes.withUnsafeBytes {
            #expect(PeerInteger.read($0, from: 0) == .number(number, count: bytes.count))
            for end in 0..<bytes.count {
                #expect(PeerInteger.read(.init(rebasing: $0[..<end]), from: 0) == .cut)
            }
        }
    }

    @Test func numbersAreHAProxys() {
        // As in a capture of 2.6.12.
        var written: [UInt8] = []
        for number in [3_600_000, 0xFFFFF, 1_800_000, 5_000_000_000] as [UInt64] {
            PeerInteger.append(number, to: &written)
        }
        #expect(written == bytes("f0d9dc0c fff0fe02 f0e5ed05 f091bd8094 00"))
    }

    @Test func aNumberWithoutEndIsRefused() {
        let endless = [UInt8](repeating: 255, count: 12)
        endless.withUnsafeBytes { #expect(PeerInteger.read($0, from: 0) == .tooLong) }
    }

    @Test func greetings() throws {
        let greeting = Greeting(remote: "ha", local: "hb", pid: 23231)
        #expect(String(decoding: greeting.bytes, as: UTF8.self) == "HAProxyS 2.1\nha\nhb 23231 1\n")
        #expect(try Greeting(lines: ["HAProxyS 2.1", "ha", "hb 23231 1"]) == greeting)
        #expect(try Greeting(lines: ["HAProxyS 2.0", "ha", "hb 1 1"]).minor == 0)
    }

    @Test(arguments: [
        (["GET / HTTP/1.1", "", ""], PeerStatus.protocolError),
        (["HAProxyS 3.0", "ha", "hb 1 1"], .badVersion),
        (["HAProxyS 2.1", "ha", "hb"], .protocolError),
        (["HAProxyS 2.1", "ha", "hb one 1"], .protocolError),
    ])
    func badGreetings(_ lines: [String], _ status: PeerStatus) {
        do {
            _ = try Greeting(lines: lines)
            Issue.record("taken")
        } catch {
            #expect(error.status == status)
        }
    }

    @Test func aGreetingWithoutEndIsRefused() throws {
        var collector = LineCollector(wanted: 3)
        let flood = [UInt8](repeating: 0x41, count: 4096)
        #expect(throws: PeerFault.self) { try flood.withUnsafeBytes { _ = try collector.take($0) } }
    }

    @Test func linesEndWhereTheMessagesBegin() throws {
        var collector = LineCollector(wanted: 1)
        let bytes = Array("200\n".utf8) + ControlMessage.resyncRequest.bytes
        let taken = try bytes.withUnsafeBytes { try collector.take($0) }
        #expect(taken == (4, true))
        #expect(collector.lines == ["200"])
    }

    @Test func whatIsQuotedCannotDriveATerminal() {
        #expect(Greeting.quoted("a\u{1b}[31mb\n") == "'a?[31mb?'")
        #expect(Greeting.quoted(String(repeating: "x", count: 100)).count < 70)
    }

    @Test func namesAreSentOnce() throws {
        var sent = SentNames()
        #expect(sent.number(of: "a") == (1, false))
        #expect(sent.number(of: "a") == (1, true))
        for index in 0..<SentNames.most { _ = sent.number(of: "n\(index)") }
        #expect(sent.number(of: "a").isKnown == false)
    }

    @Test func messagesOfAnyLengthAreBounded() {
        var reader = MessageReader()
        var input: [UInt8] = [10, 128]
        PeerInteger.append(1 << 30, to: &input)
        #expect(throws: PeerFault.tooLong(message: 128, bytes: 1 << 30, most: MessageReader.longest)) {
            try input.withUnsafeBytes { try reader.feed($0) { _, _, _ in } }
        }
        #expect(throws: PeerFault.unknownClass(77)) {
            try [77].withUnsafeBytes { try reader.feed($0) { _, _, _ in } }
        }
    }
}
