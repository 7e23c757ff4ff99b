// Whole numbers and times as HAProxy writes them.

extension Phrase {
    /// Word `index` as a whole number within `range`; `subject` is who asks, in quotes already.
    func integer(
        _ index: Int, in range: ClosedRange<Int> = 0...Int(Int32.max), for subject: String? = nil
    ) throws(Fault) -> Int {
        let subject = subject ?? "'\(keyword)'"
        let text = self[index]
        guard let value = Int(text), !text.hasPrefix("+") else {
            throw fault("\(subject) expects an integer argument, found '\(text)'.", at: index)
        }
        guard range.contains(value) else {
            let limits =
                range.upperBound == Int(Int32.max)
                ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            throw fault("\(subject) : invalid value \(value), must be \(limits).", at: index)
        }
        return value
    }

    /// Word `index` as a time, in `usual` units unless it has one. `place` ends HAProxy's sentence:
    /// `in 'timeout client'`.
    func time(
        _ index: Int, _ place: String, unit usual: TimeUnit = .milliseconds, warn: (Fault) -> Void = { _ in }
    ) throws(Fault) -> Duration {
        let text = self[index]
        let digits = text.prefix { $0.isASCII && $0.isWholeNumber }
        let unit = text.dropFirst(digits.count)
        let expected = "expected a time such as '30s', found '\(text)'."
        guard !digits.isEmpty else {
            let character = text.first.map { "'\($0)'" } ?? "end of line"
            throw fault("unexpected character \(character) \(place): \(expected)", at: index)
        }
        guard let scale = unit.isEmpty ? usual : TimeUnit(leading: unit) else {
            throw fault("unexpected character '\(unit.first ?? " ")' \(place): \(expected)", at: index)
        }
        let rest = unit.dropFirst(unit.isEmpty ? 0 : scale.rawValue.count)
        if let stray = rest.first {
            warn(
                fault(
                    "unexpected character '\(stray)' after the timer value '\(text)', only (us=microseconds,"
                        + "ms=milliseconds,s=seconds,m=minutes,h=hours,d=days) are supported.", at: index))
        }
        guard let number = Int64(digits), let milliseconds = scale.milliseconds(number) else {
            throw fault(
                "timer overflow in argument '\(text)' \(place) (maximum value is \(TimeUnit.longest) ms or "
                    + "~24.8 days)", at: index)
        }
        return .milliseconds(milliseconds)
    }
}

/// HAProxy's units of time.
enum TimeUnit: String, CaseIterable {
    case microseconds = "us"
    case milliseconds = "ms"
    case seconds = "s"
    case minutes = "m"
    case hours = "h"
    case days = "d"

    static let longest = Int64(Int32.max)

    /// The unit that `text` begins with.
    init?(leading text: Substring) {
        guard let unit = Self.allCases.first(where: { text.hasPrefix($0.rawValue) }) else { return nil }
        self = unit
    }

    /// Rounded up; nil beyond what HAProxy's timers can hold.
    func milliseconds(_ number: Int64) -> Int64? {
        let factor: Int64 =
            switch self {
            case .microseconds, .milliseconds: 1
            case .seconds: 1000
            case .minutes: 60_000
            case .hours: 3_600_000
            case .days: 86_400_000
            }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow else { return nil }
        let value = self == .microseconds ? product / 1000 + (product % 1000 == 0 ? 0 : 1) : product
        return value <= Self.longest ? value : nil
    }
}
