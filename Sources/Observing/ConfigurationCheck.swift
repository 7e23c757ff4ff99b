// The proxy's own `-c` on the files as they are now: as the master would load them, by its program, with its
// arguments and environment, in its folder and namespaces, and with no more rights than it has. It runs beside the
// screen and tells its result when it has ended.

import CLinux
import Glibc
import ReloadModel
import Unix

/// A check under way; killed after `limit`.
package final class ConfigurationCheck {
    /// The longest it may take.
    package static let limit = Duration.seconds(10)
    private static let longestOutput = 1 << 20
    /// Whoever has closed its output ends at once.
    private static let lastMoment: Int32 = 100

    /// What an ended check said.
    package struct Verdict: Equatable, Sendable {
        /// 0: the files are good; 124 when it had to be killed.
        package var exitCode: Int32
        package var lines: [String]
    }

    /// The command as a person would type it in the master's place.
    package let command: String
    private let process: pid_t
    private let output: Descriptor
    private let deadline: Instant
    private var bytes: [UInt8] = []
    private var verdict: Verdict?

    /// Starts the program of `master` on its files. Unknown: why it cannot be started. `loading`: the words that say
    /// what is loaded, where they are not those of the master's own command line.
    package static func start(
        _ proc: ProcTree, master: Int32, loading: [String]? = nil
    ) -> Known<ConfigurationCheck> {
        guard case .known(let program) = proc.link(master, "exe") else {
            return .unknown(proc.denied("the program of master \(master)", .permissionDenied))
        }
        guard case .known(let folder) = proc.link(master, "cwd") else {
            return .unknown(proc.denied("the working directory of master \(master)", .permissionDenied))
        }
        let arguments = proc.arguments(master)
        guard let name = arguments.first else {
            return .unknown(
                Unknown(
                    "master \(master) executes its program at this moment, or has ended: it has no command line",
                    remedy: "look again"))
        }
        let deleted = " (deleted)"
        let path = program.hasSuffix(deleted) ? String(program.dropLast(deleted.count)) : program
        let words = [name, "-c"] + (loading ?? ProxyCommandLine(arguments).loading)
        let environment = environment(proc, master)
        do throws(Errno) {
            let rights = try proc.rights(master)
            guard let foreign = foreignNamespaces(proc, master) else {
                guard rights.areLower else {
                    return .known(try ConfigurationCheck(path, words, environment, in: folder))
                }
                guard geteuid() == 0, access(setpriv, X_OK) == 0 else {
                    return .unknown(
                        Unknown(
                            "master \(master) is user \(rights.uid)'s, and testing as that user needs root",
                            remedy: "run as that user, or as root with setpriv of util-linux"))
                }
                let lowered = [setpriv] + rights.options + [path]
                return .known(
                    try ConfigurationCheck(setpriv, lowered + words.dropFirst(), environment, in: folder))
            }
            guard geteuid() == 0, access(nsenter, X_OK) == 0 else {
                return .unknown(
                    Unknown(
                        "master \(master) lives in another \(foreign) namespace, and testing there needs root",
                        remedy: "run as root, with nsenter of util-linux"))
            }
            // Its /proc tells a process of itself only inside the pid namespace that it is of.
            let pid = isForeign("pid", proc, master) && isForeign("mnt", proc, master) ? ["--pid"] : []
            let user = rights.areLower ? ["--setuid=\(rights.uid)", "--setgid=\(rights.gid)"] : []
            let enter =
                [nsenter, "--target", "\(master)", "--mount", "--net", "--uts"] + pid
                + ["--root", "--wd"] + user + ["--", path]
            return .known(
                try ConfigurationCheck(nsenter, enter + words.dropFirst(), environment, in: "/"))
        } catch {
            return .unknown(Unknown("\(path) -c: \(error)"))
        }
    }

    private static let nsenter = "/usr/bin/nsenter"
    private static let setpriv = "/usr/bin/setpriv"

    /// The first namespace that is not ours and decides what a configuration means; nil when all are.
    private static func foreignNamespaces(_ proc: ProcTree, _ master: Int32) -> String? {
        let kinds = [("mnt", "mount"), ("net", "network"), ("uts", "host name")]
        return kinds.first { kind, _ in isForeign(kind, proc, master) }?.1
    }

    private static func isForeign(_ kind: String, _ proc: ProcTree, _ master: Int32) -> Bool {
        guard let theirs = proc.link(master, "ns/\(kind)").value,
            let own = try? readLink("/proc/self/ns/\(kind)")
        else { return false }
        return theirs != own
    }

    /// The master's own variables, which its files may use, without those that make it a master or a worker.
    private static func environment(_ proc: ProcTree, _ master: Int32) -> [String] {
        let entries = proc.environment(master).value ?? ProcessControl.environment
        return entries.filter { entry in
            !["HAPROXY_", "MWPROXY_", "NOTIFY_SOCKET="].contains { entry.hasPrefix($0) }
        }
    }

    private init(
        _ path: String, _ arguments: [String], _ environment: [String], in folder: String
    ) throws(Errno) {
        var pair: [Int32] = [-1, -1]
        _ = try Errno.check(clinux_pipe(&pair, O_NONBLOCK))
        output = Descriptor(owning: pair[0])
        let theirs = Descriptor(owning: pair[1])
        let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let input = Descriptor(owning: nothing)
        deadline = .now() + Self.limit
        command = arguments.joined(separator: " ")
        process = try ProcessControl.spawn(
            path, arguments: arguments, environment: environment,
            inherited: [(input.raw, 0), (theirs.raw, 1), (theirs.raw, 2)], folder: folder)
    }

    deinit {
        guard verdict == nil else { return }
        var status: Int32 = 0
        if waitpid(process, &status, WNOHANG) == 0 {
            end()
            waitpid(process, &status, 0)
        }
    }

    /// In another pid namespace the test is a child of what entered it.
    private func end() {
        for child in ProcTree().children(process) ?? [] { kill(child, SIGKILL) }
        kill(process, SIGKILL)
    }

    /// Readable while it writes and when it has ended.
    package var descriptor: Int32 { output.raw }

    /// What it said, once it has ended; nil while it runs.
    package func result() -> Verdict? {
        if let verdict { return verdict }
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = read(output.raw, &chunk, chunk.count)
            if count > 0 {
                if bytes.count < Self.longestOutput { bytes += chunk[..<count] }
                continue
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN && Instant.now() < deadline { return nil }
            break
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        verdict = Verdict(exitCode: reap(), lines: lines)
        return verdict
    }

    private func reap() -> Int32 {
        var status: Int32 = 0
        if let handle = try? ProcessControl.open(pid: process) {
            var polled = pollfd(fd: handle.raw, events: Int16(POLLIN), revents: 0)
            _ = poll(&polled, 1, Self.lastMoment)
        }
        if waitpid(process, &status, WNOHANG) == process { return ProcessEnd(waitStatus: status).code }
        end()
        waitpid(process, &status, 0)
        return 124
    }
}
