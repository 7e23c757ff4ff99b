// Children: what they inherit, how their end is told.

import Glibc
import Testing

@testable import Unix

@Suite(.serialized) struct ProcessControlTests {
    /// Waits for one child by pid: `reap` would take the children of other suites.
    private func end(of pid: pid_t) -> ProcessEnd {
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return ProcessEnd(waitStatus: status)
    }

    @Test func tellsExitCodesAndSignals() throws {
        let exits = try ProcessControl.spawn("/bin/sh", arguments: ["sh", "-c", "exit 7"], environment: [])
        #expect(end(of: exits) == .exited(7))
        let killed = try ProcessControl.spawn(
            "/bin/sh", arguments: ["sh", "-c", "kill -9 $$"], environment: [])
        #expect(end(of: killed) == .killed(signal: SIGKILL))
        #expect(ProcessEnd.killed(signal: SIGKILL).code == 137)
    }

    @Test func throwsWhereThereIsNoProgram() {
        #expect(throws: Errno.noSuchFileOrDirectory) {
            try ProcessControl.spawn("/nonexistent/program", arguments: ["x"], environment: [])
        }
    }

    @Test func passesDescriptorsArgumentsAndEnvironment() throws {
        let pair = try Socket.streamPair()
        let pid = try ProcessControl.spawn(
            "/bin/sh", arguments: ["sh", "-c", "echo $GREETING $1 >&5", "sh", "two"],
            environment: ["GREETING=one"], inherited: [(from: pair.other.raw, to: 5)])
        #expect(end(of: pid) == .exited(0))
        Socket.shutdownWrite(pair.other.raw)
        #expect(String(decoding: try File.readAll(pair.one.raw), as: UTF8.self) == "one two\n")
    }

    @Test func childrenStartWithoutBlockedOrIgnoredSignals() throws {
        Signals.ignoreBrokenPipes()
        let pair = try Socket.streamPair()
        let pid = try ProcessControl.spawn(
            "/bin/grep", arguments: ["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"], environment: [],
            inherited: [(from: pair.other.raw, to: 1)])
        #expect(end(of: pid) == .exited(0))
        Socket.shutdownWrite(pair.other.raw)
        let text = String(decoding: try File.readAll(pair.one.raw), as: UTF8.self)
        #expect(text.contains("SigBlk:\t0000000000000000"))
        let ignored = text.split(separator: "\n").last?.split(separator: "\t").last ?? ""
        let mask = try #require(UInt64(ignored, radix: 16))
        #expect(mask & (1 << UInt64(SIGPIPE - 1)) == 0)
    }
}
