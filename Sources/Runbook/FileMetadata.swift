// Gives a file the owner, mode and extended attributes (access lists and security labels among them) of another.

import CAttributes
import Glibc
import Unix

enum FileMetadata {
    private static let mostBytes = 1 << 16

    /// What could not be kept.
    struct Loss: Error {
        let what: String
        let error: Errno
    }

    static func copy(from old: Int32, to new: Int32) throws(Loss) {
        var info = stat()
        var mine = stat()
        guard fstat(old, &info) == 0, fstat(new, &mine) == 0 else { throw Loss(what: "mode", error: .last) }
        if info.st_uid != mine.st_uid || info.st_gid != mine.st_gid,
            fchown(new, info.st_uid, info.st_gid) != 0
        {
            throw Loss(what: "owner \(info.st_uid):\(info.st_gid)", error: .last)
        }
        try copyAttributes(from: old, to: new)
        // Behind the owner, whose change takes bits away, and behind the access list, whose rights it opens.
        if fchmod(new, info.st_mode & 0o7777) != 0 { throw Loss(what: "mode", error: .last) }
    }

    private static func copyAttributes(from old: Int32, to new: Int32) throws(Loss) {
        let kept = try names(of: old)
        // A folder's default access list would let in whom the old file did not. Labels are the security policy's.
        for name in try names(of: new) where !kept.contains(name) && !name.hasPrefix("security.") {
            if fremovexattr(new, name) != 0 {
                throw Loss(what: "lack of the extended attribute \(name)", error: .last)
            }
        }
        for name in kept {
            guard let value = value(of: name, old), value != self.value(of: name, new) else { continue }
            let code = value.withUnsafeBytes { fsetxattr(new, name, $0.baseAddress, $0.count, 0) }
            if code != 0 { throw Loss(what: "extended attribute \(name)", error: .last) }
        }
    }

    private static func names(of file: Int32) throws(Loss) -> [String] {
        var buffer = [UInt8](repeating: 0, count: mostBytes)
        let count = buffer.withUnsafeMutableBytes { bytes in
            flistxattr(file, bytes.bindMemory(to: CChar.self).baseAddress, bytes.count)
        }
        if count < 0 {
            // A file system without them has none to keep.
            if errno == ENOTSUP || errno == ENOSYS { return [] }
            throw Loss(what: "extended attributes", error: .last)
        }
        return buffer[..<count].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func value(of name: String, _ file: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: mostBytes)
        let count = fgetxattr(file, name, &buffer, buffer.count)
        return count < 0 ? nil : Array(buffer[..<count])
    }
}
