// This process's place on the machine, and what other processes use of it.

import Glibc
import TestSupport
import Unix

enum Machine {
    /// Puts this process on CPU 1, with as many descriptors as it may have.
    static func prepare() throws {
        if sysconf(Int32(_SC_NPROCESSORS_ONLN)) >= 2 {
            _ = try Program.run(try Program.system("taskset"), ["-c", "-p", "1", "\(getpid())"])
        } else {
            print("one CPU only: proxy and load share it, the figures say less")
        }
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// CPU time that a process has used, in seconds; the scheduler's account where it is kept, it is finer.
    static func cpuSeconds(_ pid: pid_t) -> Double {
        if let text = try? File.readText("/proc/\(pid)/schedstat"),
            let nanoseconds = text.split(separator: " ").first.flatMap({ Double($0) }), nanoseconds > 0
        {
            return nanoseconds / 1e9
        }
        guard let text = try? File.readText("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else {
            return 0
        }
        let fields = text[end...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            return 0
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The proportional set size of a process, in bytes.
    static func pss(_ pid: pid_t) -> Int { kibibytes("Pss:", in: "/proc/\(pid)/smaps_rollup") }

    /// The resident set size of a process, in bytes.
    static func resident(_ pid: pid_t) -> Int { kibibytes("VmRSS:", in: "/proc/\(pid)/status") }

    /// The resident memory of a process that no file stands behind, in bytes.
    static func anonymous(_ pid: pid_t) -> Int { kibibytes("RssAnon:", in: "/proc/\(pid)/status") }

    private static func kibibytes(_ name: String, in path: String) -> Int {
        let text = (try? File.readText(path)) ?? ""
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            return (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
        }
        return 0
    }
}
