// A real process that a test started: its output, its signals and its end. It never outlives its test:
// it leads a process group of its own, which is killed when the value goes or when the test process dies.

import Demo
import Glibc
import Unix

package final class RunningProgram {
    package let pid: pid_t
    private let outputFile: String
    private let errorFile: String
    /// Keeps the folder of the output files alive.
    private let folder: ScratchFolder
    private var ended: ProcessEnd?

    /// Starts `path`. Its standard output and error go to files `name.out` and `name.err` in `folder`.
    ///
    /// - Parameters:
    ///   - environment: changes to this process's environment; nil removes a variable.
    ///   - input: a file for its standard input.
    ///   - called: what it finds as its own name (`argv[0]`).
    package init(
        _ path: String, _ arguments: [String] = [], called: String? = nil,
        environment: [String: String?] = [:], in folder: ScratchFolder, name: String = "program",
        input: String = "/dev/null", inherited: [(from: Int32, to: Int32)] = []
    ) throws {
        self.folder = folder
        outputFile = folder.file(name + ".out")
        errorFile = folder.file(name + ".err")
        let appending = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
        let input = try Self.open(input, O_RDONLY | O_CLOEXEC)
        let output = try Self.open(outputFile, appending)
        let errors = try Self.open(errorFile, appending)
        do throws(Errno) {
            pid = try ProcessControl.spawn(
                path, arguments: [called ?? path] + arguments, environment: Program.environment(environment),
                inherited: [(input.raw, 0), (output.raw, 1), (errors.raw, 2)] + inherited, newSession: true)
        } catch {
            throw ProgramError("cannot start \(path): \(error)")
        }
        ChildGuard.shared.adopt(pid)
    }

    deinit { stop() }

    private static func open(_ path: String, _ flags: Int32) throws -> Descriptor {
        let raw = Glibc.open(path, flags, 0o600)
        if raw < 0 { throw ProgramError("cannot open \(path): \(Errno.last)") }
        return Descriptor(owning: raw)
    }

    /// What it has written to standard output so far.
    package var output: String { (try? File.readText(outputFile)) ?? "" }
    /// What it has written to standard error so far.
    package var errors: String { (try? File.readText(errorFile)) ?? "" }

    package func signal(_ number: Int32) {
        kill(pid, number)
    }

    package var isRunning: Bool { poll() == nil }

    private func poll() -> ProcessEnd? {
        if let ended { return ended }
        var status: Int32 = 0
        let result = waitpid(pid, &status, WNOHANG)
        if result == 0 { return nil }
        ended = result == pid ? ProcessEnd(waitStatus: status) : .exited(-1)
        return ended
    }

    /// Waits for its end; one that takes longer than `limit` throws `TimedOut`.
    @discardableResult
    package func end(atMost limit: Duration = .patience) throws -> ProcessEnd {
        try wait(for: "the end of process \(pid)", atMost: limit) { poll() }
    }

    /// Kills it and everything in its process group.
    package func stop() {
        kill(-pid, SIGKILL)
        if ended == nil {
            kill(pid, SIGKILL)
            var status: Int32 = 0
            if waitpid(pid, &status, 0) == pid { ended = ProcessEnd(waitStatus: status) }
        }
        ChildGuard.shared.release(pid)
    }
}
