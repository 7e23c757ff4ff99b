// The lenient reader: HAProxy's whole language, also what mwproxy refuses.

import ConfigLanguage
import Testing

@Suite struct OutlineTests {
    private func outline(_ text: String, environment: [String: String] = [:]) -> ConfigurationOutline {
        ConfigurationOutline([("a.cfg", Array(text.utf8))]) { environment[$0] }
    }

    @Test func everySectionAndKeywordIsTaken() {
        let read = outline(
            """
            global # comment
              lua-load /x.lua
              .if version_atleast(2.6)
              hard-stop-after "${LIMIT-5m}"
              .endif
            defaults base
              timeout client 1m
            defaults other from base
              mode http
            frontend fe from other
              bind :80 name "a b"
              no timeout client
            fcgi-app php
              docroot /srv
            listen l from base
              server s 127.0.0.1:1
            """)
        #expect(
            read.sections.map(\.kind) == ["global", "defaults", "defaults", "frontend", "fcgi-app", "listen"])
        #expect(read.problems == [])
        #expect(read.global("hard-stop-after")?.words == ["hard-stop-after", "5m"])
        #expect(read.global("hard-stop-after")?.isConditional == true)
        #expect(read.global("lua-load")?.isConditional == false)
        let frontend = read.sections("frontend")[0]
        #expect(read.mode(of: frontend) == "http")
        #expect(read.setting(["timeout", "client"], of: frontend) == nil, "'no' takes it away")
        #expect(frontend.lines[0].value(of: "name") == "a b")
        #expect(frontend.lines[0].place == "a.cfg:11")
        #expect(read.setting(["timeout", "client"], of: read.sections("listen")[0])?.number == 7)
        #expect(read.mode(of: read.sections("listen")[0]) == "tcp")
    }

    @Test func whatCannotBeSplitIsToldAndStillRead() {
        let read = outline("global\n  description \"open\n  hard-stop-after 1m\n  x \"${A[*]}\" y\n")
        #expect(read.problems.count == 2)
        #expect(read.problems[0].hasPrefix("a.cfg:2: "))
        #expect(read.global.map(\.keyword) == ["description", "hard-stop-after", "x"])
    }

    @Test func linesBeforeASectionAndEmptyFilesAreNothing() {
        #expect(outline("stray words\n\n# only\n").sections == [])
        #expect(outline("").global("x") == nil)
    }
}
