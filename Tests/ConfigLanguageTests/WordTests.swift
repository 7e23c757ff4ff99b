// Quotes, escapes, comments and variables, as real HAProxy 2.6 gave them back in its messages.

import Testing

@testable import ConfigLanguage

@Suite struct WordTests {
    /// What `description` got from the rest of its line.
    private func description(_ rest: String) -> String? {
        World.parse(
            "global\n description \(rest)\n", environment: ["HOME": "/hh", "EMPTY": ""]
        ).configuration?.global.nodeDescription
    }

    @Test(arguments: [
        (#"a\ b"#, "a b"), (#""a b""#, "a b"), ("'a b'", "a b"), (#"a\\b"#, #"a\b"#), (#"a\nb"#, "a\nb"),
        (#"a\zb"#, #"a\zb"#), (#"a\x41b"#, "aAb"), (#""a\zb""#, #"a\zb"#), (#""a\"b""#, #"a"b"#),
        (#"'a\zb'"#, #"a\zb"#), (#"'a"b'"#, #"a"b"#), (#""a'b""#, "a'b"), ("a#b", "a"), ("a\\#b", "a#b"),
        (#""a#b""#, "a#b"), (#"a"b c"d"#, "ab cd"), ("$HOME", "$HOME"), (#""$HOME""#, "/hh"),
        ("'$HOME'", "$HOME"), (#""${HOME}""#, "/hh"), (#""${NOPE-def}""#, "def"), (#""${NOPE-}x""#, "x"),
        (#""${NOPE-a b}x""#, "a bx"), (#""${NOPE}x""#, "x"), (#""$NOPEx-b""#, "-b"), (#""\$HOME""#, "$HOME"),
        (#"\$HOME"#, #"\$HOME"#), ("a\\", "a\\"), (#""${.FILE}""#, "t.cfg"), (#""${.LINE}""#, "2"),
        (#""${.SECTION}""#, "global"), (#"\ttt"#, "\ttt"), (#""x$HOME"'$HOME'"#, "x/hh$HOME"),
        (#""${HOME-x}""#, "/hh"), (#""${EMPTY-x}y""#, "y"), ("a\tb \r", "a b"), ("ä ö", "ä ö"),
        (#"\{x"#, #"\{x"#), (#"x "" "#, "x"), (#"x "$NOPE""#, "x"),
    ])
    func areRead(_ rest: String, _ expected: String) {
        #expect(description(rest) == expected)
    }

    @Test(arguments: [
        (#"a\x4"#, "truncated or invalid hexadecimal sequence at position 15:\n   description a\\x4\n"),
        (#"a\xzz"#, "truncated or invalid hexadecimal sequence at position 15:"),
        (#"'a\'b'"#, "unmatched quote at position 19:\n   description 'a\\'b'\n                    ^"),
        (#""${HOME""#, "unmatched brace in environment variable name at position 16:"),
        (#""${NOPE:-def}""#, "unmatched brace in environment variable name at position 16:"),
        (#""$1""#, "forbidden first char in environment variable name at position 16:"),
        (#""a$ b""#, "forbidden first char in environment variable name at position 17:"),
        (#""${}""#, "forbidden first char in environment variable name at position 17:"),
        (#""a"#, "unmatched quote at position 14:"),
        ("\"a\\", "unmatched quote at position 14:"),
        (String(repeating: "w ", count: 64), "too many words, more than 64 with <w> at position 140:"),
        (#"a\x00"#, "a NUL character ends no word: '\\x00' at position 15:"),
        (#""${HOME[*]}""#, "'[*]' in a variable is not supported by mwproxy yet at position 21:"),
    ])
    func areRefused(_ rest: String, _ expected: String) throws {
        let result = World.parse("global\n description \(rest)\n")
        let alert = try #require(result.alerts.first)
        #expect(alert.message.hasPrefix("parsing [t.cfg:2]: " + expected), "\(alert.message)")
        #expect(result.alerts.count == 1)
    }

    @Test func anEmptyWordEndsTheLineAloud() {
        let result = World.parse("global\n description a \"$NOPE\" b\n")
        #expect(result.configuration?.global.nodeDescription == "a")
        #expect(result.messages[0].contains("argument at position 16 is empty"))
    }

    @Test func aMissingLastNewlineIsFatal() {
        let result = World.parse("global\n daemon")
        #expect(
            result.messages == [
                "parsing [t.cfg:2]: Missing LF on last line, file might have been truncated at position 8.",
                "Error(s) found in configuration file : t.cfg", "Fatal errors found in configuration.",
            ])
    }

    @Test func aNULIsFatal() {
        let result = World.parse("global\n dae\0mon\n daemon\n")
        #expect(result.alerts.map(\.message) == ["parsing [t.cfg:2]: Stray NUL character at position 5."])
    }

    @Test func bytesThatAreNoTextAreFatalInWordsOnly() {
        var bytes = Array("global # ".utf8) + [0xff, 0x0a]
        func parse() -> ParseResult {
            ConfigurationParser.parse([Source(name: "t.cfg", bytes: bytes)], in: World.surroundings())
        }
        #expect(parse().configuration != nil)
        bytes += Array(" description ".utf8) + [0xff, 0x0a]
        #expect(parse().alerts.first?.message.contains("not UTF-8 text") == true)
    }

    @Test func quotedControlCharactersStayVisibleInMessages() {
        let result = World.parse("global\n \"a\u{1b}[31m\"\n")
        #expect(result.messages[0].contains(#"unknown keyword 'a\x1b[31m' in 'global'"#))
    }

    @Test func settingVariablesActsOnWhatFollows() throws {
        let result = World.parse(
            """
            global
             setenv A one
             presetenv A two
             presetenv B "$A-b"
             description "$A $B $HOME"
             unsetenv A
             node "x$A"
             resetenv B

            """, environment: ["HOME": "/hh"])
        let global = try #require(result.configuration).global
        #expect(global.nodeDescription == "one one-b /hh")
        #expect(global.node == "x")
        #expect(global.environment == ["B": "one-b"])
    }
}
