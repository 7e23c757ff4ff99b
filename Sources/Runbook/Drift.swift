// Whether the files on disk are what runs, for somebody who has not seen them loaded: by their times. A file that was
// moved or copied into its place keeps an old time of content; the time of its last change of anything tells.

import Glibc
import Observing
import ReloadModel
import RuntimeAPI
import Unix

enum Drift {
    /// A worker's start is known to a clock tick.
    private static let tick: Int64 = 20_000

    /// Why the disk is not, or not surely, what runs; nil: it is.
    static func reason(_ snapshot: Snapshot, _ files: [LoadedFile], audit: AuditLog) -> String? {
        switch snapshot.configuration.disk {
        case .known(.same): moved(snapshot, files, audit).map { "drift: \($0)" }
        case .known(.differs(let names, _)):
            "drift: \(names.joined(separator: ", ")) \(names.count == 1 ? "is" : "are") not what runs"
        case .unknown(let why):
            "drift: it cannot be told whether the files on disk are what runs (\(why.reason))"
        }
    }

    /// Why the files may not be what runs although their content was not seen to change; nil: nothing speaks for it.
    static func moved(_ snapshot: Snapshot, _ files: [LoadedFile], _ audit: AuditLog?) -> String? {
        guard let serving = snapshot.workers.first(where: { $0.state == .serving }) else { return nil }
        let started = snapshot.time - Int64(serving.uptime * 1_000_000)
        for file in files {
            var info = stat()
            guard stat(file.place, &info) == 0 else { continue }
            let changed = Int64(info.st_ctim.tv_sec) * 1_000_000 + Int64(info.st_ctim.tv_nsec) / 1000
            guard changed > started + tick, audit?.hasPutBack(file.place) != true else { continue }
            return
                "\(file.name) was put there, or its owner or mode was changed, after this worker had read it"
        }
        return nil
    }
}

extension AuditLog {
    /// Whether the last reload of this file left it as it was, and what lies there is still that: giving a file back its
    /// name changes its time.
    fileprivate func hasPutBack(_ place: String) -> Bool {
        guard let text = try? File.readText(path), let state = try? FileState(of: place) else { return false }
        let last = text.split(separator: "\n").lazy.reversed().compactMap { line -> JSON? in
            guard line.contains("\"event\":\"ended\""), let json = try? JSON(parsing: String(line)) else {
                return nil
            }
            guard let file = json["file"]?.string, let own = try? FileState(of: file) else { return nil }
            return own.device == state.device && own.inode == state.inode ? json : nil
        }.first
        guard let last, last["drift"] == .null,
            last["verdict"]?.string.map({ ["rolled_back", "refused"].contains($0) }) == true
        else { return false }
        return last["sha256_now"]?.string == state.hash
    }
}
