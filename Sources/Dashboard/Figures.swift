// Numbers as people read them, each short enough for its column.

import ReloadModel

enum Figures {
    /// `42s`, `4m22s`, `1h02m`, `4d02h`: at most six characters for less than 27 years; one more when negative.
    static func span(_ seconds: Double) -> String {
        guard seconds.isFinite else { return "never" }
        let sign = seconds <= -1 ? "-" : ""
        let whole = Int(min(abs(seconds), 9e15))
        let (small, large, units): (Int, Int, (String, String))
        switch whole {
        case ..<60: return "\(sign)\(whole)s"
        case ..<3600: (large, small, units) = (whole / 60, whole % 60, ("m", "s"))
        case ..<86400: (large, small, units) = (whole / 3600, whole % 3600 / 60, ("h", "m"))
        case 8_640_000...: return "\(sign)\(whole / 86400)d"
        default: (large, small, units) = (whole / 86400, whole % 86400 / 3600, ("d", "h"))
        }
        return "\(sign)\(large)\(units.0)\(twoDigits(small))\(units.1)"
    }

    /// `10m`, `3h`, `7d`: for round spans.
    static func round(_ seconds: Int64) -> String {
        switch seconds {
        case 86400...: "\(seconds / 86400)d"
        case 3600...: "\(seconds / 3600)h"
        case 60...: "\(seconds / 60)m"
        default: "\(seconds)s"
        }
    }

    static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : String(number)
    }

    /// At most five characters.
    static func count(_ number: Int) -> String {
        switch number {
        case ..<100_000: String(number)
        case ..<1_000_000: "\(number / 1000)k"
        case ..<100_000_000: "\(fixed(Double(number / 100_000) / 10, digits: 1))M"
        default: "\(number / 1_000_000)M"
        }
    }

    /// `+14`, `-2`, `0`: at most four characters.
    static func change(_ perSecond: Double) -> String {
        let rounded = perSecond.rounded()
        if rounded == 0 { return "0" }
        let size = abs(rounded)
        let sign = rounded < 0 ? "-" : "+"
        if size < 1000 { return sign + String(Int(size)) }
        if size < 100_000 { return sign + String(Int(size / 1000)) + "k" }
        return sign + "lots"
    }

    /// `812K`, `24.5M`, `1.2G`: at most five characters.
    static func bytes(_ count: Int) -> String {
        let kibi = Double(count) / 1024
        if kibi < 1000 { return "\(Int(kibi.rounded()))K" }
        let mebi = kibi / 1024
        if mebi < 99.95 { return fixed(mebi, digits: 1) + "M" }
        if mebi < 999.5 { return "\(Int(mebi.rounded()))M" }
        let gibi = mebi / 1024
        return gibi < 99.95 ? fixed(gibi, digits: 1) + "G" : "\(Int(gibi.rounded()))G"
    }

    /// `0.3`, `12.5`, `100`: at most four characters.
    static func percent(_ value: Double) -> String {
        value < 99.95 ? fixed(value, digits: 1) : String(Int(value.rounded()))
    }

    static func milliseconds(_ value: Double) -> String {
        if value < 9.95 { return fixed(value, digits: 1) + "ms" }
        if value < 9999.5 { return "\(Int(value.rounded()))ms" }
        return fixed(value / 1000, digits: 1) + "s"
    }

    static func fixed(_ value: Double, digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((abs(value) * scale).rounded())
        let whole = scaled / Int(scale)
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + String(whole) }
        let rest = String(scaled % Int(scale))
        return sign + String(whole) + "." + String(repeating: "0", count: digits - rest.count) + rest
    }

    /// `10:24:31`, UTC.
    static func time(_ microseconds: Int64) -> String {
        let seconds = Int(microseconds / 1_000_000 % 86400)
        let parts = [seconds / 3600, seconds % 3600 / 60, seconds % 60]
        return parts.map(twoDigits).joined(separator: ":")
    }

    /// `1 worker`, `3 workers`.
    static func counted(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}

extension Known {
    /// The figure, or `?`.
    func figure(_ format: (Value) -> String) -> String {
        switch self {
        case .known(let value): format(value)
        case .unknown: "?"
        }
    }
}

extension WorkerSample {
    /// `812`; `812 7s` where that was counted seven seconds ago; `?`
    func connectionsFigure(_ unit: String = "") -> String {
        connections.figure(Figures.count) + unit + (connectionsAge.map { " \(Figures.span($0))" } ?? "")
    }
}
