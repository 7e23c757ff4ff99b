// The dump of `show errors`, as captured from HAProxy 2.6.12.

import RuntimeAPI
import Testing

@Suite struct TextDumpTests {
    @Test func linesAreThoseOfHAProxy() {
        let bytes =
            Array("GET /x HTTP/1.1\r\nHost: a\r\nX Y: bad\r\n\r\nbody\u{1}".utf8) + [0xFF]
            + Array("\"\\ rest".utf8)
        #expect(
            TextDump.text(of: bytes) == #"""
                  00000  GET /x HTTP/1.1\r\n
                  00017  Host: a\r\n
                  00026  X Y: bad\r\n
                  00036  \r\n
                  00038  body\x01\xFF"\\ rest

                """#)
    }

    @Test func longLinesGoOn() {
        let name = "Bad Name: " + String(repeating: "b", count: 300) + "\r\n"
        let lines = TextDump.text(of: Array(name.utf8)).split(separator: "\n")
        #expect(lines[0] == "  00000  Bad Name: " + String(repeating: "b", count: 60))
        #expect(lines[1] == "  00070+ " + String(repeating: "b", count: 70))
        #expect(lines[4] == "  00280+ " + String(repeating: "b", count: 30) + #"\r\n"#)
        #expect(lines.count == 5)
        // An escape is not torn apart.
        let edge = TextDump.text(of: [UInt8](repeating: 97, count: 68) + [0])
        #expect(edge.split(separator: "\n").map(\.count) == [77, 13])
    }
}
