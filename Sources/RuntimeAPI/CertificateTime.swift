// The dates of certificates, as OpenSSL writes them: `Nov  3 05:17:57 2026 GMT`.

extension CivilTime {
    package static func certificateText(ofSeconds seconds: Int64) -> String {
        let time = fields(ofMicroseconds: seconds * 1_000_000)
        let day = time.day < 10 ? " \(time.day)" : "\(time.day)"
        return "\(months[time.month - 1]) \(day) \(twoDigits(time.hour)):\(twoDigits(time.minute)):"
            + "\(twoDigits(time.second)) \(time.year) GMT"
    }

    /// Seconds since 1970 UTC; nil: no such date.
    package static func seconds(ofCertificateText text: some StringProtocol) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 5, words[4] == "GMT", let month = months.firstIndex(of: String(words[0])),
            let day = Int64(words[1]), 1...31 ~= day, let year = Int64(words[3]), 0...9999 ~= year
        else { return nil }
        // A date may have fractions of a second.
        let clock = words[2].prefix { $0 != "." }.split(separator: ":").map { Int64($0) ?? -1 }
        guard clock.count == 3, 0...23 ~= clock[0], 0...59 ~= clock[1], 0...60 ~= clock[2] else { return nil }
        return days(year: year, month: Int64(month) + 1, day: day) * 86400 + clock[0] * 3600 + clock[1] * 60
            + clock[2]
    }

    /// Days since 1970-01-01; the year begins in March, so that the leap day is its last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let leapDays = floorDivide(shifted, 4) - floorDivide(shifted, 100) + floorDivide(shifted, 400)
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return shifted * 365 + leapDays + dayOfYear - 719_468
    }
}
