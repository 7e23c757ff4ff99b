// Which socket each descriptor of a process is: `/proc/PID/fd`, read in steps. Twenty thousand descriptors take tens
// of milliseconds, which the screen's loop has other use for.

import Glibc
import Unix

/// A walk through one process's descriptors.
package final class DescriptorWalk {
    private let directory: OpaquePointer
    /// The inodes of sockets by descriptor, as far as it has come.
    package private(set) var sockets: [Int32: UInt64] = [:]

    /// Throws where the process has gone or may not be looked into.
    package init(_ proc: ProcTree, _ pid: Int32) throws(Errno) {
        guard let directory = opendir(proc.path(pid, "fd")) else { throw .last }
        self.directory = directory
    }

    deinit { closedir(directory) }

    /// Goes on for some hundred descriptors. True: that were all.
    package func proceed() -> Bool {
        let handle = dirfd(directory)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { target in
            for _ in 0..<500 {
                guard let entry = readdir(directory) else { return true }
                let (length, number) = withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: 256) {
                        (readlinkat(handle, $0, target.baseAddress!, target.count), atoi($0))
                    }
                }
                let link = UnsafeRawBufferPointer(target).prefix(max(0, length))
                if let inode = ProcTree.socketInode(link) { sockets[number] = inode }
            }
            return false
        }
    }
}
