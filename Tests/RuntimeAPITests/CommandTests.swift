import Testing

@testable import RuntimeAPI

@Suite struct CommandTests {
    @Test func semicolonsSeparateAndEscapesProtect() {
        #expect(CommandText.commands(in: "show info;show stat") == ["show info", "show stat"])
        #expect(CommandText.commands(in: "a\\;b;c\\\\;d") == ["a\\;b", "c\\\\", "d"])
        #expect(CommandText.commands(in: "") == [""])
        #expect(CommandText.commands(in: "a;") == ["a", ""])
    }

    @Test func wordsAreUnescaped() {
        #expect(CommandText.words(of: "  show \t info ") == ["show", "info"])
        #expect(CommandText.words(of: "add map a\\ b c\\;d \\\\") == ["add", "map", "a b", "c;d", "\\"])
        #expect(CommandText.words(of: "").isEmpty)
        #expect(CommandText.words(of: String(repeating: "x ", count: 500)).count == CommandText.longest)
    }

    @Test func payloadIsAnnouncedAtTheEnd() {
        #expect(CommandText.withoutPayloadMark("set x <<") == "set x ")
        #expect(CommandText.withoutPayloadMark("set x << ") == "set x ")
        #expect(CommandText.withoutPayloadMark("set x<<") == nil)
        #expect(CommandText.withoutPayloadMark("set << x") == nil)
    }

    @Test func durations() {
        #expect(CommandText.nanoseconds(ofDuration: "10", unit: 1_000_000_000) == 10_000_000_000)
        #expect(CommandText.nanoseconds(ofDuration: "1500ms", unit: 1) == 1_500_000_000)
        #expect(CommandText.nanoseconds(ofDuration: "2d", unit: 1) == 172_800_000_000_000)
        for text in ["", "x", "5y", "-1s", "99999999999999999999s", "9999999999d"] {
            #expect(CommandText.nanoseconds(ofDuration: text, unit: 1_000_000_000) == nil, "\(text)")
        }
    }

    private let list = HelpList(
        commands: [
            HelpLine(usage: "show info [desc|json|typed|float]*", text: "tell how it does"),
            HelpLine(usage: "show stat [desc|json|no-maint|typed|up]*", text: "tell the counters"),
            HelpLine(usage: "reload", text: "reload"), HelpLine(usage: "@!<pid>", text: "ask that one"),
        ],
        always: [HelpLine(usage: "quit", text: "disconnect")])

    @Test func helpLinesHaveHAProxysColumns() {
        let lines = list.text(about: ["show"]).split(separator: "\n")
        #expect(lines[0] == "The following commands are valid at this level:")
        #expect(lines[1] == "  show info [desc|json|typed|float]*      : tell how it does")
        #expect(lines[2] == "  show stat [desc|json|no-maint|typed|up]*: tell the counters")
        #expect(lines[3] == "  quit                                    : disconnect")
        #expect(lines.count == 4)
    }

    @Test func unknownCommandsNameTheNearest() {
        let near = list.unknown(["shw", "info"])
        #expect(
            near.hasPrefix("Unknown command: 'shw', but maybe one of the following ones is a better match:\n")
        )
        #expect(near.contains("show info"))
        let far = list.unknown(["zzzzzzzz", "now"])
        #expect(
            far.hasPrefix("Unknown command: 'zzzzzzzz'. Please enter one of the following commands only:\n"))
        #expect(far.contains("reload"))
        #expect(!list.unknown(["\u{1B}[31mx\u{7}", "y"]).contains("\u{1B}"))
    }

    /// What was typed where a payload was meant.
    @Test func linesOfAKeyAreNotRepeated() {
        for line in ["juA=", "shoA", "MHcCAQEEIIl3", "MHcCAQEEIIl3MHcCAQEEIIl3MHcCAQEEIIl3MHcCAQEEIIl3"] {
            #expect(!list.unknown([line]).contains(line))
            #expect(list.unknown([line]).hasPrefix("Unknown command"))
        }
        #expect(list.unknown(["shw"]).contains("show info"))
    }

    @Test func missingTargets() {
        let text = "Can't find the target PID matching the prefix '@!999999'\n"
        #expect(Refusal.noTarget(prefix: "@!999999") == text)
    }

    @Test func dates() {
        #expect(CivilTime.text(ofMicroseconds: 0) == "1970-01-01T00:00:00.000000Z")
        #expect(CivilTime.text(ofMicroseconds: -1) == "1969-12-31T23:59:59.999999Z")
        #expect(CivilTime.text(ofMicroseconds: 951_782_400_000_000) == "2000-02-29T00:00:00.000000Z")
        #expect(
            CivilTime.logText(ofMicroseconds: 1_795_343_619_131_000, decimals: 3)
                == "22/Nov/2026:10:33:39.131")
    }
}
