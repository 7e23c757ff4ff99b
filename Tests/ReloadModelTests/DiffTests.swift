// Line by line: what was taken out and put in, and never a password.

import ReloadModel
import Testing

@Suite struct DiffTests {
    private func file(_ text: String, _ path: String = "a.cfg") -> ConfigurationFile {
        ConfigurationFile(path: path, bytes: Array(text.utf8), modifiedAt: 0)
    }

    /// `-old`, `+new`, ` same`, `@` for a gap, the file's name for its head.
    private func told(_ diff: ConfigurationDiff) -> [String] {
        diff.lines.map { line in
            switch line.kind {
            case .file: line.text
            case .gap: "@"
            case .same: " \(line.text)"
            case .removed: "-\(line.text)"
            case .added: "+\(line.text)"
            }
        }
    }

    @Test func aChangedLineWithItsSurroundings() {
        let old = (1...20).map { "line \($0)" }.joined(separator: "\n") + "\n"
        let diff = ConfigurationDiff(
            from: [file(old)], to: [file(old.replacing("line 10", with: "line ten"))], context: 2)
        #expect(
            told(diff) == [
                "a.cfg", "@", " line 8", " line 9", "-line 10", "+line ten", " line 11", " line 12",
            ])
        #expect(diff.added == 1 && diff.removed == 1)
        #expect(diff.lines.first { $0.kind == .added }?.after == 10)
    }

    @Test func theShortestWay() {
        func steps(_ old: String, _ new: String) -> String {
            func lines(_ text: String) -> [ArraySlice<UInt8>] { text.utf8.map { [$0] } }
            return LineDiff.steps(lines(old), lines(new)).map { step in
                switch step {
                case .same: "="
                case .removed: "-"
                case .added: "+"
                }
            }.joined()
        }
        #expect(steps("abc", "abc") == "===")
        #expect(steps("", "ab") == "++")
        #expect(steps("ab", "") == "--")
        #expect(steps("abcabba", "cbabac").filter { $0 != "=" }.count == 5)
        #expect(steps("", "") == "")
        let far = steps(
            String(repeating: "a", count: 1200), String(repeating: "b", count: 1200))
        #expect(far.filter { $0 == "-" }.count == 1200 && far.filter { $0 == "+" }.count == 1200)
    }

    @Test func everyWayLeadsFromTheOldToTheNew() {
        var seed: UInt64 = 7
        func random(_ limit: UInt64) -> UInt64 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (seed >> 33) % limit
        }
        for _ in 0..<300 {
            let old = (0..<random(12)).map { _ in ArraySlice([UInt8(97 + random(3))]) }
            let new = (0..<random(12)).map { _ in ArraySlice([UInt8(97 + random(3))]) }
            var made: [ArraySlice<UInt8>] = []
            var taken: [ArraySlice<UInt8>] = []
            for step in LineDiff.steps(old, new) {
                switch step {
                case .same(let one, let other):
                    #expect(old[one] == new[other])
                    taken.append(old[one])
                    made.append(new[other])
                case .removed(let one): taken.append(old[one])
                case .added(let other): made.append(new[other])
                }
            }
            #expect(taken == old && made == new)
        }
    }

    @Test func newAndGoneFiles() {
        let diff = ConfigurationDiff(from: [file("x\n", "a")], to: [file("y\n", "b")])
        #expect(told(diff) == ["a (gone)", "-x", "b (new)", "+y"])
        #expect(ConfigurationDiff(from: [file("x")], to: [file("x")]).isEmpty)
    }

    @Test func secretsAreHidden() {
        for (line, shown) in [
            ("  user bob password $6$abc groups x", "  user bob password <hidden> groups x"),
            ("user bob  insecure-password 'a b'  ", "user bob  insecure-password <hidden>  "),
            ("user bob insecure-password a\\ b c", "user bob insecure-password <hidden> c"),
            ("stats auth admin:secret", "stats auth admin:<hidden>"),
            ("setenv API_TOKEN xyz", "setenv API_TOKEN <hidden>"), ("setenv REGION eu", "setenv REGION eu"),
            ("bind :80", "bind :80"), ("", ""), ("password", "password"),
        ] {
            #expect(Secrets.hidden(in: line) == shown)
        }
        let diff = ConfigurationDiff(
            from: [file("user a password one\n")], to: [file("user a password two\n")])
        #expect(told(diff) == ["a.cfg", "-user a password <hidden>", "+user a password <hidden>"])
    }
}
