// Chunked bodies, whole and in two pieces at every byte.

import Testing

@testable import HTTP1

@Suite struct ChunkedBodyTests {
    /// The content and how many bytes the body took; nil where it is invalid.
    private func read(_ pieces: [[UInt8]]) -> (content: [UInt8], taken: Int, ended: Bool)? {
        var body = ChunkedBody()
        var content: [UInt8] = []
        var taken = 0
        for piece in pieces {
            var position = 0
            reading: while true {
                switch body.next(piece.span, from: position) {
                case .data(let count):
                    content += piece[position..<position + count]
                    position += count
                case .framing(let count): position += count
                case .more: break reading
                case .ended:
                    return (content, taken + position, true)
                case .invalid: return nil
                }
            }
            taken += position
        }
        return (content, taken, body.isAtEnd)
    }

    @Test(arguments: [
        ("0\r\n\r\n", ""), ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n", "abc0123456789"),
        ("1;name=\"v\"\r\nx\r\n0;last\r\nTrailer: t\r\nMore: u\r\n\r\n", "x"),
        ("0005 \r\nhello\r\n00\r\n\r\n", "hello"),
    ])
    func contentIsFoundHoweverItIsCut(_ text: String, _ content: String) throws {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            let result = try #require(read([Array(bytes[..<cut]), bytes[cut...] + Array("GET /next".utf8)]))
            #expect(result.content == Array(content.utf8))
            #expect(result.taken == bytes.count)
            #expect(result.ended)
        }
    }

    @Test(arguments: [
        "\r\n", "g\r\n", "-1\r\n", "5\nhello", "5\r\nhelloX\r\n", "5\r\nhello\n", "1\rx", ";x\r\n",
        "10000000000000000\r\n", "0\r\n X\r\n\r\n", "0\r\nA\nB: c\r\n\r\n", "1;a\nb\r\nx\r\n",
    ])
    func whatIsNoChunkIsRefused(_ text: String) {
        #expect(read([Array(text.utf8)]) == nil)
    }
}
