// Unit files as systemd merges them, Debian's own among them.

import Glibc
import TestSupport
import Testing
import Unix

@testable import Doctor

@Suite struct UnitFileTests {
    private func root(_ files: [String: String]) throws -> ScratchFolder {
        let folder = try ScratchFolder()
        for (path, text) in files {
            var made = folder.path
            for part in path.split(separator: "/").dropLast() {
                made += "/\(part)"
                mkdir(made, 0o755)
            }
            try folder.write(path, text)
        }
        return folder
    }

    @Test func debiansUnitIsRead() throws {
        guard let unit = UnitFiles().named("haproxy.service").value else { return }
        #expect(unit.last("Type") == "notify")
        #expect(unit.last("KillMode") == "mixed")
        #expect(unit.commands("ExecReload").last == ["/bin/kill", "-USR2", "$MAINPID"])
        #expect(unit.commands("ExecReload").count == 2)
        #expect(unit.commands("ExecStart").first?.contains("-Ws") == true)
    }

    @Test func dropInsHoldAndAnEmptyAssignmentResets() throws {
        let folder = try root([
            "lib/systemd/system/haproxy.service":
                "[Service]\nType=notify\nExecReload=/bin/one \\\n  two\nExecReload=/bin/kill -USR2 $MAINPID\n",
            "lib/systemd/system/haproxy.service.d/10.conf": "[Service]\nType=forking\n",
            "etc/systemd/system/haproxy.service.d/10.conf": "[Service]\nType=simple\n",
            "etc/systemd/system/haproxy.service.d/20.conf":
                "# comment\n[Service]\nExecReload=\nExecReload=-/bin/systemctl restart haproxy\n",
        ])
        let unit = try #require(UnitFiles(root: folder.path).named("haproxy.service").value)
        #expect(unit.last("Type") == "simple", "the administrator's drop-in hides the package's")
        #expect(unit.commands("ExecReload") == [["/bin/systemctl", "restart", "haproxy"]])
        #expect(unit.files.count == 3)
    }

    @Test func anEarlierFolderHidesTheWholeUnit() throws {
        let folder = try root([
            "usr/lib/systemd/system/haproxy.service": "[Service]\nType=notify\n",
            "etc/systemd/system/haproxy.service": "[Service]\nExecStart=/bin/true\n",
        ])
        let unit = try #require(UnitFiles(root: folder.path).named("haproxy.service").value)
        #expect(unit.last("Type") == nil)
    }

    @Test func anInstanceHasItsTemplate() throws {
        let folder = try root([
            "etc/systemd/system/haproxy@.service": "[Service]\nType=notify\n",
            "etc/systemd/system/haproxy@.service.d/a.conf": "[Service]\nKillMode=mixed\n",
            "etc/systemd/system/haproxy@edge.service.d/a.conf": "[Service]\nKillMode=process\n",
        ])
        let unit = try #require(UnitFiles(root: folder.path).named("haproxy@edge.service").value)
        #expect(unit.last("Type") == "notify")
        #expect(unit.last("KillMode") == "process")
    }

    @Test func theServiceIsFoundByTheControlGroup() {
        #expect(UnitFiles.service(in: "0::/system.slice/haproxy.service\n") == "haproxy.service")
        #expect(
            UnitFiles.service(in: "1:name=systemd:/x\n0::/system.slice/haproxy@edge.service/worker\n")
                == "haproxy@edge.service")
        #expect(UnitFiles.service(in: "0::/user.slice/session-1.scope\n") == nil)
    }
}
