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
            let words = ConfigurationLine.words(of: line)
            guard let first = words.first else { continue }
            if words.count <= 3, ConfigurationLine.sections.contains(first) { inGlobal = first == "global" }
            guard inGlobal, first == "hard-stop-after" || first == "grace" else { continue }
            let value = milliseconds(words.count > 1 ? words[1] : "", of: first)
            if first == "grace" { grace = value } else { limit = value }
        }
        // With 0 nothing ends a worker.
        guard let limit, limit != .known(0) else { return .known(HardStopAfter(milliseconds: nil)) }
        return switch (limit, grace ?? .known(0)) {
        case (.known(let limit), .known(let grace)): .known(HardStopAfter(milliseconds: limit + grace))
        case (.unknown(let why), _), (_, .unknown(let why)): .unknown(why)
        }
    }

    /// HAProxy's time format. `keyword`: whose value it is.
    package static func milliseconds(_ word: String, of keyword: String) -> Known<Int64> {
        ConfigurationLine.milliseconds(word).map { .known($0) }
            ?? .unknown(Unknown("'\(keyword) \(word)' is not a plain duration"))
    }
}
