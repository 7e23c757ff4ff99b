// The demo's stage: the child process that holds origin, traffic and the proxy, and reloads by its script.
// It ends, and takes everything with it, when the dashboard's end of the channel is gone.

import Glibc
import Observing
import Polling
import Unix

final class DemoStage {
    private let loop: EventLoop
    private let program: String
    private let directory: String
    private let origin: Origin
    private let traffic: Traffic
    private var configuration: DemoConfiguration
    private var channel: LineChannel?
    private var signals: SignalWatcher?
    private var proxy: pid_t?
    private var script = DemoScript()
    private var scriptTimer: Timer?
    private var startTimer: Timer?
    private var startDeadline = Instant.never

    /// Runs until the dashboard's end of the channel (standard input) is gone; returns the exit code.
    static func run(program: String, directory: String, automatic: Bool) -> Int32 {
        do throws(Errno) {
            let stage = try DemoStage(program: program, directory: directory)
            try stage.play(automatic: automatic)
            return 0
        } catch {
            print("the stage ends: \(error)")
            ScratchDirectory.remove(directory)
            return 1
        }
    }

    private init(program: String, directory: String) throws(Errno) {
        Signals.ignoreBrokenPipes()
        loop = try EventLoop()
        self.program = program
        self.directory = directory
        origin = try Origin(on: loop)
        traffic = Traffic(on: loop)
        configuration = DemoConfiguration(
            directory: directory, webPort: try FreePort.find(), socketPort: try FreePort.find(),
            originPort: origin.port, peersPort: try FreePort.find(), edition: 1, isBroken: false)
    }

    private func play(automatic: Bool) throws(Errno) {
        signals = try SignalWatcher([SIGTERM, SIGINT, SIGHUP, SIGCHLD], on: loop) { [unowned self] signal in
            if signal.number == SIGCHLD { reap() } else { loop.stop() }
        }
        try setNonBlocking(STDIN_FILENO)
        channel = try LineChannel(
            Descriptor(owning: STDIN_FILENO), on: loop,
            received: { [unowned self] line in if line == "reload" { reload(broken: false) } },
            ended: { [unowned self] in loop.stop() })
        try startProxy()
        if automatic { scriptTimer = Timer(on: loop) { [unowned self] in nextStep() } }
        try loop.run()
        end()
    }

    // MARK: The proxy

    private func startProxy() throws(Errno) {
        try File.write(directory + "/demo.cfg", configuration.text)
        let raw = open(directory + "/proxy.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        if raw < 0 { throw .last }
        let log = Descriptor(owning: raw)
        let command = [program, "-W", "-S", directory + "/master.sock", "-f", directory + "/demo.cfg"]
        proxy = try ProcessControl.spawn(
            ProgramSearch.ownProgram,
            arguments: ["reloadtop"] + DemoRole.bound(parent: getpid(), arguments: command).arguments,
            environment: ProcessControl.environment, inherited: [(log.raw, 1), (log.raw, 2)])
        startDeadline = Instant.now() + .seconds(10)
        startTimer = Timer(on: loop) { [unowned self] in lookForProxy() }
        startTimer?.set(after: .milliseconds(10))
    }

    /// The proxy runs when its listener answers and its master knows a worker: HAProxy's sockets take connections
    /// before the master hears signals.
    private func lookForProxy() {
        guard let proxy else { return }
        let master = SocketAddress.unix(path: directory + "/master.sock")
        let web = SocketAddress.ipv4(0x7f00_0001, port: configuration.webPort)
        let table = AdminQuery.ask(master, "show proc", within: .milliseconds(200))
        if table.text.contains(" worker "), ConnectionProbe.answers(web) {
            channel?.say("master \(proxy)")
            startTraffic()
            nextStepIsDue()
        } else if Instant.now() > startDeadline {
            channel?.say("ended the proxy did not start within 10 s; see \(directory)/proxy.log")
        } else {
            startTimer?.set(after: .milliseconds(20))
        }
    }

    private func startTraffic() {
        let web = SocketAddress.ipv4(0x7f00_0001, port: configuration.webPort)
        let sockets = SocketAddress.ipv4(0x7f00_0001, port: configuration.socketPort)
        traffic.start(Load("short", .connections(perSecond: 30)), to: web)
        traffic.start(
            Load("keep-alive", .keepAlive(clients: 20, perSecondEach: 1), path: "/bytes/2000"), to: web,
            ramp: .seconds(1))
        traffic.start(
            Load("long polls", .longPolls(clients: 12, milliseconds: 2000...9000)), to: web, ramp: .seconds(3)
        )
        traffic.start(
            Load(
                "websockets",
                .webSockets(clients: 40, framesPerSecond: 1, lifetimeMilliseconds: 3000...30_000)),
            to: sockets, ramp: .seconds(4))
    }

    private func reap() {
        while let (pid, end) = ProcessControl.reap() {
            guard pid == proxy else { continue }
            proxy = nil
            startTimer?.cancel()
            channel?.say("ended the proxy's master ended: \(end); see \(directory)/proxy.log")
        }
    }

    // MARK: Reloads

    private func nextStepIsDue() {
        guard let scriptTimer else { return }
        upcoming = script.next(jitter: Double.random(in: 0..<1))
        scriptTimer.set(after: upcoming.pause)
    }

    private var upcoming: (pause: Duration, step: DemoScript.Step) = (.zero, .reload)

    private func nextStep() {
        reload(broken: upcoming.step == .brokenReload)
        nextStepIsDue()
    }

    private func reload(broken: Bool) {
        guard let proxy else { return }
        configuration.edition += 1
        configuration.isBroken = broken
        do throws(Errno) {
            try File.write(directory + "/demo.cfg", configuration.text)
            try ProcessControl.signal(proxy, SIGUSR2)
            traffic.mark()
            channel?.say("reloaded \(broken ? "broken" : "good")")
        } catch {
            print("the reload was not asked for: \(error)")
        }
    }

    // MARK: The end

    private func end() {
        traffic.stop()
        for report in traffic.reports { print(report.description) }
        if let proxy {
            kill(proxy, SIGTERM)
            if !ChildProcess.waitForEnd(of: proxy, atMost: .milliseconds(1500)) {
                kill(proxy, SIGKILL)
                _ = ChildProcess.waitForEnd(of: proxy, atMost: .milliseconds(500))
            }
        }
        ScratchDirectory.remove(directory)
    }
}
