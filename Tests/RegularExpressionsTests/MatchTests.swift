// Patterns against texts: what matches, what the groups take, and what is refused with which words.

import Testing

@testable import RegularExpressions

@Suite struct MatchTests {
    private func groups(_ pattern: String, _ text: String, ignoresCase: Bool = false) throws -> [String?]? {
        let expression = try RegularExpression(pattern.utf8, ignoresCase: ignoresCase)
        let matcher = RegularMatcher(expression)
        let bytes = Array(text.utf8)
        guard bytes.withUnsafeBytes({ matcher.finds(in: $0) }) else { return nil }
        let taken = (0..<10).map { number in
            matcher.group(number).map { String(decoding: bytes[$0], as: UTF8.self) }
        }
        return Array(taken.prefix(1 + (taken.lastIndex { $0 != nil } ?? 0)))
    }

    @Test(arguments: [
        ("a", "xay", ["a"]), ("a|bc", "xbc", ["bc"]), ("^/api/v[0-9]+", "/api/v12/x", ["/api/v12"]),
        (#"\.(jpg|png)$"#, "/a.b.png", [".png", "png"]), ("(a*)(b*)", "aabbb", ["aabbb", "aa", "bbb"]),
        ("(a+?)(a*)", "aaa", ["aaa", "a", "aa"]), ("x{2,3}", "xxxx", ["xxx"]), ("x{2}", "xxxx", ["xx"]),
        ("x{2,}?", "xxxx", ["xx"]), ("[^/]+$", "/one/two", ["two"]),
        (#"\bis\b"#, "this is", ["is"]), ("[[:alpha:]]+", "12ab", ["ab"]), (#"[\d-]+"#, "a1-2", ["1-2"]),
        (#"\x41\/"#, "A/", ["A/"]), ("", "abc", [""]), ("()", "a", ["", ""]), ("a$|b", "ab", ["b"]),
        ("(?:a|b)+c", "abac", ["abac"]), ("(a|ab)(c|bcd)", "abcd", ["abcd", "a", "bcd"]),
        ("[]a]+", "]a", ["]a"]),
    ])
    func theFirstMatchIsFoundWithItsGroups(_ pattern: String, _ text: String, _ expected: [String]) throws {
        #expect(try groups(pattern, text) == expected)
    }

    @Test(arguments: [
        ("^b", "ab"), ("a$", "ab"), ("[a-c]x", "dx"), (#"^\d+$"#, "12a"), ("a.c", "a\nc"), ("a+b", "aaa"),
    ])
    func othersDoNotMatch(_ pattern: String, _ text: String) throws {
        #expect(try groups(pattern, text) == nil)
    }

    @Test func caseIsIgnoredWhereAsked() throws {
        #expect(try groups("CURL/[a-f]", "curl/B", ignoresCase: true) == ["curl/B"])
        #expect(try groups("(?i)curl", "CuRL") == ["CuRL"])
        #expect(try groups("a(?i:b)c", "aBc") == ["aBc"])
        #expect(try groups("a(?i:b)c", "aBC") == nil)
    }

    @Test func aGroupThatTookNoPartIsNone() throws {
        #expect(try groups("(a)|(b)", "b") == ["b", nil, "b"])
    }

    @Test func aHostilePatternAndTextTakeNoLonger() throws {
        let text = String(repeating: "a", count: 5000)
        #expect(try groups("(a*)*(a*)*(a*)*[bc]", text) == nil)
        #expect(try groups("(a?){50}a{50}", text) != nil)
    }

    @Test(arguments: [
        ("(", "missing closing parenthesis", 1), ("a)", "unmatched closing parenthesis", 1),
        ("[a", "missing terminating ] for character class", 2),
        ("*a", "quantifier does not follow a repeatable item", 0), ("a\\", "\\ at end of pattern", 2),
        ("[b-a]", "range out of order in character class", 3),
        ("a{3,2}", "numbers out of order in {} quantifier", 5),
    ])
    func faultsAreNamedAndPlaced(_ pattern: String, _ reason: String, _ offset: Int) {
        #expect(
            RegularExpression.fault(in: pattern, ignoresCase: false)
                == RegularExpression.Fault(reason: reason, offset: offset))
    }

    @Test func referencesAndLooksAroundWork() throws {
        #expect(try groups(#"(a.)\1"#, "xabab") == ["abab", "ab"])
        #expect(try groups("(?<!x)a(?=b)", "xaab") == ["a"])
        #expect(try groups("a++b", "aab") == ["aab"])
    }
}
