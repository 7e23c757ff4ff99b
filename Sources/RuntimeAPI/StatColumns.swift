// The columns of `show stat` in HAProxy 2.6's order. The csv form has a column `-` between the proxies' own
// columns and those of the protocols.

/// What a row of `show stat` is about; the number is the `type` column.
package enum StatObject: Int, CaseIterable, Sendable {
    case frontend, backend, server, listener

    /// The letter that the typed form starts with.
    var letter: String {
        switch self {
        case .frontend: "F"
        case .backend: "B"
        case .server: "S"
        case .listener: "L"
        }
    }

    /// `objType` of the JSON form.
    var jsonName: String {
        switch self {
        case .frontend: "Frontend"
        case .backend: "Backend"
        case .server: "Server"
        case .listener: "Listener"
        }
    }

    /// The bit that asks for it in `show stat <proxy> <type> <sid>`.
    var bit: Int { 1 << (self == .server ? 2 : self == .listener ? 3 : rawValue) }
}

/// One column of `show stat`.
package struct StatColumn: Sendable {
    package let name: String
    private let tags: FieldTags
    private let backendTags: FieldTags
    package let type: FieldType
    package let description: String

    private init(
        _ name: String, _ tags: String, _ type: FieldType, _ description: String, backend: String? = nil
    ) {
        self.name = name
        self.tags = FieldTags(letters: tags)
        self.backendTags = FieldTags(letters: backend ?? tags)
        self.type = type
        self.description = description
    }

    func tags(for object: StatObject) -> FieldTags { object == .backend ? backendTags : tags }

    /// Where the csv form has its column `-`: before this position.
    static let csvSeparator = all.firstIndex { $0.name == "ssl_sess" } ?? all.count

    /// The position of a column; nil where 2.6 has none of that name.
    package static func position(of name: String) -> Int? { positions[name] }

    private static let positions = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1.name, $0) })

    package static let all: [StatColumn] = [
        StatColumn("pxname", "KNS", .str, "Proxy's name"),
        StatColumn("svname", "KNS", .str, "Server's name, or FRONTEND or BACKEND"),
        StatColumn("qcur", "MGP", .u32, "Requests that wait in the queue now"),
        StatColumn("qmax", "MMP", .u32, "Most requests that waited at a time"),
        StatColumn("scur", "MGP", .u32, "Sessions now"),
        StatColumn("smax", "MMP", .u32, "Most sessions at a time"),
        StatColumn("slim", "CLP", .u32, "Limit of sessions"),
        StatColumn("stot", "MCP", .u64, "Sessions since the start"),
        StatColumn("bin", "MCP", .u64, "Bytes from clients"),
        StatColumn("bout", "MCP", .u64, "Bytes to clients"),
        StatColumn("dreq", "MCP", .u64, "Requests that rules denied"),
        StatColumn("dresp", "MCP", .u64, "Responses that rules denied"),
        StatColumn("ereq", "MCP", .u64, "Requests that were no valid ones"),
        StatColumn("econ", "MCP", .u64, "Connections to servers that failed"),
        StatColumn("eresp", "MCP", .u64, "Responses that were no valid ones"),
        StatColumn("wretr", "MCP", .u64, "Connections to servers that were tried again"),
        StatColumn("wredis", "MCP", .u64, "Streams that went to another server after a failure"),
        StatColumn("status", "SGP", .str, "State: OPEN, FULL or STOP; UP or DOWN; what the last check said"),
        StatColumn("weight", "MaP", .u32, "Weight that balancing uses; of a backend the sum"),
        StatColumn("act", "SGP", .u32, "Active servers that take requests", backend: "MGP"),
        StatColumn("bck", "SGP", .u32, "Backup servers that take requests", backend: "MGP"),
        StatColumn("chkfail", "MCP", .u64, "Checks that failed while the server was up"),
        StatColumn("chkdown", "MCP", .u64, "Changes from UP to DOWN"),
        StatColumn("lastchg", "MAP", .u32, "Seconds since the state last changed"),
        StatColumn("downtime", "MCP", .u32, "Seconds spent DOWN"),
        StatColumn("qlimit", "CLP", .u32, "Most requests that may wait for this server"),
        StatColumn("pid", "KGP", .u32, "Process number of this worker"),
        StatColumn("iid", "KGS", .u32, "Number of the proxy"),
        StatColumn("sid", "KGS", .u32, "Number of the server"),
        StatColumn("throttle", "MaP", .u32, "Percent of its weight that a slowly starting server has"),
        StatColumn("lbtot", "MCP", .u64, "Requests that balancing sent here"),
        StatColumn("tracked", "CNS", .str, "Server whose state this one follows"),
        StatColumn("type", "CGS", .u32, "Kind: 0 frontend, 1 backend, 2 server, 3 listener"),
        StatColumn("rate", "MRP", .u32, "Sessions in the last second", backend: "MGP"),
        StatColumn("rate_lim", "CLP", .u32, "Limit of sessions a second"),
        StatColumn("rate_max", "MMP", .u32, "Most sessions in a second", backend: "MGP"),
        StatColumn("check_status", "MOP", .str, "Result of the last check"),
        StatColumn("check_code", "MOP", .u32, "Layer 5 to 7 code of the last check"),
        StatColumn("check_duration", "MDP", .u64, "Milliseconds that the last check took"),
        StatColumn("hrsp_1xx", "MCP", .u64, "Responses with status 100 to 199"),
        StatColumn("hrsp_2xx", "MCP", .u64, "Responses with status 200 to 299"),
        StatColumn("hrsp_3xx", "MCP", .u64, "Responses with status 300 to 399"),
        StatColumn("hrsp_4xx", "MCP", .u64, "Responses with status 400 to 499"),
        StatColumn("hrsp_5xx", "MCP", .u64, "Responses with status 500 to 599"),
        StatColumn("hrsp_other", "MCP", .u64, "Responses with any other status"),
        StatColumn("hanafail", "MCP", .u64, "Failed checks by observed traffic"),
        StatColumn("req_rate", "MRP", .u32, "HTTP requests in the last second"),
        StatColumn("req_rate_max", "MMP", .u32, "Most HTTP requests in a second"),
        StatColumn("req_tot", "MCP", .u64, "HTTP requests since the start"),
        StatColumn("cli_abrt", "MCP", .u64, "Transfers that clients gave up"),
        StatColumn("srv_abrt", "MCP", .u64, "Transfers that servers gave up"),
        StatColumn("comp_in", "MCP", .u64, "Bytes given to the compressor"),
        StatColumn("comp_out", "MCP", .u64, "Bytes that came from the compressor"),
        StatColumn("comp_byp", "MCP", .u64, "Bytes that went past the compressor"),
        StatColumn("comp_rsp", "MCP", .u64, "Responses that were compressed"),
        StatColumn("lastsess", "MAP", .s32, "Seconds since the last session, -1 for none"),
        StatColumn("last_chk", "MOP", .str, "What the last check read"),
        StatColumn("last_agt", "MOP", .str, "What the last agent check read"),
        StatColumn("qtime", "MaP", .u32, "Milliseconds in the queue, average of the last 1024 requests"),
        StatColumn("ctime", "MaP", .u32, "Milliseconds until connected, average of the last 1024 requests"),
        StatColumn(
            "rtime", "MaP", .u32, "Milliseconds until the response, average of the last 1024 requests"),
        StatColumn("ttime", "MaP", .u32, "Milliseconds in all, average of the last 1024 requests"),
        StatColumn("agent_status", "MOP", .str, "Result of the last agent check"),
        StatColumn("agent_code", "MOP", .u32, "Code of the last agent check"),
        StatColumn("agent_duration", "MDP", .u64, "Milliseconds that the last agent check took"),
        StatColumn("check_desc", "MOP", .str, "The last check's result in words"),
        StatColumn("agent_desc", "MOP", .str, "The last agent check's result in words"),
        StatColumn("check_rise", "CGS", .u32, "Good checks that bring the server up"),
        StatColumn("check_fall", "CGS", .u32, "Bad checks that take the server down"),
        StatColumn("check_health", "CGS", .u32, "Health of the server, 0 to rise + fall - 1"),
        StatColumn("agent_rise", "CGS", .u32, "Good agent checks that bring the server up"),
        StatColumn("agent_fall", "CGS", .u32, "Bad agent checks that take the server down"),
        StatColumn("agent_health", "CGS", .u32, "Health by the agent"),
        StatColumn("addr", "CGS", .str, "Server's address and port"),
        StatColumn("cookie", "CNS", .str, "Server's cookie, or the backend's cookie name"),
        StatColumn("mode", "CGS", .str, "Mode: http or tcp"),
        StatColumn("algo", "CGS", .str, "Balancing algorithm"),
        StatColumn("conn_rate", "MRP", .u32, "Connections in the last second"),
        StatColumn("conn_rate_max", "MMP", .u32, "Most connections in a second"),
        StatColumn("conn_tot", "MCP", .u64, "Connections since the start"),
        StatColumn("intercepted", "MCP", .u64, "Requests that the proxy answered itself"),
        StatColumn("dcon", "MCP", .u64, "Connections that rules denied"),
        StatColumn("dses", "MCP", .u64, "Sessions that rules denied"),
        StatColumn("wrew", "MCP", .u64, "Header rewrites that failed"),
        StatColumn("connect", "MCP", .u64, "Connections to servers that were tried"),
        StatColumn("reuse", "MCP", .u64, "Uses of idle connections"),
        StatColumn("cache_lookups", "MCP", .u64, "Lookups in the cache"),
        StatColumn("cache_hits", "MCP", .u64, "Hits in the cache"),
        StatColumn("srv_icur", "MGP", .u32, "Idle connections to this server"),
        StatColumn("src_ilim", "CLP", .u32, "Limit of idle connections to this server"),
        StatColumn("qtime_max", "MMP", .u32, "Longest time in the queue, in milliseconds"),
        StatColumn("ctime_max", "MMP", .u32, "Longest time until connected, in milliseconds"),
        StatColumn("rtime_max", "MMP", .u32, "Longest time until the response, in milliseconds"),
        StatColumn("ttime_max", "MMP", .u32, "Longest time in all, in milliseconds"),
        StatColumn("eint", "MCP", .u64, "Internal errors"),
        StatColumn("idle_conn_cur", "MGP", .u32, "Idle connections that only their own client may use"),
        StatColumn("safe_conn_cur", "MGP", .u32, "Idle connections that any client may use"),
        StatColumn("used_conn_cur", "MGP", .u32, "Connections in use"),
        StatColumn("need_conn_est", "MGP", .u32, "Connections that are thought to be needed"),
        StatColumn("uweight", "MaP", .u32, "Weight as the admin set it; of a backend the sum"),
        StatColumn("agg_server_status", "MGP", .u32, "Servers by state"),
        StatColumn("agg_server_check_status", "MGP", .u32, "Servers by state of their checks"),
        StatColumn("agg_check_status", "MGP", .u32, "Servers by state of their checks"),
        StatColumn("ssl_sess", "MCP", .u64, "TLS sessions"),
        StatColumn("ssl_reused_sess", "MCP", .u64, "TLS sessions that were resumed"),
        StatColumn("ssl_failed_handshake", "MCP", .u64, "TLS handshakes that failed"),
        StatColumn("h2_headers_rcvd", "MCP", .u64, "HEADERS frames received"),
        StatColumn("h2_data_rcvd", "MCP", .u64, "DATA frames received"),
        StatColumn("h2_settings_rcvd", "MCP", .u64, "SETTINGS frames received"),
        StatColumn("h2_rst_stream_rcvd", "MCP", .u64, "RST_STREAM frames received"),
        StatColumn("h2_goaway_rcvd", "MCP", .u64, "GOAWAY frames received"),
        StatColumn("h2_detected_conn_protocol_errors", "MCP", .u64, "Protocol errors of connections"),
        StatColumn("h2_detected_strm_protocol_errors", "MCP", .u64, "Protocol errors of streams"),
        StatColumn("h2_rst_stream_resp", "MCP", .u64, "RST_STREAM frames sent on errors"),
        StatColumn("h2_goaway_resp", "MCP", .u64, "GOAWAY frames sent on errors"),
        StatColumn("h2_open_connections", "MGP", .u64, "HTTP/2 connections now"),
        StatColumn("h2_backend_open_streams", "MGP", .u64, "HTTP/2 streams now"),
        StatColumn("h2_total_connections", "MCP", .u64, "HTTP/2 connections since the start"),
        StatColumn("h2_backend_total_streams", "MCP", .u64, "HTTP/2 streams since the start"),
        StatColumn("h1_open_connections", "MGP", .u64, "HTTP/1 connections now"),
        StatColumn("h1_open_streams", "MGP", .u64, "HTTP/1 streams now"),
        StatColumn("h1_total_connections", "MCP", .u64, "HTTP/1 connections since the start"),
        StatColumn("h1_total_streams", "MCP", .u64, "HTTP/1 streams since the start"),
        StatColumn("h1_bytes_in", "MCP", .u64, "HTTP/1 bytes received"),
        StatColumn("h1_bytes_out", "MCP", .u64, "HTTP/1 bytes sent"),
        StatColumn("h1_spliced_bytes_in", "MCP", .u64, "HTTP/1 bytes received through pipes"),
        StatColumn("h1_spliced_bytes_out", "MCP", .u64, "HTTP/1 bytes sent through pipes"),
    ]
}
