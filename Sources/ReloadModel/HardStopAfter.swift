// hard-stop-after of a configuration file. `show info` does not tell it, so the file has to be read at each load and
// remembered for the worker that was started from it.

/// What one configuration says about the end of its draining workers.
package struct HardStopAfter: Equatable, Sendable {
    /// Milliseconds from READY of the successor to the end, `grace` included; nil when nothing ends a worker.
    package var milliseconds: Int64?

    package init(milliseconds: Int64?) {
        self.milliseconds = milliseconds
    }

    /// Reads the files of a configuration in their order; the last setting holds.
    package static func find(in texts: [String]) -> Known<HardStopAfter> {
        var inGlobal = false
        var limit: Known<Int64>?
        var grace: Known<Int64>?
        for line in texts.lazy.flatMap({ $0.split(whereSeparator: \.isNewline) }) {
            let words = words(of: line)
            guard let first = words.first else { continue }
            if words.count <= 3, sections.contains(first) { inGlobal = first == "global" }
            guard inGlobal, first == "hard-stop-after" || first == "grace" else { continue }
            let value = milliseconds(words.count > 1 ? words[1] : "", of: first)
            if first == "grace" { grace = value } else { limit = value }
        }
        guard let limit else { return .known(HardStopAfter(milliseconds: nil)) }
        return switch (limit, grace ?? .known(0)) {
        case (.known(let limit), .known(let grace)): .known(HardStopAfter(milliseconds: limit + grace))
        case (.unknown(let why), _), (_, .unknown(let why)): .unknown(why)
        }
    }

    private static let sections: Set<String> = [
        "global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "userlist", "mailers",
        "program", "cache", "http-errors", "ring", "log-forward", "fcgi-app", "crt-store", "traces", "acme",
    ]

    /// The words of a line up to a comment, without their quotes.
    private static func words(of line: Substring) -> [String] {
        let code = line.prefix { $0 != "#" }
        return code.split { $0 == " " || $0 == "\t" }.map { word in
            String(word.filter { $0 != "\"" && $0 != "'" })
        }
    }

    /// HAProxy's time format: a number with `us ms s m h d`, milliseconds without one. `keyword`: whose value it is.
    package static func milliseconds(_ word: String, of keyword: String) -> Known<Int64> {
        let digits = word.prefix { $0.isASCII && $0.isNumber }
        let scale: (multiply: Int64, divide: Int64)? =
            switch word.dropFirst(digits.count) {
            case "us": (1, 1000)
            case "", "ms": (1, 1)
            case "s": (1000, 1)
            case "m": (60_000, 1)
            case "h": (3_600_000, 1)
            case "d": (86_400_000, 1)
            default: nil
            }
        guard let number = Int64(digits), let scale, number < 1 << 40 else {
            return .unknown(Unknown("'\(keyword) \(word)' is not a plain duration"))
        }
        return .known(number * scale.multiply / scale.divide)
    }
}
