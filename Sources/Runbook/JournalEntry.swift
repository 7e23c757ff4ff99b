// A line for the machine's journal, where there is one.

import CSystemd
import Glibc
import Unix

enum JournalEntry {
    /// Sends `message` with `fields` (names in capitals). Without a journal nothing happens: the audit log has it all.
    static func send(_ message: String, _ fields: [(String, String)]) {
        let all = [("MESSAGE", message), ("SYSLOG_IDENTIFIER", "reloadtop"), ("PRIORITY", "5")] + fields
        var entries = all.map { name, value in
            let text = Array("\(name)=\(value)".utf8)
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: text.count, alignment: 1)
            copy.copyBytes(from: text)
            return iovec(iov_base: copy.baseAddress, iov_len: copy.count)
        }
        defer { for entry in entries { entry.iov_base.deallocate() } }
        _ = sd_journal_sendv(&entries, Int32(entries.count))
    }
}
