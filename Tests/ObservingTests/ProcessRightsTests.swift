// Nobody's program is run with more rights than it has.

import Glibc
import TestSupport
import Testing
import Unix

@testable import Observing

@Suite struct ProcessRightsTests {
    /// A shell that calls itself a master, whose file is a script: `-c` runs that.
    @Test(.enabled(if: geteuid() == 0)) func theTestRunsAsTheUserOfTheMaster() throws {
        let folder = try ScratchFolder()
        chmod(folder.path, 0o755)
        let program = folder.file("haproxy")
        #expect(try Program.run("/bin/cp", ["/bin/sh", program]).end == .exited(0))
        let script = try folder.write("a.cfg", "#!/bin/sh\nid -u; id -g; id -G\n")
        for file in [program, script] { chmod(file, 0o755) }
        let setpriv = try Program.system("setpriv")
        for (user, expected) in [
            (["--reuid=65534", "--regid=65534", "--groups=12,34"], ["65534", "65534", "65534 12 34"]),
            // As a program that is set-uid: whoever started it is not root.
            (["--ruid=65534", "--regid=65533", "--clear-groups"], ["65534", "65533", "65533"]),
            (["--reuid=0", "--regid=0", "--clear-groups"], ["0", "0"]),
        ] {
            let master = try RunningProgram(
                setpriv, user + [program, "-c", "sleep 1000; :", "-f", script], in: folder)
            let check = try wait(for: "the program") {
                try? readLink("/proc/\(master.pid)/exe") == program
                    ? ConfigurationCheck.start(ProcTree(), master: master.pid).value : nil
            }
            let verdict = try wait(for: "the test") { check.result() }
            #expect(Array(verdict.lines.prefix(expected.count)) == expected, "\(user): \(verdict)")
        }
    }

    @Test func aStatusThatIsCutShortTellsNothing() {
        let status = "Name:\thaproxy\nUid:\t5\t5\t5\t5\nGid:\t6\t6\t6\t6\nGroups:\t \n"
        #expect(ProcessRights(status: status)?.options == ["--reuid=5", "--regid=6", "--clear-groups", "--"])
        for lacking in ["Uid:", "Gid:", "Groups:"] {
            #expect(ProcessRights(status: status.replacing(lacking, with: "X:")) == nil)
        }
    }
}
