// The path of a unix socket that listens: bound under a name that nobody knows, and put in the place of what stands
// there once everything else has succeeded. So connecting never fails in between, and a load that fails leaves what
// was there.

import CLinux
import Glibc

/// Which file a path means: what is created anew at the same path is another one.
package struct FileIdentity: Hashable, Sendable, CustomStringConvertible {
    package let device: UInt64
    package let inode: UInt64

    /// Nil where nothing stands at the path, or it cannot be seen.
    package init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    fileprivate init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }

    package var description: String { "\(device):\(inode)" }
}

/// A bound path, public or not yet.
package struct SocketPath: Sendable {
    package let path: String
    package let identity: FileIdentity
    /// Where it stands until `publish`.
    private var temporary: String?

    /// Binds `socket` beside `path`, sets mode and owner, and listens. `number` tells several binds of one path
    /// apart.
    package init(
        binding socket: borrowing Descriptor, for path: String, number: Int = 1, mode: mode_t? = nil,
        uid: uid_t? = nil, gid: gid_t? = nil, backlog: Int
    ) throws(Errno) {
        Self.removeAbandoned(beside: path)
        let temporary = "\(path)\(number == 1 ? "" : ".\(number)").\(getpid()).tmp"
        unlink(temporary)
        try Socket.bind(socket, to: .unix(path: temporary))
        do throws(Errno) {
            if let mode, chmod(temporary, mode) != 0 { throw .last }
            if uid != nil || gid != nil, chown(temporary, uid ?? .max, gid ?? .max) != 0 { throw .last }
            try Socket.listen(socket, backlog: backlog)
            guard let identity = FileIdentity(of: temporary) else { throw .last }
            self.identity = identity
        } catch {
            unlink(temporary)
            throw error
        }
        self.path = path
        self.temporary = temporary
    }

    /// Gives the socket its real name, in place of what stands there; once.
    package mutating func publish() throws(Errno) {
        guard let temporary else { return }
        if rename(temporary, path) != 0 { throw .last }
        self.temporary = nil
    }

    /// The path that a socket serves which is bound to `bound`: proxies bind to `path.PID.tmp` and rename it then,
    /// which the kernel does not tell.
    package static func publicPath(of bound: String) -> String {
        guard bound.hasSuffix(".tmp") else { return bound }
        var words = bound.split(separator: ".", omittingEmptySubsequences: false).dropLast()
        guard words.count > 1, let pid = words.last.flatMap({ pid_t($0) }), pid > 0 else { return bound }
        words.removeLast()
        return words.joined(separator: ".")
    }

    /// Changes mode and owner of the socket that stands at a path, where they are others. False: it is not the one
    /// that `identity` means, and nothing is changed. Whoever may write to the folder can put a link to any file there.
    package static func setAccess(
        _ path: String, of identity: FileIdentity, mode: mode_t?, uid: uid_t?, gid: gid_t?
    ) throws(Errno) -> Bool {
        guard mode != nil || uid != nil || gid != nil else { return true }
        let number = clinux_open_path(path)
        if number == -ENOENT { return false }
        let file = Descriptor(owning: try Errno.check(number))
        var status = stat()
        if fstat(file.raw, &status) != 0 { throw .last }
        guard status.st_mode & S_IFMT == S_IFSOCK, FileIdentity(status) == identity else { return false }
        // What was looked at, whatever stands at the path by now; fchmod refuses a descriptor that only names.
        let opened = "/proc/self/fd/\(file.raw)"
        if let mode, status.st_mode & 0o7777 != mode, chmod(opened, mode) != 0 { throw .last }
        if (uid ?? status.st_uid, gid ?? status.st_gid) != (status.st_uid, status.st_gid),
            chown(opened, uid ?? .max, gid ?? .max) != 0
        {
            throw .last
        }
        return true
    }

    /// Takes the name away if it never became public.
    package mutating func discard() {
        if let temporary { unlink(temporary) }
        temporary = nil
    }

    /// Removes the temporary names that processes left beside `path` which were killed between bind and publish.
    /// What belongs to a living process, still answers, or is no socket stays.
    private static func removeAbandoned(beside path: String) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[...$0]) } ?? ""
        let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
        guard let names = try? File.names(in: folder.isEmpty ? "." : folder) else { return }
        for other in names where other.hasPrefix(name + ".") && other.hasSuffix(".tmp") {
            let numbers = other.dropFirst(name.count + 1).dropLast(4).split(separator: ".")
            guard let pid = numbers.last.flatMap({ pid_t($0) }), pid > 0, kill(pid, 0) != 0, errno == ESRCH,
                numbers.count == 1 || (numbers.count == 2 && Int(numbers[0]) != nil),
                isDeadSocket(folder + other)
            else { continue }
            unlink(folder + other)
        }
    }

    /// Nobody listens behind it any more.
    private static func isDeadSocket(_ path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK,
            let socket = try? Socket.stream(for: .unix(path: path))
        else { return false }
        do throws(Errno) {
            _ = try Socket.connect(socket.raw, to: .unix(path: path))
            return false
        } catch {
            return error == .connectionRefused
        }
    }
}
