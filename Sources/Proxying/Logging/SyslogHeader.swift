// What stands in front of a message, by the format of its target.

import ConfigLanguage
import Unix

/// The part of a log line that the proxy's message follows.
struct SyslogHeader {
    let format: LogTarget.Format
    let facility: Int
    let tag: String
    let hostname: String
    let pid: Int32

    func append(to buffer: ByteBuffer, level: Int, time: WallClock, calendar: Calendar) {
        switch format {
        case .raw: return
        case .short: appendPriority(to: buffer, level)
        case .priority: appendPriority(to: buffer, facility * 8 + level)
        case .timed:
            appendPriority(to: buffer, level)
            calendar.appendSyslogDate(to: buffer, time)
            buffer.append(" ")
        case .iso:
            calendar.appendISODate(to: buffer, time)
            buffer.append(" ")
        case .local, .rfc3164:
            appendPriority(to: buffer, facility * 8 + level)
            calendar.appendSyslogDate(to: buffer, time)
            buffer.append(" ")
            if format == .rfc3164 && !hostname.isEmpty {
                buffer.append(hostname)
                buffer.append(" ")
            }
            buffer.append(tag)
            buffer.append("[")
            buffer.append(Int(pid))
            buffer.append("]: ")
        case .rfc5424:
            appendPriority(to: buffer, facility * 8 + level)
            buffer.append("1 ")
            calendar.appendISODate(to: buffer, time)
            buffer.append(" ")
            buffer.append(hostname.isEmpty ? "-" : hostname)
            buffer.append(" ")
            buffer.append(tag)
            buffer.append(" ")
            buffer.append(Int(pid))
            buffer.append(" - - ")
        }
    }

    private func appendPriority(to buffer: ByteBuffer, _ number: Int) {
        buffer.append("<")
        buffer.append(number)
        buffer.append(">")
    }
}
