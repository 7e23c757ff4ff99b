// `load-server-state-from-file`: servers begin as they were when an admin wrote `show servers state` into a file. Whatever
// is wrong with a file costs a warning and leaves the servers as the configuration has them.

import ConfigLanguage
import Proxying
import RuntimeAPI
import Unix

struct ServerStateRestoring {
    let core: ProxyCore
    /// A warning for the worker's log.
    let report: (String) -> Void

    /// An admin's `disable server`, and `disabled` in the configuration.
    private static let forced = 0x01
    private static let configured = 0x04
    /// An admin's drain, and one that came with a tracked server.
    private static let drained = 0x18

    func restore() {
        let global = core.configuration.global
        var shared: [ServerStateLine]?
        for backend in core.backends {
            switch backend.settings.serverState {
            case .none: break
            case .global:
                guard let file = global.serverStateFile else {
                    report(
                        "backend '\(backend.name)' configured to load server state file from global section "
                            + "'server-state-file' directive. Unfortunately, 'server-state-file' is not set!")
                    continue
                }
                let lines = shared ?? read(path(file), "config: ", "global ")
                shared = lines
                apply(lines.filter { $0.backend == backend.name }, to: backend)
            case .local:
                let file = backend.settings.serverStateFile ?? backend.name
                apply(read(path(file), "Proxy '\(backend.name)': ", ""), to: backend)
            }
        }
    }

    private func path(_ file: String) -> String {
        guard !file.hasPrefix("/"), let base = core.configuration.global.serverStateBase else { return file }
        return "\(base)/\(file)"
    }

    /// The lines of a file; empty where it says nothing.
    private func read(_ path: String, _ place: String, _ kind: String) -> [ServerStateLine] {
        let text: String
        do throws(Errno) {
            text = try File.readText(path)
        } catch {
            report("\(place)Can't open \(kind)server state file '\(path)': \(error.description)")
            return []
        }
        do throws(ServerStateFile.Fault) {
            return try ServerStateFile.read(text).compactMap { row in
                switch row {
                case .success(let line): return line
                case .failure(let fault):
                    if case .value(let backend, let server, let column, let value) = fault {
                        report(
                            "server-state application failed for server '\(backend)/\(server)', invalid \(column) "
                                + "value '\(value)'")
                    }
                    return nil
                }
            }
        } catch .corrupt(let line) {
            report("\(place)corrupted \(kind)server state file '\(path)' at line \(line).")
        } catch {
            report("\(place)Can't get version of the \(kind)server state file '\(path)'.")
        }
        return []
    }

    private func apply(_ lines: [ServerStateLine], to backend: Backend) {
        let servers = Dictionary(
            backend.servers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for line in lines where line.backend == backend.name {
            guard let server = servers[line.server] else {
                if backend.settings.serverState == .local {
                    report(
                        "Proxy '\(backend.name)': can't find server '\(line.server)' in backend '\(backend.name)'"
                    )
                }
                continue
            }
            // What the configuration has changed since then holds.
            var weight = line.initialWeight == server.initialWeight ? line.weight : nil
            if line.adminState & Self.drained != 0 { weight = 0 }
            let wasDisabled = line.adminState & Self.configured != 0 && !server.inMaintenance
            core.restore(
                server,
                ServerMemory(
                    isInMaintenance: line.adminState & Self.forced != 0 && !wasDisabled,
                    isUp: line.operationalState != 0 || wasDisabled, weight: weight,
                    sinceChange: .seconds(line.sinceChange), checkNumber: line.checkStatus))
        }
    }
}
