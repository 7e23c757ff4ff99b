// What a service manager relies on: the unit and the default configuration as they are shipped, a reload that tells how
// it went, and whom the kernel ends first.

import Glibc
import TestSupport
import Testing
import Unix

@testable import MasterWorker

@Suite struct ServiceTests {
    private static let packaging = TestSupport.Program.packageRoot + "/packaging"
    private static let analyze = "/usr/bin/systemd-analyze"

    @Test(.enabled(if: access(analyze, X_OK) == 0)) func theUnitIsVerified() throws {
        let folder = try ScratchFolder()
        let unit = try File.readText(Self.packaging + "/systemd/mwproxy.service")
        // Any program will do: that it is there is asked, not what it does.
        try folder.write("mwproxy.service", unit.replacing("/usr/bin/mwproxy", with: "/bin/true"))
        let verified = try TestSupport.Program.run(
            Self.analyze, ["verify", "--man=no", folder.file("mwproxy.service")])
        #expect(verified.end == .exited(0))
        // It also looks at units of the system that this one asks for.
        #expect(!verified.errors.contains("mwproxy.service"), "\(verified.errors)")
    }

    @Test func theDefaultConfigurationIsAccepted() throws {
        let folder = try ScratchFolder()
        let text = try File.readText(Self.packaging + "/mwproxy.cfg")
        let kept = text.split(separator: "\n").filter { line in
            !["    user ", "    group ", "    chroot "].contains(where: line.hasPrefix)
        }
        try folder.write(
            "mwproxy.cfg",
            kept.joined(separator: "\n").replacing("/run/mwproxy", with: folder.path) + "\n")
        let checked = try TestSupport.Program.run(
            TestSupport.Program.ours("mwproxy"), ["-c", "-f", folder.file("mwproxy.cfg")])
        #expect(checked.end == .exited(0))
        #expect(checked.output + checked.errors == "Configuration file is valid\n")
    }

    @Test func aReloadByCommandFailsWhenTheLoadFails() throws {
        let master = try RunningMaster()
        func reload(_ options: [String] = []) throws -> TestSupport.Program.Completed {
            try TestSupport.Program.run(
                TestSupport.Program.ours("mwproxy"), ["-R", "-S", master.folder.file("m.sock")] + options)
        }
        try master.configure(frontend: Answer.text("two"))
        let good = try reload()
        #expect(good.end == .exited(0) && good.errors.hasSuffix("Loading success.\n"))
        #expect(master.get() == "two")
        try master.configure(frontend: "    bind 192.0.2.1:80\n" + Answer.text("three"))
        let bad = try reload()
        #expect(bad.end == .exited(1) && bad.errors.contains("stays current\n"))
        let quiet = try reload(["-q"])
        #expect(quiet.end == .exited(1) && quiet.errors == "")
        master.program.stop()
        let nobody = try reload(["-q"])
        #expect(nobody.end == .exited(2) && nobody.errors.contains("nobody listens"), "\(nobody.errors)")
    }

    /// As root the workers have changed their user, and may not open the file any more.
    @Test func aDrainingWorkerGoesBeforeTheOneThatServes() throws {
        let master = try RunningMaster(global: getuid() == 0 ? "    uid 65534\n    gid 65534" : "")
        func score(_ pid: pid_t) throws -> Int? {
            Int(try File.readText("/proc/\(pid)/oom_score_adj").filter { $0 != "\n" })
        }
        let usual = try #require(try score(master.pid))
        let raised = min(1000, usual + 300)
        var old: [(worker: pid_t, client: Connection)] = []
        for number in 1...2 {
            let client = try master.connect()
            try wait(for: "client \(number)") { try master.ask("@1 show info").contains("CurrConns: 1\n") }
            let serving = try #require(master.current)
            #expect(try score(serving) == usual)
            old.append((serving, client))
            #expect(try master.ask("reload").hasPrefix("Success=1"))
            // The master answers without a worker that takes its time.
            try wait(for: "old worker \(number) to raise its score") { try score(serving) != usual }
            for (worker, _) in old { #expect(try score(worker) == raised, "raised once, and for good") }
        }
        #expect(try score(try #require(master.current)) == usual)
        #expect(try score(master.pid) == usual)
        for (_, client) in old {
            #expect(try RunningMaster.exchange(client) == "one", "the old workers were there all the time")
        }
    }
}
