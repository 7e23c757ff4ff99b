// /proc as a folder of files that the test has written.

import ReloadModel
import TestSupport
import Testing
import Unix

@testable import Observing

@Suite struct ProcTreeTests {
    private let folder: ScratchFolder
    private let proc: ProcTree

    init() throws {
        folder = try ScratchFolder("proc-")
        proc = ProcTree(root: folder.path)
    }

    private func write(_ pid: Int32, _ name: String, _ text: String) throws {
        _ = try Program.run("/bin/mkdir", ["-p", "\(folder.path)/\(pid)/task/\(pid)"])
        _ = try folder.write("\(pid)/\(name)", text)
    }

    @Test func statIsReadBehindAnyName() throws {
        try write(
            42, "stat",
            "42 (a) b (c) S 7 42 1 0 -1 4194560 100 0 0 0 30 12 0 0 20 0 2 0 123456 97000000 2300 1 1\n")
        let stat = try #require(proc.stat(42))
        #expect(stat.name == "a) b (c")
        #expect(stat.state == "S")
        #expect(stat.parent == 7)
        #expect(stat.cpuTicks == 42)
        #expect(stat.startTicks == 123456)
        #expect(stat.residentPages == 2300)
        #expect(proc.pids() == [42])
    }

    @Test func whatIsCutShortIsNotRead() throws {
        try write(42, "stat", "42 (haproxy) S 7")
        #expect(proc.stat(42) == nil)
        #expect(proc.stat(43) == nil)
    }

    @Test func argumentsKeepEmptyWords() throws {
        try write(42, "cmdline", "haproxy\0-W\0\0-f\0a b.cfg\0")
        #expect(proc.arguments(42) == ["haproxy", "-W", "", "-f", "a b.cfg"])
        #expect(proc.arguments(43).isEmpty)
    }

    @Test func childrenComeInTheirOrder() throws {
        try write(42, "task/42/children", "2435 2440 2444 ")
        #expect(proc.children(42) == [2435, 2440, 2444])
        #expect(proc.children(43) == nil)
    }

    @Test func memoryIsProportionalWhereItCanBeRead() throws {
        try write(
            42, "smaps_rollup",
            "5581d0a00000-7ffe rollup\nRss:                8604 kB\nPss:                1024 kB\n"
                + "Pss_Dirty:           900 kB\n")
        let memory = proc.memory(42, stat: nil)
        #expect(memory == MemorySample(resident: .known(8604 * 1024), proportional: .known(1024 * 1024)))
        #expect(proc.memory(43, stat: nil).proportional.value == nil)
    }

    @Test func pendingSignalsAreBits() throws {
        try write(42, "status", "Name:\thaproxy\nUid:\t0\t99\t0\t0\nShdPnd:\t0000000000000801\n")
        #expect(proc.pendingSignals(42) == 0x801)
        #expect(proc.user(42) == 99)
    }

    @Test func theUnitIsTheControlGroups() throws {
        try write(42, "cgroup", "0::/system.slice/haproxy.service\n")
        try write(43, "cgroup", "0::/user.slice/user-0.slice/session-1.scope\n")
        #expect(LogFeed.unit(proc, 42) == "haproxy.service")
        #expect(LogFeed.unit(proc, 43) == nil)
    }

    @Test func theCommandLineNamesFilesAndSockets() {
        let line = ProxyCommandLine([
            "/usr/sbin/haproxy", "-sf", "2448", "2444", "-x", "sockpair@6", "-Ws", "-S",
            "/run/m.sock,level,admin",
            "-f", "a.cfg", "-f", "/etc/b", "-C", "/srv", "-p", "x.pid",
        ])
        #expect(line.replaced == [2448, 2444])
        #expect(line.asksForMaster)
        #expect(line.masterSocket == "/run/m.sock,level,admin")
        #expect(line.configuration == ["a.cfg", "/etc/b"])
        #expect(line.folder == "/srv")
    }

    @Test(
        arguments: [
            ("/run/m.sock", SocketAddress.unix(path: "/run/m.sock")),
            ("/run/m.sock,level,operator", .unix(path: "/run/m.sock")),
            ("unix@/run/m.sock", .unix(path: "/run/m.sock")),
            ("m.sock", .unix(path: "/srv/m.sock")),
            ("abns@mw", .paddedAbstract(name: "mw")),
            ("ipv4@127.0.0.1:9999", .ipv4(0x7f00_0001, port: 9999)),
            ("127.0.0.1:9999", .ipv4(0x7f00_0001, port: 9999)),
            (":9999", .ipv4(0x7f00_0001, port: 9999)),
            ("*:9999", .ipv4(0x7f00_0001, port: 9999)),
            ("fd@4", nil), ("sockpair@5", nil), ("", nil),
        ] as [(String, SocketAddress?)])
    func adminAddressesAreRead(word: String, address: SocketAddress?) {
        #expect(AdminAddress.parse(word, relativeTo: "/srv") == address)
    }
}
