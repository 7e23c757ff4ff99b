// One worker process, from its load to its last stream: with a master at the other end of a socket, or alone.
//
// Everything is parsed and bound before anybody is told; a load that fails leaves by an exit code, and nothing that
// serves has noticed. After READY three things end a worker: `drain` or SIGUSR1 (streams finish, at most for
// `hard-stop-after`), SIGTERM or SIGINT (streams are cut and logged), and the loss of its master.

import AdminSocket
import ConfigLanguage
import Glibc
import Handover
import Peering
import Polling
import Proxying
import RuntimeAPI
import Unix

/// What a worker is told by the command line.
package struct WorkerOptions {
    package var loader: ConfigurationLoader
    /// Of the running binary, for the startup lines.
    package var path: String
    /// `-q`.
    package var isQuiet = false
    /// `-dW`.
    package var failsOnWarnings = false
    /// `-n`.
    package var maxconn: Int?
    /// `-D`, unless `-d` or `-db` forbids it.
    package var isDaemon = false
    /// `-d` or `-db`: stays in the foreground whatever the configuration says.
    package var staysInForeground = false
    /// `-p`, for a worker without a master.
    package var pidFile: String?
    /// The control socket's descriptor; nil without a master.
    package var control: Int32?
    /// `-sf`, `-st`.
    package var predecessors = Predecessors()
    /// `-x`: the admin socket of the process whose listening sockets are taken.
    package var socketSource: String?
    /// `-dR`: as `noreuseport`.
    package var sharesNoPorts = false
    /// Called once, when the worker serves.
    package var started: () -> Void = {}

    package init(loader: ConfigurationLoader, path: String) {
        self.loader = loader
        self.path = path
    }
}

/// The worker process.
package final class WorkerProcess {
    private static let signals = [SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP]
    /// What a process that wants this one's ports sends. Under a master they are not this worker's alone.
    private static let pauseSignals = [SIGTTOU, SIGTTIN]

    /// Why a worker cannot serve; what there was to say has been said.
    struct LoadFailure: Error {
        let exitCode: Int32
    }

    /// How long the reader of standard error may hold up a load. Without a master nothing waits for it.
    private static let patience: Duration = .seconds(1)

    /// Moves come many at a time: the master is told of them together.
    private static let movesReportDelay: Duration = .milliseconds(100)

    let options: WorkerOptions
    let report: StartupReport
    let loop: EventLoop
    let link: MasterLink?
    var core: ProxyCore?
    private(set) var admin: WorkerAdmin?
    private var peering: Peering?
    private var signals: SignalWatcher?
    var hardStopTimer: Timer?
    private let score = OOMScore()
    private var isDraining = false
    /// What the master knows of the connections that have moved.
    private var toldMoves = DrainMoves()
    /// It will be told soon.
    private var reportsMoves = false
    private var streamsEnded = false
    /// Something has ended this worker, perhaps before it served.
    private(set) var isLeaving = false
    var exitCode: Int32 = 0
    /// Those that this process comes after: without a master, or in a master's first worker.
    var predecessors = Predecessors()
    /// They have been told to leave: from here on this start cannot be taken back.
    private var hasTakenOver = false
    /// Until when the first worker of a master waits for ports that somebody holds.
    private(set) lazy var bindPatience = Instant.now() + .seconds(1)
    /// The listeners that the master gave.
    var given: Set<ListenerKey> = []
    /// The signal to end with, so that the parent sees what ended this process.
    private var fatalSignal: Int32?

    private init(_ options: WorkerOptions) throws(Errno) {
        self.options = options
        report = StartupReport(
            path: options.path, isQuiet: options.isQuiet,
            patience: options.control == nil ? nil : Self.patience)
        loop = try EventLoop()
        link = try options.control.map { number throws(Errno) in try MasterLink(owning: number) }
    }

    /// Runs a worker until its end. `loaded`: a configuration that was loaded already, with what was found.
    /// The result is the exit code; a worker that a signal ends does not return.
    package static func run(_ options: WorkerOptions, loaded: ParseResult? = nil) -> Int32 {
        Signals.ignoreBrokenPipes()
        signal(SIGTTOU, SIG_IGN)
        signal(SIGTTIN, SIG_IGN)
        do {
            let worker = try WorkerProcess(options)
            return try worker.run(loaded)
        } catch let failure as LoadFailure {
            return failure.exitCode
        } catch {
            try? File.writeAll(2, "the worker cannot run: \(error)\n".utf8)
            return 1
        }
    }

    private func run(_ loaded: ParseResult?) throws -> Int32 {
        var inheritance: Inheritance?
        defer { link?.flushBeforeExit() }
        if let link {
            report.forward = { link.send(.log($0, $1)) }
            inheritance = try inherit(over: link)
            if inheritance == nil { return 1 }
        }
        let result = loaded ?? options.loader.load()
        report.say(result.diagnostics)
        guard var configuration = result.configuration else { throw LoadFailure(exitCode: 1) }
        if let maxconn = options.maxconn { configuration.global.maxconn = maxconn }
        guard configuration.hasListeners else {
            report.say(
                .alert,
                "[\(options.path).main()] No enabled listener found (check for 'bind' directives) ! Exiting.")
            throw LoadFailure(exitCode: 2)
        }
        let (tls, remarks) = TLSMaterial.load(configuration, beforeKeys: Secrets.keepOutOfCores)
        report.say(remarks)
        guard !remarks.hasAlert else { throw LoadFailure(exitCode: 1) }
        if report.hasWarnings, options.failsOnWarnings {
            report.say(.alert, "Some warnings were found and 'zero-warning' is set. Aborting.")
            throw LoadFailure(exitCode: 1)
        }
        let core = try bind(configuration, tls: tls, inheritance)
        self.core = core
        do {
            defer { if !hasTakenOver { giveBack(core) } }
            ServerStateRestoring(core: core) { [report] in report.say(.warning, $0) }.restore()
            try watch()
            let hasLearned = try learn(core, inheritance)
            if !isLeaving {
                try serve(core, configuration, inheritance, hasLearned: hasLearned)
                try loop.run()
            }
        }
        return finish()
    }

    // MARK: Loading

    /// Nil: the master has gone.
    private func inherit(over link: MasterLink) throws -> Inheritance? {
        do {
            return try link.receiveInheritance()
        } catch let error as Errno {
            report.say(.alert, "[\(options.path).main()] Cannot take what the master holds: \(error)")
            throw LoadFailure(exitCode: 1)
        }
    }

    /// Stick tables with `peers` get what the worker before this one has. True: all of it came.
    private func learn(_ core: ProxyCore, _ inheritance: Inheritance?) throws -> Bool {
        let report = report
        let peering = Peering(
            core.configuration, tables: core.tableList, on: loop, report: { report.say(.warning, $0) },
            log: { [unowned core] section, text in core.logOfPeers(section, text) })
        self.peering = peering
        let older = inheritance?.predecessors ?? []
        let isComplete = try peering.succession.learn(from: older) { [unowned self] in isLeaving }
        return isComplete && older.contains(where: \.teachesAll)
    }

    private func serve(
        _ core: ProxyCore, _ configuration: Configuration, _ inheritance: Inheritance?, hasLearned: Bool
    ) throws {
        let identity = WorkerIdentity(
            name: Program.name, version: Program.version, releaseDate: Program.released,
            processNumber: inheritance?.assignment.processNumber ?? 1, hasMaster: link != nil)
        let report = report
        let admin = WorkerAdmin(
            core: core, identity: identity, peering: peering, startupLog: { report.text })
        self.admin = admin
        admin.server.onLastSessionEnded = { [unowned self] in leaveIfDone() }
        core.drained = { [unowned self] in
            streamsEnded = true
            leaveIfDone()
        }
        let movesReport = Timer(on: loop) { [unowned self] in tellMoves() }
        core.movesChanged = { [unowned self] in
            guard !reportsMoves else { return }
            reportsMoves = true
            movesReport.set(after: Self.movesReportDelay)
        }
        let streams = isDaemon(configuration) ? StandardStreams() : nil
        try publish(core)
        if link == nil { try writePIDFile(configuration) }
        // Now, since without privileges nobody could.
        predecessors.leave()
        hasTakenOver = true
        if let nice = inheritance?.assignment.servingNice { stepForward(to: nice) }
        do throws(Privileges.Fault) {
            try Privileges.apply(configuration.global)
        } catch {
            report.say(error.isFatal ? .alert : .warning, "[\(options.path).main()] \(error.text).")
            if error.isFatal { throw LoadFailure(exitCode: 1) }
        }
        try admin.start()
        core.start()
        try peering?.start(
            sockets: Dictionary(
                core.peerSockets.map { ($0.section, $0.socket.descriptor) },
                uniquingKeysWith: { first, _ in first }),
            hasLearned: hasLearned)
        report.loadEnded()
        tellReady(core, configuration.global)
        options.started()
        streams?.detach()
    }

    /// The load is over; called while there are still the privileges for it.
    private func stepForward(to nice: Int32) {
        do throws(Errno) {
            try Scheduling.stepForward(to: nice)
        } catch {
            report.say(.warning, "[\(options.path).main()] Cannot return to nice \(nice): \(error)")
        }
    }

    private func isDaemon(_ configuration: Configuration) -> Bool {
        (options.isDaemon || configuration.global.daemon) && !options.staysInForeground
    }

    /// A full disk does not keep anybody from serving.
    private func writePIDFile(_ configuration: Configuration) throws(LoadFailure) {
        guard isDaemon(configuration),
            let path = options.pidFile ?? configuration.global.pidFile
        else { return }
        do throws(Errno) {
            try PIDFile.write(getpid(), to: path)
        } catch {
            report.say(.alert, "[\(options.path).main()] Cannot create pidfile \(path): \(error)")
            if !error.isFullDisk { throw LoadFailure(exitCode: 1) }
        }
    }

    private func tellReady(_ core: ProxyCore, _ global: Global) {
        guard let link else { return }
        let new = core.sockets.filter { !given.contains(ListenerKey($0.key)) && $0.descriptor >= 0 }
        for start in stride(from: 0, to: new.count, by: DescriptorPassing.limit) {
            let some = new[start..<min(start + DescriptorPassing.limit, new.count)]
            link.send(.listeners(some.map { ListenerKey($0.key) }), descriptors: some.map(\.descriptor))
        }
        link.send(
            .ready(
                WorkerFacts(
                    hardStopAfter: global.hardStopAfter?.nanoseconds, maxReloads: global.maxReloads,
                    readyTimeout: global.readyTimeout.nanoseconds, pidFile: global.pidFile,
                    exitOnFailure: global.exitOnFailure, sharesTables: peering?.sharesTables ?? false,
                    takesConnections: global.migration != .off,
                    listeners: core.sockets.map { ListenerKey($0.key) })))
    }

    // MARK: Living

    private func watch() throws(Errno) {
        let signals = Self.signals + (link == nil ? Self.pauseSignals : [])
        self.signals = try SignalWatcher(signals, on: loop) { [unowned self] in received($0.number) }
        try link?.watch(on: loop) { [unowned self] event in
            switch event {
            case .drain(let removed): drain(removed: removed)
            case .admin(let level, let descriptor): serveAdmin(level, Descriptor(owning: descriptor))
            case .successor(let descriptor, let teachesAll):
                teach(Descriptor(owning: descriptor), all: teachesAll)
            case .departures(let descriptor?): core?.giveConnections(over: Descriptor(owning: descriptor))
            case .departures(nil): core?.keepConnections()
            case .arrivals(let descriptor): core?.takeConnections(from: Descriptor(owning: descriptor))
            case .stripped(let message): doWithout(message)
            case .closed: masterIsGone()
            }
        }
    }

    private func received(_ number: Int32) {
        switch number {
        case SIGTERM, SIGINT:
            fatalSignal = number
            cut()
        case SIGUSR1: drain(removed: core?.sockets.map { ListenerKey($0.key) } ?? [])
        case SIGTTOU, SIGTTIN: pauseOrResume(number)
        case SIGUSR2:
            report.say(
                .warning,
                link == nil
                    ? "SIGUSR2 does not reload: this process runs without a master (-W or -Ws)."
                    : "SIGUSR2 does not reload a worker: send it to the master.")
        default:
            report.say(.warning, "SIGHUP is received; streams: \(core?.streams().count ?? 0).")
        }
    }

    /// The master hears what has moved before this worker ends, which may be long after.
    private func tellMoves() {
        reportsMoves = false
        guard let core, core.moves != toldMoves else { return }
        toldMoves = core.moves
        link?.send(.moved(toldMoves))
    }

    /// The next process wants ports that it cannot share, or has given up.
    private func pauseOrResume(_ number: Int32) {
        guard !isDraining else { return }
        if number == SIGTTOU {
            core?.pauseListening()
            admin?.pauseListening()
        } else {
            core?.resumeListening()
            admin?.resumeListening()
        }
    }

    private func serveAdmin(_ level: AdminLevel, _ connection: consuming Descriptor) {
        do throws(Errno) {
            try admin?.adopt(connection, level: level)
        } catch {
            report.say(.warning, "cannot serve an admin connection: \(error)")
        }
    }

    private func teach(_ successor: consuming Descriptor, all: Bool) {
        do throws(Errno) {
            try peering?.succession.teach(successor, all: all)
        } catch {
            report.say(.warning, "cannot teach the next worker: \(error)")
        }
    }

    /// A successor serves, or SIGUSR1 came: finishes its streams, and for a master says that it does, once everybody can see
    /// it.
    func drain(removed: [ListenerKey]) {
        guard let core else { return }
        let removed = Set(removed.map(\.description))
        admin?.stopListening(removed: removed)
        core.stopAccepting(removed: removed)
        peering?.stop()
        for (socket, _) in core.peerSockets { socket.close() }
        if !isDraining { beginDrain(core) }
        link?.send(.draining)
    }

    private func beginDrain(_ core: ProxyCore) {
        isDraining = true
        ProcessTitle.append(" [was: 1]")
        do throws(Errno) {
            try score.raise()
        } catch {
            report.say(.notice, "oom_score_adj stays as it is: \(error)")
        }
        if let span = core.configuration.global.hardStopAfter {
            let timer = Timer(on: loop) { [unowned self] in cut(isOverdue: true) }
            timer.set(at: Instant.now() + span)
            hardStopTimer = timer
        }
        leaveIfDone()
    }

    /// Ends everything that is left, each stream logged, and leaves. `isOverdue`: `hard-stop-after` has passed.
    func cut(isOverdue: Bool = false) {
        isLeaving = true
        admin?.stopListening()
        core?.hardStop(isOverdue: isOverdue)
        loop.stop()
    }

    /// Leaves when the last stream has ended; replies to admin clients that are under way are finished.
    private func leaveIfDone() {
        guard isDraining, streamsEnded else { return }
        loop.atEndOfRound { [unowned self] in
            guard let server = admin?.server else { return loop.stop() }
            server.endIdle()
            if server.sessionCount == 0 { loop.stop() }
        }
    }

    private func finish() -> Int32 {
        peering?.finish()
        if let figures = core?.drainFigures {
            link?.send(
                .ended(
                    DrainSummary(
                        finished: figures.finished, cut: figures.cut, moves: core?.moves ?? DrainMoves())))
        }
        link?.flushBeforeExit()
        if let fatalSignal {
            signal(fatalSignal, SIG_DFL)
            Signals.unblock([fatalSignal])
            raise(fatalSignal)
        }
        return exitCode
    }
}
