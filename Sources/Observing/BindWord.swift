// The TCP addresses of a `bind` line, in any of HAProxy's spellings. What is no TCP address, or a host name, has none.

import Unix

package enum BindWord {
    /// More ports than this in a range are not looked at one by one.
    private static let widestRange = 2048

    /// Of `:80`, `*:80,[::]:443`, `ipv6@:::80`, `10.0.0.1:8000-8010`.
    package static func addresses(_ word: String) -> [SocketAddress] {
        word.split(separator: ",").flatMap { one(String($0)) }
    }

    private static func one(_ word: String) -> [SocketAddress] {
        var text = Substring(word)
        var isIPv6 = false
        for prefix in ["ipv4@", "tcp4@", "tcp@"] where text.hasPrefix(prefix) {
            text = text.dropFirst(prefix.count)
        }
        for prefix in ["ipv6@", "tcp6@"] where text.hasPrefix(prefix) {
            text = text.dropFirst(prefix.count)
            isIPv6 = true
        }
        guard !text.contains("@"), !text.hasPrefix("/"), let colon = text.lastIndex(of: ":") else {
            return []
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if host.isEmpty || host == "*" { host = isIPv6 ? "::" : "0.0.0.0" }
        let ports = text[text.index(after: colon)...].split(separator: "-").map { Int($0) }
        guard let first = ports.first ?? nil, let last = ports.last ?? nil, 1...65535 ~= first, first <= last,
            last <= 65535, last - first < widestRange
        else { return [] }
        return (first...last).compactMap { SocketAddress(numeric: host, port: UInt16($0)) }
    }
}
