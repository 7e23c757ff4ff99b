// The fields of `show info` in HAProxy 2.6's order and spelling (`TotalSplicdedBytesOut` included). The numbers
// have gaps where HAProxy leaves fields out that were not built in or not configured.

/// One field of `show info`.
package struct InfoField: Sendable {
    package let position: Int
    package let name: String
    let tags: FieldTags
    package let type: FieldType
    package let description: String

    private init(_ position: Int, _ name: String, _ tags: String, _ type: FieldType, _ description: String) {
        self.position = position
        self.name = name
        self.tags = FieldTags(letters: tags)
        self.type = type
        self.description = description
    }

    package static let all: [InfoField] = [
        InfoField(0, "Name", "POS", .str, "Product's name"),
        InfoField(1, "Version", "POS", .str, "Product's version"),
        InfoField(2, "Release_date", "POS", .str, "Date of the sources"),
        InfoField(3, "Nbthread", "CGS", .u32, "Threads that serve"),
        InfoField(4, "Nbproc", "CGS", .u32, "Worker processes at a time"),
        InfoField(
            5, "Process_num", "KGP", .u32,
            "Number of this worker: 1 at the start, one more for each reload that succeeded"),
        InfoField(6, "Pid", "SGP", .u32, "Process id of this worker"),
        InfoField(7, "Uptime", "MDP", .str, "Time since this worker started"),
        InfoField(8, "Uptime_sec", "MDP", .u32, "Seconds since this worker started"),
        InfoField(9, "Memmax_MB", "CLP", .u32, "Limit of memory in MB, 0 for none"),
        InfoField(10, "PoolAlloc_MB", "MGP", .u32, "MB of memory that pools hold"),
        InfoField(11, "PoolUsed_MB", "MGP", .u32, "MB of memory that pools use"),
        InfoField(12, "PoolFailed", "MCP", .u32, "Allocations that failed"),
        InfoField(13, "Ulimit-n", "CLP", .u32, "Limit of file descriptors"),
        InfoField(14, "Maxsock", "CLP", .u32, "Limit of sockets"),
        InfoField(15, "Maxconn", "CLP", .u32, "Limit of client connections"),
        InfoField(
            16, "Hard_maxconn", "CLP", .u32, "Limit of client connections that descriptors and memory allow"),
        InfoField(17, "CurrConns", "MGP", .u32, "Client connections now"),
        InfoField(18, "CumConns", "MCP", .u32, "Client connections since the start"),
        InfoField(19, "CumReq", "MCP", .u32, "Requests since the start"),
        InfoField(20, "MaxSslConns", "MMP", .u32, "Limit of TLS connections, 0 for none"),
        InfoField(21, "CurrSslConns", "MGP", .u32, "TLS connections now"),
        InfoField(22, "CumSslConns", "MCP", .u32, "TLS connections since the start"),
        InfoField(23, "Maxpipes", "CLP", .u32, "Limit of pipes, 0 for none"),
        InfoField(24, "PipesUsed", "MGP", .u32, "Pipes in use"),
        InfoField(25, "PipesFree", "MGP", .u32, "Pipes that are kept for use"),
        InfoField(26, "ConnRate", "MRP", .u32, "Client connections in the last second"),
        InfoField(27, "ConnRateLimit", "CLP", .u32, "Limit of connections a second"),
        InfoField(28, "MaxConnRate", "MMP", .u32, "Most connections in a second"),
        InfoField(29, "SessRate", "MRP", .u32, "Sessions in the last second"),
        InfoField(30, "SessRateLimit", "CLP", .u32, "Limit of sessions a second"),
        InfoField(31, "MaxSessRate", "MRP", .u32, "Most sessions in a second"),
        InfoField(32, "SslRate", "MRP", .u32, "TLS connections in the last second"),
        InfoField(33, "SslRateLimit", "CLP", .u32, "Limit of TLS connections a second"),
        InfoField(34, "MaxSslRate", "MMP", .u32, "Most TLS connections in a second"),
        InfoField(35, "SslFrontendKeyRate", "MGP", .u32, "TLS keys made for clients in the last second"),
        InfoField(36, "SslFrontendMaxKeyRate", "MMP", .u32, "Most TLS keys made for clients in a second"),
        InfoField(
            37, "SslFrontendSessionReuse_pct", "MGP", .u32,
            "Percent of the clients' TLS connections that resumed a session"),
        InfoField(38, "SslBackendKeyRate", "MRP", .u32, "TLS keys made for servers in the last second"),
        InfoField(39, "SslBackendMaxKeyRate", "MMP", .u32, "Most TLS keys made for servers in a second"),
        InfoField(40, "SslCacheLookups", "MCP", .u32, "Lookups of TLS sessions"),
        InfoField(41, "SslCacheMisses", "MCP", .u32, "Lookups of TLS sessions that found none"),
        InfoField(42, "CompressBpsIn", "MRP", .u32, "Bytes given to the compressor in the last second"),
        InfoField(
            43, "CompressBpsOut", "MRP", .u32, "Bytes that came from the compressor in the last second"),
        InfoField(44, "CompressBpsRateLim", "CLP", .u32, "Limit of compressed bytes a second"),
        InfoField(47, "Tasks", "MGP", .u32, "Watchers with a deadline or descriptor"),
        InfoField(48, "Run_queue", "MGP", .u32, "Watchers that wait for their turn"),
        InfoField(49, "Idle_pct", "MaP", .u32, "Percent of the last second that was spent waiting"),
        InfoField(50, "node", "COS", .str, "Node's name"),
        InfoField(51, "description", "COS", .str, "Node's description; no row where none is configured"),
        InfoField(52, "Stopping", "MGP", .u32, "1 while this worker drains, else 0"),
        InfoField(
            53, "Jobs", "MGP", .u32,
            "What keeps this worker busy: client connections, listeners, the master's connection"),
        InfoField(54, "Unstoppable Jobs", "MGP", .u32, "Jobs that do not end by themselves"),
        InfoField(55, "Listeners", "MGP", .u32, "Listeners that accept"),
        InfoField(56, "ActivePeers", "MGP", .u32, "Peers that are in sync"),
        InfoField(57, "ConnectedPeers", "MGP", .u32, "Peers that are connected"),
        InfoField(58, "DroppedLogs", "MGP", .u32, "Log lines that could not be sent"),
        InfoField(59, "BusyPolling", "MGP", .u32, "1 while busy polling, else 0"),
        InfoField(60, "FailedResolutions", "MGP", .u32, "Name resolutions that failed"),
        InfoField(61, "TotalBytesOut", "MGP", .u64, "Bytes to clients"),
        InfoField(62, "TotalSplicdedBytesOut", "MGP", .u64, "Bytes to clients through pipes"),
        InfoField(63, "BytesOutRate", "MRP", .u64, "Bytes to clients in the last second"),
        InfoField(64, "DebugCommandsIssued", "MGP", .u32, "Debug commands since the start"),
        InfoField(65, "CumRecvLogs", "MCP", .u32, "Log lines received from clients"),
        InfoField(66, "Build info", "POS", .str, "What was built"),
        InfoField(67, "Memmax_bytes", "CLP", .u32, "Limit of memory in bytes, 0 for none"),
        InfoField(68, "PoolAlloc_bytes", "MGP", .u64, "Bytes of memory that pools hold"),
        InfoField(69, "PoolUsed_bytes", "MGP", .u64, "Bytes of memory that pools use"),
        InfoField(70, "Start_time_sec", "MDP", .u32, "When this worker started, in seconds since 1970"),
        InfoField(71, "Tainted", "SGP", .str, "Experimental features in use"),
    ]
}
