// A real proxy with an observer on it, and clients that stay.

import Demo
import Glibc
import Observing
import ReloadModel
import TestSupport
import Unix

/// A port of 127.0.0.1 that somebody listens on without ever accepting: clients connect and stay.
final class SilentOrigin {
    private let socket: Descriptor
    let port: UInt16

    init() throws {
        socket = try Socket.stream(for: .ipv4(0x7f00_0001, port: 0))
        try Socket.bind(socket, to: .ipv4(0x7f00_0001, port: 0))
        try Socket.listen(socket, backlog: 4000)
        port = try Socket.localAddress(socket.raw).port ?? 0
    }
}

final class WatchedProxy {
    let origin: SilentOrigin
    let port: UInt16
    let proxy: RunningProxy
    private(set) var observer: Observer
    private(set) var lines: [LogLine] = []
    private(set) var last: Snapshot

    /// `hasLog`: its messages go to a file; else nowhere.
    init(
        _ kind: ProxyKind = .haproxy, global: String = "", options: ObserverOptions = .init(),
        hasLog: Bool = true
    ) throws {
        let origin = try SilentOrigin()
        let port = try FreePort.find()
        self.origin = origin
        self.port = port
        let silenced = ["/bin/sh", "-c", "exec \"$@\" 2>/dev/null", "sh"]
        proxy = try RunningProxy(kind, prefix: hasLog ? [] : silenced) { folder in
            Self.configuration(folder: folder, port: port, origin: origin.port, global: global)
        }
        observer = Observer(try Observer.find(pid: proxy.master), options: options)
        last = observer.sample()
        lines = last.newLines
    }

    static func configuration(
        folder: ScratchFolder, port: UInt16, origin: UInt16, global: String
    ) -> String {
        """
        global
          stats socket \(folder.file("worker.sock")) mode 600 level admin
          stats timeout 1h
          \(global)
        defaults
          mode tcp
          timeout connect 5s
          timeout client 1h
          timeout server 1h
        frontend web
          bind 127.0.0.1:\(port)
          default_backend app
        backend app
          server s1 127.0.0.1:\(origin)

        """
    }

    var goodConfiguration: String {
        Self.configuration(folder: proxy.folder, port: port, origin: origin.port, global: "")
    }

    /// Connects a client and waits until the serving worker has it.
    func connect(_ count: Int) throws -> [Connection] {
        let before = last.workers.first?.connections.value ?? 0
        let clients = try (0..<count).map { _ in try Connection(port: port) }
        _ = try look(for: "\(count) clients") { snapshot in
            snapshot.workers.first { $0.state == .serving }?.connections.value ?? 0 >= before + count
        }
        return clients
    }

    /// Looks until `condition` holds and a log line with `line` in it has come; the snapshot that it held for.
    @discardableResult func look(
        for what: String, line: String = "", atMost limit: Duration = .patience,
        until condition: (Snapshot) -> Bool
    ) throws -> Snapshot {
        do {
            return try wait(for: what, atMost: limit) {
                _ = observer.drainEvents()
                last = observer.sample()
                lines += last.newLines
                let isTold = line.isEmpty || lines.contains { $0.text.contains(line) }
                return condition(last) && isTold ? last : nil
            }
        } catch {
            throw ProgramError("\(error)\n\(last)\n\(lines.map(\.text).joined(separator: "\n"))")
        }
    }

    /// A second observer that knows nothing of the past; two looks, as `--once` does.
    func freshLook(_ options: ObserverOptions = .init()) throws -> Snapshot {
        let fresh = Observer(try Observer.find(pid: proxy.master), options: options)
        _ = fresh.sample()
        poll(nil, 0, 200)
        return fresh.sample()
    }
}
