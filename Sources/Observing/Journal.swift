// The systemd journal: the proxy's lines with the kernel's time, those of the past first.

import CSystemd
import Glibc
import ReloadModel
import Unix

package final class Journal {
    /// How many lines of the past are read at most, and how old they may be.
    private static let pastLines: UInt64 = 3000
    private static let pastSpan: Int64 = 86_400 * 1_000_000

    private let journal: OpaquePointer
    private var isFirst = true
    /// True when no journal file can be read: nothing is logged here, or permission is missing.
    package let isEmpty: Bool

    /// Whose lines.
    package enum Selection: Equatable, Sendable {
        /// A systemd unit; `.service` is added where no suffix is given.
        case unit(String)
        /// What a program of this name logs, whoever started it.
        case program(String)
    }

    /// Opens the machine's journal, or the files in `directory`.
    package init(_ selection: Selection, directory: String? = nil) throws(Errno) {
        var opened: OpaquePointer?
        let code: Int32 =
            if let directory {
                sd_journal_open_directory(&opened, directory, 0)
            } else {
                sd_journal_open(&opened, Int32(SD_JOURNAL_LOCAL_ONLY))
            }
        guard code >= 0, let opened else { throw Errno(rawValue: CInt(-code)) }
        journal = opened
        isEmpty =
            directory == nil && sd_journal_has_runtime_files(journal) <= 0
            && sd_journal_has_persistent_files(journal) <= 0
        switch selection {
        case .unit(let name):
            let unit = name.contains(".") ? name : name + ".service"
            match("_SYSTEMD_UNIT=\(unit)")
            sd_journal_add_disjunction(journal)
            match("UNIT=\(unit)")
        case .program(let name):
            match("SYSLOG_IDENTIFIER=\(name)")
            sd_journal_add_disjunction(journal)
            match("_COMM=\(name)")
        }
        // The descriptor must be asked for before the first line is read, or changes are not told.
        _ = sd_journal_get_fd(journal)
    }

    deinit {
        sd_journal_close(journal)
    }

    private func match(_ text: String) {
        _ = text.withCString { sd_journal_add_match(journal, $0, 0) }
    }

    /// Readable when there may be new lines.
    package var descriptor: Int32? {
        let number = sd_journal_get_fd(journal)
        return number >= 0 ? number : nil
    }

    /// The lines since the last call; the first call gives those of the past.
    package func drain() -> [SourceLine] {
        let isPast = isFirst
        let earliest = WallClock.now().microseconds - Self.pastSpan
        if isFirst {
            isFirst = false
            sd_journal_seek_tail(journal)
            guard sd_journal_previous_skip(journal, Self.pastLines) > 0 else { return [] }
        } else {
            _ = sd_journal_process(journal)
            guard sd_journal_next(journal) > 0 else { return [] }
        }
        var lines: [SourceLine] = []
        repeat {
            if let line = current(isPast: isPast), !isPast || (line.at ?? 0) > earliest { lines.append(line) }
        } while sd_journal_next(journal) > 0
        return lines
    }

    private func current(isPast: Bool) -> SourceLine? {
        guard let message = field("MESSAGE") else { return nil }
        var at: UInt64 = 0
        // The time of the writer where the journal has it: it is nearer to the event than the time of storing.
        if let source = field("_SOURCE_REALTIME_TIMESTAMP").flatMap({ UInt64($0) }) {
            at = source
        } else if sd_journal_get_realtime_usec(journal, &at) < 0 {
            return nil
        }
        return SourceLine(
            at: Int64(clamping: at), text: message, isPast: isPast,
            writer: field("_PID").flatMap { Int32($0) })
    }

    /// The value of a field of the current entry.
    private func field(_ name: String) -> String? {
        var data: UnsafeRawPointer?
        var length = 0
        guard sd_journal_get_data(journal, name, &data, &length) >= 0, let data else { return nil }
        let bytes = UnsafeRawBufferPointer(start: data, count: length).dropFirst(name.utf8.count + 1)
        return String(decoding: bytes, as: UTF8.self)
    }
}
