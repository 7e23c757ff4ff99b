// One state of a file: its bytes and its identity, read through one descriptor so that they belong together.

import Glibc
import Unix

package struct FileState: Equatable, Sendable {
    package let bytes: [UInt8]
    /// As sha256sum tells it.
    package let hash: String
    package let device: UInt64
    package let inode: UInt64

    static let longest = 16 << 20

    package init(of path: String) throws(Errno) {
        let raw = open(path, O_RDONLY | O_CLOEXEC)
        if raw < 0 { throw .last }
        let file = Descriptor(owning: raw)
        var info = stat()
        if fstat(file.raw, &info) != 0 { throw .last }
        bytes = try File.readAll(file.raw, limit: Self.longest)
        hash = HostState.hash(bytes)
        device = UInt64(info.st_dev)
        inode = UInt64(info.st_ino)
    }

    /// A path with its links resolved; the path itself where that cannot be done from here.
    static func resolved(_ path: String) -> String {
        guard !path.hasPrefix("/proc/"), let found = realpath(path, nil) else { return path }
        defer { free(found) }
        return String(cString: found)
    }

    /// The same file with the same content.
    package func isSame(as other: FileState) -> Bool {
        device == other.device && inode == other.inode && hash == other.hash
    }
}
