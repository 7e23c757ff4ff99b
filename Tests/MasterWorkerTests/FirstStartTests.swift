// A master that cannot begin says why and ends, before anybody else has noticed.

import Glibc
import TestSupport
import Testing
import Unix

extension RunningMasterTests {
    /// The process that would be replaced is not asked to leave.
    @Test func aPIDFileThatCannotBeMadeFailsBeforeTheOldProcessLeaves() throws {
        let old = try RunningMaster()
        for (path, reason) in [
            ("/nowhere/pid", "No such file or directory"), (old.folder.path, "Is a directory"),
        ] {
            for isConfigured in [true, false] {
                let text = RunningMaster.text(
                    port: old.port, global: isConfigured ? "    pidfile \(path)" : "",
                    frontend: Answer.text("two"), folder: old.folder)
                let file = try old.folder.write("new.cfg", text)
                let new = try TestSupport.Program.run(
                    TestSupport.Program.ours("mwproxy"),
                    ["-W", "-f", file] + (isConfigured ? [] : ["-p", path]) + ["-sf", "\(old.pid)"])
                #expect(new.end == .exited(1))
                #expect(new.errors.contains("Cannot create pidfile \(path): \(reason)"), "\(new.errors)")
            }
        }
        #expect(try old.ask("reload").hasPrefix("Success=1"), "\(old.program.errors)")
        #expect(old.get() == "one")
    }

    /// What a system call of the first start says, for strace.
    private func start(_ text: String, injecting rule: String, options: [String] = []) throws -> (
        program: TestSupport.Program.Completed, trace: [Substring]
    ) {
        let folder = try ScratchFolder()
        let file = try folder.write("m.cfg", text)
        let call = rule.prefix { $0 != ":" }
        let program = try TestSupport.Program.run(
            try TestSupport.Program.system("strace"),
            options + ["-o", folder.file("trace"), "-e", "trace=\(call)", "-e", "inject=\(rule)"]
                + [try TestSupport.Program.ours("mwproxy"), "-Ws", "-f", file])
        return (program, try File.readText(folder.file("trace")).split(separator: "\n"))
    }

    @Test(.enabled(if: geteuid() == 0)) func aFirstWorkerThatCannotBeStartedEndsTheMaster() throws {
        let folder = try ScratchFolder()
        let text = RunningMaster.text(
            port: try freePort(), global: "", frontend: Answer.text("one"), folder: folder)
        let (program, _) = try start(text, injecting: "socketpair:error=EMFILE:when=1")
        #expect(program.end == .exited(1))
        #expect(
            program.errors.contains("cannot start a worker: Too many open files"), "\(program.errors)")
    }

    /// The kernel does not tell when it has room again: it is asked now and then, and not all the time.
    @Test(.enabled(if: geteuid() == 0)) func lastWordsWaitForRoomInTheKernel() throws {
        let refusals = 12
        let (program, trace) = try start(
            "nonsense\n", injecting: "sendmsg:error=ENOBUFS:when=1..\(refusals)", options: ["-f", "-ttt"])
        #expect(program.end == .exited(1))
        #expect(program.errors.contains("unknown keyword 'nonsense'"), "\(program.errors)")
        // Each line begins with a process number, the first with that of the master, and a time in seconds.
        let master = trace.first?.prefix { $0 != " " }
        let ofWorker = trace.filter { $0.contains("ENOBUFS") && $0.prefix { $0 != " " } != master }
        let times = ofWorker.compactMap { Double($0.split(separator: " ")[1]) }
        #expect(times.count == refusals)
        #expect(try #require(times.last) - #require(times.first) > 0.05)
    }
}
