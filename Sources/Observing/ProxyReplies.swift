// Takes joined replies of a master's admin socket apart: `show proc` first, then one `show info` a worker.

import Glibc
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
    package var traffic: WorkerTraffic?

    /// Sessions that are neither clients nor listeners nor the query that asked: a cheap hint that an admin or
    /// peers session may be there.
    package var otherSessions: Int? {
        guard let jobs, let listeners, let currentConnections else { return nil }
        return max(0, jobs - listeners - currentConnections - 1)
    }

    /// Neither an admin session nor the like was seen.
    var isQuiet: Bool { (otherSessions ?? 1) <= connectedPeers }

    fileprivate init?(_ draft: InfoDraft) {
        guard let pid = draft[.pid], let stopping = draft[.stopping] else { return nil }
        self.pid = Int32(clamping: pid)
        isStopping = stopping != 0
        currentConnections = draft[.currentConnections]
        jobs = draft[.jobs]
        listeners = draft[.listeners]
        connectedPeers = draft[.connectedPeers] ?? 0
        version = draft.version
        if let connections = draft[.connections], let requests = draft[.requests],
            let bytes = draft[.bytesOut]
        {
            traffic = WorkerTraffic(connections: connections, requests: requests, bytesOut: bytes)
        }
    }
}

/// One `show info` while it is read. Twenty workers tell two thousand lines a look: nothing is kept of those that
/// nobody wants.
private struct InfoDraft {
    enum Number: Int, CaseIterable {
        case pid, currentConnections, stopping, jobs, listeners, connectedPeers, connections, requests,
            bytesOut

        var name: StaticString {
            switch self {
            case .pid: "Pid: "
            case .currentConnections: "CurrConns: "
            case .stopping: "Stopping: "
            case .jobs: "Jobs: "
            case .listeners: "Listeners: "
            case .connectedPeers: "ConnectedPeers: "
            case .connections: "CumConns: "
            case .requests: "CumReq: "
            case .bytesOut: "TotalBytesOut: "
            }
        }
    }

    private var numbers = InlineArray<9, Int?>(repeating: nil)
    var version: String?

    subscript(number: Number) -> Int? { numbers[number.rawValue] }

    mutating func take(_ line: Slice<UnsafeRawBufferPointer>) {
        for number in Number.allCases {
            guard let value = line.value(of: number.name) else { continue }
            numbers[number.rawValue] = value.decimal
            return
        }
        if let value = line.value(of: "Version: ") { version = String(decoding: value, as: UTF8.self) }
    }
}

extension Slice<UnsafeRawBufferPointer> {
    /// What stands behind `name`; nil where the line begins with something else.
    fileprivate func value(of name: StaticString) -> Self? {
        let length = name.utf8CodeUnitCount
        guard count > length, first == name.utf8Start.pointee,
            memcmp(base.baseAddress! + startIndex, name.utf8Start, length) == 0
        else { return nil }
        return dropFirst(length)
    }

    fileprivate var decimal: Int? {
        var value = 0
        for byte in self {
            guard byte >= 0x30, byte <= 0x39, value < Int.max / 10 - 1 else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }
}

/// What is wanted of the replies of masters and workers.
package enum ProxyReplies {
    /// The master's own pid in a `show proc`.
    package static func masterPID(in text: String) -> Int32? {
        ProcessTable(parsing: text)?.master?.pid
    }

    /// Every complete `show info` in a text, by pid.
    package static func infos(in text: String) -> [Int32: WorkerInfo] {
        var text = text
        return text.withUTF8 { infos(in: UnsafeRawBufferPointer($0)) }
    }

    static func infos(in bytes: UnsafeRawBufferPointer) -> [Int32: WorkerInfo] {
        var infos: [Int32: WorkerInfo] = [:]
        var draft = InfoDraft()
        func close() {
            if let info = WorkerInfo(draft) { infos[info.pid] = info }
            draft = InfoDraft()
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            let line = rest[..<end]
            if line.value(of: "Name: ") != nil { close() } else { draft.take(line) }
            rest = rest[end...].dropFirst()
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
