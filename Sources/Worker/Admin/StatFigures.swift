// Which of the data plane's counters stand in which column of `show stat`.

import Proxying
import RuntimeAPI
import Unix

struct StatFigures {
    let now: Instant
    let processNumber: Int
    /// Whether a backend's state comes with its numbers of servers (`up`, `no-maint`).
    let countsServers: Bool

    func row(of frontend: Frontend) -> StatRow {
        var row = StatRow(
            .frontend, proxy: frontend.name, name: "FRONTEND", proxyID: frontend.id, serverID: 0,
            processNumber: processNumber)
        let counters = frontend.load.traffic
        fillSessions(&row, frontend.load.sessions, counters)
        row["slim"] = .integer(frontend.maxconn)
        row["dreq"] = .integer(counters.deniedRequests)
        row["dresp"] = .integer(counters.deniedResponses)
        row["ereq"] = .integer(counters.requestErrors)
        row["status"] = .text(frontend.state.rawValue)
        fillRate(&row, frontend.load.sessionRate)
        row["rate_lim"] = 0
        row["req_rate"] = .integer(frontend.load.requestRate.perSecond(at: now))
        row["req_rate_max"] = .integer(frontend.load.requestRate.max)
        row["req_tot"] = .integer(counters.requests)
        row["conn_rate"] = .integer(frontend.connectionRate.perSecond(at: now))
        row["conn_rate_max"] = .integer(frontend.connectionRate.max)
        row["conn_tot"] = .integer(counters.connections)
        row["dcon"] = .integer(counters.deniedConnections)
        row["dses"] = .integer(counters.deniedSessions)
        if frontend.isHTTP {
            fillResponses(&row, counters)
            row["intercepted"] = .integer(counters.intercepted)
            fill(&row, ["cache_lookups", "cache_hits"])
        }
        fillBoth(&row, isHTTP: frontend.isHTTP, counters)
        fill(&row, frontend.load.tls)
        row["h1_open_connections"] = .integer(frontend.isHTTP ? frontend.load.sessions.current : 0)
        row["h1_total_connections"] = .integer(frontend.isHTTP ? counters.connections : 0)
        row["h1_total_streams"] = .integer(frontend.isHTTP ? counters.requests : 0)
        row["h1_bytes_in"] = .integer(frontend.isHTTP ? counters.bytesIn : 0)
        row["h1_bytes_out"] = .integer(frontend.isHTTP ? counters.bytesOut : 0)
        return row
    }

    func row(of backend: Backend) -> StatRow {
        var row = StatRow(
            .backend, proxy: backend.name, name: "BACKEND", proxyID: backend.id, serverID: 0,
            processNumber: processNumber)
        let counters = backend.load.traffic
        let usable = backend.servers.filter(\.isUsable)
        fillSessions(&row, backend.load.sessions, counters)
        fillQueue(&row, backend.waits.queued)
        row["slim"] = .integer(backend.fullConn)
        row["dreq"] = .integer(counters.deniedRequests)
        fillServerSide(&row, counters, backend.waits.times)
        let state = backend.isUp ? "UP" : "DOWN"
        row["status"] = .text(countsServers ? "\(state) (\(usable.count)/\(backend.servers.count))" : state)
        row["weight"] = .integer(backend.balancedWeight)
        row["uweight"] = .integer(backend.balancedWeight)
        row["act"] = .integer(backend.activeServers)
        row["bck"] = .integer(backend.backupServers)
        row["chkdown"] = .integer(backend.timesDown)
        row["lastchg"] = seconds(since: backend.lastChange)
        if !backend.servers.isEmpty { row["downtime"] = wholeSeconds(backend.downtime(at: now)) }
        fillRate(&row, backend.load.sessionRate)
        row["lastsess"] = backend.lastSession.map(seconds(since:)) ?? -1
        if backend.isHTTP {
            fillResponses(&row, counters)
            row["req_tot"] = .integer(counters.requests)
            fill(&row, ["cache_lookups", "cache_hits"])
        }
        row["algo"] = .text(backend.settings.balance.rawValue)
        fill(&row, ["agg_server_status", "agg_server_check_status", "agg_check_status"])
        fillBoth(&row, isHTTP: backend.isHTTP, counters)
        fill(&row, backend.servers.reduce(TLSCounters()) { $0 + $1.load.tls })
        if backend.isHTTP {
            let connections = backend.servers.reduce(0) {
                $0 + $1.idleConnections + $1.usedConnections.current
            }
            row["h1_open_connections"] = .integer(connections)
            row["h1_total_connections"] = .integer(counters.connects)
            row["h1_total_streams"] = .integer(counters.requests)
            row["h1_bytes_in"] = .integer(counters.bytesOut)
            row["h1_bytes_out"] = .integer(counters.bytesIn)
        }
        return row
    }

    func row(of server: Server) -> StatRow {
        let backend = server.backend
        var row = StatRow(
            .server, proxy: backend.name, name: server.name, proxyID: backend.id, serverID: server.id,
            processNumber: processNumber)
        let counters = server.load.traffic
        fillSessions(&row, server.load.sessions, counters)
        fillQueue(&row, server.waits.queued)
        if let limit = server.maxconn { row["slim"] = .integer(limit) }
        fillServerSide(&row, counters, server.waits.times)
        row["status"] = .text(state(of: server))
        row["weight"] = .integer(server.effectiveWeight)
        if server.isStarting { row["throttle"] = .integer(server.warmth.percent) }
        row["uweight"] = .integer(server.weight)
        row["act"] = server.isBackup ? 0 : 1
        row["bck"] = server.isBackup ? 1 : 0
        row["lastchg"] = seconds(since: server.lastChange)
        if server.options.check { fillCheck(&row, server) }
        if let limit = server.options.maxqueue { row["qlimit"] = .integer(limit) }
        fillRate(&row, server.load.sessionRate)
        row["lastsess"] = server.lastSession.map(seconds(since:)) ?? -1
        if backend.isHTTP {
            fillResponses(&row, counters)
            row["req_tot"] = .integer(counters.requests)
        }
        if let address = server.address { row["addr"] = .text(address.description) }
        row["mode"] = .text(backend.isHTTP ? "http" : "tcp")
        row["eint"] = .integer(counters.internalErrors)
        row["srv_icur"] = .integer(server.idleConnections)
        row["safe_conn_cur"] = .integer(server.idleConnections)
        row["idle_conn_cur"] = 0
        row["used_conn_cur"] = .integer(server.usedConnections.current)
        row["need_conn_est"] = .integer(server.usedConnections.max)
        fill(&row, server.load.tls)
        return row
    }

    // MARK: Parts

    private func fillSessions(_ row: inout StatRow, _ sessions: Gauge, _ counters: TrafficCounters) {
        row["scur"] = .integer(sessions.current)
        row["smax"] = .integer(sessions.max)
        row["stot"] = .integer(counters.sessions)
        row["bin"] = .integer(counters.bytesIn)
        row["bout"] = .integer(counters.bytesOut)
    }

    private func fillQueue(_ row: inout StatRow, _ queued: Gauge) {
        row["qcur"] = .integer(queued.current)
        row["qmax"] = .integer(queued.max)
    }

    private func fillRate(_ row: inout StatRow, _ rate: RateCounter) {
        row["rate"] = .integer(rate.perSecond(at: now))
        row["rate_max"] = .integer(rate.max)
    }

    private func fillResponses(_ row: inout StatRow, _ counters: TrafficCounters) {
        row["hrsp_1xx"] = .integer(counters.status1xx)
        row["hrsp_2xx"] = .integer(counters.status2xx)
        row["hrsp_3xx"] = .integer(counters.status3xx)
        row["hrsp_4xx"] = .integer(counters.status4xx)
        row["hrsp_5xx"] = .integer(counters.status5xx)
        row["hrsp_other"] = .integer(counters.statusOther)
    }

    /// What backends and servers have in common.
    private func fillServerSide(_ row: inout StatRow, _ counters: TrafficCounters, _ times: TimeCounters) {
        row["dresp"] = .integer(counters.deniedResponses)
        row["econ"] = .integer(counters.connectionErrors)
        row["eresp"] = .integer(counters.responseErrors)
        row["wretr"] = .integer(counters.retries)
        row["wredis"] = .integer(counters.redispatches)
        row["lbtot"] = .integer(counters.chosen)
        row["cli_abrt"] = .integer(counters.clientAborts)
        row["srv_abrt"] = .integer(counters.serverAborts)
        row["wrew"] = .integer(counters.failedRewrites)
        row["connect"] = .integer(counters.connects)
        row["reuse"] = .integer(counters.reuses)
        row["qtime"] = .integer(times.queue.average)
        row["ctime"] = .integer(times.connect.average)
        row["rtime"] = .integer(times.response.average)
        row["ttime"] = .integer(times.total.average)
        row["qtime_max"] = .integer(times.queue.max)
        row["ctime_max"] = .integer(times.connect.max)
        row["rtime_max"] = .integer(times.response.max)
        row["ttime_max"] = .integer(times.total.max)
    }

    private func fill(_ row: inout StatRow, _ tls: TLSCounters) {
        row["ssl_sess"] = .integer(tls.sessions)
        row["ssl_reused_sess"] = .integer(tls.resumed)
        row["ssl_failed_handshake"] = .integer(tls.failed)
    }

    /// What frontends and backends have in common, and what a build without HTTP/2 and compression has as 0.
    private func fillBoth(_ row: inout StatRow, isHTTP: Bool, _ counters: TrafficCounters) {
        row["mode"] = .text(isHTTP ? "http" : "tcp")
        row["wrew"] = .integer(counters.failedRewrites)
        row["eint"] = .integer(counters.internalErrors)
        fill(&row, ["comp_in", "comp_out", "comp_byp", "comp_rsp"])
        for column in StatColumn.all
        where column.name.hasPrefix("h2_") || column.name.hasPrefix("h1_") {
            row[column.name] = 0
        }
    }

    private func fillCheck(_ row: inout StatRow, _ server: Server) {
        let check = server.check
        row["chkfail"] = .integer(check.failures)
        row["chkdown"] = .integer(check.timesDown)
        row["downtime"] = wholeSeconds(server.downtime(at: now))
        // A server in maintenance is not checked.
        guard !server.inMaintenance else { return }
        row["check_rise"] = .integer(check.rise)
        row["check_fall"] = .integer(check.fall)
        row["check_health"] = .integer(check.health)
        row["check_status"] = .text(check.result?.code ?? "INI")
        if let status = check.result?.status { row["check_code"] = .integer(status) }
        row["last_chk"] = .text(check.result?.detail ?? "")
        row["check_desc"] = .text(check.result?.description ?? "Initializing")
        if check.result != nil { row["check_duration"] = .integer(check.durationMilliseconds) }
    }

    /// HAProxy's words for a server's state.
    private func state(of server: Server) -> String {
        if server.inMaintenance { return "MAINT" }
        guard server.options.check else { return server.isUp ? "no check" : "DOWN" }
        let check = server.check
        if server.isUp {
            let good = check.health - check.rise + 1
            return check.health >= check.rise + check.fall - 1 ? "UP" : "UP \(max(1, good))/\(check.fall)"
        }
        return check.health == 0 ? "DOWN" : "DOWN \(check.health)/\(check.rise)"
    }

    private func fill(_ row: inout StatRow, _ names: [String]) {
        for name in names { row[name] = 0 }
    }

    private func seconds(since moment: Instant) -> FieldValue { wholeSeconds(now - moment) }

    private func wholeSeconds(_ span: Duration) -> FieldValue {
        .integer(max(0, Int(span.nanoseconds / 1_000_000_000)))
    }
}

extension Backend {
    /// The weights of the servers that balancing uses: the active ones, or the backups when none is left.
    var balancedWeight: Int {
        let usable = servers.filter(\.isUsable)
        let active = usable.filter { !$0.isBackup }
        return (active.isEmpty ? usable : active).reduce(0) { $0 + $1.effectiveWeight }
    }
}
