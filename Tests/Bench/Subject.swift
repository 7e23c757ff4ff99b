// One proxy being measured: pinned to CPU 0, one thread, in front of the origin.

import Demo
import Polling
import TestSupport
import Unix

final class Subject {
    let proxy: RunningProxy
    let address: SocketAddress
    let notify: NotifySocket

    /// - Parameter drain: how long old workers, and connections without a request, may stay.
    /// - Parameter maxconn: the most clients; `global`: further lines of that section.
    /// - Parameter rules: lines of the frontend; `sections`: what follows.
    /// - Parameter flags: beside `-Ws`.
    init(
        _ kind: ProxyKind, origin: Origin, on loop: EventLoop, drain: String = "30s", maxconn: Int = 8000,
        global: String = "", rules: String = "", sections: String = "", flags: [String] = []
    ) throws {
        let folder = try ScratchFolder("bench-")
        let port = try FreePort.find()
        notify = try NotifySocket(in: folder, on: loop)
        address = .ipv4(0x7f00_0001, port: port)
        proxy = try RunningProxy(
            kind, flags: ["-Ws"] + flags, in: folder, prefix: [try Program.system("taskset"), "-c", "0"],
            notify: notify
        ) { folder in
            """
            global
                nbthread 1
                maxconn \(maxconn)
                \(global)
                hard-stop-after \(drain)
                stats socket \(folder.path)/worker.sock mode 600 level admin
            defaults
                mode http
                timeout connect 5s
                timeout client 60s
                timeout server 60s
                timeout http-keep-alive \(drain)
                timeout tunnel 1h
            frontend web
                bind 127.0.0.1:\(port)
            \(rules)
                default_backend app
            backend app
                server origin 127.0.0.1:\(origin.port)
            \(sections)

            """
        }
    }

    var workerSocket: String { proxy.folder.file("worker.sock") }

    /// CPU time of master and workers so far, in seconds.
    var cpuSeconds: Double {
        ([proxy.master] + proxy.children).map(Machine.cpuSeconds).reduce(0, +)
    }

    /// Memory of the workers, in bytes.
    var workersPSS: Int { proxy.children.map(Machine.pss).reduce(0, +) }

    /// Memory of the workers that no file stands behind, in bytes.
    var workersAnonymous: Int { proxy.children.map(Machine.anonymous).reduce(0, +) }
}
