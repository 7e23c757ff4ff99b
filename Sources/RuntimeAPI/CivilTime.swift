// Calendar dates of moments, UTC, by arithmetic alone.

/// Turns moments into RFC 3339 text and HAProxy's log dates.
package enum CivilTime {
    static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    package struct Fields: Equatable, Sendable {
        package var year: Int
        /// 1…12
        package var month: Int
        /// 1…31
        package var day: Int
        package var hour: Int
        package var minute: Int
        package var second: Int
        package var microsecond: Int
    }

    /// `microseconds` since 1970-01-01T00:00:00Z; add the zone's offset before for local fields.
    package static func fields(ofMicroseconds microseconds: Int64) -> Fields {
        let seconds = floorDivide(microseconds, 1_000_000)
        let days = floorDivide(seconds, 86400)
        let inDay = Int(seconds - days * 86400)
        // Days since 0000-03-01, in eras of 400 years.
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = Int(shifted - era * 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return Fields(
            year: Int(era) * 400 + yearOfEra + (month <= 2 ? 1 : 0), month: month,
            day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1, hour: inDay / 3600, minute: inDay / 60 % 60,
            second: inDay % 60, microsecond: Int(microseconds - seconds * 1_000_000))
    }

    /// `2026-11-22T12:58:03.123456Z`.
    package static func text(ofMicroseconds microseconds: Int64) -> String {
        let time = fields(ofMicroseconds: microseconds)
        return "\(digits(time.year, 4))-\(twoDigits(time.month))-\(twoDigits(time.day))T"
            + "\(twoDigits(time.hour)):\(twoDigits(time.minute)):\(twoDigits(time.second))."
            + "\(digits(time.microsecond, 6))Z"
    }

    /// `22/Nov/2026:12:58:03.123456`: as `show sess all` (6 decimals) and `show errors` (3) print it.
    package static func logText(ofMicroseconds microseconds: Int64, decimals: Int = 6) -> String {
        let time = fields(ofMicroseconds: microseconds)
        let fraction = digits(time.microsecond, 6).prefix(decimals)
        return "\(twoDigits(time.day))/\(months[time.month - 1])/\(digits(time.year, 4)):"
            + "\(twoDigits(time.hour)):\(twoDigits(time.minute)):\(twoDigits(time.second)).\(fraction)"
    }

    private static func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }

    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value / divisor - (value % divisor < 0 ? 1 : 0)
    }
}
