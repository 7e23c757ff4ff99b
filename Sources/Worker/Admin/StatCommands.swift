// `show stat`: which rows, and in pieces, so that a configuration with thousands of servers is told while the
// socket drains.

import AdminSocket
import Proxying
import RuntimeAPI
import Unix

struct StatCommands {
    let core: ProxyCore
    let processNumber: Int

    var table: [AdminCommand] {
        [
            AdminCommand("show stat [desc|json|no-maint|typed|up]*", help: "tell the counters of all proxies")
            {
                show(StatRequest(arguments: $0.arguments))
            }
        ]
    }

    private func show(_ request: StatRequest) -> AdminReply {
        if request.proxy != nil, !core.proxies.contains(where: { request.selects($0) }) {
            return .text(Refusal.noProxy)
        }
        var rows = StatRows(core: core, processNumber: processNumber, request: request)
        var written = 0
        var finished = false
        return .pieces {
            guard !finished else { return nil }
            var text = ""
            if written == 0 {
                switch request.form {
                case .csv: text += StatRow.csvHeading
                case .json: text += "["
                case .typed: break
                }
            }
            while text.utf8.count < AdminReply.portion {
                guard let row = rows.next() else {
                    finished = true
                    if request.form == .json { text += "]\n" }
                    break
                }
                switch request.form {
                case .csv: text += row.csv
                case .typed: text += row.typed(processNumber: processNumber, describing: request.describes)
                case .json:
                    if written > 0 { text += "," }
                    row.json(processNumber: processNumber).write(to: &text)
                }
                written += 1
            }
            return Array(text.utf8)
        }
    }
}

/// The rows of the selection, in the configuration's order: frontend, servers, backend.
private struct StatRows {
    private let figures: StatFigures
    private let request: StatRequest
    private var proxies: ArraySlice<RunningProxy>
    private var pending: ArraySlice<() -> StatRow> = []

    init(core: ProxyCore, processNumber: Int, request: StatRequest) {
        figures = StatFigures(
            now: core.loop.now, processNumber: processNumber, countsServers: request.countsServers)
        self.request = request
        proxies = core.proxies[...]
    }

    mutating func next() -> StatRow? {
        while true {
            if let make = pending.popFirst() { return make() }
            guard let proxy = proxies.popFirst() else { return nil }
            if request.selects(proxy) { pending = rows(of: proxy)[...] }
        }
    }

    private func rows(of proxy: RunningProxy) -> [() -> StatRow] {
        let figures = figures
        var rows: [() -> StatRow] = []
        if let frontend = proxy.frontend, request.selects(.frontend, serverID: 0) {
            rows.append { figures.row(of: frontend) }
        }
        guard let backend = proxy.backend else { return rows }
        for server in backend.servers
        where request.selects(.server, serverID: server.id)
            && !(request.hidesDown && !server.isRunning)
            && !(request.hidesMaintenance && server.inMaintenance)
        {
            rows.append { figures.row(of: server) }
        }
        if request.selects(.backend, serverID: 0) { rows.append { figures.row(of: backend) } }
        return rows
    }
}

extension StatRequest {
    fileprivate func selects(_ proxy: RunningProxy) -> Bool {
        selects(proxy: proxy.name, id: proxy.frontend?.id ?? proxy.backend?.id ?? 0)
    }
}
