// Which of the program's processes this one is, and what it is told.

import ConfigLanguage
import Glibc
import Handover
import MasterWorker
import Unix
import Worker

enum Role {
    /// Runs the process until its end; the result is its exit code.
    static func run(_ arguments: [String]) -> Int32 {
        let options: CommandLineOptions
        do throws(CommandLineOptions.Fault) {
            options = try CommandLineOptions(Array(arguments.dropFirst()))
        } catch {
            if error.isAlert {
                StandardError.write(line(.alert, error.description) + "\n")
                return 1
            }
            say(Usage.version(kernel: kernel()))
            StandardError.write(
                "\(error)\n" + Usage.text(program: arguments.first ?? Program.name))
            return 1
        }
        switch options.task {
        case .version, .details:
            say(Usage.version(kernel: kernel()) + (options.task == .details ? Usage.details : ""))
            return 0
        case .reload: return reload(options)
        case .check, .run: break
        }
        let program = ProgramIdentity.resolve(arguments: arguments)
        if let control = ProcessControl.environment(HandoverVariable.worker).flatMap({ Int32($0) }) {
            unsetenv(HandoverVariable.worker)
            var worker = workerOptions(options, program)
            worker.control = control
            return WorkerProcess.run(worker)
        }
        if let state = MasterProcess.inheritedState {
            guard let master = masterOptions(options, program) else { return 1 }
            return MasterProcess.resume(master, from: state)
        }
        if options.task == .check { return ConfigurationCheck.run(workerOptions(options, program)) }
        return firstStart(options, program)
    }

    /// `-R`: the exit code says whether the new files are in force.
    private static func reload(_ options: CommandLineOptions) -> Int32 {
        guard let argument = options.masterSockets.first else { return 1 }
        let address: SocketAddress
        do throws(MasterSocket.Fault) {
            address = try MasterSocket(argument).seen(from: options.directory).address
        } catch {
            StandardError.write(line(.alert, error.description) + "\n")
            return 1
        }
        Signals.ignoreBrokenPipes()
        func lament(_ text: String) { StandardError.write(line(.alert, text) + "\n") }
        let verdict: ReloadVerdict
        do throws(ReloadClient.Fault) {
            verdict = try ReloadClient.reload(over: address)
        } catch {
            switch error {
            case .nobodyListens(let error):
                lament(
                    "nobody was asked for a reload: nobody listens at the master's socket [\(address)]: \(error)"
                )
                return 2
            case .unreachable(let error):
                lament("nobody was asked for a reload: the master's socket [\(address)]: \(error)")
            case .lost(let error):
                lament("the master behind [\(address)] was asked, and its answer is lost: \(error)")
            }
            return 1
        }
        if !options.isQuiet { StandardError.write(verdict.log) }
        if verdict.isSuccess == nil {
            lament("the master behind [\(address)] did not say how the load went")
        }
        return verdict.isSuccess == true ? 0 : 1
    }

    private static func firstStart(_ options: CommandLineOptions, _ program: ProgramIdentity) -> Int32 {
        if !options.isQuiet {
            for warning in options.warnings { StandardError.write(line(.warning, warning) + "\n") }
        }
        let started = DaemonStart.announcement()
        let loaded = peek(options, program)
        let global = loaded.configuration?.global
        let isDaemon = (options.isDaemon || global?.daemon == true) && !options.staysInForeground
        if isDaemon, started == nil { return DaemonStart.run(program) }
        if options.isMasterWorker || global?.masterWorker == true {
            guard var master = masterOptions(options, program) else { return 1 }
            if let started { master.started = started }
            return MasterProcess.start(master, pidFile: global?.pidFile)
        }
        if !options.masterSockets.isEmpty {
            StandardError.write(line(.warning, "'-S' has no effect without a master (-W or -Ws).") + "\n")
        }
        var worker = workerOptions(options, program)
        worker.pidFile = options.pidFile
        if let started { worker.started = started }
        return WorkerProcess.run(worker)
    }

    /// Reads the configuration for what decides the role; whoever serves reads it again and reports on it. The
    /// working folder stays.
    private static func peek(_ options: CommandLineOptions, _ program: ProgramIdentity) -> ParseResult {
        let folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer {
            if folder >= 0 {
                fchdir(folder)
                close(folder)
            }
        }
        return workerOptions(options, program).loader.load()
    }

    private static func workerOptions(
        _ options: CommandLineOptions, _ program: ProgramIdentity
    ) -> WorkerOptions {
        var worker = WorkerOptions(
            loader: ConfigurationLoader(
                paths: options.files, directory: options.directory, localPeer: options.localPeer),
            path: program.path)
        worker.isQuiet = options.isQuiet
        worker.failsOnWarnings = options.failsOnWarnings
        worker.maxconn = options.maxconn
        worker.predecessors = options.predecessors
        worker.socketSource = options.socketSource
        worker.sharesNoPorts = options.sharesNoPorts
        worker.isDaemon = options.isDaemon
        worker.staysInForeground = options.staysInForeground
        return worker
    }

    /// Nil, with the reason on standard error, where an option cannot be used.
    private static func masterOptions(
        _ options: CommandLineOptions, _ program: ProgramIdentity
    ) -> MasterOptions? {
        var master = MasterOptions(program: program)
        master.notifies = options.notifies
        master.pidFile = options.pidFile
        master.directory = options.directory
        master.quiet = options.isQuiet
        do throws(MasterSocket.Fault) {
            for argument in options.masterSockets {
                master.sockets.append(try MasterSocket(argument).seen(from: options.directory))
            }
        } catch {
            StandardError.write(line(.alert, error.description) + "\n")
            return nil
        }
        return master
    }

    private static func line(_ severity: LogSeverity, _ text: String) -> String {
        StartupLines.line(severity, pid: getpid(), text)
    }

    /// On standard output; a reader that has gone (`| head`) is no error.
    private static func say(_ text: String) {
        Signals.ignoreBrokenPipes()
        try? File.writeAll(1, text.utf8)
    }

    /// `Linux 6.1.0 #1 SMP … x86_64`
    private static func kernel() -> String {
        var name = utsname()
        guard uname(&name) == 0 else { return "Linux" }
        func text<Field>(_ field: Field) -> String {
            withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return [text(name.sysname), text(name.release), text(name.version), text(name.machine)]
            .joined(separator: " ")
    }
}
