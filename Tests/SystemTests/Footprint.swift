// What a process holds: what a reload must not leave behind in it.

import Glibc
import Testing
import Unix

struct Footprint {
    let descriptors: Int
    /// Bytes of its own. The proportional share would not do: it grows when others that share its pages end.
    let anonymousMemory: Int

    init(of pid: pid_t) throws {
        descriptors = try File.names(in: "/proc/\(pid)/fd").count
        let lines = try File.readText("/proc/\(pid)/status").split(separator: "\n")
        let words = lines.first { $0.hasPrefix("RssAnon:") }?.split(whereSeparator: \.isWhitespace)
        anonymousMemory = try #require(words?.dropFirst().first.flatMap { Int($0) }) * 1024
    }
}
