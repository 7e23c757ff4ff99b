// More process events than the kernel keeps for us: that some were lost is said, and stays said.

import Glibc
import Observing
import ReloadModel
import TestSupport
import Testing
import Unix

@Suite(.serialized) struct LostEventsTests {
    @Test func anOverflowIsShown() throws {
        let folder = try ScratchFolder()
        #expect(mkfifo(folder.file("go"), 0o600) == 0)
        // Open for both, so that the shell's own opening does not wait for a writer.
        let go = Descriptor(owning: open(folder.file("go"), O_RDWR | O_CLOEXEC))
        // A process that is asked for thousands of children in the place of a master.
        let shell = try RunningProgram(
            "/bin/sh",
            [
                "-c",
                "read go; i=0; while [ $i -lt 3000 ]; do (:); i=$((i+1)); done; echo done; exec sleep 1000",
            ],
            in: folder, input: folder.file("go"))
        let master = RunningMaster(
            pid: shell.pid, program: .haproxy, commandLine: "haproxy -W",
            masterSocket: .unknown(Unknown("it has none")))
        let observer = Observer(master)
        let first = observer.sample()
        try #require(!first.blindness.contains { $0.unknown.reason.contains("10 times a second") })
        try File.writeAll(go.raw, "go\n".utf8)
        // Nobody reads meanwhile.
        try wait(for: "the children", atMost: .seconds(60)) { shell.output.contains("done") }
        let look = observer.sample()
        let lost = try #require(look.blindness.first { $0.what == "process events" })
        #expect(lost.unknown.reason.contains("ENOBUFS"))
        #expect(look.newLines.contains { $0.text.contains("dropped process events") })
        #expect(observer.sample().blindness.contains(lost))
    }
}
