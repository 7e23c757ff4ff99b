// Finds masters among the running processes. It reads each process's command line once, so it runs at the start and
// after the watched master has gone, never at every tick.

import Glibc
import ReloadModel
import Unix

/// Looks through the process table.
package struct MasterSearch {
    private let proc: ProcTree

    package init(_ proc: ProcTree = ProcTree()) {
        self.proc = proc
    }

    /// A process that is a proxy, be it a master or not.
    struct Candidate {
        var program: ProxyIdentity.Program
        var arguments: [String]
    }

    /// All masters, oldest first.
    package func all() -> [RunningMaster] {
        var candidates: [Int32: Candidate] = [:]
        for pid in proc.pids() { candidates[pid] = candidate(pid) }
        return masters(among: candidates)
    }

    /// Nil: the process is no proxy.
    func candidate(_ pid: Int32) -> Candidate? {
        let arguments = proc.arguments(pid)
        return program(pid, arguments).map { Candidate(program: $0, arguments: arguments) }
    }

    /// The masters among all proxies, oldest first.
    func masters(among candidates: [Int32: Candidate]) -> [RunningMaster] {
        candidates.keys.sorted().compactMap { pid in
            guard let stat = proc.stat(pid), stat.state != "Z", let candidate = candidates[pid] else {
                return nil
            }
            // A worker's parent is itself a proxy.
            if let parent = candidates[stat.parent], parent.program == candidate.program { return nil }
            guard isMaster(pid, candidate.arguments, isProxy: { candidates[$0] != nil }) else { return nil }
            return master(pid, candidate.program, candidate.arguments)
        }
    }

    /// Proxies that have no master and are none, oldest first.
    package func withoutMaster() -> [(pid: Int32, commandLine: String)] {
        let masters = Set(all().map(\.pid))
        return proc.pids().sorted().compactMap { pid in
            let arguments = proc.arguments(pid)
            guard !masters.contains(pid), program(pid, arguments) != nil, let stat = proc.stat(pid),
                !masters.contains(stat.parent), stat.state != "Z"
            else { return nil }
            return (pid, arguments.joined(separator: " "))
        }
    }

    /// The master with this pid, or whose worker has it.
    package func named(_ pid: Int32) throws(AttachFailure) -> RunningMaster {
        guard let stat = proc.stat(pid) else { throw .unsuitable("no process has the pid \(pid)") }
        if stat.hasEnded { throw .unsuitable("process \(pid) (\(stat.name)) has ended: name a master's pid") }
        let arguments = proc.arguments(pid)
        guard let program = program(pid, arguments) else {
            throw .unsuitable(
                "process \(pid) (\(stat.name)) is neither HAProxy nor mwproxy: name a master's pid")
        }
        if self.program(stat.parent, proc.arguments(stat.parent)) == program { return try named(stat.parent) }
        let isMaster = isMaster(pid, arguments) { child in
            self.program(child, proc.arguments(child)) != nil
        }
        guard isMaster else {
            throw .unsuitable(
                "process \(pid) runs without a master: start it with -W or -Ws, or 'master-worker' in global")
        }
        return master(pid, program, arguments)
    }

    /// The master that listens on an admin socket.
    package func listening(on word: String) throws(AttachFailure) -> RunningMaster {
        let folder = (try? readLink("/proc/self/cwd")) ?? "/"
        guard let address = AdminAddress.parse(word, relativeTo: folder) else {
            throw .unsuitable("'\(word)' is no address of an admin socket: a path, abns@name or address:port")
        }
        let answer = AdminQuery.ask(address, "show proc", within: .seconds(2))
        let pid: Int32?
        switch answer {
        case .refused(let error):
            throw .unsuitable("master socket \(word): \(error)\(Self.remedy(error))")
        case .complete, .late: pid = ProxyReplies.masterPID(in: answer.text)
        }
        guard let pid else {
            if case .late = answer {
                throw .unsuitable(
                    "master socket \(word) does not answer: the master is stopped or busy; "
                        + "name its --pid to see what can be seen without it")
            }
            throw .unsuitable(
                "\(word) is not a master's socket (it does not answer 'show proc'): name the one of -S, "
                    + "not a 'stats socket'")
        }
        // In another pid namespace the master has another number here, and its own may be somebody else's.
        let found = [Self.listener(address), pid].compactMap(\.self).first { pid in
            proc.stat(pid) != nil && program(pid, proc.arguments(pid)) != nil
        }
        guard let pid = found, let program = program(pid, proc.arguments(pid)) else {
            throw .unsuitable("the master behind \(word) is pid \(pid) of another machine or pid namespace")
        }
        var master = master(pid, program, proc.arguments(pid))
        master.masterSocket = .known(Self.reached(word))
        return master
    }

    /// Who listens on a path, by its number here; nil where the kernel does not tell, or that process is not seen.
    private static func listener(_ address: SocketAddress) -> Int32? {
        guard case .unix = address, let socket = try? Socket.stream(for: address),
            (try? Socket.connect(socket.raw, to: address)) != nil,
            let peer = try? Socket.peerCredentials(socket.raw)
        else { return nil }
        return peer.pid > 0 ? peer.pid : nil
    }

    /// A relative path is meant from here, and others resolve the word elsewhere.
    static func reached(_ word: String) -> String {
        guard
            case .unix(let path) = AdminAddress.parse(
                word, relativeTo: (try? readLink("/proc/self/cwd")) ?? "/")
        else { return word }
        return path
    }

    /// Whom to ask for what the error forbids.
    static func remedy(_ error: Errno) -> String {
        switch error {
        case .permissionDenied, .notPermitted:
            ": run as root, or give the socket to your group: -S path,mode,660,group,name"
        case .noSuchFileOrDirectory: ": no such socket"
        case .connectionRefused: ": nobody listens there"
        default: ""
        }
    }

    // MARK: Recognition

    /// Which proxy a process is, through links as well; nil when it is none.
    func program(_ pid: Int32, _ arguments: [String]) -> ProxyIdentity.Program? {
        guard let first = arguments.first else { return nil }
        let line = ProxyCommandLine(arguments)
        let looksSo = line.asksForMaster || !line.configuration.isEmpty
        let called = Self.program(named: Self.baseName(first))
        guard called != nil || looksSo else { return nil }
        if let file = proc.link(pid, "exe").value {
            return Self.program(named: Self.baseName(file)) ?? called
        }
        return called ?? (line.asksForMaster && !line.configuration.isEmpty ? .haproxy : nil)
    }

    private static func program(named name: Substring) -> ProxyIdentity.Program? {
        if name.hasPrefix("mwproxy") { return .mwproxy }
        return name.hasPrefix("haproxy") ? .haproxy : nil
    }

    private static func baseName(_ path: String) -> Substring {
        path.split(separator: "/").last ?? ""
    }

    private func isMaster(_ pid: Int32, _ arguments: [String], isProxy: (Int32) -> Bool) -> Bool {
        // A worker of mwproxy has its master's command line, and may outlive it for a moment.
        if proc.environment(pid).value?.contains(where: { $0.hasPrefix("MWPROXY_WORKER=") }) == true {
            return false
        }
        // Without -W the configuration may say `master-worker`: then a worker is there.
        return ProxyCommandLine(arguments).asksForMaster
            || (proc.children(pid) ?? []).contains(where: isProxy)
    }

    private func master(
        _ pid: Int32, _ program: ProxyIdentity.Program, _ arguments: [String]
    ) -> RunningMaster {
        RunningMaster(
            pid: pid, program: program, commandLine: arguments.joined(separator: " "),
            masterSocket: masterSocket(pid, arguments),
            configuration: ProxyCommandLine(arguments).configuration,
            workers: proc.children(pid).map { children in children.count { candidate($0) != nil } },
            started: proc.stat(pid).map { ProcTree.startTime($0.startTicks) })
    }

    /// The admin socket by `-S`, else by the environment of HAProxy before 3.1.
    private func masterSocket(_ pid: Int32, _ arguments: [String]) -> Known<String> {
        let line = ProxyCommandLine(arguments)
        var words: [String] = []
        if let word = line.masterSocket {
            words = [word]
        } else {
            switch proc.environment(pid) {
            case .known(let entries):
                let name = "HAPROXY_MASTER_CLI="
                guard let entry = entries.first(where: { $0.hasPrefix(name) }) else {
                    return .unknown(
                        Unknown(
                            "master \(pid) has no admin socket", remedy: "start it with -S /path/to/socket"))
                }
                words = entry.dropFirst(name.count).split(separator: ";").map(String.init)
            case .unknown(let why):
                return .unknown(
                    Unknown(
                        "no -S on the command line of master \(pid), and \(why.reason)",
                        remedy: "name it with --master-socket, or run as root"))
            }
        }
        let cwd = proc.link(pid, "cwd")
        for word in words {
            guard let address = AdminAddress.parse(word, relativeTo: cwd.value) else { continue }
            return .known(reachable(address, by: pid))
        }
        let why = cwd.value == nil ? "its folder is relative and cannot be read" : "nobody can connect to it"
        return .unknown(
            Unknown(
                "admin socket '\(words.first ?? "")' of master \(pid): \(why)", remedy: "use --master-socket")
        )
    }

    /// A path of another file system root is reached through `/proc/PID/root`.
    private func reachable(_ address: SocketAddress, by pid: Int32) -> String {
        switch address {
        case .unix(let path):
            let through = proc.path(pid, "root") + path
            let isElsewhere = access(path, F_OK) != 0 && access(through, F_OK) == 0
            return isElsewhere ? through : path
        default: return address.description
        }
    }
}
