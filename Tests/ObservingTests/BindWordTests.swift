// The addresses of `bind` lines, in HAProxy's spellings.

import Observing
import Testing

@Suite struct BindWordTests {
    @Test func bindWords() {
        func read(_ word: String) -> [String] { BindWord.addresses(word).map(\.description) }
        #expect(read(":80") == ["0.0.0.0:80"])
        #expect(read("*:80,[::1]:81") == ["0.0.0.0:80", "::1:81"])
        #expect(read(":::80") == [":::80"])
        #expect(read("ipv6@:443") == [":::443"])
        #expect(read("10.0.0.1:8000-8002").count == 3)
        for word in ["/run/x.sock", "abns@x", "fd@3", "quic4@:443", "host.example:80", "unix@/x:1", "x"] {
            #expect(read(word) == [], "\(word)")
        }
    }
}
