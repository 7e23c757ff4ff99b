// Reads what a survey of a worker brings: `show stat`, `show servers state`, `show table` and `show map` in one text.

import ReloadModel
import RuntimeAPI

package enum SurveyReplies {
    /// How many entries each stick table has.
    package static func tableEntries(in text: String) -> [String: Int] { runningState(in: text).tables }

    /// Frontends' and backends' rows of `show stat`, added up; nil where there are none.
    static func counters(in text: String, pid: Int32, at: Int64) -> HealthCounters? {
        guard let begin = text.range(of: "# pxname,"),
            let table = StatTable(parsing: String(text[begin.lowerBound...]))
        else { return nil }
        var counters = HealthCounters(
            pid: pid, at: at, requests: 0, serverErrors: 0, connectErrors: 0, queued: 0, downBackends: [])
        for row in table.rows {
            switch row.object {
            case .frontend:
                counters.requests +=
                    (row["mode"] == "http" ? row.integer("req_tot") : nil) ?? row.integer("stot") ?? 0
                counters.serverErrors += row.integer("hrsp_5xx") ?? 0
            case .backend:
                counters.connectErrors += row.integer("econ") ?? 0
                counters.queued += row.integer("qcur") ?? 0
                if row["status"]?.hasPrefix("DOWN") == true, let name = row["pxname"] {
                    counters.downBackends.append(name)
                }
            default: break
            }
        }
        return counters
    }

    static func runningState(in text: String) -> RunningState {
        var state = RunningState()
        var columns: [Substring: Int] = [:]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("# be_id ") {
                let names = line.dropFirst(2).split(separator: " ")
                columns = Dictionary(
                    names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
            } else if line.isEmpty {
                columns = [:]
            } else if !columns.isEmpty {
                if let (name, server) = server(line.split(separator: " "), columns) {
                    state.servers[name] = server
                }
            } else if line.hasPrefix("# table: ") {
                let parts = line.dropFirst("# table: ".count).split(separator: ",")
                let used = parts.last { $0.hasPrefix(" used:") }.flatMap { Int($0.dropFirst(" used:".count)) }
                if let name = parts.first, let used { state.tables[String(name)] = used }
            } else if let count = line.range(of: " entry_cnt="), let open = line.firstIndex(of: "("),
                let close = line[open...].firstIndex(of: ")")
            {
                let name = line[line.index(after: open)..<close]
                state.maps[String(name)] = Int(line[count.upperBound...].prefix { $0.isNumber })
            }
        }
        return state
    }

    private static func server(
        _ words: [Substring], _ columns: [Substring: Int]
    ) -> (String, RunningState.Server)? {
        func word(_ name: Substring) -> Substring? {
            columns[name].flatMap { $0 < words.count ? words[$0] : nil }
        }
        guard let backend = word("be_name"), let name = word("srv_name"),
            let admin = word("srv_admin_state").flatMap({ Int($0) }),
            let weight = word("srv_uweight").flatMap({ Int($0) }),
            let initial = word("srv_iweight").flatMap({ Int($0) }), let address = word("srv_addr"),
            let port = word("srv_port")
        else { return nil }
        return (
            "\(backend)/\(name)",
            RunningState.Server(
                adminState: admin, weight: weight, initialWeight: initial, address: "\(address):\(port)")
        )
    }
}

extension String {
    fileprivate func range(of part: String) -> Range<Index>? { self[...].range(of: part) }
}
