// The lines of `show sess`: HAProxy's fields in its order. mwproxy has no figures for the flags of HAProxy's
// buffers and prints them as 0; `phase` at the end is ours.

package struct SessionLine: Equatable, Sendable {
    /// `0x55fb01232b50`
    package var id: String
    /// `tcpv4`, `tcpv6`, `unix_stream`, `sockpair`
    package var transport: String
    package var source: String
    package var frontend: String
    /// Nil for `<NONE>`.
    package var backend: String?
    /// Nil for `<none>`.
    package var server: String?
    /// Seconds.
    package var age: Int
    /// Seconds until it times out; nil: never.
    package var expires: Int?
    /// Retries left.
    package var retries: Int
    package var clientDescriptor: Int32
    package var serverDescriptor: Int32
    /// mwproxy's word for what the stream does: `request`, `queue`, `connect`, `response`, `data`, `tunnel`.
    package var phase: String?
    /// What HAProxy tells of its buffers and deadlines; nil in mwproxy's lines.
    package var inner: Inner?

    package init(
        id: String, transport: String, source: String, frontend: String, backend: String? = nil,
        server: String? = nil, age: Int, expires: Int? = nil, retries: Int = 0, clientDescriptor: Int32 = -1,
        serverDescriptor: Int32 = -1, phase: String? = nil
    ) {
        self.id = id
        self.transport = transport
        self.source = source
        self.frontend = frontend
        self.backend = backend
        self.server = server
        self.age = age
        self.expires = expires
        self.retries = retries
        self.clientDescriptor = clientDescriptor
        self.serverDescriptor = serverDescriptor
        self.phase = phase
    }

    /// The states and deadlines inside a HAProxy stream.
    package struct Inner: Equatable, Sendable {
        /// The server side's state: 2 waits in a queue, up to 6 connects, 8 stands.
        package var serverState = 0
        /// What still has to look at the request and at the response: bits that several versions share.
        package var requestAnalysers: UInt32 = 0
        package var responseAnalysers: UInt32 = 0
        /// The request has arrived to its end.
        package var isRequestComplete = false
        /// The deadlines that are set, in seconds from now.
        package var deadlines: [Deadline: Int] = [:]
    }

    /// Which of a stream's deadlines.
    package enum Deadline: String, Sendable, CaseIterable {
        /// The client has to send, the client has to take, and the same of the server.
        case clientRead, clientWrite, serverRead, serverWrite
        /// A tarpit or another rule that waits.
        case request, response
        /// The queue or the connection to the server.
        case connect
    }

    /// An admin session, not a client's.
    package var isAdminSession: Bool { frontend == "GLOBAL" }

    /// `12s`, `1m05s` as `5m12s`, `2h3m`, `1d4h`: HAProxy's two largest units.
    package static func span(ofSeconds seconds: Int) -> String {
        let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60)
        if days > 0 { return "\(days)d\(hours)h" }
        if hours > 0 { return "\(hours)h\(minutes)m" }
        if minutes > 0 { return "\(minutes)m\(seconds % 60)s" }
        return "\(seconds)s"
    }

    /// The line with its newline.
    package var line: String {
        let channel = "f=0h,i=0,an=00h,rx=,wx=,ax="
        return "\(id): proto=\(transport) src=\(source) fe=\(frontend) be=\(backend ?? "<NONE>")"
            + " srv=\(server ?? "<none>") ts=00 epoch=0x0 age=\(Self.span(ofSeconds: age)) calls=0 rate=0 cpu=0"
            + " lat=0 rq[\(channel)] rp[\(channel)] scf=[8,0h,fd=\(clientDescriptor)]"
            + " scb=[\(serverDescriptor >= 0 ? 8 : 0),0h,fd=\(serverDescriptor)]"
            + " exp=\(expires.map(Self.span) ?? "") rc=\(retries) c_exp=\(phase.map { " phase=\($0)" } ?? "")\n"
    }
}
