// What a worker gives up once its sockets are bound: descriptors beyond `ulimit-n`, the file system, root.

import ConfigLanguage
import Glibc
import Unix

/// Applies `ulimit-n`, `chroot`, `group` and `user`, in this order.
package enum Privileges {
    /// What could not be done: `[haproxy.main()]`-like text for an alert.
    package struct Fault: Error {
        package let text: String
        /// False for what only deserves a warning.
        package let isFatal: Bool
    }

    package static func apply(_ global: Global) throws(Fault) {
        if let limit = global.ulimitN { try raiseDescriptorLimit(to: limit) }
        if let path = global.chroot {
            guard chroot(path) == 0, chdir("/") == 0 else {
                throw Fault(text: "Cannot chroot(\(path)): \(Errno.last)", isFatal: true)
            }
        }
        if let gid = global.gid, gid != getegid() {
            guard setgroups(0, nil) == 0, setgid(gid) == 0 else {
                throw Fault(text: "Cannot set gid \(gid): \(Errno.last)", isFatal: true)
            }
        }
        if let uid = global.uid, uid != geteuid() {
            if global.gid == nil, geteuid() == 0, setgroups(0, nil) != 0 {
                throw Fault(text: "Cannot drop supplementary groups: \(Errno.last)", isFatal: true)
            }
            guard setuid(uid) == 0 else {
                throw Fault(text: "Cannot set uid \(uid): \(Errno.last)", isFatal: true)
            }
        }
    }

    private static func raiseDescriptorLimit(to count: Int) throws(Fault) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let wanted = rlim_t(clamping: count)
        limit.rlim_cur = wanted
        limit.rlim_max = max(limit.rlim_max, wanted)
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 {
            throw Fault(
                text: "Cannot raise FD limit to \(count): \(Errno.last)", isFatal: false)
        }
    }
}
