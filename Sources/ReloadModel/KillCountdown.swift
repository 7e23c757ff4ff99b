// How long until an old worker is ended: READY of its successor plus its own hard-stop-after.

package enum KillCountdown {
    /// Seconds left, negative once the deadline is past. `readyAt`: READY of the successor, in microseconds since
    /// 1970, as `now`.
    package static func remaining(
        readyAt: Known<Int64>, limit: Known<HardStopAfter>, now: Int64
    ) -> Known<Double> {
        switch (limit, readyAt) {
        case (.unknown(let why), _): return .unknown(why)
        case (.known(let limit), .unknown(let why)):
            return .unknown(limit.milliseconds == nil ? neverEnds : why)
        case (.known(let limit), .known(let readyAt)):
            guard let milliseconds = limit.milliseconds else { return .unknown(neverEnds) }
            return .known(Double(readyAt + milliseconds * 1000 - now) / 1_000_000)
        }
    }

    private static let neverEnds = Unknown(
        "its configuration has no hard-stop-after", remedy: "set hard-stop-after in the global section")
}
