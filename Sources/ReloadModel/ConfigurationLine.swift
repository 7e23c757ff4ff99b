// As much of the configuration language as it takes to find single settings in files of any version: sections, words
// and times. What a proxy really accepts is its own business.

package enum ConfigurationLine {
    static let sections: Set<String> = [
        "global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "userlist", "mailers",
        "program", "cache", "http-errors", "ring", "log-forward", "fcgi-app", "crt-store", "traces", "acme",
    ]

    /// The words of a line up to a comment, without their quotes.
    package static func words(of line: Substring) -> [String] {
        let code = line.prefix { $0 != "#" }
        return code.split { $0 == " " || $0 == "\t" }.map { word in
            String(word.filter { $0 != "\"" && $0 != "'" })
        }
    }

    /// The most milliseconds that HAProxy's timers hold.
    private static let longest = Int64(Int32.max)

    /// HAProxy's time format: a number with `us ms s m h d`, milliseconds without one, rounded up; nil: no plain duration.
    static func milliseconds(_ word: String) -> Int64? {
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
        guard let number = Int64(digits), let scale else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: scale.multiply)
        guard !overflow else { return nil }
        let value = product / scale.divide + (product % scale.divide == 0 ? 0 : 1)
        return value <= longest ? value : nil
    }
}
