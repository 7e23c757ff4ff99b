import Testing
import TextUI

@Suite struct WrappedTextTests {
    @Test func breaksAtBlanksOnly() {
        #expect(WrappedText.lines("one two three", width: 7) == ["one two", "three"])
        #expect(WrappedText.lines("one two three", width: 8, indent: 2) == ["one two", "  three"])
        #expect(WrappedText.lines("one two", width: 7) == ["one two"])
        #expect(WrappedText.lines("", width: 5) == [""])
        #expect(WrappedText.lines("words", width: 0) == [])
    }

    @Test func onlyAWordLongerThanALineIsCut() {
        #expect(WrappedText.lines("a abcdefgh b", width: 4) == ["a", "abcd", "efgh", "b"])
        #expect(WrappedText.lines("abcdefghij kl", width: 4) == ["abcd", "efgh", "ij", "kl"])
        #expect(WrappedText.lines("abcdefghij", width: 6, indent: 2) == ["abcdef", "  ghij"])
        #expect(WrappedText.lines("abc", width: 1, indent: 5) == ["a", "b", "c"])
    }

    @Test func blanksInsideALineStay() {
        #expect(WrappedText.lines("ps  -o 'a  b' -x", width: 13) == ["ps  -o 'a  b'", "-x"])
        #expect(WrappedText.lines("  indented text", width: 10) == ["  indented", "text"])
    }

    @Test func widthsAreThoseOnTheScreen() {
        #expect(WrappedText.lines("日本語の", width: 4) == ["日本", "語の"])
        #expect(WrappedText.lines("日本語", width: 1) == ["日", "本", "語"])
        #expect(WrappedText.lines("a\u{1b}b c", width: 4) == ["a^[b", "c"])
    }

    @Test func nothingIsLostWhateverTheWidth() {
        let text = "socat - UNIX-CONNECT:/run/haproxy-master.sock <<< '@!20193 show sess all'  # 日本"
        let words = text.filter { $0 != " " }
        for width in 2...90 {
            for indent in [0, 2, 30] {
                let lines = WrappedText.lines(text, width: width, indent: indent)
                #expect(lines.joined().filter { $0 != " " } == words)
                #expect(lines.allSatisfy { CharacterWidth.columns(of: $0) <= width }, "\(width): \(lines)")
            }
        }
    }
}
