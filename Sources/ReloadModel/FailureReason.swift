// Why a load failed, in one line: the first error of its log that names a cause.

package enum FailureReason {
    /// `main.cfg:10: unknown proxy mode 'htttp'. (and 1 more error)`; nil when no line is an error.
    package static func first(in lines: [String]) -> String? {
        let errors = lines.lazy.map(ProxyLine.init).filter(\.isAlert).map(\.text).filter { !isSummary($0) }
        guard let first = errors.first else { return nil }
        let more = errors.count - 1
        return shortened(first) + (more > 0 ? " (and \(more) more error\(more == 1 ? "" : "s"))" : "")
    }

    /// One ALERT line's text, without its prefixes, with `file:line` in front.
    package static func shortened(_ text: String) -> String {
        var rest = Substring(text)
        for prefix in ["config : ", "config: "] where rest.hasPrefix(prefix) {
            rest = rest.dropFirst(prefix.count)
        }
        for (word, joint) in [("parsing [", "] : "), ("Binding [", "] ")] where rest.hasPrefix(word) {
            let inside = rest.dropFirst(word.count)
            guard let close = inside.range(of: joint) else { continue }
            let place = inside[..<close.lowerBound].split(separator: "/").last ?? ""
            return "\(place): \(inside[close.upperBound...])"
        }
        return String(rest)
    }

    /// Lines that only say that there were errors.
    package static func isSummary(_ text: String) -> Bool {
        text.contains("Error(s) found in configuration file")
            || text.contains("Fatal errors found in configuration")
            || text.contains("Some protocols failed to start their listeners")
    }
}
