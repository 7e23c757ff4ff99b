// Takes joined replies of a master's admin socket apart: `show proc` first, then one `show info` a worker.

import ReloadModel
import RuntimeAPI

/// The fields of one worker's `show info` that decide something.
package struct WorkerInfo: Equatable, Sendable {
    package var pid: Int32
    package var isStopping: Bool
    package var currentConnections: Int?
    /// Connections and listeners of every kind, admin sessions included.
    package var jobs: Int?
    package var listeners: Int?
    package var connectedPeers: Int
    package var version: String?
    package var name: String?
    package var traffic: WorkerTraffic?

    /// Sessions that are neither clients nor listeners nor the query that asked: a cheap hint that an admin or
    /// peers session may be there. mwproxy counts its control socket as well.
    package var otherSessions: Int? {
        guard let jobs, let listeners, let currentConnections else { return nil }
        return max(0, jobs - listeners - currentConnections - 1)
    }

    init?(_ fields: [Substring: Substring]) {
        guard let pid = fields["Pid"].flatMap({ Int32($0) }), let stopping = fields["Stopping"] else {
            return nil
        }
        self.pid = pid
        isStopping = stopping != "0"
        currentConnections = fields["CurrConns"].flatMap { Int($0) }
        jobs = fields["Jobs"].flatMap { Int($0) }
        listeners = fields["Listeners"].flatMap { Int($0) }
        connectedPeers = fields["ConnectedPeers"].flatMap { Int($0) } ?? 0
        version = fields["Version"].map(String.init)
        name = fields["Name"].map(String.init)
        if let connections = fields["CumConns"].flatMap({ Int($0) }),
            let requests = fields["CumReq"].flatMap({ Int($0) }),
            let bytes = fields["TotalBytesOut"].flatMap({ Int($0) })
        {
            traffic = WorkerTraffic(connections: connections, requests: requests, bytesOut: bytes)
        }
    }
}

package enum ProxyReplies {
    /// The master's own pid in a `show proc`.
    package static func masterPID(in text: String) -> Int32? {
        ProcessTable(parsing: text)?.master?.pid
    }

    /// Every complete `show info` in a text, by pid. Byte by byte: twenty workers tell two thousand lines a look.
    package static func infos(in text: String) -> [Int32: WorkerInfo] {
        var infos: [Int32: WorkerInfo] = [:]
        var fields: [Substring: Substring] = [:]
        func close() {
            if let info = WorkerInfo(fields) { infos[info.pid] = info }
            fields.removeAll(keepingCapacity: true)
        }
        let first = "Name: ".utf8
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            if line.starts(with: first) { close() }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == UInt8(ascii: " ") }
            fields[Substring(line[..<colon])] = Substring(value)
        }
        close()
        return infos
    }

    /// The admin sessions in a `show sess`, without the query that asked, and the processes behind those that
    /// name them (mwproxy: `src=unix:pid=N`).
    package static func adminSessions(in text: String) -> (count: Int, pids: [Int32]) {
        let rows = text.split(separator: "\n").filter { $0.contains(" fe=GLOBAL ") }
        let pids = rows.compactMap { row in
            row.range(of: " src=unix:pid=").flatMap { found in
                Int32(row[found.upperBound...].prefix { $0.isNumber })
            }
        }
        return (max(0, rows.count - 1), pids)
    }

    /// The paths of the sockets in `show cli sockets`, as unix_diag names them.
    package static func adminPaths(in text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            guard let address = line.split(separator: " ").first else { return nil }
            if address.hasPrefix("unix@") { return String(address.dropFirst(5)) }
            return address.hasPrefix("abns@") ? "@" + address.dropFirst(5) : nil
        }
    }
}
