// HAProxy's command line: single-dash options, some with a value, in any order.

import Worker

/// What the command line says.
struct CommandLineOptions: Equatable {
    /// The command line cannot be used: the usage is printed, the exit code is 1.
    struct Fault: Error, Equatable, CustomStringConvertible {
        let description: String
        /// Told as an alert and without the usage.
        var isAlert = false
    }

    enum Task: Equatable {
        case run
        /// `-c`
        case check
        /// `-v`
        case version
        /// `-vv`
        case details
        /// `-R`
        case reload
    }

    var task = Task.run
    /// `-f` and what follows `--`, in their order.
    var files: [String] = []
    /// `-W` or `-Ws`.
    var isMasterWorker = false
    /// `-Ws`.
    var notifies = false
    /// `-D`.
    var isDaemon = false
    /// `-d` or `-db`.
    var staysInForeground = false
    /// `-q`.
    var isQuiet = false
    /// `-V`.
    var isVerbose = false
    /// `-dW`.
    var failsOnWarnings = false
    /// `-p`.
    var pidFile: String?
    /// `-S`, each with its options.
    var masterSockets: [String] = []
    /// `-n`.
    var maxconn: Int?
    /// `-L`.
    var localPeer: String?
    /// `-C`.
    var directory: String?
    /// `-sf`, `-st` and the pids behind them.
    var predecessors = Predecessors()
    /// `-x`.
    var socketSource: String?
    /// `-dR`.
    var sharesNoPorts = false
    /// Options that are read and do nothing here, which the user must know.
    var warnings: [String] = []

    /// Reads the arguments after `argv[0]`.
    init(_ arguments: [String]) throws(Fault) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch option {
            case "-f": files.append(try Self.value(of: option, &rest))
            case "--":
                files += rest
                rest = []
            case "-c": if task == .run { task = .check }
            case "-v": if task != .details { task = .version }
            case "-vv": task = .details
            case "-R": if task == .run { task = .reload }
            case "-W": isMasterWorker = true
            case "-Ws":
                isMasterWorker = true
                notifies = true
                // The service manager watches this process: `daemon` in the file does not take it away.
                staysInForeground = true
            case "-D": isDaemon = true
            case "-d", "-db": staysInForeground = true
            case "-q": isQuiet = true
            case "-V": isVerbose = true
            case "-dW": failsOnWarnings = true
            case "-p": pidFile = try Self.value(of: option, &rest)
            case "-S": masterSockets.append(try Self.value(of: option, &rest))
            case "-n": maxconn = try Self.number(of: option, &rest)
            case "-L": localPeer = try Self.value(of: option, &rest)
            case "-C": directory = try Self.value(of: option, &rest)
            case "-N", "-m":
                _ = try Self.number(of: option, &rest)
                warnings.append("'\(option)' has no effect: mwproxy has its own budgets.")
            case "-x":
                if socketSource != nil { warnings.append("-x option already set, overwriting the value") }
                guard let path = rest.popFirst(), !path.hasPrefix("-") else {
                    throw Fault(description: "Unix socket path expected with the -x flag")
                }
                socketSource = path
            case "-sf", "-st":
                predecessors.farewell = option == "-sf" ? .finish : .terminate
                while let next = rest.first, !next.hasPrefix("-") {
                    predecessors.pids.append(try Self.pid(rest.removeFirst(), of: option))
                }
            case "-dR": sharesNoPorts = true
            default:
                guard Self.isDebugFlag(option) else { throw Fault(description: "unknown option '\(option)'") }
            }
        }
        if task == .reload, masterSockets.isEmpty {
            throw Fault(description: "-R asks a master for a reload: its socket is needed, -S <address>")
        }
        guard task == .run || task == .check else { return }
        if files.isEmpty { throw Fault(description: "a configuration is needed: -f <cfgfile|cfgdir>") }
    }

    private static func value(of option: String, _ rest: inout ArraySlice<String>) throws(Fault) -> String {
        guard let value = rest.popFirst(), !value.hasPrefix("-") || value == "-" else {
            throw Fault(description: "'\(option)' needs a value")
        }
        return value
    }

    /// One pid, perhaps with blanks around it, as a shell quotes the contents of a pid file.
    private static func pid(_ word: String, of option: String) throws(Fault) -> Int32 {
        let text = word.drop(while: \.isWhitespace)
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let rest = text[digits.endIndex...].drop(while: \.isWhitespace)
        guard rest.isEmpty else {
            throw Fault(
                description: "\(option) option: some bytes unconsumed in PID list {\(rest)}", isAlert: true)
        }
        guard let pid = Int32(digits), pid > 0 else {
            throw Fault(description: "\(option) option: expected the number of a process, found '\(word)'")
        }
        return pid
    }

    private static func number(of option: String, _ rest: inout ArraySlice<String>) throws(Fault) -> Int {
        let text = try value(of: option, &rest)
        guard let number = Int(text), number >= 0 else {
            throw Fault(description: "'\(option)' needs a number, found '\(text)'")
        }
        return number
    }

    /// `-dM`, `-dMfail`, `-dL`, …: HAProxy's switches for its pollers, memory and diagnostics change nothing here.
    private static func isDebugFlag(_ option: String) -> Bool {
        let flags = "MLKrVDSGRepkFICtZwo"
        guard option.hasPrefix("-d"), let letter = option.dropFirst(2).first else { return false }
        return flags.contains(letter)
    }
}
