// One at a time: a lock on the folders of the files that a master loads. It leaves no file behind, holds for every user
// and in every namespace, and goes with its process.

import Glibc
import Observing
import Unix

/// Held as long as the value lives.
package final class ReloadLock {
    /// Why it cannot be had, a sentence.
    package struct Fault: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    private var raws: [Int32] = []

    /// - Parameter folders: in any order.
    package init(on folders: Set<String>, proc: ProcTree = ProcTree()) throws(Fault) {
        for folder in folders.sorted() {
            let raw = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            if raw < 0 { throw Fault(description: "cannot lock \(folder): \(Errno.last)") }
            raws.append(raw)
            guard flock(raw, LOCK_EX | LOCK_NB) != 0 else { continue }
            let error = Errno.last
            guard error == .wouldBlock else {
                throw Fault(description: "cannot lock \(folder): \(error)")
            }
            throw Fault(
                description:
                    "another reload is under way: \(Self.holder(of: raw, proc)) holds the lock on \(folder)")
        }
    }

    deinit { for raw in raws { close(raw) } }

    /// `process 4711 (reloadtop reload --yes new.cfg)`
    private static func holder(of raw: Int32, _ proc: ProcTree) -> String {
        var info = stat()
        guard fstat(raw, &info) == 0, let text = try? File.readText("/proc/locks", limit: 1 << 20),
            let pid = holder(inode: UInt64(info.st_ino), in: text), pid > 0
        else { return "a process that cannot be seen from here" }
        let words = proc.arguments(pid).joined(separator: " ")
        return words.isEmpty ? "process \(pid)" : "process \(pid) (\(words))"
    }

    /// Reads lines such as `12: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF`.
    static func holder(inode: UInt64, in text: String) -> Int32? {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 5, words[1] == "FLOCK", words[5].hasSuffix(":\(inode)") else { continue }
            return Int32(words[4])
        }
        return nil
    }
}
