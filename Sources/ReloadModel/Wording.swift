// Spans and sizes in the few characters that a row has.

package enum Wording {
    /// `41ms`, `12s`, `4m22s`, `31m02s`, `5h03m`, `4d02h`; with a minus sign when negative.
    package static func span(seconds: Double) -> String {
        guard seconds.isFinite else { return "?" }
        let size = abs(seconds)
        if size < 1 { return "\(sign(seconds))\(Int(size * 1000))ms" }
        let whole = Int(min(size, 1e15))
        let text =
            switch whole {
            case ..<60: "\(whole)s"
            case ..<3600: "\(whole / 60)m\(two(whole % 60))s"
            case ..<86400: "\(whole / 3600)h\(two(whole / 60 % 60))m"
            default: "\(whole / 86400)d\(two(whole / 3600 % 24))h"
            }
        return sign(seconds) + text
    }

    /// `8.4 MiB`: one decimal below 100, none above.
    package static func size(bytes: Int) -> String {
        var value = Double(bytes)
        var unit = 0
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        if unit == 0 || value >= 100 { return "\(Int(value.rounded())) \(units[unit])" }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    /// `1 connection`, `3 connections`.
    package static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    /// `12 %`
    package static func percent(_ fraction: Double) -> String {
        fraction.isFinite ? "\(Int((min(fraction, 1e6) * 100).rounded())) %" : "?"
    }

    /// `0.3`: one decimal.
    package static func tenths(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "?" }
        let tenths = Int((abs(value) * 10).rounded())
        return "\(value < 0 && tenths > 0 ? "-" : "")\(tenths / 10).\(tenths % 10)"
    }

    private static func sign(_ seconds: Double) -> String { seconds < 0 ? "-" : "" }
    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension Holder {
    /// `an admin session of socat (pid 12186)`, `3 clients`.
    package var words: String {
        let noun =
            switch kind {
            case .clients: Wording.count(count, "client")
            case .adminSession: count == 1 ? "an admin session" : "\(count) admin sessions"
            case .peers: count == 1 ? "a peers session" : "\(count) peers sessions"
            case .servers: Wording.count(count, "half-closed connection")
            }
        return who.map { "\(noun) of \($0)" } ?? noun
    }
}
