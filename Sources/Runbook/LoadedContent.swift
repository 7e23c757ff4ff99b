// What a worker was loaded from, told by who knows it by content: mwproxy's worker itself, or the audit log of a reload
// that saw it load. A worker never changes what it was loaded from, so that holds until its end.

import Glibc
import Observing
import ReloadModel
import RuntimeAPI
import Unix

/// A process that is not taken for a later one with its number.
struct ProcessIdentity: Equatable {
    let pid: Int32
    let startTicks: Int64
    /// Of the machine's boot since which the ticks count.
    let boot: String

    init?(_ pid: Int32, _ proc: ProcTree) {
        guard let stat = proc.stat(pid), let boot = try? File.readText("/proc/sys/kernel/random/boot_id")
        else { return nil }
        self.pid = pid
        startTicks = stat.startTicks
        self.boot = String(boot.prefix { !$0.isNewline })
    }

    init?(_ json: JSON?) {
        guard let pid = json?["pid"]?.integer, let ticks = json?["start_ticks"]?.integer,
            let boot = json?["boot"]?.string
        else { return nil }
        (self.pid, startTicks, self.boot) = (Int32(clamping: pid), ticks, boot)
    }

    var json: JSON {
        .object([
            .init("pid", .integer(Int64(pid))), .init("start_ticks", .integer(startTicks)),
            .init("boot", .string(boot)),
        ])
    }
}

/// The hashes of the files that one worker was loaded from, in their order.
struct LoadedContent: Equatable {
    struct File: Equatable {
        /// Nil where the witness tells hashes alone.
        var name: String?
        var hash: String
    }
    var files: [File]
    /// Who says so: `the worker says what it was loaded from`.
    var witness: String

    private static let variable = "CFGFILES_SHA256"
    private static let longestAnswer = Duration.milliseconds(500)

    /// What is known of the worker by content; nil: nothing.
    static func of(
        _ worker: Int32, under master: RunningMaster, _ audit: AuditLog?, _ proc: ProcTree, asking: Bool
    ) -> LoadedContent? {
        if asking, master.program == .mwproxy, let own = told(by: worker, master) { return own }
        return ProcessIdentity(worker, proc).flatMap { audit?.content(of: $0) }
    }

    /// mwproxy keeps the hashes of its files in its environment.
    private static func told(by worker: Int32, _ master: RunningMaster) -> LoadedContent? {
        guard let word = master.masterSocket.value,
            let address = AdminAddress.parse(word, relativeTo: try? readLink("/proc/self/cwd"))
        else { return nil }
        let answer = AdminQuery.ask(address, "@!\(worker) show env \(variable)", within: longestAnswer)
        guard case .complete(let text) = answer, text.hasPrefix(variable + "=") else { return nil }
        let hashes = text.dropFirst(variable.count + 1).prefix { !$0.isNewline }.split(separator: ";")
        return LoadedContent(
            files: hashes.map { File(name: nil, hash: String($0)) },
            witness: "the worker says what it was loaded from")
    }

    /// How the disk differs from what was loaded.
    struct Difference: Equatable {
        /// The files that are there and have another content, or were not loaded.
        var changed: [String] = []
        /// Those that were loaded and are gone.
        var gone: [String] = []
        /// How many more are gone whose names nobody knows.
        var goneUnnamed = 0

        var isEmpty: Bool { changed.isEmpty && gone.isEmpty && goneUnnamed == 0 }

        /// `a.cfg, b.cfg are not what runs; c.cfg was loaded and is gone`
        var sentence: String {
            var parts: [String] = []
            if !changed.isEmpty {
                parts.append(
                    "\(changed.joined(separator: ", ")) \(changed.count == 1 ? "is" : "are") not what runs")
            }
            parts += gone.map { "\($0) was loaded and is gone" }
            if goneUnnamed > 0 {
                let (files, were) = goneUnnamed == 1 ? ("file", "was") : ("files", "were")
                parts.append(
                    "\(goneUnnamed) \(files) that \(were) loaded \(goneUnnamed == 1 ? "is" : "are") gone")
            }
            return parts.joined(separator: "; ")
        }
    }

    func difference(from disk: [ConfigurationFile]) -> Difference {
        let there = disk.map { File(name: $0.path, hash: HostState.hash($0.bytes)) }
        if files.allSatisfy({ $0.name != nil }) {
            return Difference(
                changed: there.filter { file in
                    files.first { $0.name == file.name }?.hash != file.hash
                }.compactMap(\.name),
                gone: files.compactMap(\.name).filter { name in !there.contains { $0.name == name } })
        }
        if there.count == files.count {
            return Difference(
                changed: zip(there, files).filter { $0.hash != $1.hash }.compactMap(\.0.name))
        }
        // One came or went: what stands between the same neighbours as before is the same.
        let steps = there.map(\.hash).difference(from: files.map(\.hash))
        let changed = steps.insertions.compactMap { step -> String? in
            if case .insert(let offset, _, _) = step { there[offset].name } else { nil }
        }
        return Difference(changed: changed, goneUnnamed: max(0, steps.removals.count - changed.count))
    }

    /// The hash of what runs in a file's place; nil where that cannot be told.
    func hash(of name: String, among disk: [ConfigurationFile]) -> String? {
        if let named = files.first(where: { $0.name == name }) { return named.hash }
        guard disk.count == files.count, let index = disk.firstIndex(where: { $0.path == name }) else {
            return nil
        }
        return files[index].hash
    }
}

extension AuditLog {
    private static let mostBytes: Int64 = 4 << 20

    /// The lines of reloads, the newest first; of a long log the newest part.
    var reloads: [JSON] {
        guard let bytes = try? tail() else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").reversed().compactMap { line in
            guard line.contains("\"action\":\"reload\""), let json = try? JSON(parsing: line) else {
                return nil
            }
            return json["action"]?.string == "reload" ? json : nil
        }
    }

    /// What a worker was loaded from, where a reload wrote it down.
    func content(of worker: ProcessIdentity) -> LoadedContent? {
        for line in reloads where ProcessIdentity(line["worker"]) == worker {
            guard let files = line["runs"]?.array else { continue }
            let hashes = files.compactMap { file -> LoadedContent.File? in
                file["sha256"]?.string.map { LoadedContent.File(name: file["file"]?.string, hash: $0) }
            }
            guard hashes.count == files.count else { continue }
            return LoadedContent(
                files: hashes,
                witness:
                    "the audit log has what worker \(worker.pid) was loaded from (\(line["time"]?.string ?? "?"))"
            )
        }
        return nil
    }

    /// The reload that put a file in its place and did not live to tell what came of it: who and when.
    func interrupted(placing place: String, _ hash: String) -> String? {
        guard let last = reloads.first(where: { $0["file"]?.string == place }),
            last["event"]?.string == "begun",
            last["sha256_after"]?.string == hash
        else { return nil }
        return "a reload that was interrupted had put it there (\(last["time"]?.string ?? "?"), "
            + "\(last["processes"]?.string ?? "?"))"
    }

    private func tail() throws(Errno) -> [UInt8] {
        let raw = open(path, O_RDONLY | O_CLOEXEC)
        if raw < 0 { throw .last }
        let file = Descriptor(owning: raw)
        let size = Int64(lseek(file.raw, 0, SEEK_END))
        lseek(file.raw, off_t(max(0, size - Self.mostBytes)), SEEK_SET)
        return try File.readAll(file.raw)
    }
}
