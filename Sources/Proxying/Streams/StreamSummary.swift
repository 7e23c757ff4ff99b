// What `show sess` tells of a live stream.

import Unix

/// One live stream, as text and figures.
package struct StreamSummary: Sendable {
    /// Unique in this worker; the admin writes it as `0x…`, and `shutdown session` names it.
    package var id: UInt64
    /// `tcpv4`, `tcpv6`, `unix_stream`.
    package var transport: String
    package var source: String
    package var frontend: String
    package var frontendID: Int
    package var isHTTP: Bool
    package var listenerID: Int
    /// Nil: none yet.
    package var backend: String?
    package var backendID: Int?
    package var server: String?
    package var serverID: Int?
    package var serverAddress: String?
    /// When the stream began.
    package var began: Instant
    package var beganAt: WallClock
    /// When it times out as it stands; `.never`: does not.
    package var expires: Instant
    package var clientDescriptor: Int32
    package var serverDescriptor: Int32
    package var bytesIn: Int
    package var bytesOut: Int
    package var retriesLeft: Int
    /// The place in the queue, where it waits.
    package var isQueued: Bool
    /// In our words: `request`, `queue`, `connect`, `response`, `data`, `tunnel`.
    package var phase: String
}
