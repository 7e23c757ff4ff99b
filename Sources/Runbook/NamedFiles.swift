// The files that a configuration names: certificates, maps, lists, error files, scripts. A reload reads them anew, and
// nobody puts them back when it fails.

import ReloadModel

package enum NamedFiles {
    /// Keywords whose next word is a file.
    private static let keywords: Set<String> = [
        "crt", "ca-file", "crl-file", "crt-list", "ca-verify-file", "ca-sign-file", "lua-load",
        "lua-load-per-thread", "tls-ticket-keys", "ocsp-update", "server-state-file", "ssl-dh-param-file",
        "-f",
        "-M", "load",
    ]

    /// Each once, in the order of the text; relative ones as they are written.
    package static func list(in files: [ConfigurationFile]) -> [String] {
        var found: [String] = []
        func add(_ word: String) {
            guard !word.isEmpty, !word.hasPrefix("@"), !word.hasPrefix("{"), !found.contains(word) else {
                return
            }
            found.append(word)
        }
        for file in files {
            for line in String(decoding: file.bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
                let words = ConfigurationLine.words(of: line)
                for (index, word) in words.enumerated() {
                    if index + 1 < words.count, keywords.contains(word) { add(words[index + 1]) }
                    if index == 0, word == "errorfile", words.count > 2 { add(words[2]) }
                    for name in maps(in: word) { add(name) }
                }
            }
        }
        return found
    }

    /// `map_beg(/etc/haproxy/hosts.map,default)` names its file.
    private static func maps(in word: String) -> [String] {
        word.indices.filter { word[$0] == "(" }.compactMap { open in
            let name = word[..<open].reversed().prefix { $0.isLetter || $0 == "_" }
            guard String(name.reversed()).hasPrefix("map") else { return nil }
            let inside = word[word.index(after: open)...].prefix { $0 != "," && $0 != ")" }
            return inside.contains("/") || inside.contains(".") ? String(inside) : nil
        }
    }
}
