// `-D`: the program starts itself again in a session of its own, and leaves when that process has told through a
// pipe how its start went. The exit code then says whether it serves.

import CLinux
import Glibc
import Handover
import MasterWorker
import Unix
import Worker

enum DaemonStart {
    /// The starter's side: returns the exit code once the daemon serves or has failed.
    static func run(_ program: ProgramIdentity) -> Int32 {
        do throws(Errno) {
            var numbers: [Int32] = [-1, -1]
            _ = try Errno.check(clinux_pipe(&numbers, 0))
            let reading = Descriptor(owning: numbers[0])
            let pid = try spawn(program, pipe: Descriptor(owning: numbers[1]))
            if try !File.readAll(reading.raw).isEmpty { return 0 }
            return waitForEnd(of: pid)
        } catch {
            StandardError.write("cannot start in the background: \(error)\n")
            return 1
        }
    }

    /// Starts the daemon; this side's copy of the pipe closes, so that its end means the daemon's.
    private static func spawn(
        _ program: ProgramIdentity, pipe: consuming Descriptor
    ) throws(Errno) -> pid_t {
        try ProcessControl.spawn(
            program.path, arguments: program.arguments,
            environment: ProcessControl.environment + ["\(HandoverVariable.daemon)=\(pipe.raw)"],
            inherited: [(from: pipe.raw, to: pipe.raw)], newSession: true)
    }

    private static func waitForEnd(of pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            if errno != EINTR { return 1 }
        }
        let code = ProcessEnd(waitStatus: status).code
        return code == 0 ? 1 : code
    }

    /// The daemon's side: nil where this process was not started as one. Call the closure once it serves.
    static func announcement() -> (() -> Void)? {
        guard let number = ProcessControl.environment(HandoverVariable.daemon).flatMap({ Int32($0) }) else {
            return nil
        }
        unsetenv(HandoverVariable.daemon)
        // Workers must not hold the pipe open.
        try? setCloseOnExec(number, true)
        let streams = StandardStreams()
        return {
            // A starter that has gone needs no answer.
            try? File.writeAll(number, [1])
            close(number)
            streams.detach()
        }
    }
}
