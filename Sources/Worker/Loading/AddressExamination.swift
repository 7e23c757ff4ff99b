// What `-c` looks at beyond the text: addresses that somebody holds, folders that are missing. Warnings only: a
// check must be possible beside the running proxy, which holds its own ports.

import ConfigLanguage
import Glibc
import Unix

extension ConfigurationLoader {
    /// Warns of listening addresses that cannot be taken now, naming who holds them where /proc tells. A proxy
    /// that runs with the same file is the one to be reloaded, and no reason for a warning. Takes nothing away
    /// from anybody: it binds without listening, and lets go at once.
    package func examineAddresses(of configuration: Configuration) -> [Diagnostic] {
        var lines: [(position: Position, endpoints: [Endpoint], options: BindOptions, what: String)] = []
        for proxy in configuration.proxies where !proxy.settings.disabled {
            for bind in proxy.binds {
                lines.append(
                    (
                        bind.position, bind.endpoints, bind.options,
                        "'bind' of \(proxy.kind.rawValue) '\(proxy.name)'"
                    ))
            }
        }
        for socket in configuration.global.statsSockets {
            lines.append((socket.position, socket.endpoints, socket.options, "'stats socket'"))
        }
        var diagnostics: [Diagnostic] = []
        for (position, endpoints, options, what) in lines {
            for endpoint in endpoints {
                guard let trouble = trouble(with: endpoint, options) else { continue }
                diagnostics.append(
                    Diagnostic(.warning, at: position, "parsing [\(position)] : \(what) : \(trouble)"))
            }
        }
        if let chroot = configuration.global.chroot, FileKind(chroot) != .directory {
            diagnostics.append(Diagnostic(.warning, "'chroot' : there is no directory '\(chroot)'."))
        }
        return diagnostics
    }

    private func trouble(with endpoint: Endpoint, _ options: BindOptions) -> String? {
        switch endpoint {
        case .tcp(let host, let family, .number(let port)):
            let any = family == .ipv6 ? "::" : "0.0.0.0"
            guard let address = SocketAddress(numeric: host ?? any, port: port) else { return nil }
            return trouble(with: address, options)
        case .unix(let path):
            let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
            if FileKind(folder) != .directory { return "there is no directory '\(folder)' for '\(path)'." }
            return nil
        case .tcp, .abstract, .descriptor: return nil
        }
    }

    private func trouble(with address: SocketAddress, _ options: BindOptions) -> String? {
        do throws(Errno) {
            let socket = try Socket.stream(for: address)
            try Socket.setOption(socket.raw, SOL_SOCKET, SO_REUSEADDR, 1)
            if options.v6only { try Socket.setOption(socket.raw, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
            try Socket.bind(socket, to: address)
            return nil
        } catch {
            guard error == .addressInUse else {
                return "cannot bind \(address): \(SystemText.of(error))."
            }
            let holders = ListenerHolder.all(at: address)
            if holders.isEmpty { return "\(address) is in use by somebody else." }
            guard let stranger = holders.first(where: { !$0.runs(withAnyOf: paths) }) else { return nil }
            return "\(address) is in use by \(stranger.program) (pid \(stranger.pid))."
        }
    }
}
