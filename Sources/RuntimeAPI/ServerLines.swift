// `show servers state` (version 1 of its format) and `show servers conn`, as HAProxy 2.6 prints them.

/// One server's line of `show servers state`.
package struct ServerStateLine: Equatable, Sendable {
    package static let heading =
        "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
        + "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state "
        + "srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl "
        + "srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n"

    package var backendID: Int
    package var backend: String
    package var serverID: Int
    package var server: String
    /// The address without its port; `-` where there is none.
    package var address: String
    /// 0 stopped, 1 starting, 2 running, 3 stopping.
    package var operationalState: Int
    /// Bits: 1 by an admin, 4 by the configuration; 8 drain by an admin.
    package var adminState: Int
    package var weight: Int
    package var initialWeight: Int
    /// Seconds.
    package var sinceChange: Int
    /// HAProxy's numbers of check results.
    package var checkStatus: Int
    /// 0 unknown, 1 neutral, 2 failed, 3 passed.
    package var checkResult: Int
    package var checkHealth: Int
    /// Bits: 2 configured, 4 enabled, 8 paused.
    package var checkState: Int
    package var backendIDIsForced: Bool
    package var serverIDIsForced: Bool
    /// The name that the address was resolved from; nil for an address.
    package var hostName: String?
    package var port: Int
    package var checkPort: Int

    package init(
        backendID: Int, backend: String, serverID: Int, server: String, address: String,
        operationalState: Int,
        adminState: Int, weight: Int, initialWeight: Int, sinceChange: Int, checkStatus: Int,
        checkResult: Int,
        checkHealth: Int, checkState: Int, backendIDIsForced: Bool, serverIDIsForced: Bool, hostName: String?,
        port: Int, checkPort: Int
    ) {
        self.backendID = backendID
        self.backend = backend
        self.serverID = serverID
        self.server = server
        self.address = address
        self.operationalState = operationalState
        self.adminState = adminState
        self.weight = weight
        self.initialWeight = initialWeight
        self.sinceChange = sinceChange
        self.checkStatus = checkStatus
        self.checkResult = checkResult
        self.checkHealth = checkHealth
        self.checkState = checkState
        self.backendIDIsForced = backendIDIsForced
        self.serverIDIsForced = serverIDIsForced
        self.hostName = hostName
        self.port = port
        self.checkPort = checkPort
    }

    package var line: String {
        "\(backendID) \(backend) \(serverID) \(server) \(address) \(operationalState) \(adminState) \(weight) "
            + "\(initialWeight) \(sinceChange) \(checkStatus) \(checkResult) \(checkHealth) \(checkState) 0 "
            + "\(backendIDIsForced ? 1 : 0) \(serverIDIsForced ? 1 : 0) \(hostName ?? "-") \(port) - 0 "
            + "\(checkPort) - - 0\n"
    }
}

/// One server's line of `show servers conn`.
package struct ServerConnectionLine: Equatable, Sendable {
    /// One thread serves, so one column of idle connections a thread.
    package static let heading =
        "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim "
        + "idle_cur idle_per_thr[1]\n"

    package var backend: String
    package var server: String
    package var backendID: Int
    package var serverID: Int
    package var address: String
    package var port: Int
    /// Milliseconds.
    package var purgeDelay: Int
    package var used: Int
    package var usedMax: Int
    package var needed: Int
    package var idle: Int
    /// -1: no limit.
    package var idleLimit: Int

    package init(
        backend: String, server: String, backendID: Int, serverID: Int, address: String, port: Int,
        purgeDelay: Int, used: Int, usedMax: Int, needed: Int, idle: Int, idleLimit: Int
    ) {
        self.backend = backend
        self.server = server
        self.backendID = backendID
        self.serverID = serverID
        self.address = address
        self.port = port
        self.purgeDelay = purgeDelay
        self.used = used
        self.usedMax = usedMax
        self.needed = needed
        self.idle = idle
        self.idleLimit = idleLimit
    }

    package var line: String {
        "\(backend)/\(server) \(backendID)/\(serverID) \(address) \(port) - \(purgeDelay) \(used) \(usedMax) "
            + "\(needed) 0 \(idle) \(idleLimit) \(idle) \(idle)\n"
    }
}

/// One socket's line of `show cli sockets`.
package struct AdminSocketLine: Equatable, Sendable {
    package static let heading = "# socket lvl processes\n"

    /// `unix@/run/admin.sock`, `ipv4@127.0.0.1:9999`
    package var address: String
    package var level: CommandLevel

    package init(address: String, level: CommandLevel) {
        self.address = address
        self.level = level
    }

    package var line: String { "\(address) \(level.name) all\n" }

    /// The lines of a whole reply.
    package static func parse(_ text: String) -> [AdminSocketLine] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count >= 2, !line.hasPrefix("#"), let level = CommandLevel(name: String(words[1]))
            else {
                return nil
            }
            return AdminSocketLine(address: String(words[0]), level: level)
        }
    }
}
