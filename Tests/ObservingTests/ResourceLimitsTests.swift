// Limits of control groups and of the host, from folders of files that the test has written.

import ReloadModel
import TestSupport
import Testing

@testable import Observing

@Suite struct ResourceLimitsTests {
    private let folder: ScratchFolder
    private let mebibyte = 1 << 20

    init() throws {
        folder = try ScratchFolder("limits-")
        try write(
            "proc/meminfo", "MemTotal:        4194304 kB\nMemFree:  10 kB\nMemAvailable:    3145728 kB\n")
        try write("proc/sys/fs/file-nr", "2048\t0\t1048576\n")
    }

    private func write(_ name: String, _ text: String) throws {
        let parts = name.split(separator: "/").dropLast().joined(separator: "/")
        _ = try Program.run("/bin/mkdir", ["-p", "\(folder.path)/\(parts)"])
        _ = try folder.write(name, text)
    }

    private func limits() -> Resources {
        var limits = ResourceLimits(
            ProcTree(root: folder.file("proc")), master: 42, groups: folder.file("cgroup"))
        return limits.read()
    }

    @Test func withoutAGroupTheHostLimits() throws {
        try write("proc/42/cgroup", "0::/\n")
        let resources = limits()
        #expect(
            resources.memory
                == .known(ResourceUse(used: 1024 * mebibyte, limit: 4096 * mebibyte, scope: "the host")))
        #expect(
            resources.descriptors == .known(ResourceUse(used: 2048, limit: 1_048_576, scope: "the host")))
        #expect(resources.processes.value == nil)
    }

    @Test func theGroupThatLeavesLeastCountsWithoutItsCache() throws {
        try write("proc/42/cgroup", "0::/system.slice/haproxy.service\n")
        try write("cgroup/system.slice/haproxy.service/memory.max", "max\n")
        try write("cgroup/system.slice/haproxy.service/pids.max", "max\n")
        try write("cgroup/system.slice/memory.max", "\(512 * mebibyte)\n")
        try write("cgroup/system.slice/memory.current", "\(400 * mebibyte)\n")
        try write("cgroup/system.slice/memory.stat", "anon 5\ninactive_file \(100 * mebibyte)\n")
        try write("cgroup/system.slice/pids.max", "100\n")
        try write("cgroup/system.slice/pids.current", "12\n")
        let resources = limits()
        #expect(
            resources.memory
                == .known(
                    ResourceUse(
                        used: 300 * mebibyte, limit: 512 * mebibyte, scope: "cgroup /system.slice")))
        #expect(
            resources.processes
                == .known(ResourceUse(used: 12, limit: 100, scope: "cgroup /system.slice")))
    }

    @Test func theOlderHierarchyIsReadAsWell() throws {
        try write("proc/42/cgroup", "8:pids:/\n4:memory:/lb\n0::/\n")
        try write("cgroup/memory/lb/memory.limit_in_bytes", "\(64 * mebibyte)\n")
        try write("cgroup/memory/lb/memory.usage_in_bytes", "\(60 * mebibyte)\n")
        try write("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
        #expect(
            limits().memory
                == .known(ResourceUse(used: 60 * mebibyte, limit: 64 * mebibyte, scope: "cgroup /lb")))
    }
}
