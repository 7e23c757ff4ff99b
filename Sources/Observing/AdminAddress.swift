// Where an admin socket is, from the word that names it on a command line, in the environment or by the user.

import Unix

package enum AdminAddress {
    /// Reads `/path`, `unix@/path`, `abns@name`, `ipv4@127.0.0.1:9`, `127.0.0.1:9`, `[::1]:9`, `:9`, each with
    /// `,level,operator` or the like behind it. `folder`: where a relative path starts. Nil: not an address that
    /// can be connected to.
    package static func parse(_ word: String, relativeTo folder: String? = nil) -> SocketAddress? {
        var text = word.prefix { $0 != "," }
        for prefix in ["ipv4@", "ipv6@", "tcp@", "tcp4@", "tcp6@"] where text.hasPrefix(prefix) {
            return internet(text.dropFirst(prefix.count))
        }
        if text.hasPrefix("abns@") { return .paddedAbstract(name: String(text.dropFirst(5))) }
        let isPath = text.hasPrefix("unix@")
        if isPath { text = text.dropFirst(5) }
        guard !text.isEmpty, !text.hasPrefix("fd@"), !text.hasPrefix("sockpair@") else { return nil }
        if !isPath, !text.contains("/"), let address = internet(text) { return address }
        if text.hasPrefix("/") { return .unix(path: String(text)) }
        return folder.map { .unix(path: "\($0)/\(text)") }
    }

    private static func internet(_ text: Substring) -> SocketAddress? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            port > 0
        else { return nil }
        var host = String(text[..<colon].filter { $0 != "[" && $0 != "]" })
        if host.isEmpty || host == "*" || host == "0.0.0.0" { host = "127.0.0.1" }
        if host == "::" { host = "::1" }
        if host == "localhost" { host = "127.0.0.1" }
        return SocketAddress(numeric: host, port: port)
    }
}
