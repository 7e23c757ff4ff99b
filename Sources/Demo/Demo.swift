// The demo as the dashboard sees it: a proxy of one's own under traffic that reloads now and then.
//
// Everything runs in a child, the stage (this program again, see `DemoRole`), so that load never makes the screen
// wait. Stage and dashboard hold the two ends of a socket pair: when either is gone, however it ended, the other
// notices; the stage then ends the proxy. The proxy in turn dies with the stage (PR_SET_PDEATHSIG).

import Glibc
import Polling
import Unix

/// Why the demo could not start.
package enum DemoError: Error, CustomStringConvertible {
    /// No program to show was found; the places that were looked at.
    case noProxy(searched: [String])
    case system(String, Errno)

    package var description: String {
        switch self {
        case .noProxy(let searched):
            "the demo needs 'mwproxy', found none in \(searched.joined(separator: ", ")); "
                + "'make build' leaves it beside reloadtop"
        case .system(let what, let error): "the demo cannot \(what): \(error)"
        }
    }
}

/// A running demo. Everything that belongs to it is gone after `stop`, and soon after the death of this process.
package final class Demo {
    /// What the demo tells.
    package enum Event: Equatable, Sendable {
        /// The proxy's master runs.
        case started(master: pid_t)
        /// A reload was asked for; `broken`: with a file that must fail.
        case reloaded(broken: Bool)
        /// The proxy or the stage ended without being asked to.
        case ended(String)
    }

    /// The proxy program, an absolute path.
    package let program: String
    /// The private folder of this demo.
    package let directory: String
    /// The master CLI's socket; it exists once `started` was told.
    package var masterSocket: String { directory + "/master.sock" }
    /// The workers' own admin socket.
    package var workerSocket: String { directory + "/worker.sock" }
    /// The configuration that the next reload loads.
    package var configuration: String { directory + "/demo.cfg" }
    /// What the master and its workers write to stderr.
    package var logFile: String { directory + "/proxy.log" }
    /// The master's pid, once it runs.
    package private(set) var master: pid_t?

    private let stage: pid_t
    private var channel: LineChannel?
    private let happened: (Event) -> Void
    private var isStopped = false

    /// Starts the demo; its events come on `loop`, never from within this call.
    ///
    /// - Parameters:
    ///   - program: the proxy to show, `mwproxy` or a real `haproxy`; nil looks for `mwproxy` beside this program,
    ///     then in PATH.
    ///   - automatic: whether it reloads by itself.
    ///   - host: the program that plays the hidden roles (see `DemoRole`): this one.
    package static func start(
        program: String? = nil, automatic: Bool = true, host: String = ProgramSearch.ownProgram,
        on loop: EventLoop,
        happened: @escaping (Event) -> Void = { _ in }
    ) throws(DemoError) -> Demo {
        let program = if let program { program } else { try ProgramSearch.find("mwproxy") }
        let directory = try ScratchDirectory.make(prefix: "reloadtop-demo-")
        do throws(Errno) {
            let pair = try Socket.streamPair()
            let stage = try spawnStage(
                host, program: program, directory: directory, automatic: automatic, channel: pair.other.raw)
            let demo = Demo(program: program, directory: directory, stage: stage, happened: happened)
            demo.channel = try LineChannel(
                try pair.one.duplicate(), on: loop,
                received: { [weak demo] in demo?.heard($0) },
                ended: { [weak demo] in demo?.stageEnded() })
            return demo
        } catch {
            ScratchDirectory.remove(directory)
            throw .system("start its stage", error)
        }
    }

    private init(program: String, directory: String, stage: pid_t, happened: @escaping (Event) -> Void) {
        self.program = program
        self.directory = directory
        self.stage = stage
        self.happened = happened
    }

    deinit { stop() }

    private static func spawnStage(
        _ host: String, program: String, directory: String, automatic: Bool, channel: Int32
    ) throws(Errno) -> pid_t {
        let log = open(directory + "/stage.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        if log < 0 { throw .last }
        let output = Descriptor(owning: log)
        return try ProcessControl.spawn(
            host,
            arguments: ["reloadtop"]
                + DemoRole.stage(program: program, directory: directory, automatic: automatic).arguments,
            environment: ProcessControl.environment,
            inherited: [(channel, 0), (output.raw, 1), (output.raw, 2)], newSession: true)
    }

    /// Asks for a reload now, with a good file.
    package func reload() {
        channel?.say("reload")
    }

    /// Ends everything and waits for it, at most about three seconds; then the folder is gone too.
    package func stop() {
        guard !isStopped else { return }
        isStopped = true
        channel?.close()
        channel = nil
        if !ChildProcess.waitForEnd(of: stage, atMost: .seconds(3)) {
            kill(stage, SIGKILL)
            if let master { kill(master, SIGTERM) }
            _ = ChildProcess.waitForEnd(of: stage, atMost: .seconds(1))
        }
        ScratchDirectory.remove(directory)
    }

    private func heard(_ line: String) {
        let words = line.split(separator: " ", maxSplits: 1).map(String.init)
        switch words.first {
        case "master":
            master = words.last.flatMap { pid_t($0) }
            if let master { happened(.started(master: master)) }
        case "reloaded": happened(.reloaded(broken: words.last == "broken"))
        case "ended": happened(.ended(words.count == 2 ? words[1] : "no reason given"))
        default: break
        }
    }

    private func stageEnded() {
        channel = nil
        guard !isStopped else { return }
        happened(.ended("the demo's stage ended; \(directory)/stage.log may say why"))
    }
}
