// Faults at exact system calls of a running process, by strace.

import Glibc
import TestSupport
import Unix

/// strace at work on one process; its children are left alone.
final class Injection {
    private let program: RunningProgram

    /// Returns once it has taken hold. `rules`: as strace's `inject=`, such as `bind:signal=KILL:when=1`; each call of the
    /// process is counted from here on.
    init(_ rules: [String], into pid: pid_t, in folder: ScratchFolder) throws {
        let calls = rules.compactMap { $0.split(separator: ":").first.map(String.init) }
        // Of its own each, since what an earlier one said would be taken for this one's words.
        let name = "strace-\(pid)-\(rules.joined(separator: "-"))"
        let program = try RunningProgram(
            try Program.system("strace"),
            ["-o", folder.file("\(name).trace"), "-e", "trace=\(calls.joined(separator: ","))"]
                + rules.flatMap { ["-e", "inject=\($0)"] } + ["-p", "\(pid)"], in: folder, name: name)
        self.program = program
        try wait(for: "strace to attach") {
            if !program.isRunning { throw ProgramError("strace ended: \(program.errors)") }
            return program.errors.contains("attached")
        }
    }

    /// Lets go of the process, if it still lives.
    func end() throws {
        program.signal(SIGINT)
        try program.end()
    }
}
