// Where log lines go.

/// `log`.
package struct LogTarget: Hashable, Sendable {
    package enum Destination: Hashable, Sendable {
        case stdout, stderr
        case descriptor(Int32)
        case unix(path: String)
        case udp(Endpoint)
    }
    package enum Format: String, Sendable {
        case local, rfc3164, rfc5424, priority, short, timed, iso, raw
    }
    package var destination: Destination
    /// Nil: the destination's usual one (`local` for sockets, `raw`-like for descriptors as HAProxy decides).
    package var format: Format?
    /// Longest line, in bytes.
    package var length = 1024
    /// 0…23, RFC 5424.
    package var facility: Int
    /// Least severe level that is sent, 0 (emerg) … 7 (debug).
    package var maxLevel = 7
    /// Messages more severe than this are sent as this one.
    package var minLevel = 0

    package init(destination: Destination, facility: Int) {
        self.destination = destination
        self.facility = facility
    }
}
