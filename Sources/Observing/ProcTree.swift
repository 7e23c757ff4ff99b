// Reads /proc: one small read a file, parsed from its bytes. The root is a parameter, for trees of one's own.

import Glibc
import ReloadModel
import Unix

/// What `/proc/PID/stat` tells.
package struct ProcessStat: Equatable, Sendable {
    package var name: String
    /// `R`, `S`, `T`, `Z`…
    package var state: Character
    package var parent: Int32
    /// User and system time, in clock ticks.
    package var cpuTicks: Int64
    /// When it started, in clock ticks since boot.
    package var startTicks: Int64
    package var residentPages: Int
    /// The number of its terminal; 0 for none.
    package var terminal: Int32 = 0
    /// It is being taken down, or waits for its parent to take note of its end.
    package var hasEnded = false

    /// `pts/3`, `tty1`; nil without a terminal.
    package var terminalName: String? {
        let major = (terminal >> 8) & 0xfff
        let minor = (terminal & 0xff) | ((terminal >> 12) & 0xfff00)
        return switch major {
        case 136...143: "pts/\((major - 136) * 256 + minor)"
        case 4: minor < 64 ? "tty\(minor)" : "ttyS\(minor - 64)"
        default: nil
        }
    }
}

/// How much a process has run: while it stays the same, nothing in the process can have changed.
package struct RunMark: Equatable, Sendable {
    package var nanoseconds: Int64
    /// How often it was given a processor.
    package var times: Int64
}

extension ProcessStat {
    /// Reads a line of `/proc/PID/stat`: twenty of them a look, and thousands in a search.
    fileprivate init?(_ line: Slice<UnsafeRawBufferPointer>) {
        guard let open = line.firstIndex(of: UInt8(ascii: "(")),
            let close = line.lastIndex(of: UInt8(ascii: ")")), open < close, close + 2 < line.endIndex
        else { return nil }
        name = String(decoding: line[(open + 1)..<close], as: UTF8.self)
        state = Character(UnicodeScalar(line[close + 2]))
        (parent, cpuTicks, startTicks, residentPages, terminal) = (0, 0, 0, 0, 0)
        // The state is field 0.
        var field = 0
        var value: Int64 = 0
        for byte in line[(close + 3)...] {
            if byte >= 0x30, byte <= 0x39 { value = value &* 10 &+ Int64(byte - 0x30) }
            guard byte == UInt8(ascii: " ") else { continue }
            take(value, field)
            (field, value) = (field + 1, 0)
        }
        take(value, field)
        if field < 21 { return nil }
    }

    private mutating func take(_ value: Int64, _ field: Int) {
        switch field {
        case 1: parent = Int32(clamping: value)
        case 4: terminal = Int32(truncatingIfNeeded: value)
        case 6: hasEnded = value & 4 != 0  // PF_EXITING
        case 11, 12: cpuTicks += value
        case 19: startTicks = value
        case 21: residentPages = Int(value)
        default: break
        }
    }
}

/// A `/proc` file system.
package struct ProcTree: Sendable {
    package let root: String

    package init(root: String = "/proc") {
        self.root = root
    }

    package static let ticksPerSecond = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    package static let pageSize = max(1, sysconf(Int32(_SC_PAGESIZE)))

    /// Seconds since boot, suspended ones included: the clock of `startTicks`.
    package static func sinceBoot() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// When a process started that tells `ticks` since boot: microseconds since 1970, true to a tick. Both clocks are
    /// read together; what was read a while ago would move every start by that while.
    package static func startTime(_ ticks: Int64) -> Int64 {
        let age = sinceBoot() - Double(ticks) / ticksPerSecond
        return WallClock.now().microseconds - Int64(age * 1_000_000)
    }

    /// The path of a process's file `name`.
    package func path(_ pid: Int32, _ name: String) -> String { "\(root)/\(pid)/\(name)" }

    /// The ids of all processes.
    package func pids() -> [Int32] {
        guard let directory = opendir(root) else { return [] }
        defer { closedir(directory) }
        var pids: [Int32] = []
        while let entry = readdir(directory) {
            if let pid = number(of: entry) { pids.append(Int32(pid)) }
        }
        return pids
    }

    /// The number that was given to a process last; they begin anew when they have come to their end.
    package func newestPID() -> Int32? {
        small("\(root)/loadavg") { line in
            line.lastIndex(of: UInt8(ascii: " ")).map { Int32(clamping: integer(line[$0...])) }
        }
    }

    /// A directory entry's name as a number; nil for every other name.
    private func number(of entry: UnsafeMutablePointer<dirent>) -> Int? {
        withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            var value = 0
            for (index, byte) in bytes.enumerated() {
                if byte == 0 { return index == 0 ? nil : value }
                guard byte >= 0x30, byte <= 0x39, index < 10 else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            return nil
        }
    }

    /// `/proc/PID/stat`; nil where the process has gone.
    package func stat(_ pid: Int32) -> ProcessStat? {
        small(path(pid, "stat")) { ProcessStat($0) }
    }

    /// How much the process has run so far; nil where the kernel keeps no such account.
    package func runs(_ pid: Int32) -> RunMark? {
        small(path(pid, "schedstat")) { line in
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count > 2 else { return nil }
            return RunMark(nanoseconds: integer(fields[0]), times: integer(fields[2]))
        }
    }

    /// The words of the command line; empty for kernel threads, zombies and processes that have gone.
    package func arguments(_ pid: Int32) -> [String] {
        guard let bytes = try? File.read(path(pid, "cmdline"), limit: 4 << 20) else { return [] }
        return strings(bytes)
    }

    /// `NAME=value` words; unknown without the right to look.
    package func environment(_ pid: Int32) -> Known<[String]> {
        do throws(Errno) {
            return .known(strings(try File.read(path(pid, "environ"), limit: 4 << 20)))
        } catch {
            return .unknown(denied("the environment of process \(pid)", error))
        }
    }

    private func strings(_ bytes: [UInt8]) -> [String] {
        var parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true { parts.removeLast() }
        return parts.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The children that the main thread started, oldest first; nil when the process has gone.
    package func children(_ pid: Int32) -> [Int32]? {
        small(path(pid, "task/\(pid)/children")) { bytes in
            bytes.split(separator: UInt8(ascii: " ")).map { Int32(clamping: integer($0)) }
        }
    }

    /// Where a symbolic link of the process leads: `exe`, `cwd`, `ns/net`.
    package func link(_ pid: Int32, _ name: String) -> Known<String> {
        do throws(Errno) {
            return .known(try readLink(path(pid, name)))
        } catch {
            return .unknown(denied("\(name) of process \(pid)", error))
        }
    }

    /// The number of open descriptors.
    package func descriptorCount(_ pid: Int32) -> Int? {
        var info = Glibc.stat()
        guard lstat(path(pid, "fd"), &info) == 0 else { return nil }
        return Int(info.st_size)
    }

    /// Open descriptors against the soft RLIMIT_NOFILE.
    package func descriptors(_ pid: Int32, limit: Int?) -> Known<ResourceUse> {
        guard let count = descriptorCount(pid) else { return .unknown(Unknown("process \(pid) has gone")) }
        guard count > 0 else {
            return .unknown(Unknown("this kernel does not tell the number of descriptors (6.2 does)"))
        }
        guard let limit else { return .unknown(Unknown("the limits of process \(pid) cannot be read")) }
        return .known(ResourceUse(used: count, limit: limit, scope: "the process"))
    }

    /// The soft limit of open descriptors; nil when it cannot be read.
    package func descriptorLimit(_ pid: Int32) -> Int? {
        guard let text = try? File.readText(path(pid, "limits"), limit: 1 << 16),
            let row = text.split(separator: "\n").first(where: { $0.hasPrefix("Max open files") })
        else { return nil }
        return row.dropFirst("Max open files".count).split(separator: " ").first.flatMap { Int($0) }
    }

    /// The inodes of a process's sockets.
    package func socketInodes(_ pid: Int32) -> Known<Set<UInt64>> {
        let folder = path(pid, "fd")
        guard let directory = opendir(folder) else {
            return .unknown(denied("the descriptors of process \(pid)", .last))
        }
        defer { closedir(directory) }
        let handle = dirfd(directory)
        var inodes: Set<UInt64> = []
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { target in
            while let entry = readdir(directory) {
                let length = withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: 256) {
                        readlinkat(handle, $0, target.baseAddress!, target.count)
                    }
                }
                let link = UnsafeRawBufferPointer(target).prefix(max(0, length))
                if let inode = Self.socketInode(link) { inodes.insert(inode) }
            }
        }
        return .known(inodes)
    }

    /// `socket:[123]` → 123
    static func socketInode(_ link: Slice<UnsafeRawBufferPointer>) -> UInt64? {
        let prefix: StaticString = "socket:["
        guard link.count > 9, link.last == UInt8(ascii: "]") else { return nil }
        let isSocket = prefix.withUTF8Buffer { link.starts(with: $0) }
        guard isSocket else { return nil }
        var value: UInt64 = 0
        for byte in link.dropFirst(8).dropLast() {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            value = value &* 10 &+ UInt64(byte - 0x30)
        }
        return value
    }

    /// The kernel lists the sockets of our own network namespace only.
    package func otherNetwork(_ pid: Int32) -> Unknown? {
        guard let theirs = link(pid, "ns/net").value, let own = try? readLink("/proc/self/ns/net"),
            theirs != own
        else { return nil }
        return Unknown(
            "worker \(pid) is in another network namespace",
            remedy: "nsenter --net=/proc/\(pid)/ns/net reloadtop --pid \(pid)")
    }

    /// Resident and proportional memory.
    package func memory(_ pid: Int32, stat: ProcessStat?) -> MemorySample {
        let resident: Known<Int> =
            stat.map { .known($0.residentPages * Self.pageSize) }
            ?? .unknown(Unknown("process \(pid) has gone"))
        do throws(Errno) {
            let text = try File.read(path(pid, "smaps_rollup"), limit: 1 << 16)
            guard let kilobytes = field("Pss", in: text) else {
                return MemorySample(resident: resident, proportional: .unknown(Unknown("no Pss line")))
            }
            let rss = field("Rss", in: text).map { Known.known(Int($0) * 1024) }
            return MemorySample(resident: rss ?? resident, proportional: .known(Int(kilobytes) * 1024))
        } catch {
            return MemorySample(
                resident: resident, proportional: .unknown(denied("smaps_rollup of process \(pid)", error)))
        }
    }

    /// The signals that wait for the whole process or its first thread, one bit each; nil when it has gone.
    package func pendingSignals(_ pid: Int32) -> UInt64? {
        guard let bytes = try? File.read(path(pid, "status"), limit: 1 << 16) else { return nil }
        let masks = ["ShdPnd", "SigPnd"].compactMap { name in
            line(name, in: bytes).flatMap { UInt64(String(decoding: $0, as: UTF8.self), radix: 16) }
        }
        return masks.isEmpty ? nil : masks.reduce(0, |)
    }

    /// The effective user of a process, by the owner of its folder: a tenth of what reading its status takes. Of a
    /// program that its user may not read the kernel says root.
    package func owner(_ pid: Int32) -> UInt32? {
        var info = Glibc.stat()
        return lstat("\(root)/\(pid)", &info) == 0 ? info.st_uid : nil
    }

    /// The effective user of a process.
    package func user(_ pid: Int32) -> UInt32? {
        guard let bytes = try? File.read(path(pid, "status"), limit: 1 << 16),
            let line = line("Uid", in: bytes)
        else { return nil }
        let ids = line.split { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }
        return ids.count > 1 ? UInt32(clamping: integer(ids[1])) : nil
    }

    /// The number behind `Name:` in a file of such lines.
    private func field(_ name: String, in bytes: [UInt8]) -> Int64? {
        line(name, in: bytes).map { integer($0.prefix { $0 >= 0x30 && $0 <= 0x39 }) }
    }

    /// What stands behind `Name:`, without leading blanks.
    private func line(_ name: String, in bytes: [UInt8]) -> ArraySlice<UInt8>? {
        let head = Array("\(name):".utf8)
        return bytes.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: head) }?
            .dropFirst(head.count).drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }

    private func integer(_ digits: some Sequence<UInt8>) -> Int64 {
        var value: Int64 = 0
        for byte in digits where byte >= 0x30 && byte <= 0x39 { value = value &* 10 &+ Int64(byte - 0x30) }
        return value
    }

    /// Reads a file of at most 4 KiB in one go, without its last line end; nil when it cannot be read.
    private func small<Value>(_ path: String, _ parse: (Slice<UnsafeRawBufferPointer>) -> Value?) -> Value? {
        let raw = open(path, O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { return nil }
        let file = Descriptor(owning: raw)
        return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            let count = read(file.raw, buffer.baseAddress, buffer.count)
            guard count >= 0 else { return nil }
            var bytes = UnsafeRawBufferPointer(buffer)[..<count]
            if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
            return parse(bytes)
        }
    }

    /// Why a file of `/proc` could not be read, and what would help.
    package func denied(_ what: String, _ error: Errno) -> Unknown {
        switch error {
        case .permissionDenied, .notPermitted:
            Unknown("no permission to read \(what)", remedy: "run as root, or grant CAP_SYS_PTRACE")
        case .noSuchFileOrDirectory, .noSuchProcess: Unknown("\(what): the process has gone")
        default: Unknown("\(what): \(error)")
        }
    }
}

/// Where a symbolic link leads.
package func readLink(_ path: String) throws(Errno) -> String {
    var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = target.withUnsafeMutableBytes { buffer in
        readlink(path, buffer.bindMemory(to: CChar.self).baseAddress!, buffer.count)
    }
    if count < 0 { throw .last }
    return String(decoding: target[..<count], as: UTF8.self)
}
