// The commands about the worker itself: `show info`, `show env`, `show version` and the like.

import AdminSocket
import Glibc
import Proxying
import RuntimeAPI
import Unix

struct ProcessCommands {
    let core: ProxyCore
    let identity: WorkerIdentity
    let info: InfoFigures
    let startupLog: () -> String

    var table: [AdminCommand] {
        [
            AdminCommand("show info [desc|json|typed|float]*", help: "tell how this process does") {
                request in
                showInfo(request.arguments)
            },
            AdminCommand("show version", help: "tell the version of this process") { _ in
                .text(identity.version + "\n")
            },
            AdminCommand("show env [var]", help: "list the environment, or one variable", level: .operator) {
                showEnvironment($0.arguments.first)
            },
            AdminCommand("show cli sockets", help: "list the admin sockets") { _ in showSockets() },
            AdminCommand(
                "show errors [<px>] [request|response]", help: "tell of messages that were refused",
                level: .operator
            ) { ErrorCommand(core: core).show($0) },
            AdminCommand("show startup-logs", help: "tell what the load of this process printed") { _ in
                .text(startupLog())
            },
            AdminCommand("show backend", help: "list the backends") { _ in
                .text("# name\n" + core.backends.map { $0.name + "\n" }.joined())
            },
            AdminCommand(
                "clear counters [all]", help: "set the maxima to zero, or all counters", level: .operator
            ) { clearCounters($0) },
        ]
    }

    private func showInfo(_ words: ArraySlice<String>) -> AdminReply {
        let values = info.values(decimals: words.contains("float"))
        let describing = words.contains("desc")
        if words.contains("json") { return .text(values.json(processNumber: identity.processNumber)) }
        if words.contains("typed") {
            return .text(values.typed(processNumber: identity.processNumber, describing: describing))
        }
        return .text(values.plain(describing: describing))
    }

    private func showEnvironment(_ name: String?) -> AdminReply {
        guard let name else { return .text(environment.map { $0 + "\n" }.joined()) }
        guard let line = environment.first(where: { $0.hasPrefix(name + "=") }) else {
            return .text(Refusal.variableNotFound)
        }
        return .text(line + "\n")
    }

    /// What the configuration has made of this process's environment: its variables in their order, then those that
    /// the configuration has added.
    private var environment: [String] {
        var known = core.configuration.global.environment
        let inherited = ProcessControl.environment.compactMap { line -> String? in
            let name = String(line.prefix { $0 != "=" })
            return known.removeValue(forKey: name).map { "\(name)=\($0)" }
        }
        return inherited + known.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    }

    private func showSockets() -> AdminReply {
        let lines = core.adminSockets.map { socket, settings in
            let level = CommandLevel(rawValue: settings.level.rawValue) ?? .user
            return AdminSocketLine(address: socket.address.withScheme, level: level).line
        }
        return .text(AdminSocketLine.heading + lines.joined())
    }

    private func clearCounters(_ request: AdminRequest) -> AdminReply {
        let all = request.arguments.first == "all"
        if all && request.session.level < .admin { return .text(Refusal.permission) }
        core.clearCounters(all: all)
        return .nothing
    }
}

extension SocketAddress {
    /// As HAProxy names it: `ipv4@127.0.0.1:9`.
    fileprivate var withScheme: String {
        switch self {
        case .ipv4: "ipv4@\(self)"
        case .ipv6: "ipv6@\(self)"
        case .unix, .abstract: description
        }
    }
}

extension WallClock {
    /// Microseconds since 1970 with this machine's zone added, for dates that people read.
    var localMicroseconds: Int64 {
        var seconds = time_t(microseconds / 1_000_000)
        var local = tm()
        guard localtime_r(&seconds, &local) != nil else { return microseconds }
        return microseconds + Int64(local.tm_gmtoff) * 1_000_000
    }
}
