// The limits around a master's workers: the control group that leaves least, else the host. Read anew every few
// seconds: a handful of small files.

import Glibc
import ReloadModel
import Unix

struct ResourceLimits {
    private static let period = Duration.seconds(2)
    private let proc: ProcTree
    private let master: Int32
    /// Where the control groups are mounted.
    private let groups: String
    private var last: (resources: Resources, at: Instant)?

    init(_ proc: ProcTree, master: Int32, groups: String = "/sys/fs/cgroup") {
        self.proc = proc
        self.master = master
        self.groups = groups
    }

    mutating func read() -> Resources {
        if let last, Instant.now() - last.at < Self.period { return last.resources }
        let resources = Resources(memory: memory(), descriptors: descriptors(), processes: processes())
        last = (resources, .now())
        return resources
    }

    // MARK: Memory

    private func memory() -> Known<ResourceUse> {
        var uses = folders("memory").compactMap(groupMemory)
        if let host = hostMemory() { uses.append(host) }
        return uses.min { $0.free < $1.free }.map { .known($0) }
            ?? .unknown(Unknown("\(proc.root)/meminfo cannot be read"))
    }

    private func groupMemory(_ folder: Folder) -> ResourceUse? {
        let names =
            folder.isUnified
            ? ("memory.max", "memory.current", "inactive_file")
            : ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        guard let limit = number(folder.path, names.0), let used = number(folder.path, names.1),
            limit < 1 << 60
        else { return nil }
        // Page cache that the kernel gives back first is no use of memory.
        let cache = (try? File.readText("\(folder.path)/memory.stat", limit: 1 << 16)).flatMap {
            value(of: names.2, in: $0)
        }
        return ResourceUse(used: max(0, used - (cache ?? 0)), limit: limit, scope: "cgroup \(folder.name)")
    }

    private func hostMemory() -> ResourceUse? {
        guard let text = try? File.readText("\(proc.root)/meminfo", limit: 1 << 16),
            let total = value(of: "MemTotal:", in: text), let free = value(of: "MemAvailable:", in: text)
        else { return nil }
        return ResourceUse(used: (total - free) * 1024, limit: total * 1024, scope: "the host")
    }

    // MARK: Descriptors and processes

    private func descriptors() -> Known<ResourceUse> {
        guard let text = try? File.readText("\(proc.root)/sys/fs/file-nr", limit: 4096) else {
            return .unknown(Unknown("\(proc.root)/sys/fs/file-nr cannot be read"))
        }
        let numbers = text.split { $0 == "\t" || $0 == " " || $0 == "\n" }.compactMap { Int($0) }
        guard numbers.count == 3 else { return .unknown(Unknown("file-nr has another form")) }
        return .known(ResourceUse(used: numbers[0], limit: numbers[2], scope: "the host"))
    }

    private func processes() -> Known<ResourceUse> {
        let uses = folders("pids").compactMap { folder -> ResourceUse? in
            guard let limit = number(folder.path, "pids.max"), let used = number(folder.path, "pids.current")
            else { return nil }
            return ResourceUse(used: used, limit: limit, scope: "cgroup \(folder.name)")
        }
        return uses.min { $0.free < $1.free }.map { .known($0) }
            ?? .unknown(Unknown("no control group limits the number of processes"))
    }

    // MARK: Control groups

    private struct Folder {
        var path: String
        var name: String
        var isUnified: Bool
    }

    /// The master's groups that may limit `controller`, from its own one up to the top.
    private func folders(_ controller: String) -> [Folder] {
        guard let text = try? File.readText(proc.path(master, "cgroup"), limit: 1 << 16) else { return [] }
        var found: [Folder] = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let isUnified = parts[0] == "0"
            guard isUnified || parts[1].split(separator: ",").contains(Substring(controller)) else {
                continue
            }
            let root = isUnified ? groups : "\(groups)/\(controller)"
            var steps = parts[2].split(separator: "/").filter { $0 != ".." }
            while true {
                let name = "/" + steps.joined(separator: "/")
                found.append(Folder(path: root + name, name: name, isUnified: isUnified))
                if steps.popLast() == nil { break }
            }
        }
        return found
    }

    /// A file with one number; nil for `max` and where it is missing.
    private func number(_ folder: String, _ name: String) -> Int? {
        (try? File.readText("\(folder)/\(name)", limit: 4096)).flatMap { text in
            Int(text.prefix { $0.isASCII && $0.isNumber })
        }
    }

    /// The number behind a name in a file of such lines.
    private func value(of name: String, in text: String) -> Int? {
        text.split(separator: "\n").first { $0.hasPrefix(name) && $0.dropFirst(name.count).first == " " }
            .flatMap { $0.dropFirst(name.count).split(separator: " ").first }.flatMap { Int($0) }
    }
}
