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
        #expect(unit.commands("ExecReload").last?.words == ["/bin/kill", "-USR2", "$MAINPID"])
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
        #expect(
            unit.commands("ExecReload") == [
                UnitCommand(
                    ["/bin/systemctl", "restart", "haproxy"], ignoresFailure: true,
                    place: "/etc/systemd/system/haproxy.service.d/20.conf:4")
            ])
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

    @Test func linesAreReadAsSystemdReadsThem() {
        let unit = Facts.unit(
            "[Unit]\r\nRestart=no\r\n[Service]\r\n  ExecStart=/bin/a one \\\r\n# between\r\n; too\r\n  two\r\n"
                + "Environment=A=b\\\\\nRestart = always \n")
        #expect(unit.commands("ExecStart").map(\.words) == [["/bin/a", "one", "two"]])
        #expect(unit.place("ExecStart").hasSuffix(":4"))
        #expect(unit.last("Restart") == "always" && unit.place("Restart").hasSuffix(":9"))
        #expect(Facts.unit("[Service]\nRestart=always \\").last("Restart") == "always")
    }

    @Test(arguments: [
        ("@/bin/a name x", [["/bin/a", "x"]]),
        ("+-/bin/a 'x y' \"it's\" a\"b\"c", [["/bin/a", "x y", "it's", "abc"]]),
        ("/bin/a ; /bin/b \\; c", [["/bin/a"], ["/bin/b", ";", "c"]]),
        ("/bin/sh -ec 'x'", [["x"]]), ("/bin/sh --rc x", [["/bin/sh", "--rc", "x"]]),
        ("/bin/sh -c 'if a -c; then exec kill -HUP 1; fi'", [["a", "-c"], ["kill", "-HUP", "1"], ["fi"]]),
    ])
    func commandsAreSplit(line: String, words: [[String]]) {
        #expect(UnitCommand.read(line, at: "x").map(\.words) == words)
    }

    @Test func valuesAreReadAsSystemdReadsThem() {
        #expect(UnitValues.seconds("1h 30min 5") == 5405)
        #expect(UnitValues.seconds("infinity") == .infinity)
        #expect(UnitValues.seconds("soon") == nil && UnitValues.seconds("") == nil)
        #expect(UnitValues.hardLimit("1024:65536") == 65536 && UnitValues.hardLimit("64") == 64)
        #expect(UnitValues.hardLimit("infinity") == nil && UnitValues.hardLimit("1024:64K") == nil)
        #expect(
            !UnitValues.leaves("CAP_X", ["CAP_A CAP_B"]) && UnitValues.leaves("CAP_X", ["CAP_A", "CAP_X"]))
        #expect(!UnitValues.leaves("CAP_X", ["~CAP_X"]) && UnitValues.leaves("CAP_X", []))
    }

    /// A container, or the host seen from one: absolute links are meant below its root.
    @Test func linksAndMasksStayBelowTheRoot() throws {
        let folder = try root([
            "lib/systemd/system/haproxy.service": "[Service]\nType=notify\nRestart=always\n",
            "opt/edge.service": "[Service]\nType=exec\n",
            "lib/systemd/system/haproxy.service.d/10.conf": "[Service]\nRestart=no\n",
            "etc/systemd/system/haproxy.service.d/20.conf": "[Service]\nUser=x\n",
            "run/systemd/transient/x": "",
        ])
        symlink("/dev/null", folder.file("etc/systemd/system/haproxy.service.d/10.conf"))
        symlink("/opt/edge.service", folder.file("etc/systemd/system/edge.service"))
        let unit = try #require(UnitFiles(root: folder.path).named("haproxy.service").value)
        #expect(unit.last("Restart") == "always" && unit.last("User") == "x")
        #expect(UnitFiles(root: folder.path).named("edge.service").value?.last("Type") == "exec")
        symlink("/dev/null", folder.file("run/systemd/transient/haproxy.service"))
        #expect(UnitFiles(root: folder.path).named("haproxy.service").value?.last("Type") == nil)
    }

    @Test func dropInsOfPrefixesAndOfAllServices() throws {
        let folder = try root([
            "lib/systemd/system/edge-haproxy-1.service": "[Service]\nType=notify\n",
            "etc/systemd/system/edge-.service.d/a.conf": "[Service]\nUser=a\nRestart=no\n",
            "lib/systemd/system/edge-haproxy-1.service.d/a.conf": "[Service]\nUser=hidden\n",
            "etc/systemd/system/edge-haproxy-.service.d/b.conf": "[Service]\nRestart=always\n",
            "etc/systemd/system/service.d/a.conf": "[Service]\nUser=hidden\n",
            "usr/lib/systemd/system/service.d/c.conf": "[Service]\nOOMPolicy=kill\n",
        ])
        let unit = try #require(UnitFiles(root: folder.path).named("edge-haproxy-1.service").value)
        #expect(unit.last("User") == "a" && unit.last("Restart") == "always")
        #expect(unit.last("OOMPolicy") == "kill")
        #expect(unit.place("Restart") == "/etc/systemd/system/edge-haproxy-.service.d/b.conf:2")
    }

    @Test func theServiceIsFoundByTheControlGroup() {
        #expect(
            UnitFiles.isOfUser("0::/user.slice/user-7.slice/user@7.service/app.slice/haproxy.service\n"))
        #expect(!UnitFiles.isOfUser("0::/system.slice/haproxy.service\n"))
        #expect(UnitFiles.service(in: "0::/system.slice/haproxy.service\n") == "haproxy.service")
        #expect(
            UnitFiles.service(in: "1:name=systemd:/x\n0::/system.slice/haproxy@edge.service/worker\n")
                == "haproxy@edge.service")
        #expect(UnitFiles.service(in: "0::/user.slice/session-1.scope\n") == nil)
    }
}
