// The commands about servers: weights, maintenance, `show servers …`.

import AdminSocket
import Proxying
import RuntimeAPI
import Unix

/// Why a command cannot find its server, in HAProxy's words.
struct ServerNotFound: Error {
    let text: String
}

extension ProxyCore {
    /// The server that `backend/server` names.
    func server(named word: String) -> Result<Server, ServerNotFound> {
        let names = word.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard names.count == 2, !names[1].isEmpty else {
            return .failure(ServerNotFound(text: Refusal.needsServer))
        }
        guard let backend = backend(String(names[0])) else {
            return .failure(ServerNotFound(text: Refusal.noBackend))
        }
        guard let server = backend.servers.first(where: { $0.name == names[1] }) else {
            return .failure(ServerNotFound(text: Refusal.noServer))
        }
        return .success(server)
    }
}

struct ServerCommands {
    let core: ProxyCore

    var table: [AdminCommand] {
        [
            AdminCommand("get weight <bk>/<srv>", help: "tell a server's weight") { request in
                onServer(request) { .text("\($0.weight) (initial \($0.initialWeight))\n") }
            },
            AdminCommand("set weight <bk>/<srv> <weight>[%]", help: "change a server's weight", level: .admin)
            {
                request in
                onServer(request) { setWeight(of: $0, to: request.arguments.dropFirst().first) }
            },
            AdminCommand(
                "set server <bk>/<srv> [opts]", help: "change a server's state or weight", level: .admin
            ) { request in
                onServer(request) { set($0, request.arguments.dropFirst()) }
            },
            AdminCommand("disable server <bk>/<srv>", help: "put a server in maintenance", level: .admin) {
                request in
                onServer(request) {
                    core.disable($0)
                    return .nothing
                }
            },
            AdminCommand("enable server <bk>/<srv>", help: "end a server's maintenance", level: .admin) {
                request in
                onServer(request) {
                    core.enable($0)
                    return .nothing
                }
            },
            AdminCommand("show servers state [<backend>]", help: "tell the state of the servers") { request in
                list(request, heading: ServerStateLine.heading) { stateLine(of: $0) }
            },
            AdminCommand("show servers conn [<backend>]", help: "tell the servers' connections") { request in
                list(request, heading: ServerConnectionLine.heading) { connectionLine(of: $0) }
            },
        ]
    }

    private func onServer(_ request: AdminRequest, _ act: (Server) -> AdminReply) -> AdminReply {
        switch core.server(named: request.arguments.first ?? "") {
        case .failure(let refusal): .text(refusal.text)
        case .success(let server): act(server)
        }
    }

    private func setWeight(of server: Server, to word: String?) -> AdminReply {
        guard let word, !word.isEmpty else { return .text("Require <weight> or <weight%>.\n") }
        let isRelative = word.hasSuffix("%")
        guard let number = Int(isRelative ? word.dropLast() : word[...]) else {
            return .text("'\(word)' is no weight: a number or a percentage is expected.\n")
        }
        if isRelative {
            guard (0...25600).contains(number), server.initialWeight * number / 100 <= 256 else {
                return .text("Relative weight must be positive.\n")
            }
            core.setWeight(server.initialWeight * number / 100, of: server)
        } else {
            guard (0...256).contains(number) else {
                return .text("Absolute weight can only be between 0 and 256 inclusive.\n")
            }
            core.setWeight(number, of: server)
        }
        return .nothing
    }

    private func set(_ server: Server, _ words: ArraySlice<String>) -> AdminReply {
        let value = words.dropFirst().first
        switch words.first {
        case "weight": return setWeight(of: server, to: value)
        case "state":
            switch value {
            case "ready": core.enable(server)
            case "maint": core.disable(server)
            default: return .text("'set server <srv> state' expects 'ready' or 'maint'.\n")
            }
            return .nothing
        default: return .text("usage: set server <backend>/<server> state | weight\n")
        }
    }

    /// A line for each server of all backends or the named one, in pieces.
    private func list(
        _ request: AdminRequest, heading: String, _ line: @escaping (Server) -> String
    ) -> AdminReply {
        var backends = core.backends[...]
        if let name = request.arguments.first {
            guard let backend = core.backend(name) else { return .text(Refusal.backendNotFound) }
            backends = [backend]
        }
        var servers = backends.flatMap(\.servers)[...]
        var text = heading
        return .pieces {
            while text.utf8.count < AdminReply.portion, let server = servers.popFirst() {
                text += line(server)
            }
            defer { text = "" }
            return text.isEmpty ? nil : Array(text.utf8)
        }
    }

    private func stateLine(of server: Server) -> String {
        let check = server.check
        let isChecked = server.options.check
        let place = Place(server)
        return ServerStateLine(
            backendID: server.backend.id, backend: server.backend.name, serverID: server.id,
            server: server.name,
            address: place.address, operationalState: !server.isRunning ? 0 : server.isStarting ? 1 : 2,
            adminState: server.inMaintenance ? (server.options.disabled ? 5 : 1) : 0, weight: server.weight,
            initialWeight: server.initialWeight,
            sinceChange: max(0, Int((core.loop.now - server.lastChange).nanoseconds / 1_000_000_000)),
            checkStatus: check.result?.kind.rawValue ?? 1,
            checkResult: check.result.map { $0.passed ? 3 : 2 } ?? 0,
            checkHealth: isChecked ? check.health : server.isRunning ? check.rise : 0,
            checkState: isChecked ? (server.inMaintenance ? 10 : 6) : 0,
            backendIDIsForced: server.backend.settings.id != nil,
            serverIDIsForced: server.options.id != nil, hostName: nil, port: place.port,
            checkPort: Int(server.options.checkPort ?? 0)
        ).line
    }

    private func connectionLine(of server: Server) -> String {
        let place = Place(server)
        return ServerConnectionLine(
            backend: server.backend.name, server: server.name, backendID: server.backend.id,
            serverID: server.id, address: place.address, port: place.port, purgeDelay: 5000,
            used: server.usedConnections.current, usedMax: server.usedConnections.max,
            needed: server.usedConnections.max, idle: server.idleConnections,
            idleLimit: server.options.poolMaxConn ?? -1
        ).line
    }
}

/// A server's address in two words.
private struct Place {
    let address: String
    let port: Int

    init(_ server: Server) {
        port = Int(server.address?.port ?? 0)
        switch server.address {
        case nil: address = "-"
        case .ipv4?, .ipv6?:
            let text = server.address?.description ?? "-"
            address = text.lastIndex(of: ":").map { String(text[..<$0]) } ?? text
        case .unix(let path)?: address = path
        case .abstract(let name)?: address = "abns@\(name)"
        }
    }
}
