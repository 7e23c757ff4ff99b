// The edge of the master: feeds `MasterState` with signals, messages and ends of processes, and performs what it
// decides. The hand-over as a whole is told in docs/reload.md.

import AdminSocket
import Glibc
import Handover
import Polling
import RuntimeAPI
import Unix

/// What the command line says to the master.
package struct MasterOptions {
    package var program: ProgramIdentity
    /// `-S`.
    package var sockets: [MasterSocket] = []
    /// `-Ws`.
    package var notifies = false
    /// `-p`.
    package var pidFile: String?
    /// `-C`: where a relative pid file stands.
    package var directory: String?
    /// `-q`: nothing on standard error.
    package var quiet = false
    /// Called once, when the first worker serves.
    package var started: () -> Void = {}

    package init(program: ProgramIdentity) {
        self.program = program
    }
}

/// The master process.
package final class MasterProcess {
    private static let signals = [SIGUSR2, SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGCHLD]

    let options: MasterOptions
    let loop: EventLoop
    var state: MasterState
    /// Keeps descriptors that are carried over every exec.
    final class Held {
        let descriptor: Descriptor
        init(_ descriptor: consuming Descriptor) { self.descriptor = consume descriptor }
    }
    var listeners: [ListenerKey: Held] = [:]
    /// What a worker has bound that is not READY yet.
    private var bound: [Int32: [ListenerKey: Held]] = [:]
    var channels: [Int32: WorkerChannel] = [:]
    var sockets: [Held] = []
    var pidFile: String?
    /// The nice value from before the load that is under way; nil where it was not changed.
    var usualNice: Int32?
    private var probe: BinaryProbe?
    /// The form of the state that the next program reads, by the last probe.
    private(set) var nextForm = StateForm.newest
    private var signals: SignalWatcher?
    private var deadline: Timer?
    private var inputs: [MasterInput] = []
    private var isHandling = false
    private var exitCode: Int32 = 0
    /// The start has come to nothing: whoever waits for it is told no more.
    private var hasFailed = false
    /// It ends with `exitCode`, also where that was decided before the loop ran.
    private var isOver = false
    private var lines: StartupLines
    private var output = PatientWriter(2)
    private let notifier: ServiceNotifier
    var admin: AdminServer?
    var pending: [Int: (reply: PendingReply, session: Int)] = [:]
    var nextToken = 1

    private init(_ options: MasterOptions, state: MasterState) throws(Errno) {
        self.options = options
        self.state = state
        lines = StartupLines(path: options.program.path)
        loop = try EventLoop()
        notifier = ServiceNotifier(
            socket: options.notifies ? ProcessControl.environment("NOTIFY_SOCKET") : nil)
    }

    // MARK: Beginning

    /// Signals wait from here on: call it before anything else that a master does.
    package static func blockSignals() {
        Signals.block(signals)
        Signals.ignoreBrokenPipes()
        signal(SIGTTOU, SIG_IGN)
        signal(SIGTTIN, SIG_IGN)
    }

    /// The descriptor of the state that the program before the exec left, where there is one.
    package static var inheritedState: Int32? {
        ProcessControl.environment(HandoverVariable.master).flatMap { Int32($0) }
    }

    /// Where a probe of a running master asks whether this binary can take over: what to answer it.
    package static var probeAnswer: String? {
        ProcessControl.environment(HandoverVariable.probe).map {
            BinaryProbe.answer(to: $0, state: inheritedState)
        }
    }

    /// Runs the first program of a master until its end; the result is the exit code. `configured`: the pid file of the
    /// configuration, as far as that is known by now.
    package static func start(_ options: MasterOptions, pidFile configured: String?) -> Int32 {
        blockSignals()
        let now = Moment.now()
        let state = MasterState(
            pid: getpid(), startedAt: now.monotonic, version: Program.version)
        do throws(Errno) {
            let master = try MasterProcess(options, state: state)
            // Before a worker tells those that it replaces to leave.
            if let path = master.pidFilePath(configured), let error = obstacle(toFile: path) {
                master.lament(path, error)
                return 1
            }
            for socket in options.sockets {
                do throws(Errno) {
                    master.sockets.append(Held(try socket.open()))
                } catch {
                    master.print(
                        .alert, "cannot bind the master socket [\(socket.address)]: \(error)")
                    return 1
                }
            }
            try master.listen()
            master.perform(master.state.start(at: now))
            return try master.run()
        } catch {
            StandardError.write("the master cannot run: \(error)\n")
            return 1
        }
    }

    /// Goes on after an exec.
    package static func resume(_ options: MasterOptions, from descriptor: Int32) -> Int32 {
        blockSignals()
        unsetenv(HandoverVariable.master)
        do {
            let (state, handover) = try MasterHandover.load(
                descriptor, version: Program.version)
            var options = options
            options.program.path = handover.path
            let master = try insist { () throws(Errno) in try MasterProcess(options, state: state) }
            try master.takeOver(handover)
            try master.listen()
            master.attach(handover.sessions)
            master.reap()
            master.handle(.executed)
            return try master.run()
        } catch {
            StandardError.write("the new master cannot go on with the old one's state: \(error)\n")
            return 1
        }
    }

    private func listen() throws(Errno) {
        let server = AdminServer(on: loop, commands: MasterCommands.table(for: self))
        for (socket, option) in zip(sockets, options.sockets) {
            try insist { () throws(Errno) in
                try server.listen(
                    onShared: socket.descriptor.raw,
                    settings: SessionSettings(style: .master, level: option.level, timeout: nil))
            }
        }
        admin = server
        deadline = Timer(on: loop) { [unowned self] in handle(.clock) }
        signals = try insist { () throws(Errno) in
            try SignalWatcher(Self.signals, on: loop) { [unowned self] in received($0) }
        }
    }

    private func run() throws(Errno) -> Int32 {
        setDeadline()
        if !isOver { try loop.run() }
        return exitCode
    }

    // MARK: Inputs

    private func received(_ signal: ReceivedSignal) {
        switch signal.number {
        case SIGCHLD: reap()
        case SIGUSR2, SIGHUP:
            let request = ReloadRequest(
                via: signal.number == SIGHUP ? "SIGHUP" : "SIGUSR2", at: WallClock.now().microseconds,
                pid: signal.senderPID == 0 ? nil : signal.senderPID,
                uid: signal.senderPID == 0 ? nil : signal.senderUID)
            handle(.reloadRequested(ReloadAsker(request: request)))
        default: handle(.stopRequested(signal: signal.number))
        }
    }

    private func reap() {
        while let (pid, end) = ProcessControl.reap() {
            if let probe, probe.pid == pid {
                let verdict = probe.verdict(end, path: options.program.path)
                probe.close()
                self.probe = nil
                switch verdict {
                case .takesOver(let form):
                    nextForm = form
                    handle(.probed(failure: nil))
                case .cannot(let reason): handle(.probed(failure: reason))
                }
            } else {
                channels[pid]?.finish()
                handle(.workerEnded(pid: pid, end))
            }
        }
    }

    /// A session of the master CLI asks for a reload.
    func reload(for session: AdminSession, reply: PendingReply) {
        let token = nextToken
        nextToken += 1
        pending[token] = (reply, session.number)
        let request = ReloadRequest(
            via: "cli", at: WallClock.now().microseconds, pid: session.peer?.pid, uid: session.peer?.uid)
        handle(.reloadRequested(ReloadAsker(request: request, token: token)))
    }

    /// Inputs that come while actions are performed wait for their turn.
    func handle(_ input: MasterInput) {
        inputs.append(input)
        guard !isHandling else { return }
        isHandling = true
        defer { isHandling = false }
        while !inputs.isEmpty {
            let next = inputs.removeFirst()
            let attempt = state.load?.attempt
            perform(state.handle(next, at: .now()))
            if attempt != nil, state.load?.attempt != attempt { lines.loadEnded() }
        }
        if state.load == nil { stepForward() }
        setDeadline()
    }

    private func stepForward() {
        guard let nice = usualNice else { return }
        usualNice = nil
        do throws(Errno) {
            try Scheduling.stepForward(to: nice)
        } catch {
            print(.warning, "cannot return to nice \(nice): \(error)")
        }
    }

    private func setDeadline() {
        deadline?.set(at: state.nextDeadline)
    }

    // MARK: Actions

    private func perform(_ actions: [MasterAction]) {
        for action in actions where !hasFailed { perform(action) }
    }

    private func perform(_ action: MasterAction) {
        switch action {
        case .log(let severity, let text): print(severity, text)
        case .notify(let status): notify(status)
        case .probe: startProbe()
        case .endProbe:
            probe?.close(killing: true)
            probe = nil
        case .execute: execute()
        case .spawn(let assignment): spawn(assignment)
        case .send(let pid, let message): channels[pid]?.send(message)
        case .connect(let draining, let serving): connect(draining: draining, serving: serving)
        case .signal(let pid, let number):
            // ESRCH: it has ended, and its end is on the way.
            try? ProcessControl.signal(pid, number)
        case .adoptListeners(let pid):
            listeners.merge(bound.removeValue(forKey: pid) ?? [:]) { _, new in new }
        case .closeListeners(let keys):
            for key in keys { listeners[key] = nil }
        case .forget(let pid):
            channels[pid] = nil
            bound[pid] = nil
        case .answer(let token, let success, let log):
            pending.removeValue(forKey: token)?.reply.finish("Success=\(success ? 1 : 0)\n--\n\(log)")
        case .writePIDFile(let configured): writePIDFile(configured)
        case .started: options.started()
        case .exit(let code): end(code)
        }
    }

    func print(_ severity: LogSeverity, _ text: String) {
        guard !options.quiet else { return }
        output.write(lines.text(severity, pid: state.pid, text))
    }

    private func notify(_ status: ServiceStatus) {
        do throws(Errno) {
            try notifier.send(status, at: .now())
        } catch {
            print(.warning, "cannot tell NOTIFY_SOCKET: \(error)")
        }
    }

    private func startProbe() {
        usualNice = usualNice ?? Scheduling.stepBack()
        do throws(Errno) {
            // A number that standard output does not take.
            let state = try handover(of: []).save(state, as: .newest).duplicate()
            probe = try BinaryProbe(options.program, state: state, on: loop)
        } catch {
            handle(.probed(failure: "\(options.program.path) cannot run: \(error)"))
        }
    }

    private func end(_ code: Int32) {
        exitCode = code
        isOver = true
        loop.stop()
    }

    private func pidFilePath(_ configured: String?) -> String? {
        guard let path = options.pidFile ?? configured else { return nil }
        guard !path.hasPrefix("/"), let directory = options.directory else { return path }
        return ProgramIdentity.absolute("\(directory)/\(path)")
    }

    /// Why no file can be made there; nil: nothing is seen in the way.
    private static func obstacle(toFile path: String) -> Errno? {
        var there = stat()
        if stat(path, &there) == 0, there.st_mode & S_IFMT == S_IFDIR { return .isDirectory }
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        return access(folder, W_OK | X_OK) == 0 ? nil : .last
    }

    private func lament(_ path: String, _ error: Errno) {
        print(.alert, "[\(options.program.path).main()] Cannot create pidfile \(path): \(error)")
    }

    private func writePIDFile(_ configured: String?) {
        guard let path = pidFilePath(configured), path != pidFile else { return }
        do throws(Errno) {
            try PIDFile.write(state.pid, to: path)
            pidFile = path
        } catch {
            lament(path, error)
            // A full disk does not keep anybody from serving; the next reload tries again.
            guard state.reloads == 0, !error.isFullDisk else { return }
            hasFailed = true
            end(1)
        }
    }

    // MARK: Workers

    private func spawn(_ assignment: Assignment) {
        do throws(Errno) {
            let pair = try Socket.packetPair()
            let number = pair.other.raw
            let pid = try ProcessControl.spawn(
                options.program.path, arguments: options.program.arguments,
                environment: WorkerEnvironment.make(control: number),
                inherited: [(from: number, to: number)])
            let channel = channel(to: pid, try pair.one.duplicate())
            try channel.watch()
            channels[pid] = channel
            handle(.spawned(pid: pid))
            var assignment = assignment
            assignment.servingNice = usualNice
            channel.send(.start(assignment))
            try introduce(channel)
            let keys = state.held.filter { listeners[$0] != nil }
            for start in stride(from: 0, to: keys.count, by: DescriptorPassing.limit) {
                let some = Array(keys[start..<min(start + DescriptorPassing.limit, keys.count)])
                channel.send(
                    .listeners(some), descriptors: some.compactMap { listeners[$0]?.descriptor.raw })
            }
            channel.send(.begin)
        } catch {
            handle(.spawnFailed(error))
        }
    }

    /// A channel that is watched by nobody yet.
    func channel(to pid: Int32, _ descriptor: consuming Descriptor) -> WorkerChannel {
        WorkerChannel(pid: pid, owning: descriptor, on: loop) {
            [unowned self] channel, event in
            switch event {
            case .closed: handle(.workerUnreachable(pid: channel.pid))
            case .stripped: handle(.listenersLost(pid: channel.pid))
            case .message(.listeners(let keys), let numbers):
                for (key, number) in zip(keys, numbers) {
                    bound[channel.pid, default: [:]][key] = Held(Descriptor(owning: number))
                }
            case .message(let message, _):
                if case .log(let severity, _) = message, state.load?.pid == channel.pid {
                    lines.heard(severity)
                }
                handle(.workerSaid(pid: channel.pid, message))
            }
        }
    }

    /// Connects an admin client with a worker; nil where there is no such worker any more.
    func connect(to pid: Int32, level: CommandLevel) throws(Errno) -> Descriptor? {
        guard let channel = channels[pid], channel.raw != nil else { return nil }
        let pair = try Socket.streamPair()
        let ours = try pair.one.duplicate()
        let theirs = try pair.other.duplicate()
        let passed = AdminLevel(rawValue: UInt8(level.rawValue)) ?? .user
        channel.send(.admin(passed), descriptors: [theirs.release()], owned: true)
        return ours
    }

    /// Connects an admin client with this process: for a single command after `@master`.
    func connectToItself(level: CommandLevel) throws(Errno) -> Descriptor {
        let pair = try Socket.streamPair()
        let ours = try pair.one.duplicate()
        try admin?.adopt(
            try pair.other.duplicate(), settings: SessionSettings(style: .worker, level: level, timeout: nil))
        return ours
    }

    /// Where the master CLI listens.
    var cliSockets: [(address: SocketAddress, level: CommandLevel)] {
        options.sockets.map { ($0.address, $0.level) }
    }
}
