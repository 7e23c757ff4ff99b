// With whose rights a process runs, and a command with no more than those. Root must not run what somebody else has
// written: neither a program nor its variables.

import Glibc
import Unix

struct ProcessRights: Equatable {
    let uid: UInt32
    let gid: UInt32
    let groups: [UInt32]

    /// From `/proc/PID/status`; nil where that does not tell. A program that is set-uid was started by somebody else than it
    /// runs as: of several users it is the one that is not root.
    init?(status: String) {
        func numbers(_ name: String) -> [UInt32]? {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            return line?.dropFirst(name.count + 1).split(whereSeparator: \.isWhitespace).compactMap {
                UInt32($0)
            }
        }
        guard let users = numbers("Uid"), users.count == 4, let gid = numbers("Gid")?.first,
            let groups = numbers("Groups")
        else { return nil }
        uid = users.first { $0 != 0 } ?? 0
        self.gid = gid
        self.groups = groups
    }

    /// Root may lower its own to these.
    var areLower: Bool { uid != geteuid() }

    /// The words of setpriv(1) before a command.
    var options: [String] {
        let groups = groups.map(String.init).joined(separator: ",")
        return [
            "--reuid=\(uid)", "--regid=\(gid)", groups.isEmpty ? "--clear-groups" : "--groups=\(groups)",
            "--",
        ]
    }
}

extension ProcTree {
    /// Throws where the process has gone.
    func rights(_ pid: Int32) throws(Errno) -> ProcessRights {
        guard let rights = ProcessRights(status: try File.readText(path(pid, "status"), limit: 1 << 16))
        else {
            throw .noSuchProcess
        }
        return rights
    }
}
