// Where the proxy's log lines come from: the journal, or a file that grows.

import Glibc
import ReloadModel
import Unix

/// One line as it was logged; may hold control characters.
package struct SourceLine: Equatable, Sendable {
    /// Microseconds since 1970; nil where the source does not tell.
    package var at: Int64?
    package var text: String
    /// It was there before this program looked.
    package var isPast: Bool
    /// The process that wrote it, where the journal tells.
    package var writer: Int32?
}

/// A log file that is followed over rotation and truncation.
package final class LogFile {
    /// How much of what is there already is read.
    private static let pastLength: Int64 = 256 << 10

    private let path: String
    private var file: Descriptor?
    private var inode: ino_t = 0
    private var offset: Int64 = 0
    private var rest: [UInt8] = []
    private var isFirst = true
    /// Why the file cannot be read now.
    package private(set) var failure: Errno?

    package init(path: String) {
        self.path = path
    }

    /// The lines that came since the last call.
    package func drain() -> [SourceLine] {
        var lines: [SourceLine] = []
        var info = stat()
        let isMissing = stat(path, &info) != 0
        if isMissing { failure = .last }
        if !isMissing, file == nil || info.st_ino != inode {
            // What is left of the file before it was rotated.
            if file != nil { lines += read(isPast: false) }
            open(info)
        }
        if let size = size(), size < offset { offset = 0 }
        lines += read(isPast: isFirst)
        if file != nil { isFirst = false }
        return lines
    }

    private func open(_ info: stat) {
        let raw = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else {
            failure = .last
            return
        }
        failure = nil
        inode = info.st_ino
        offset = isFirst ? max(0, Int64(info.st_size) - Self.pastLength) : 0
        rest = []
        file = Descriptor(owning: raw)
    }

    private func size() -> Int64? {
        guard file != nil, let raw = file?.raw else { return nil }
        var info = stat()
        return fstat(raw, &info) == 0 ? Int64(info.st_size) : nil
    }

    private func read(isPast: Bool) -> [SourceLine] {
        guard let raw = file?.raw else { return [] }
        var lines: [SourceLine] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = pread(raw, &chunk, chunk.count, off_t(offset))
            guard count > 0 else { return lines }
            offset += Int64(count)
            rest += chunk[..<count]
            var parts = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            rest = Array(parts.removeLast())
            // A line without an end is not kept for ever.
            if rest.count > 1 << 20 { rest = [] }
            for part in parts where !part.isEmpty {
                let line = TimedLine(String(decoding: part, as: UTF8.self))
                lines.append(SourceLine(at: line.at, text: line.text, isPast: isPast))
            }
        }
    }
}

/// A line of a log file with the time that stands in front of it.
package struct TimedLine: Equatable, Sendable {
    package var at: Int64?
    package var text: String

    /// Reads `2026-11-22T10:33:38.123456+01:00 host haproxy[2364]: text` and `Nov 22 10:33:38 host haproxy[2364]:
    /// text` (local time, the latest such day); other lines are text as they are.
    package init(_ line: String, now: Int64 = WallClock.now().microseconds) {
        if let (at, rest) = Self.internetTime(line) ?? Self.syslogTime(line, now: now) {
            self.at = at
            text = Self.withoutTag(rest)
        } else {
            at = nil
            text = line
        }
    }

    /// Drops `host haproxy[2364]: ` in front of what the proxy wrote.
    private static func withoutTag(_ rest: Substring) -> String {
        let words = rest.split(separator: " ", maxSplits: 2)
        guard words.count == 3, words[1].hasSuffix(":") else { return String(rest) }
        return String(words[2])
    }

    private static func internetTime(_ line: String) -> (Int64, Substring)? {
        guard let end = line.firstIndex(of: " "), line.prefix(5).last == "-", line[..<end].count >= 19 else {
            return nil
        }
        let word = line[..<end]
        let parts = word.split { "-T:+Z.".contains($0) }
        guard parts.count >= 6, let year = Int32(parts[0]), let month = Int32(parts[1]),
            let day = Int32(parts[2]),
            let hour = Int32(parts[3]), let minute = Int32(parts[4]), let second = Int32(parts[5])
        else { return nil }
        var form = tm()
        (form.tm_year, form.tm_mon, form.tm_mday) = (year - 1900, month - 1, day)
        (form.tm_hour, form.tm_min, form.tm_sec) = (hour, minute, second)
        var at = Int64(timegm(&form)) * 1_000_000
        let clock = word.dropFirst(19)
        if clock.first == "." {
            let digits = clock.dropFirst().prefix { $0.isNumber }.prefix(6)
            let padded = digits + String(repeating: "0", count: 6 - digits.count)
            at += Int64(padded) ?? 0
        }
        if let sign = clock.lastIndex(where: { $0 == "+" || $0 == "-" }) {
            let zone = clock[clock.index(after: sign)...].split(separator: ":").compactMap { Int64($0) }
            let seconds = (zone.first ?? 0) * 3600 + (zone.count > 1 ? zone[1] * 60 : 0)
            at -= (clock[sign] == "+" ? 1 : -1) * seconds * 1_000_000
        }
        return (at, line[line.index(after: end)...])
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func syslogTime(_ line: String, now: Int64) -> (Int64, Substring)? {
        guard let month = months.firstIndex(of: String(line.prefix(3))), line.count > 16 else { return nil }
        let start = line.index(line.startIndex, offsetBy: 4)
        let end = line.index(line.startIndex, offsetBy: 15)
        let parts = line[start..<end].split { $0 == " " || $0 == ":" }.compactMap { Int32($0) }
        guard parts.count == 4, line[end] == " " else { return nil }
        var seconds = time_t(now / 1_000_000)
        var form = tm()
        localtime_r(&seconds, &form)
        (form.tm_mon, form.tm_mday) = (Int32(month), parts[0])
        (form.tm_hour, form.tm_min, form.tm_sec, form.tm_isdst) = (parts[1], parts[2], parts[3], -1)
        var at = Int64(mktime(&form)) * 1_000_000
        if at > now + 86_400_000_000 {
            form.tm_year -= 1
            at = Int64(mktime(&form)) * 1_000_000
        }
        return (at, line[line.index(after: end)...])
    }
}
