// Ticket key files: what is a key, which files are refused and in what words, and that nothing shows a key.

import Testing

@testable import TLS

@Suite struct TicketKeyTests {
    /// A key of `count` bytes that are all `byte`.
    private func key(_ byte: UInt8, _ count: Int) -> String {
        let bytes = [UInt8](repeating: byte, count: count)
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: count, by: 3) {
            let part = bytes[start..<min(start + 3, count)] + [0, 0]
            let number = part.prefix(3).reduce(0) { $0 << 8 | Int($1) }
            let four = [18, 12, 6, 0].map { digits[number >> $0 & 63] }
            let real = min(start + 3, count) - start + 1
            text += four.prefix(real) + [UInt8](repeating: UInt8(ascii: "="), count: 4 - real)
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func read(_ lines: [String], end: String = "\n") throws(TLSFault) -> TicketKeys {
        try TicketKeys(text: Array((lines.joined(separator: "\n") + end).utf8), file: "t.keys")
    }

    @Test(arguments: [48, 80])
    func theLastThreeAreTaken(size: Int) throws {
        let lines = (1...5).map { key($0, size) }
        for text in [lines, lines.map { $0 + "\r" }, lines.flatMap { [$0, ""] }] {
            let keys = try read(text)
            let digests = (3...5).map {
                Digest.sha256([UInt8](repeating: $0, count: size))
            }
            #expect(keys.digests == digests)
            #expect(keys.file == "t.keys")
        }
        #expect(try read(lines, end: "").digests.count == 3)
    }

    @Test(arguments: [48, 80])
    func aNewOneDrivesOutTheOldest(size: Int) throws {
        let keys = try read((1...3).map { key($0, size) })
        let before = keys.digests
        try keys.add(base64: key(4, size))
        #expect(keys.digests.dropLast() == before.dropFirst())
        #expect(keys.digests.last == Digest.sha256([UInt8](repeating: 4, count: size)))
        let good = keys.digests
        for wrong in ["", "A", "====", "AAAA", "é", key(5, size == 48 ? 80 : 48), key(5, size) + "\n"] {
            #expect(throws: TLSFault.self, "\(wrong)") { try keys.add(base64: wrong) }
        }
        #expect(keys.digests == good)
    }

    @Test func filesThatAreRefused() {
        let good = (1...3).map { key($0, 48) }
        let cases: [(lines: [String], reason: String)] = [
            ([], "at least 3 keys"), ([""], "at least 3 keys"), (Array(good[..<2]), "at least 3 keys"),
            (good + ["nonsense"], "line 4"), (good + ["!!!!"], "line 4"),
            ([String(good[0].dropLast())] + good, "line 1"),
            ([key(9, 47)] + good, "line 1"), (good + [key(9, 49)], "line 4"),
            ([good[0], "", key(9, 80), good[1]], "line 3"),
            ([good[0] + good[1], good[2]], "line 1"), (["\0\0\0\0"] + good, "line 1"),
        ]
        for (lines, reason) in cases {
            do throws(TLSFault) {
                _ = try read(lines)
                Issue.record("accepted: \(lines)")
            } catch {
                #expect(error.reason.contains(reason), "\(lines)")
                #expect(lines.allSatisfy { $0.isEmpty || !error.reason.contains($0) }, "\(error.reason)")
            }
        }
    }

    @Test func keysThatAreMadeDiffer() throws {
        let one = try TicketKeys()
        let other = try TicketKeys()
        #expect(one.digests != other.digests && one.file == nil)
    }
}
