// What `put` does with text of every kind: widths, marks, clipping, control characters.

import Testing
import TextUI

@Suite struct FrameTests {
    private func row(_ text: String, columns: Int = 10, _ repertoire: Repertoire = .unicode) -> String {
        var frame = Frame(size: Size(columns: columns, rows: 1), repertoire: repertoire)
        frame.put(text, at: 0, 0)
        return frame.text
    }

    @Test func clipsWithAnEllipsis() {
        #expect(row("0123456789") == "0123456789")
        #expect(row("0123456789a") == "012345678…")
        #expect(row("0123456789a", .ascii) == "012345678~")
    }

    @Test func spellsOutWhatDoesNotPrint() {
        #expect(row("a\u{1b}[31mb", columns: 20) == "a^[[31mb")
        #expect(row("a\u{9b}31mb\u{7f}", columns: 20) == "a<9b>31mb^?")
        #expect(row("\u{202e}abc\u{2066}\u{200b}", columns: 30) == "<202e>abc<2066><200b>")
        #expect(row("x\ny\tz", columns: 20) == "x^Jy^Iz")
    }

    @Test func wideCharactersTakeTwoColumns() {
        var frame = Frame(size: Size(columns: 6, rows: 1))
        let end = frame.put("日本", at: 0, 0)
        #expect(end == 4)
        #expect(frame[1, 0].scalar == 0)
        #expect(CharacterWidth.columns(of: "日本") == 4)
        #expect(CharacterWidth.columns(of: "é") == 1)
        #expect(CharacterWidth.columns(of: "e\u{301}") == 1)
        #expect(CharacterWidth.columns(of: "한글") == 4)
        #expect(CharacterWidth.columns(of: "🚀") == 2)
    }

    @Test func aWideCharacterIsNeverCutInHalf() {
        #expect(row("日本語", columns: 5) == "日本…")
        #expect(row("日本語", columns: 4) == "日…")
        #expect(row("日本", columns: 3) == "日…")
        var frame = Frame(size: Size(columns: 4, rows: 1))
        frame.put("日本", at: 0, 0)
        frame.put("x", at: 1, 0)
        #expect(frame.text == " x本")
        frame.put("y", at: 2, 0)
        #expect(frame[3, 0].scalar == 0x20)
    }

    @Test func marksJoinTheCharacterBefore() {
        var frame = Frame(size: Size(columns: 4, rows: 1))
        frame.put("e\u{301}x", at: 0, 0)
        #expect(frame[0, 0].mark == 0x301)
        #expect(frame[1, 0].scalar == 0x78)
        #expect(row("\u{301}x") == "x")
    }

    @Test func asciiShowsAQuestionMarkForTheRest() {
        #expect(row("aé日b", .ascii) == "a?? b")
    }

    @Test func placesOutsideAreSkipped() {
        var frame = Frame(size: Size(columns: 3, rows: 1))
        frame.put("abc", at: 5, 0)
        frame.put("abc", at: 0, 1)
        frame.put("abc", at: 0, -1)
        frame.paint(.bar, Area(column: -2, row: -2, width: 20, height: 20))
        frame.putRight("abcdef", before: 3, 0, width: 2)
        #expect(frame.text == " a…")
        #expect(Frame(size: Size(columns: 0, rows: 0)).text == "")
    }
}
