// Replies about TLS as HAProxy 2.6.12 gives them, joined in one connection, whole and cut.

import Testing

@testable import Observing

@Suite struct TLSReplyTests {
    private static let keys = """
        # id secret
        # 0 (/srv/lb/t.keys)
        0.0 a2V5IG51bWJlciAxIG9mIGZpbGUgdCwgbWFkZSB1cCBmb3IgdGhpcyBjYXB0dXJl
        0.1 a2V5IG51bWJlciAyIG9mIGZpbGUgdCwgbWFkZSB1cCBmb3IgdGhpcyBjYXB0dXJl
        0.2 a2V5IG51bWJlciAzIG9mIGZpbGUgdCwgbWFkZSB1cCBmb3IgdGhpcyBjYXB0dXJl

        """
    private static let list = "# filename\n/srv/lb/a.pem\n/srv/lb/b.pem\n\n"

    struct Reply: CustomStringConvertible, Sendable {
        let description: String
        let text: String
        var isWhole = true
        /// How many keys and certificates; nil: unknown.
        let expected: [Int]?
    }

    @Test(arguments: [
        Reply(description: "with keys", text: keys + "\n" + list, expected: [3, 2]),
        Reply(description: "without keys", text: "# id secret\n\n" + list, expected: [0, 2]),
        Reply(description: "no certificate, no heading", text: "# id secret\n\n\n", expected: [0, 0]),
        Reply(
            description: "cut in the list", text: keys + "\n" + list.dropLast(9), isWhole: false,
            expected: [3, 2]),
        Reply(description: "cut in the keys", text: String(keys.dropLast(80)), isWhole: false, expected: nil),
        Reply(
            description: "a level that may not see it", text: keys + "\nCan't allocate memory!\n\n",
            expected: nil),
        Reply(
            description: "no TLS in it", text: "Unknown command: 'show tls-keys', but maybe\n\n",
            expected: [0, 0]),
        Reply(
            description: "gone", text: "Can't find the target PID matching the prefix '@!7'\n",
            expected: nil),
    ])
    func replies(reply: Reply) {
        let told = TLSReplies.read(reply.text, isWhole: reply.isWhole).value
        let counts = told.map { [$0.keys.sets.flatMap(\.keys).count, $0.certificates.files.count] }
        #expect(counts == reply.expected)
    }

    /// `printf 'key number 2 of file t, made up for this capture' | sha256sum`
    @Test func aKeyIsNamedByItsDigest() {
        let told = TLSReplies.keys(in: Self.keys)
        #expect(told?.sets.first?.encrypting?.text == "sha256:c5ab5970721532d7")
    }
}
