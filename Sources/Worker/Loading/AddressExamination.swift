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
        var lines: [(position: Position, endpoints: [Endpoint], what: String)] = []
        for proxy in configuration.proxies where !proxy.settings.disabled {
            for bind in proxy.binds {
                lines.append(
                    (bind.position, bind.endpoints, "'bind' of \(proxy.kind.rawValue) '\(proxy.name)'"))
            }
        }
        for socket in configuration.global.statsSockets {
            lines.append((socket.position, socket.endpoints, "'stats socket'"))
        }
        var diagnostics: [Diagnostic] = []
        for (position, endpoints, what) in lines {
            for endpoint in endpoints {
                guard let trouble = trouble(with: endpoint) else { continue }
                diagnostics.append(
                    Diagnostic(.warning, at: position, "parsing [\(position)] : \(what) : \(trouble)"))
            }
        }
        if let chroot = configuration.global.chroot, FileKind(chroot) != .directory {
            diagnostics.append(Diagnostic(.warning, "'chroot' : there is no directory '\(chroot)'."))
        }
        return diagnostics
    }

    private func trouble(with endpoint: Endpoint) -> String? {
        switch endpoint {
        case .tcp(let host, let family, .number(let port)):
            let any = family == .ipv6 ? "::" : "0.0.0.0"
            guard let address = SocketAddress(numeric: host ?? any, port: port) else { return nil }
            return trouble(with: address)
        case .unix(let path):
            let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
            if FileKind(folder) != .directory { return "there is no directory '\(folder)' for '\(path)'." }
            return nil
        case .tcp, .abstract, .descriptor: return nil
        }
    }

    private func trouble(with address: SocketAddress) -> String? {
        do throws(Errno) {
            let socket = try Socket.stream(for: address)
            try Socket.setOption(socket.raw, SOL_SOCKET, SO_REUSEADDR, 1)
            try Socket.bind(socket, to: address)
            return nil
        } catch {
            guard error == .addressInUse else {
                return "cannot bind \(address): \(SystemText.of(error))."
            }
            guard let holder = ListenerHolder.find(port: address.port ?? 0) else {
                return "\(address) is in use by somebody else."
            }
            if holder.runs(withAnyOf: paths) { return nil }
            return "\(address) is in use by \(holder.program) (pid \(holder.pid))."
        }
    }
}

/// Who listens on a TCP port, as far as /proc lets this user see.
struct ListenerHolder {
    let pid: Int32
    let program: String

    /// `except`: processes that are not meant.
    static func find(port: UInt16, except: Set<Int32> = []) -> ListenerHolder? {
        let sockets = Set(listeners(on: port).map { "socket:[\($0)]" })
        guard !sockets.isEmpty, let names = try? File.names(in: "/proc") else { return nil }
        for name in names {
            guard let pid = Int32(name), !except.contains(pid),
                let numbers = try? File.names(in: "/proc/\(name)/fd")
            else {
                continue
            }
            for number in numbers where sockets.contains(link("/proc/\(name)/fd/\(number)")) {
                let program = (try? File.readText("/proc/\(name)/comm")) ?? "?"
                return ListenerHolder(
                    pid: pid, program: String(program.unicodeScalars.filter { $0.value >= 0x20 }))
            }
        }
        return nil
    }

    /// Whether its command line names one of these files or folders.
    func runs(withAnyOf paths: [String]) -> Bool {
        guard let folder = resolved("/proc/\(pid)/cwd"),
            let commandLine = try? File.read("/proc/\(pid)/cmdline")
        else { return false }
        let ours = Set(paths.compactMap(resolved))
        // A draining worker's title has blanks where others have NULs.
        return commandLine.split(whereSeparator: { $0 == 0 || $0 == 0x20 }).contains { bytes in
            let word = String(decoding: bytes, as: UTF8.self)
            return resolved(word.hasPrefix("/") ? word : folder + "/" + word).map(ours.contains) ?? false
        }
    }

    private func resolved(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    /// The inodes of the listening sockets on a port.
    private static func listeners(on port: UInt16) -> [Substring] {
        var inodes: [Substring] = []
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            guard let text = try? File.readText(table) else { continue }
            for line in text.split(separator: "\n").dropFirst() {
                let fields = line.split(separator: " ")
                guard fields.count > 9, fields[3] == "0A",
                    let colon = fields[1].lastIndex(of: ":"),
                    UInt16(fields[1][fields[1].index(after: colon)...], radix: 16) == port
                else { continue }
                inodes.append(fields[9])
            }
        }
        return inodes
    }

    private static func link(_ path: String) -> String {
        var text = [CChar](repeating: 0, count: 64)
        let length = readlink(path, &text, text.count)
        return text.withUnsafeBytes { String(decoding: $0.prefix(max(0, length)), as: UTF8.self) }
    }
}
