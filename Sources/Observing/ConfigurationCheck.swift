// The last way to learn why a load failed: the proxy's own `-c` on the files as they are now. It runs beside the
// screen and tells its result when it has ended.

import CLinux
import Glibc
import ReloadModel
import Unix

package final class ConfigurationCheck {
    /// The longest it may take.
    private static let limit = Duration.seconds(10)
    private static let longestOutput = 1 << 20

    private let process: pid_t
    private let output: Descriptor
    private let deadline: Instant
    private var bytes: [UInt8] = []

    /// Starts the program of `master` on its files. Unknown: why it cannot be started.
    package static func start(_ proc: ProcTree, master: Int32) -> Known<ConfigurationCheck> {
        let arguments = proc.arguments(master)
        let line = ProxyCommandLine(arguments)
        guard case .known(let program) = proc.link(master, "exe") else {
            return .unknown(proc.denied("the program of master \(master)", .permissionDenied))
        }
        let deleted = " (deleted)"
        let path = program.hasSuffix(deleted) ? String(program.dropLast(deleted.count)) : program
        var words = [arguments.first ?? path, "-c"]
        if let folder = line.folder { words += ["-C", folder] }
        let files = LoadedConfiguration(proc, master: master)
        for file in line.configuration {
            guard case .known(let place) = files.path(of: file, in: line.folder) else {
                return .unknown(Unknown("the place of \(file) is not known"))
            }
            words += ["-f", place]
        }
        do throws(Errno) {
            return .known(try ConfigurationCheck(path, words, environment(proc, master)))
        } catch {
            return .unknown(Unknown("\(path) -c: \(error)"))
        }
    }

    /// The master's own variables, which its files may use, without those that make it a master or a worker.
    private static func environment(_ proc: ProcTree, _ master: Int32) -> [String] {
        let entries = proc.environment(master).value ?? ProcessControl.environment
        return entries.filter { entry in
            !["HAPROXY_", "MWPROXY_", "NOTIFY_SOCKET="].contains { entry.hasPrefix($0) }
        }
    }

    private init(
        _ path: String, _ arguments: [String], _ environment: [String]
    ) throws(Errno) {
        var pair: [Int32] = [-1, -1]
        _ = try Errno.check(clinux_pipe(&pair, O_NONBLOCK))
        output = Descriptor(owning: pair[0])
        let theirs = Descriptor(owning: pair[1])
        let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let input = Descriptor(owning: nothing)
        deadline = .now() + Self.limit
        process = try ProcessControl.spawn(
            path, arguments: arguments, environment: environment,
            inherited: [(input.raw, 0), (theirs.raw, 1), (theirs.raw, 2)])
    }

    deinit {
        var status: Int32 = 0
        if waitpid(process, &status, WNOHANG) == 0 {
            kill(process, SIGKILL)
            waitpid(process, &status, 0)
        }
    }

    /// Readable while it writes and when it has ended.
    package var descriptor: Int32 { output.raw }

    /// What it said, once it has ended; nil while it runs. The reason is nil when the files are good now.
    package func result() -> (isFinished: Bool, reason: String?) {
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = read(output.raw, &chunk, chunk.count)
            if count > 0 {
                if bytes.count < Self.longestOutput { bytes += chunk[..<count] }
                continue
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN && Instant.now() < deadline { return (false, nil) }
            break
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        return (true, FailureReason.first(in: lines))
    }
}
