// Dates in log lines: the day is worked out once a minute, not once a line.

import Glibc
import Unix

/// Local time as log lines write it.
final class Calendar {
    private var minute: Int64 = .min
    private var fields = tm()

    static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private func settle(_ time: WallClock) -> Int {
        let seconds = time.microseconds / 1_000_000
        if seconds / 60 != minute {
            minute = seconds / 60
            var clock = time_t(minute * 60)
            localtime_r(&clock, &fields)
        }
        return Int(seconds % 60)
    }

    /// `22/Nov/2026:10:33:41.158`
    func appendAccessDate(to buffer: ByteBuffer, _ time: WallClock) {
        let second = settle(time)
        buffer.append(Int(fields.tm_mday), width: 2)
        buffer.append("/")
        buffer.append(Self.months[Int(fields.tm_mon)])
        buffer.append("/")
        buffer.append(Int(fields.tm_year) + 1900)
        buffer.append(":")
        appendClock(to: buffer, second)
        buffer.append(".")
        buffer.append(Int(time.microseconds / 1000 % 1000), width: 3)
    }

    /// `Nov 22 10:33:41`, the day padded with a space.
    func appendSyslogDate(to buffer: ByteBuffer, _ time: WallClock) {
        let second = settle(time)
        buffer.append(Self.months[Int(fields.tm_mon)])
        buffer.append(fields.tm_mday < 10 ? "  " : " ")
        buffer.append(Int(fields.tm_mday))
        buffer.append(" ")
        appendClock(to: buffer, second)
    }

    /// `2026-11-22T10:33:41.158000+00:00`
    func appendISODate(to buffer: ByteBuffer, _ time: WallClock) {
        let second = settle(time)
        buffer.append(Int(fields.tm_year) + 1900)
        buffer.append("-")
        buffer.append(Int(fields.tm_mon) + 1, width: 2)
        buffer.append("-")
        buffer.append(Int(fields.tm_mday), width: 2)
        buffer.append("T")
        appendClock(to: buffer, second)
        buffer.append(".")
        buffer.append(Int(time.microseconds % 1_000_000), width: 6)
        let offset = Int(fields.tm_gmtoff) / 60
        buffer.append(offset < 0 ? "-" : "+")
        buffer.append(abs(offset) / 60, width: 2)
        buffer.append(":")
        buffer.append(abs(offset) % 60, width: 2)
    }

    /// `22/Nov/2026:10:33:41 +0000`
    func appendZonedDate(to buffer: ByteBuffer, _ time: WallClock, isUTC: Bool) {
        var clock = time_t(time.microseconds / 1_000_000)
        var zoned = tm()
        if isUTC { gmtime_r(&clock, &zoned) } else { localtime_r(&clock, &zoned) }
        buffer.append(Int(zoned.tm_mday), width: 2)
        buffer.append("/")
        buffer.append(Self.months[Int(zoned.tm_mon)])
        buffer.append("/")
        buffer.append(Int(zoned.tm_year) + 1900)
        for number in [zoned.tm_hour, zoned.tm_min, zoned.tm_sec] {
            buffer.append(":")
            buffer.append(Int(number), width: 2)
        }
        let offset = Int(zoned.tm_gmtoff) / 60
        buffer.append(offset < 0 ? " -" : " +")
        buffer.append(abs(offset) / 60, width: 2)
        buffer.append(abs(offset) % 60, width: 2)
    }

    private func appendClock(to buffer: ByteBuffer, _ second: Int) {
        buffer.append(Int(fields.tm_hour), width: 2)
        buffer.append(":")
        buffer.append(Int(fields.tm_min), width: 2)
        buffer.append(":")
        buffer.append(second, width: 2)
    }
}
