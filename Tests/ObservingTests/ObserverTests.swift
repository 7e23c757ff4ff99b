// The observer as a whole.

import Glibc
import Observing
import TestSupport
import Testing

@Suite struct ObserverTests {
    @Test func aMasterThatDoesNotExistIsNotWatched() {
        #expect(throws: AttachFailure.self) { try Observer.find(pid: Int32.max) }
    }

    /// A process that was killed stays in the table until its parent takes note of it.
    @Test func aProcessThatHasEndedIsCalledSo() throws {
        let program = try RunningProgram("/bin/sleep", ["1000"], in: ScratchFolder("observer-"))
        program.signal(SIGKILL)
        try wait(for: "its end") { ProcTree().stat(program.pid)?.state == "Z" }
        let failure = #expect(throws: AttachFailure.self) { try Observer.find(pid: program.pid) }
        #expect(failure == .unsuitable("process \(program.pid) (sleep) has ended: name a master's pid"))
    }
}
