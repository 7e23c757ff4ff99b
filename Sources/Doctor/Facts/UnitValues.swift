// Values of unit settings as systemd reads them: spans of time, limits, sets of capabilities.

enum UnitValues {
    private static let units: [(names: Set<String>, seconds: Double)] = [
        (["us", "usec", "µs"], 1e-6), (["ms", "msec"], 1e-3), (["", "s", "sec", "second", "seconds"], 1),
        (["m", "min", "minute", "minutes"], 60), (["h", "hr", "hour", "hours"], 3600),
        (["d", "day", "days"], 86400), (["w", "week", "weeks"], 604_800),
    ]

    /// Seconds of `90`, `5min`, `1h 30min`; infinite for `infinity`, nil for what is none.
    static func seconds(_ text: String) -> Double? {
        if text == "infinity" { return .infinity }
        var rest = text.drop { $0 == " " }
        guard !rest.isEmpty else { return nil }
        var sum = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isNumber || $0 == "." }
            guard let value = Double(number) else { return nil }
            rest = rest[number.endIndex...].drop { $0 == " " }
            let unit = rest.prefix { $0.isLetter }
            guard let factor = units.first(where: { $0.names.contains(String(unit)) })?.seconds else {
                return nil
            }
            sum += value * factor
            rest = rest[unit.endIndex...].drop { $0 == " " }
        }
        return sum
    }

    /// The hard limit of `1024:524288` or `65536`; nil for `infinity`, and for what systemd passes over: here it knows no
    /// suffixes.
    static func hardLimit(_ text: String) -> Int? {
        text.split(separator: ":").last.flatMap { Int($0) }
    }

    /// Whether a `CapabilityBoundingSet` of these assignments leaves a capability.
    static func leaves(_ capability: String, _ assignments: [String]) -> Bool {
        guard let first = assignments.first else { return true }
        var isLeft = first.hasPrefix("~")
        for text in assignments {
            let isInverted = text.hasPrefix("~")
            let names = (isInverted ? text.dropFirst() : text[...]).split(separator: " ")
            if names.contains(Substring(capability)) { isLeft = !isInverted }
        }
        return isLeft
    }
}
