// A proxy under traffic: one loop holds origin, load and the service manager's socket, and the test drives it.

import Demo
import Glibc
import Polling
import RuntimeAPI
import TestSupport
import Testing
import Unix

final class Scene {
    let kind: ProxyKind
    let loop: EventLoop
    let origin: Origin
    let traffic: Traffic
    let notify: NotifySocket
    let folder: ScratchFolder
    let port: UInt16
    let proxy: RunningProxy
    private let hardStop: String
    private let extra: Extra

    /// Lines that a test adds to the configuration.
    struct Extra {
        var global = ""
        var defaults = ""
        var frontend = ""
        var sections = ""
    }

    var address: SocketAddress { .ipv4(0x7f00_0001, port: port) }

    /// `program`, `flags`: where they are not the usual ones. `folder`, `prefix`, `environment`: as `RunningProxy` takes them.
    init(
        _ kind: ProxyKind, program: String? = nil, flags: [String] = ["-Ws"], hardStop: String = "60s",
        on given: EventLoop? = nil, _ extra: Extra = Extra(), in folder: ScratchFolder? = nil,
        prefix: [String] = [], environment: [String: String?] = [:]
    ) throws {
        self.kind = kind
        self.hardStop = hardStop
        self.extra = extra
        let folder = try folder ?? ScratchFolder("scene-")
        let loop = try given ?? EventLoop()
        let origin = try Origin(on: loop)
        let port = try FreePort.find()
        let notify = try NotifySocket(in: folder, on: loop)
        proxy = try RunningProxy(
            kind, path: program, flags: flags, in: folder, prefix: prefix, notify: notify,
            environment: environment
        ) { folder in
            Self.text(
                edition: 1, folder: folder, port: port, origin: origin.port, hardStop: hardStop, extra: extra)
        }
        traffic = Traffic(on: loop)
        (self.folder, self.loop, self.origin, self.port, self.notify) = (folder, loop, origin, port, notify)
        try loop.run(for: "READY") { notify.readyCount > 0 }
    }

    deinit {
        traffic.stop()
        origin.stop()
    }

    /// The configuration; `edition` is told by `show info`, so that it can be seen which file is served.
    func text(edition: Int) -> String {
        Self.text(
            edition: edition, folder: folder, port: port, origin: origin.port, hardStop: hardStop,
            extra: extra)
    }

    private static func text(
        edition: Int, folder: ScratchFolder, port: UInt16, origin: UInt16, hardStop: String, extra: Extra
    ) -> String {
        // HAProxy 2.6 has no limit of its own; mwproxy's default of 50 would end busy old workers.
        """
        global
            description edition-\(edition)
            hard-stop-after \(hardStop)
            mworker-max-reloads 5000
            maxconn 4000
            stats socket \(folder.path)/worker.sock mode 600 level admin
            \(extra.global)
        defaults
            mode http
            timeout connect 5s
            timeout client 60s
            timeout server 60s
            timeout http-keep-alive 60s
            timeout tunnel 1h
            \(extra.defaults)
        frontend web
            bind 127.0.0.1:\(port)
            default_backend app
            \(extra.frontend)
        backend app
            server origin 127.0.0.1:\(origin)
        \(extra.sections)

        """
    }

    // MARK: Load

    /// The mix of a busy evening: short requests, keep-alives, long polls and WebSockets.
    func startMixedTraffic(perSecond: Double = 400) {
        traffic.start(Load("new", .connections(perSecond: perSecond)), to: address)
        traffic.start(
            Load("kept", .keepAlive(clients: 40, perSecondEach: 10), path: "/bytes/2000"), to: address,
            ramp: .milliseconds(300))
        traffic.start(Load("polls", .longPolls(clients: 20, milliseconds: 200...1500)), to: address)
        traffic.start(
            Load(
                "sockets",
                .webSockets(clients: 10, framesPerSecond: 10, lifetimeMilliseconds: 500...3000)),
            to: address)
    }

    /// Lets everything end that is under way, and returns the accounts.
    @discardableResult
    func finishTraffic(atMost limit: Duration = .patience) throws -> [TrafficReport] {
        traffic.finish()
        try loop.run(for: "the last responses", atMost: limit) { traffic.isFinished }
        let reports = traffic.reports
        for report in reports {
            #expect(report.tally.isBalanced && report.tally.underway == 0, "\(report.description)")
        }
        return reports
    }

    /// Nothing that a client began went wrong.
    func expectNothingFailed(_ reports: [TrafficReport], except allowed: Set<RequestFailure> = []) {
        for report in reports {
            let failed = report.tally.failures.filter { !allowed.contains($0.key) }.values.reduce(0, +)
            #expect(failed == 0, "\(kind) \(report.description)\n\(report.tally.notes)")
            #expect(report.tally.tunnelsCut == 0, "\(kind) \(report.description)")
            #expect(report.tally.framesEchoed == report.tally.framesSent, "\(kind) \(report.description)")
        }
    }

    // MARK: Reloads

    /// Sends SIGUSR2 and runs the traffic until the master says READY again; returns how long that took.
    @discardableResult
    func reload() throws -> Duration {
        let before = notify.readyCount
        let start = Instant.now()
        traffic.mark(start)
        proxy.program.signal(SIGUSR2)
        try loop.run(for: "READY after a reload of \(kind)") {
            notify.readyCount > before
        }
        return Instant.now() - start
    }

    /// Runs the traffic until `condition`, asked every 50 ms because asking is an admin connection.
    func wait(for what: String, atMost limit: Duration = .patience, until condition: () throws -> Bool)
        throws
    {
        let deadline = Instant.now() + limit
        while try !condition() {
            if Instant.now() > deadline { throw TimedOut(what: what, after: limit) }
            try loop.run(load: .milliseconds(50))
        }
    }

    /// Waits until one worker serves, and that the edition: the one before says for a moment that it serves, too.
    func wait(forEdition edition: Int) throws {
        try wait(for: "edition \(edition)") { try servedEdition() == edition }
    }

    /// The edition that the serving worker runs, nil while none or several serve.
    func servedEdition() throws -> Int? {
        let serving = try proxy.serving()
        guard serving.count == 1, let pid = serving.first else { return nil }
        let info = try proxy.ask("@!\(pid) show info")
        let line = info.split(separator: "\n").first { $0.lowercased().hasPrefix("description:") }
        return line.flatMap { Int($0.drop { $0 != "-" }.dropFirst()) }
    }

    /// mwproxy's own history of reloads.
    func reloadLog() throws -> ReloadLog {
        try #require(try ReloadLog(parsing: try proxy.ask("show reloads json")))
    }
}
